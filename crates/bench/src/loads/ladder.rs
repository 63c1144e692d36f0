//! W5: execs at fixed rates, rung by rung: what is reached, what the sensor uses, what it says it lost.

use std::sync::atomic::AtomicBool;

use anyhow::Result;

use super::exec_generator::{self, Pace};
use super::{Measure, Room, Scale};
use crate::arm::Running;
use crate::http;
use crate::statistics::Random;

pub(crate) fn run(room: &Room, scale: &Scale, running: &Running, _: &mut Random) -> Result<Vec<Measure>> {
    let mut measures = Vec::new();
    for rung in scale.rungs {
        let (before, lost_before) = (running.usage(), lost(running));
        let reached =
            exec_generator::run(&room.tiny, Pace::PerSecond(*rung), scale.storm, &AtomicBool::new(false))?;
        measures.push(Measure::more(format!("at {rung}/s: reached"), "1/s", reached));
        if let (Some(before), Some(after)) = (before, running.usage()) {
            let share = (after.cpu_seconds - before.cpu_seconds) / scale.storm.as_secs_f64();
            measures.push(Measure::less(format!("at {rung}/s: sensor CPU"), "% of a core", share * 100.0));
        }
        if let (Some(before), Some(after)) = (lost_before, lost(running)) {
            measures.push(Measure::less(format!("at {rung}/s: lost"), "events", after - before));
        }
    }
    Ok(measures)
}

/// The sum of the sensor's counters that are called lost; none if it publishes no metrics.
fn lost(running: &Running) -> Option<f64> {
    let port = running.api.as_ref()?.port;
    let text = String::from_utf8(http::get(port, "/metrics").ok()?).ok()?;
    Some(lost_in(&text))
}

fn lost_in(metrics: &str) -> f64 {
    let samples =
        metrics.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    let lost = samples.filter(|(name, _)| name.split('{').next().is_some_and(|name| name.contains("lost")));
    lost.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::lost_in;

    #[test]
    fn only_counters_that_are_called_lost_count() {
        let text = "# HELP lost x\nvedette_records_lost_total{kind=\"exec\"} 3\nvedette_lost_total 4\nseen_total{a=\"lost\"} 9\n";
        assert!((lost_in(text) - 7.0).abs() < f64::EPSILON);
    }
}
