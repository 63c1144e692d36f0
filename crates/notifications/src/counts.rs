//! What became of each output's messages.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

/// Bytes of the digest that stands for a name in metrics.
const LABEL: usize = 6;

/// One output since this server started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages that the other side accepted.
    pub delivered: u64,
    /// Attempts that were repeated.
    pub retried: u64,
    /// Messages that were set aside.
    pub dead: u64,
    /// Changes that were read and are not handled yet, one batch at most.
    pub waiting: u64,
}

/// What stands for a config in metrics, which are read without a token: the first 12 hexadecimal digits of the SHA-256 of its
/// name.
pub fn metrics_label(config: &str) -> String {
    Sha256::digest(config.as_bytes()).iter().take(LABEL).map(|byte| format!("{byte:02x}")).collect()
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) delivered: AtomicU64,
    pub(crate) retried: AtomicU64,
    pub(crate) dead: AtomicU64,
    pub(crate) waiting: AtomicU64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Board(Arc<Mutex<BTreeMap<String, Arc<Counters>>>>);

impl Board {
    pub(crate) fn of(&self, config: &str) -> Arc<Counters> {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(board.entry(config.to_owned()).or_default())
    }

    pub(crate) fn forget(&self, config: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(config);
    }

    pub(crate) fn read(&self) -> BTreeMap<String, Counts> {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |counters: &Counters| Counts {
            delivered: counters.delivered.load(Relaxed),
            retried: counters.retried.load(Relaxed),
            dead: counters.dead.load(Relaxed),
            waiting: counters.waiting.load(Relaxed),
        };
        board.iter().map(|(config, counters)| (config.clone(), read(counters))).collect()
    }
}

pub(crate) fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
