//! The order of things: every round runs every arm once, in a new order, each with a fresh sensor.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::arm::{Arm, Running};
use crate::loads::{Load, Measure, Room, Scale};
use crate::statistics::Random;

/// One measured value, with everything that is needed to compare it.
pub(crate) struct Sample {
    pub(crate) arm: &'static str,
    pub(crate) load: &'static str,
    pub(crate) measure: Measure,
}

/// Runs all of it and writes each value to `raw` at once, so that an interrupted run is not lost.
pub(crate) fn run(
    arms: &[Arm],
    loads: &[Load],
    scale: &Scale,
    rounds: usize,
    seed: u64,
    raw: &Path,
) -> Result<Vec<Sample>> {
    let file = File::create(raw).with_context(|| format!("cannot write {}", raw.display()))?;
    let mut csv = BufWriter::new(file);
    writeln!(csv, "round,place,arm,load,metric,unit,value")?;
    let mut random = Random::new(seed);
    let mut samples = Vec::new();
    let work = Work::make()?;
    let room = Room::prepare(&work.0)?;
    for round in 1..=rounds {
        let mut order: Vec<&Arm> = arms.iter().collect();
        random.shuffle(&mut order);
        for (place, arm) in (1..).zip(order) {
            let began = Instant::now();
            let mut running = arm.start(&work.0)?;
            for load in loads {
                for measure in measured(load, &room, scale, &mut running, &mut random)? {
                    let Measure { metric, unit, value, .. } = &measure;
                    writeln!(csv, "{round},{place},{},{},{metric},{unit},{value}", arm.name, load.name)?;
                    samples.push(Sample { arm: arm.name, load: load.name, measure });
                }
                csv.flush()?;
            }
            eprintln!("round {round} of {rounds}, {}: {:.1} s", arm.name, began.elapsed().as_secs_f32());
        }
    }
    Ok(samples)
}

/// The folder of this run; removed at the end, or kept for its sensor's log when something went wrong.
struct Work(PathBuf);

impl Work {
    fn make() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("vedette-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        for part in ["build", "bundle", "runc", "tiny", "tiny.c", "backup-agent", "sixteen-bytes"] {
            let path = self.0.join(part);
            // What was not made cannot be removed.
            let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        }
        // Fails while the log of a sensor is in it, which is wanted.
        let _ = std::fs::remove_dir(&self.0);
    }
}

/// One load under one arm, and what the sensor used meanwhile.
fn measured(
    load: &Load,
    room: &Room,
    scale: &Scale,
    running: &mut Running,
    random: &mut Random,
) -> Result<Vec<Measure>> {
    let before = running.usage();
    let mut measures =
        (load.run)(room, scale, running, random).with_context(|| format!("load {}", load.name))?;
    anyhow::ensure!(running.is_alive(), "the sensor ended during load {}", load.name);
    if let (Some(before), Some(after)) = (before, running.usage()) {
        measures.push(Measure::less("sensor CPU", "s", after.cpu_seconds - before.cpu_seconds));
        measures.push(Measure::less("sensor memory after", "MiB", after.resident_kib as f64 / 1024.0));
    }
    Ok(measures)
}
