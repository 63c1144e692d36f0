//! Execs that wait for facts: what is told decides only those that asked for it.

use enrichment::Need;
use event::Exec;
use std::collections::HashSet;
use std::sync::Arc;

/// Events waiting for facts at most; beyond that they are decided with what is known.
const WAITING_MAX: usize = 1_024;
/// Events that facts may still complete at most.
const LATE_MAX: usize = 128;

/// An exec that cannot be decided yet, or was decided without all facts.
pub(crate) struct Pending {
    pub(crate) exec: Arc<Exec>,
    /// The socket its input leads to: what comes later through the same one is decided later.
    pub(crate) endpoint: Option<u64>,
    /// Decided then with what is known, nanoseconds since boot.
    pub(crate) until_ns: u64,
    /// What it waits for.
    pub(crate) needs: Vec<Need>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Waiting {
    all: Vec<Pending>,
    /// Decided; they may still complete a finding.
    late: Vec<Pending>,
}

impl Waiting {
    /// Something that came earlier through the same connection still waits.
    pub(crate) fn is_behind(&self, endpoint: Option<u64>) -> bool {
        endpoint.is_some() && self.all.iter().any(|p| p.endpoint == endpoint)
    }

    /// Lets it wait; gives it back when there is no room.
    pub(crate) fn add(&mut self, pending: Pending) -> Option<Pending> {
        let same =
            |p: &Pending| p.exec.process == pending.exec.process && p.exec.time_ns == pending.exec.time_ns;
        if self.all.iter().any(same) {
            return None;
        }
        if self.all.len() >= WAITING_MAX {
            return Some(pending);
        }
        self.all.push(pending);
        None
    }

    /// Remembers one that was decided without all facts.
    pub(crate) fn add_late(&mut self, pending: Pending) {
        if self.late.len() < LATE_MAX {
            self.late.push(pending);
        }
    }

    /// Takes those that waited for what was told, and those behind them, in the order in which they came.
    pub(crate) fn told(&mut self, is_told: impl Fn(&Need) -> bool) -> Vec<Pending> {
        let concerns = |p: &Pending| p.needs.iter().any(&is_told);
        let endpoints: HashSet<u64> =
            self.all.iter().filter(|p| concerns(p)).filter_map(|p| p.endpoint).collect();
        let behind = |p: &Pending| p.needs.is_empty() && p.endpoint.is_some_and(|e| endpoints.contains(&e));
        let mut taken: Vec<Pending> = self.all.extract_if(.., |p| concerns(p) || behind(p)).collect();
        taken.extend(self.late.extract_if(.., |p| concerns(p)));
        taken
    }

    /// Takes those that have waited long enough.
    pub(crate) fn due(&mut self, now_ns: u64) -> Vec<Pending> {
        self.all.extract_if(.., |p| p.until_ns <= now_ns).collect()
    }

    /// When the first has waited long enough.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        self.all.iter().map(|p| p.until_ns).min()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}
