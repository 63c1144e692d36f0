//! W6: shells planted in a storm. Recall is what a user needs; dropped events alone hide it.
//!
//! storm + planted socat shells (a port of loopback each) → findings API, polled → who was found, and when

mod planted;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use finding::Timestamp;
use serde_json::Value;

use self::planted::{Planted, Variant};
use super::exec_generator::{self, Pace};
use super::{Measure, Room, Scale};
use crate::arm::Running;
use crate::http::Api;
use crate::statistics::{Random, quantile};

/// How often the newest findings are asked for: short against the times that are measured.
const POLL: Duration = Duration::from_millis(2);
/// Findings in one answer: more than can be new since the last one.
const NEWEST: usize = 3;

/// What blows while the needles are planted.
#[derive(Clone, Copy)]
enum Weather {
    Calm,
    Execs(Pace),
    /// Opens and closes on all cores: system calls that a sensor should not even see.
    Opens,
}

pub(crate) fn run(
    room: &Room,
    scale: &Scale,
    running: &Running,
    random: &mut Random,
) -> Result<Vec<Measure>> {
    let mut rungs = vec![("calm".to_owned(), Weather::Calm)];
    rungs.extend(
        scale.rungs.iter().map(|rate| (format!("{rate} execs/s"), Weather::Execs(Pace::PerSecond(*rate)))),
    );
    rungs.push(("exec storm".to_owned(), Weather::Execs(Pace::Flat)));
    rungs.push(("open storm".to_owned(), Weather::Opens));
    let mut measures = Vec::new();
    // A port that comes again would be found in the finding of its first owner.
    let mut used = HashSet::new();
    for (name, weather) in rungs {
        let stop = AtomicBool::new(false);
        let (needles, found) = std::thread::scope(|scope| {
            let storm = scope.spawn(|| blow(weather, room, &stop));
            let outcome = plant_and_look(room, scale, running, random, &mut used);
            stop.store(true, Ordering::Relaxed);
            storm.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            outcome
        })?;
        measures.extend(figures(&name, &needles, found.as_ref()));
    }
    Ok(measures)
}

fn blow(weather: Weather, room: &Room, stop: &AtomicBool) -> Result<()> {
    // The needles decide when it is over; this only bounds what a fault could do.
    const AT_MOST: Duration = Duration::from_secs(600);
    match weather {
        Weather::Calm => Ok(()),
        Weather::Execs(pace) => exec_generator::run(&room.tiny, pace, AT_MOST, stop).map(drop),
        Weather::Opens => std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..super::cores()?).map(|_| scope.spawn(|| opens(&room.tiny, AT_MOST, stop))).collect();
            threads
                .into_iter()
                .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        }),
    }
}

fn opens(file: &Path, at_most: Duration, stop: &AtomicBool) -> Result<()> {
    let began = Instant::now();
    while !stop.load(Ordering::Relaxed) && began.elapsed() < at_most {
        for _ in 0..1000 {
            drop(File::open(file)?);
        }
    }
    Ok(())
}

/// How a port's finding was met.
#[derive(Clone, Copy)]
struct Met {
    /// When it was first read.
    seen: Instant,
    /// From the exec of the shell, as the finding says, until then, milliseconds.
    since_exec: f64,
    /// In how many findings the port is.
    findings: usize,
}

/// What was found, by port.
type Found = HashMap<u16, Met>;

/// How long duplicates may still come in once every needle was found.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Plants the needles at random times while the API is polled; `None` where the arm serves no findings.
fn plant_and_look(
    room: &Room,
    scale: &Scale,
    running: &Running,
    random: &mut Random,
    used: &mut HashSet<u16>,
) -> Result<(Vec<Planted>, Option<Found>)> {
    let (planted, all_planted) = mpsc::channel();
    std::thread::scope(|scope| {
        let watch =
            running.api.as_ref().map(|api| scope.spawn(move || watch(api, &all_planted, scale.patience)));
        let needles: Result<Vec<Planted>> = (0..scale.needles)
            .map(|_| {
                std::thread::sleep(Duration::from_millis(random.below(60) as u64));
                planted::plant(Variant::any(random), &room.folder, used)
            })
            .collect();
        match &needles {
            // Nobody listens where the arm serves no findings.
            Ok(needles) => drop(planted.send(needles.iter().map(|needle| needle.port).collect())),
            Err(_) => drop(planted),
        }
        let found = watch.map(|watch| watch.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        Ok((needles?, found.transpose()?))
    })
}

/// Polls until every planted port was seen, or patience ends after the last was planted; then reads all findings once,
/// for those that came twice or that the polls ran past.
fn watch(api: &Api, all_planted: &mpsc::Receiver<Vec<u16>>, patience: Duration) -> Result<Found> {
    let mut found = Found::new();
    let (mut wanted, mut until) = (None, None);
    loop {
        note(&mut found, &page(api, NEWEST, "")?);
        let now = Instant::now();
        if wanted.is_none() {
            match all_planted.try_recv() {
                Ok(ports) => (wanted, until) = (Some(ports), Some(now + patience)),
                Err(mpsc::TryRecvError::Empty) => {}
                Err(mpsc::TryRecvError::Disconnected) => return Ok(found),
            }
        }
        if wanted.as_ref().is_some_and(|ports| ports.iter().all(|port| found.contains_key(port))) {
            wanted = Some(vec![]);
            until = until.map(|until| until.min(now + AFTERMATH));
        }
        if until.is_some_and(|until| now >= until) {
            break;
        }
        std::thread::sleep(POLL);
    }
    found.values_mut().for_each(|met| met.findings = 0);
    let mut token = String::new();
    loop {
        let page = page(api, 1000, &token)?;
        note(&mut found, &page);
        for port in findings(&page).flat_map(ports) {
            if let Some(met) = found.get_mut(&port) {
                met.findings += 1;
            }
        }
        match page["nextPageToken"].as_str() {
            Some(next) if !next.is_empty() && next != token => token = next.to_owned(),
            _ => return Ok(found),
        }
    }
}

/// Findings, the newest first.
fn page(api: &Api, size: usize, token: &str) -> Result<Value> {
    let path = format!("/v2/organizations/-/sources/-/findings?pageSize={size}&pageToken={token}");
    serde_json::from_slice(&api.get(&path)?).context("the findings API wrote no JSON")
}

fn findings(page: &Value) -> impl Iterator<Item = &Value> {
    page["listFindingsResults"].as_array().into_iter().flatten().map(|result| &result["finding"])
}

fn note(found: &mut Found, page: &Value) {
    let seen = Instant::now();
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
    for finding in findings(page) {
        let executed = finding["eventTime"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
        let since_exec = executed.map_or(f64::NAN, |at| (wall - at.nanos()) as f64 / 1e6);
        for port in ports(finding) {
            found.entry(port).or_insert(Met { seen, since_exec, findings: 1 });
        }
    }
}

/// The ports of a finding's connections, each once.
fn ports(finding: &Value) -> Vec<u16> {
    let connections = finding["connections"].as_array().into_iter().flatten();
    let ends = connections.flat_map(|connection| [&connection["sourcePort"], &connection["destinationPort"]]);
    let mut ports: Vec<u16> = ends.filter_map(|port| u16::try_from(port.as_u64()?).ok()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn figures(rung: &str, needles: &[Planted], found: Option<&Found>) -> Vec<Measure> {
    let share = |count: usize| count as f64 / needles.len().max(1) as f64 * 100.0;
    let mut measures = Vec::new();
    let answered = needles.iter().filter(|needle| needle.answered).count();
    measures.push(Measure::more(format!("{rung}: shells that answered"), "%", share(answered)));
    let Some(found) = found else { return measures };
    let hits: Vec<(&Planted, &Met)> =
        needles.iter().filter_map(|needle| Some((needle, found.get(&needle.port)?))).collect();
    measures.push(Measure::more(format!("{rung}: recall"), "%", share(hits.len())));
    let twice = hits.iter().map(|(_, met)| met.findings.saturating_sub(1)).sum::<usize>();
    measures.push(Measure::less(format!("{rung}: findings too many"), "findings", twice as f64));
    let since_exec: Vec<f64> = hits.iter().map(|(_, met)| met.since_exec).collect();
    let since_plant: Vec<f64> = hits
        .iter()
        .map(|(needle, met)| met.seen.saturating_duration_since(needle.at).as_secs_f64() * 1000.0)
        .collect();
    for (from, waits) in [("exec to finding", since_exec), ("socat's start to finding", since_plant)] {
        for (name, part) in [("median", 0.5), ("p99", 0.99), ("longest", 1.0)] {
            if let Some(wait) = quantile(&waits, part) {
                measures.push(Measure::less(format!("{rung}: {from}, {name}"), "ms", wait));
            }
        }
    }
    let missed: Vec<String> = needles
        .iter()
        .filter(|needle| !found.contains_key(&needle.port))
        .map(|needle| needle.variant.to_string())
        .collect();
    if !missed.is_empty() {
        eprintln!("w6, {rung}: missed {}", missed.join("; "));
    }
    measures
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ports;

    #[test]
    fn both_ends_of_every_connection_count_once() {
        let finding = json!({"connections": [
            {"sourcePort": 40000, "destinationPort": 4444}, {"sourcePort": 40000, "destinationPort": 5555}, {"protocol": "TCP"}]});
        assert_eq!(ports(&finding), [4444, 5555, 40000]);
        assert!(ports(&json!({})).is_empty());
    }
}
