//! What was lost, and when: so that a finding can say what its window covers.

use event::{Loss, LossKind};
use findings::Coverage;
use host::Clock;
use probe_abi::RecordKind;
use probes::{LossCounter, Losses};
use std::collections::{HashMap, VecDeque};

/// Losses remembered.
const REMEMBERED: usize = 512;
/// A finding's window begins this long before the shell, nanoseconds.
const BEFORE_NS: u64 = 10_000_000_000;

/// Turns counters into loss events and remembers them.
#[derive(Default)]
pub(crate) struct LossLog {
    seen: HashMap<(LossKind, Option<u64>), u64>,
    recent: VecDeque<Loss>,
    last_ns: u64,
    started_ns: u64,
}

impl LossLog {
    pub(crate) fn new(now_ns: u64) -> Self {
        Self { started_ns: now_ns, last_ns: now_ns, ..Self::default() }
    }

    /// Compares the kernel's counters with those of the last time.
    pub(crate) fn read(&mut self, losses: &Losses, now_ns: u64) -> Vec<Loss> {
        let totals = losses.totals();
        if totals.iter().all(|c| self.seen.get(&(kind(c), None)) == Some(&c.count)) {
            self.last_ns = now_ns;
            return Vec::new();
        }
        let new: Vec<Loss> = totals
            .iter()
            .chain(&losses.by_cgroup())
            .filter_map(|counter| self.grown(counter, now_ns))
            .collect();
        self.last_ns = now_ns;
        new
    }

    /// A loss that was not counted by the kernel (a record that could not be decoded).
    pub(crate) fn note(&mut self, loss: Loss) {
        self.recent.push_back(loss);
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
    }

    fn grown(&mut self, counter: &LossCounter, now_ns: u64) -> Option<Loss> {
        let key = (kind(counter), counter.cgroup);
        let before = self.seen.insert(key, counter.count).unwrap_or(0);
        let count = counter.count.checked_sub(before).filter(|grown| *grown > 0)?;
        let loss = Loss { from_ns: self.last_ns, to_ns: now_ns, kind: key.0, cgroup: counter.cgroup, count };
        self.note(loss);
        Some(loss)
    }

    /// What a finding about something at `at_ns` may say of its window.
    pub(crate) fn coverage(&self, at_ns: u64, now_ns: u64, clock: Clock, from_snapshot: bool) -> Coverage {
        let from_ns = at_ns.saturating_sub(BEFORE_NS).max(self.started_ns.min(now_ns));
        let mut coverage = Coverage {
            from_ns: clock.wall_ns(from_ns),
            to_ns: clock.wall_ns(now_ns),
            from_snapshot,
            ..Coverage::default()
        };
        // totals only: the counters by cgroup count the same records again
        for loss in
            self.recent.iter().filter(|l| l.cgroup.is_none() && l.to_ns >= from_ns && l.from_ns <= now_ns)
        {
            *coverage.lost.entry(loss.kind.name()).or_default() += loss.count;
        }
        coverage
    }
}

fn kind(counter: &LossCounter) -> LossKind {
    match counter.kind {
        RecordKind::Exec | RecordKind::Task => LossKind::Exec,
        RecordKind::Fork => LossKind::Fork,
        RecordKind::Exit => LossKind::Exit,
        RecordKind::Socket => LossKind::Socket,
    }
}
