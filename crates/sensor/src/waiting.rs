//! Execs that wait for facts: what is told decides only those that asked for it.

use enrichment::Need;
use event::Exec;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Events waiting for facts at most; beyond that they are decided with what is known.
const WAITING_MAX: usize = 1_024;
/// Events that facts may still complete at most: more than may be asked for at a time.
const LATE_MAX: usize = 256;

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

/// In the order in which they happened: one that waited again stands behind those that came later.
fn in_order(mut taken: Vec<Pending>) -> Vec<Pending> {
    taken.sort_by_key(|p| p.exec.time_ns);
    taken
}

impl Waiting {
    /// Something that came earlier through the same connection still waits.
    pub(crate) fn is_behind(&self, endpoint: Option<u64>, time_ns: u64) -> bool {
        let is_before = |p: &Pending| p.endpoint == endpoint && p.exec.time_ns < time_ns;
        endpoint.is_some() && self.all.iter().any(is_before)
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

    /// Remembers one that was decided without all facts. Returns true when one is forgotten for it: the first of the
    /// control group that has the most.
    pub(crate) fn add_late(&mut self, pending: Pending) -> bool {
        let (process, time_ns) = (pending.exec.process, pending.exec.time_ns);
        self.late.retain(|p| p.exec.process != process || p.exec.time_ns != time_ns);
        self.late.push(pending);
        if self.late.len() <= LATE_MAX {
            return false;
        }
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for late in &self.late {
            *counts.entry(late.exec.cgroup.id).or_default() += 1;
        }
        let most =
            counts.into_iter().max_by_key(|(cgroup, count)| (*count, *cgroup)).map(|(cgroup, _)| cgroup);
        let first = self.late.iter().position(|p| Some(p.exec.cgroup.id) == most);
        first.map(|at| self.late.remove(at)).is_some()
    }

    /// What all of them need, and who needs it.
    pub(crate) fn needs(&self) -> Vec<(Arc<Exec>, Need)> {
        let all = self.all.iter().chain(&self.late);
        all.flat_map(|p| p.needs.iter().map(|need| (Arc::clone(&p.exec), *need))).collect()
    }

    /// Takes those that waited for what was told, and those behind them, in the order in which they came.
    pub(crate) fn told(&mut self, is_told: impl Fn(&Need) -> bool) -> Vec<Pending> {
        let concerns = |p: &Pending| p.needs.iter().any(&is_told);
        let endpoints: HashSet<u64> =
            self.all.iter().filter(|p| concerns(p)).filter_map(|p| p.endpoint).collect();
        let behind = |p: &Pending| p.needs.is_empty() && p.endpoint.is_some_and(|e| endpoints.contains(&e));
        let mut taken: Vec<Pending> = self.all.extract_if(.., |p| concerns(p) || behind(p)).collect();
        taken.extend(self.late.extract_if(.., |p| concerns(p)));
        in_order(taken)
    }

    /// Takes those that have waited long enough.
    pub(crate) fn due(&mut self, now_ns: u64) -> Vec<Pending> {
        in_order(self.all.extract_if(.., |p| p.until_ns <= now_ns).collect())
    }

    /// When the first has waited long enough.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        self.all.iter().map(|p| p.until_ns).min()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}
