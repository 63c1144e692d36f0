//! Whose turn it is to send a config's dead letters again: one at a time, of all servers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use finding::Timestamp;
use store::StoreError;

use crate::Notifications;
use crate::engine::{after, now};

/// Tells two turns on one server apart.
static TURNS: AtomicU64 = AtomicU64::new(0);

/// A lease on sending again.
pub(crate) struct Turn<'engine> {
    engine: &'engine Notifications,
    name: String,
    holder: String,
}

impl<'engine> Turn<'engine> {
    pub(crate) fn of(engine: &'engine Notifications, config: &str) -> Self {
        let number = TURNS.fetch_add(1, Relaxed);
        // a server that was started anew is not the one that broke off
        let holder = format!("{}/{}/{number}", engine.settings.holder, now().nanos());
        Self { engine, name: format!("notifications/{config}/replay"), holder }
    }

    /// Takes it or keeps it, for longer than one attempt lasts.
    pub(crate) async fn hold(&self) -> Result<bool, StoreError> {
        let time = now();
        let until = after(time, self.engine.settings.lease);
        self.engine.stores.documents.lease(&self.name, &self.holder, time, until).await
    }

    /// Gives it up. A turn that is dropped instead ends with its lease.
    pub(crate) async fn end(self) {
        let time = now();
        let over = Timestamp::from_nanos(time.nanos().saturating_sub(1));
        let ended = self.engine.stores.documents.lease(&self.name, &self.holder, time, over).await;
        if let Err(error) = ended {
            tracing::warn!(%error, lease = self.name, "cannot give up the lease; it ends by itself");
        }
    }
}
