//! Programs that take commands from another process, while it is not known whether that one is on the network.
//!
//! A shell often starts before its relay connects (`sh <fifo | client >fifo`, a spawned shell before `connect`).
//! Such programs are looked at again when a socket changes state and, at growing intervals, after live state was
//! read again.

use event::{Exec, ProcessKey};
use std::collections::HashMap;
use std::sync::Arc;

/// Candidates kept.
const CANDIDATES_MAX: usize = 2_048;
/// How long an ended one is kept, nanoseconds.
const KEEP_ENDED_NS: u64 = 1_000_000_000;
/// When live state is read again for a candidate, milliseconds after its exec.
const LOOKS_MS: [u64; 9] = [4, 20, 80, 250, 700, 2_000, 8_000, 30_000, 120_000];

/// A program that would be a finding if its channel led to the network.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its exec.
    pub exec: Arc<Exec>,
    /// When it became a candidate, nanoseconds since boot.
    since_ns: u64,
    looks: usize,
    /// When it ended: what happened before may be reported after.
    ended_ns: Option<u64>,
}

/// All candidates.
#[derive(Debug, Default)]
pub struct Candidates {
    waiting: HashMap<ProcessKey, Candidate>,
}

impl Candidates {
    /// A program takes commands from a channel whose far end is not known to be on the network.
    pub fn add(&mut self, exec: &Arc<Exec>, now_ns: u64) {
        if self.waiting.len() >= CANDIDATES_MAX {
            let oldest = self.waiting.iter().min_by_key(|(_, c)| c.since_ns).map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                self.waiting.remove(&oldest);
            }
        }
        self.waiting.entry(exec.process).and_modify(|c| c.exec = Arc::clone(exec)).or_insert_with(|| {
            Candidate { exec: Arc::clone(exec), since_ns: now_ns, looks: 0, ended_ns: None }
        });
    }

    /// It became something else, or was found.
    pub fn remove(&mut self, process: ProcessKey) {
        self.waiting.remove(&process);
    }

    /// It ended. The connection that it was waiting for may have been made before and be reported a little later.
    pub fn end(&mut self, process: ProcessKey, now_ns: u64) {
        if let Some(candidate) = self.waiting.get_mut(&process) {
            candidate.ended_ns.get_or_insert(now_ns);
        }
    }

    /// Forgets what ended long enough ago.
    pub fn expire(&mut self, now_ns: u64) {
        self.waiting
            .retain(|_, c| c.ended_ns.is_none_or(|ended| now_ns.saturating_sub(ended) < KEEP_ENDED_NS));
    }

    /// All of them, for another look.
    pub fn all(&self) -> Vec<Arc<Exec>> {
        self.waiting.values().map(|c| Arc::clone(&c.exec)).collect()
    }

    /// One of them.
    pub fn get(&self, process: ProcessKey) -> Option<&Arc<Exec>> {
        self.waiting.get(&process).map(|c| &c.exec)
    }

    /// Marks those that are not there any more: their end may have been lost.
    pub fn reconcile(&mut self, now_ns: u64, mut is_there: impl FnMut(ProcessKey) -> bool) {
        for (process, candidate) in &mut self.waiting {
            if !is_there(*process) {
                candidate.ended_ns.get_or_insert(now_ns);
            }
        }
    }

    /// When live state should be read again, nanoseconds since boot.
    pub fn next_look_ns(&self) -> Option<u64> {
        self.waiting.values().filter_map(Candidate::due_ns).min()
    }

    /// Live state is being read: looks that are due are taken. Says whose.
    pub fn looked(&mut self, now_ns: u64) -> Vec<ProcessKey> {
        let mut due = Vec::new();
        for (process, candidate) in &mut self.waiting {
            if candidate.due_ns().is_some_and(|due| due <= now_ns) {
                due.push(*process);
            }
            while candidate.due_ns().is_some_and(|due| due <= now_ns) {
                candidate.looks += 1;
            }
        }
        due
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Candidate {
    fn due_ns(&self) -> Option<u64> {
        let next = LOOKS_MS.get(self.looks).filter(|_| self.ended_ns.is_none());
        next.map(|after| self.since_ns + after * 1_000_000)
    }
}
