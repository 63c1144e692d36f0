//! W8: containers that live for a moment: does the sensor's memory grow with them?

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Measure, Room, Scale, quietly};
use crate::arm::Running;
use crate::statistics::Random;

/// How often memory is read on the way.
const READINGS: u32 = 20;
/// Containers that live at the same time: most of their life they wait.
const AT_ONCE: usize = 8;

pub(crate) fn run(
    room: &Room,
    scale: &Scale,
    running: &Running,
    random: &mut Random,
) -> Result<Vec<Measure>> {
    let bundle = bundle(room)?;
    let every = (scale.containers / READINGS).max(1);
    // Never the same name twice: a sensor must forget the dead, not recognise them.
    let names = format!("vedette-bench-{}-{}", std::process::id(), random.below(1 << 30));
    let next = AtomicU32::new(0);
    let resident = Mutex::new(Vec::new());
    let began = Instant::now();
    let work = || -> Result<()> {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= scale.containers {
                return Ok(());
            }
            if number.is_multiple_of(every)
                && let Some(usage) = running.usage()
            {
                let reading = (f64::from(number), usage.resident_kib as f64);
                resident.lock().unwrap_or_else(PoisonError::into_inner).push(reading);
            }
            let mut runc = Command::new("runc");
            quietly(
                runc.arg("--root")
                    .arg(room.folder.join("runc"))
                    .args(["run", "--bundle"])
                    .arg(&bundle)
                    .arg(format!("{names}-{number}")),
            )?;
        }
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        handles
            .into_iter()
            .try_for_each(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let resident = resident.into_inner().unwrap_or_else(PoisonError::into_inner);
    let seconds = began.elapsed().as_secs_f64();
    let mut measures = vec![Measure::more("containers", "1/s", f64::from(scale.containers) / seconds)];
    // the first half fills caches that are bounded; what grows after that grows for ever
    if let Some(slope) = slope(&resident[resident.len() / 2..]) {
        measures.push(Measure::less("sensor memory for 1000 containers", "KiB", slope * 1000.0));
    }
    Ok(measures)
}

/// A bundle with busybox alone in it, made once.
fn bundle(room: &Room) -> Result<PathBuf> {
    let bundle = room.folder.join("bundle");
    let configuration = bundle.join("config.json");
    if configuration.exists() {
        return Ok(bundle);
    }
    std::fs::create_dir_all(bundle.join("rootfs/bin"))?;
    std::fs::copy("/bin/busybox", bundle.join("rootfs/bin/busybox"))
        .context("/bin/busybox is missing (./setup --for bench)")?;
    std::os::unix::fs::symlink("busybox", bundle.join("rootfs/bin/sh"))?;
    quietly(Command::new("runc").arg("spec").current_dir(&bundle))?;
    let mut spec: Value =
        serde_json::from_slice(&std::fs::read(&configuration)?).context("runc spec wrote no JSON")?;
    spec["process"]["terminal"] = json!(false);
    spec["process"]["args"] = json!(["/bin/sh", "-c", "/bin/busybox sleep 0.1"]);
    spec["root"]["readonly"] = json!(true);
    std::fs::write(&configuration, spec.to_string())?;
    Ok(bundle)
}

/// The slope of the straight line through the points, by least squares; none with fewer than three.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 3 {
        return None;
    }
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (mut above, mut below) = (0.0, 0.0);
    for point in points {
        above += (point.0 - x) * (point.1 - y);
        below += (point.0 - x) * (point.0 - x);
    }
    (below > 0.0).then(|| above / below)
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_line_has_its_slope_and_two_points_are_no_line() {
        assert_eq!(slope(&[(0.0, 5.0), (10.0, 25.0), (20.0, 45.0)]), Some(2.0));
        assert_eq!(slope(&[(0.0, 5.0), (10.0, 25.0)]), None);
    }
}
