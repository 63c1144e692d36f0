//! Ctrl-C, a terminal that closes, a request to end: noticed, so that everything is cleaned up.

use anyhow::{Result, ensure};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether somebody wants this command to end.
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on signals are only noted.
    pub(crate) fn install() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _inside = runtime.enter();
            (
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            )
        };
        let set = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&set);
        std::thread::Builder::new().name("vedette-signals".into()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = signals.0.recv() => {}
                    _ = signals.1.recv() => {}
                    _ = signals.2.recv() => {}
                }
            });
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
