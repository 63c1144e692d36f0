//! A recording on the bench: through the same lines as a replay, and what detectors made of each program besides.

use crate::examinations::{Examinations, Examined};
use crate::replay::Replayed;
use crate::{Recording, RecordingError};
use crossbeam_channel::unbounded;
use detection::Settings;
use finding::FindingResource;
use findings::Place;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// Findings that are told; more are counted.
const FINDINGS_MAX: usize = 100;
/// Records between two looks at the clock.
const LOOK_EVERY: usize = 256;

/// What a recording comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// Records that it had.
    pub records: usize,
    /// Findings as they were at the end.
    pub findings: Vec<FindingResource>,
    /// Findings beyond those.
    pub findings_left_out: usize,
    /// What was made of programs, the most telling first.
    pub examined: Vec<Examined>,
}

/// A recording cannot be rehearsed.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// It cannot be read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// It takes too long.
    #[error(
        "it takes longer than {} s, {records} records were replayed by then: replay it with `vedette replay`, or \
         make a shorter one",
        limit.as_secs()
    )]
    TooLong {
        /// How long it may take.
        limit: Duration,
        /// How far it came.
        records: usize,
    },
}

/// Rehearses a recording. Every detector runs, whatever it is by default.
///
/// # Errors
/// [`RehearsalError`]; nothing is left behind then.
pub fn rehearse(
    mut recording: Recording,
    place: Place,
    settings: Settings,
    limit: Duration,
) -> Result<Rehearsal, RehearsalError> {
    let began = Instant::now();
    let every = detectors::catalogue().into_iter().map(|d| (d.metadata().module.to_owned(), true)).collect();
    let settings = Settings { modules: every, ..settings };
    let (out, deliveries) = unbounded();
    let examinations = Examinations::new(detectors::catalogue(), settings.clone());
    let mut replayed = Replayed::begin(recording.made(), place, settings, out, Some(examinations));
    let mut order: Vec<String> = Vec::new();
    let mut findings: HashMap<String, FindingResource> = HashMap::new();
    let mut beyond: HashSet<String> = HashSet::new();
    let mut take = || {
        for delivery in deliveries.try_iter() {
            let finding = *delivery.finding;
            let name = finding.finding.name.clone();
            if !findings.contains_key(&name) {
                if findings.len() >= FINDINGS_MAX {
                    beyond.insert(name);
                    continue;
                }
                order.push(name.clone());
            }
            findings.insert(name, finding);
        }
    };
    while let Some(record) = recording.next_record()? {
        replayed.record(&record);
        take();
        if replayed.records.is_multiple_of(LOOK_EVERY) && began.elapsed() > limit {
            return Err(RehearsalError::TooLong { limit, records: replayed.records });
        }
    }
    let (records, examinations) = replayed.finish();
    take();
    let findings_left_out = beyond.len();
    let findings = order.into_iter().filter_map(|name| findings.remove(&name)).collect();
    let examined = examinations.map(Examinations::told).unwrap_or_default();
    Ok(Rehearsal { records, findings, findings_left_out, examined })
}

#[cfg(test)]
mod tests;
