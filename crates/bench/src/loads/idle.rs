//! W13: nothing happens. What does the sensor use all the same?

use anyhow::Result;

use super::{Measure, Room, Scale};
use crate::arm::Running;
use crate::statistics::Random;

pub(crate) fn run(_: &Room, scale: &Scale, running: &Running, _: &mut Random) -> Result<Vec<Measure>> {
    let Some(before) = running.usage() else { return Ok(Vec::new()) };
    std::thread::sleep(scale.idle);
    let Some(after) = running.usage() else { return Ok(Vec::new()) };
    let seconds = scale.idle.as_secs_f64();
    Ok(vec![
        Measure::less("CPU", "% of a core", (after.cpu_seconds - before.cpu_seconds) / seconds * 100.0),
        Measure::less("memory", "MiB", after.resident_kib as f64 / 1024.0),
        Measure::less("wake-ups", "1/s", after.waits.saturating_sub(before.waits) as f64 / seconds),
    ])
}
