//! W8: containers that live for a moment: does the sensor's memory grow with them?

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Measure, Room, Scale, quietly};
use crate::arm::Running;
use crate::statistics::Random;

/// How often memory is read on the way.
const READINGS: u32 = 20;

pub(crate) fn run(
    room: &Room,
    scale: &Scale,
    running: &Running,
    random: &mut Random,
) -> Result<Vec<Measure>> {
    let bundle = bundle(room)?;
    let every = (scale.containers / READINGS).max(1);
    let mut resident = Vec::new();
    let began = Instant::now();
    for number in 0..scale.containers {
        if number % every == 0
            && let Some(usage) = running.usage()
        {
            resident.push((f64::from(number), usage.resident_kib as f64));
        }
        // Never the same name twice: a sensor must forget the dead, not recognise them.
        let name = format!("vedette-bench-{}-{}-{number}", std::process::id(), random.below(1 << 30));
        let mut runc = Command::new("runc");
        quietly(
            runc.arg("--root")
                .arg(room.folder.join("runc"))
                .args(["run", "--bundle"])
                .arg(&bundle)
                .arg(&name),
        )?;
    }
    let seconds = began.elapsed().as_secs_f64();
    let mut measures = vec![Measure::more("containers", "1/s", f64::from(scale.containers) / seconds)];
    if let Some(slope) = slope(&resident) {
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
