//! The tables: one row for each metric, one column for each arm, changes against no sensor at all.

use std::fmt::Write as _;

use crate::arm::{AGAIN, Arm, BASE};
use crate::rounds::Sample;
use crate::statistics::{Interval, Random, change, interval};

/// Markdown, in the order in which the loads ran.
pub(crate) fn summary(samples: &[Sample], arms: &[Arm], seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut out = String::from("# Medians with bootstrap 95 % intervals\n");
    let mut loads: Vec<&str> = samples.iter().map(|sample| sample.load).collect();
    loads.dedup();
    loads.sort_by_key(|load| samples.iter().position(|sample| sample.load == *load));
    loads.dedup();
    for load in loads {
        let of_load: Vec<&Sample> = samples.iter().filter(|sample| sample.load == load).collect();
        let _ = write!(out, "\n## {load}\n\n| metric |");
        arms.iter().for_each(|arm| out.push_str(&format!(" {} |", arm.name)));
        let _ = write!(out, "\n|---|{}", "---:|".repeat(arms.len()));
        for (metric, unit) in metrics(&of_load) {
            let _ = write!(out, "\n| {metric}, {unit} |");
            let values = |arm: &str| -> Vec<f64> {
                let of_arm =
                    of_load.iter().filter(|sample| sample.arm == arm && sample.measure.metric == metric);
                of_arm.map(|sample| sample.measure.value).collect()
            };
            let base = values(BASE);
            for arm in arms {
                let mine = values(arm.name);
                out.push_str(&cell(&mine, (arm.name != BASE).then_some(&base), &mut random));
            }
        }
        out.push('\n');
    }
    out.push_str(&noise(samples, &mut random));
    out
}

/// The metrics of one load, each once, with its unit.
fn metrics<'a>(samples: &[&'a Sample]) -> Vec<(&'a str, &'a str)> {
    let mut metrics = Vec::new();
    for sample in samples {
        let metric = (sample.measure.metric.as_str(), sample.measure.unit);
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

fn cell(values: &[f64], base: Option<&Vec<f64>>, random: &mut Random) -> String {
    let Some(own) = interval(values, random) else { return " – |".to_owned() };
    let mut cell = format!(" {} [{}, {}]", figure(own.median), figure(own.low), figure(own.high));
    if let Some(change) = base.and_then(|base| change(values, base, random)) {
        let _ = write!(cell, "; {}", percent(&change));
    }
    cell + " |"
}

/// The A/A test: the same arm twice. A difference that is not larger than these is noise.
fn noise(samples: &[Sample], random: &mut Random) -> String {
    let mut out = String::from(
        "\n## A/A test: no sensor against no sensor\n\n| load | metric | change | is it zero? |\n|---|---|---:|---|\n",
    );
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for sample in samples {
        let key = (sample.load, sample.measure.metric.as_str());
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let values = |arm: &str| -> Vec<f64> {
            let same =
                samples.iter().filter(|s| s.arm == arm && s.load == key.0 && s.measure.metric == key.1);
            same.map(|s| s.measure.value).collect()
        };
        let Some(change) = change(&values(AGAIN), &values(BASE), random) else { continue };
        let holds_zero = change.low <= 0.0 && change.high >= 0.0;
        let verdict = if holds_zero {
            "yes, within the interval"
        } else {
            "NO: this machine is too noisy for this metric"
        };
        let _ = writeln!(out, "| {} | {} | {} | {verdict} |", key.0, key.1, percent(&change));
    }
    out
}

fn percent(change: &Interval) -> String {
    format!("{:+.1} % [{:+.1}, {:+.1}]", change.median, change.low, change.high)
}

/// Three digits that count, without an exponent.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
