//! Ctrl-C, a terminal that closes, a request to end: noticed, so that everything is cleaned up.

use anyhow::{Result, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Does that, in a thread of its own, at the first of these signals; from here on they do nothing else.
pub(crate) fn at_signal(kinds: &[SignalKind], then: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut first = JoinSet::new();
    {
        let _inside = runtime.enter();
        for kind in kinds {
            let mut signals = signal(*kind)?;
            first.spawn(async move { signals.recv().await });
        }
    }
    std::thread::Builder::new().name("vedette-signals".into()).spawn(move || {
        runtime.block_on(first.join_next());
        then();
    })?;
    Ok(())
}

/// Whether somebody wants this command to end.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on signals are only noted.
    pub(crate) fn install() -> Result<Self> {
        let set = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&set);
        at_signal(&[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()], move || {
            noted.store(true, Ordering::Release);
        })?;
        Ok(Self(set))
    }

    /// Somebody does.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// An error when somebody does.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(!self.is_set(), "interrupted; what was made is gone again");
        Ok(())
    }

    /// Blocks until somebody does.
    pub(crate) fn wait(&self) {
        while !self.is_set() {
            std::thread::sleep(LOOK_EVERY);
        }
    }
}
