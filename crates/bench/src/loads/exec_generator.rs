//! Execs of the tiny program on all cores, as fast as they go or at a fixed rate.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How fast.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as the machine goes.
    Flat,
    /// So many a second, over all cores.
    PerSecond(u32),
}

/// Starts and awaits `tiny` for `time` (or until `stop`); the result is the rate reached, per second.
pub(crate) fn run(tiny: &Path, pace: Pace, time: Duration, stop: &AtomicBool) -> Result<f64> {
    let threads = super::cores()?;
    let began = Instant::now();
    let counts = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| one_thread(tiny, pace, threads, began, time, stop)))
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect::<Result<Vec<u64>>>()
    })?;
    Ok(counts.iter().sum::<u64>() as f64 / began.elapsed().as_secs_f64())
}

fn one_thread(
    tiny: &Path,
    pace: Pace,
    threads: usize,
    began: Instant,
    time: Duration,
    stop: &AtomicBool,
) -> Result<u64> {
    let mut count = 0u64;
    while began.elapsed() < time && !stop.load(Ordering::Relaxed) {
        if let Pace::PerSecond(rate) = pace {
            // Against the clock, not against the last one: a late exec does not lower the rate.
            let due = Duration::from_secs_f64(count as f64 * threads as f64 / f64::from(rate.max(1)));
            let ahead = due.saturating_sub(began.elapsed());
            if !ahead.is_zero() {
                std::thread::sleep(ahead.min(Duration::from_millis(50)));
                continue;
            }
        }
        let mut command = Command::new(tiny);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().with_context(|| format!("{} could not be started", tiny.display()))?;
        count += 1;
    }
    Ok(count)
}
