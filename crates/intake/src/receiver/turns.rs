//! Who is about to write which finding, and what was read before it was written.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use finding::{FindingName, FindingResource};
use store::{FindingStore, StoreError};
use tokio::sync::{Mutex, MutexGuard};

/// Findings that may be written at once on one server; many more than deliveries of one batch.
const TURNS: usize = 4096;

/// Many more than names of one batch, so that two seldom share one.
const COUNTERS: usize = 1 << 16;

/// Turns of writers, and how often each name was written.
pub(crate) struct Turns {
    locks: Box<[Mutex<()>]>,
    writes: Box<[AtomicU32]>,
}

impl Default for Turns {
    fn default() -> Self {
        let locks = (0..TURNS).map(|_| Mutex::new(())).collect();
        Self { locks, writes: (0..COUNTERS).map(|_| AtomicU32::new(0)).collect() }
    }
}

/// The one of some that is the name's.
fn its<'a, T>(some: &'a [T], name: &FindingName) -> &'a T {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let at = hasher.finish() % some.len().max(1) as u64;
    &some[usize::try_from(at).unwrap_or_default()]
}

impl Turns {
    /// Waits until nobody else of this server is about to write the finding.
    pub(super) async fn take(&self, name: &FindingName) -> MutexGuard<'_, ()> {
        its(&self.locks, name).lock().await
    }

    /// What was read under this name before is no longer what is stored.
    pub(super) fn wrote(&self, name: &FindingName) {
        its(&self.writes, name).fetch_add(1, Ordering::AcqRel);
    }

    fn writes(&self, name: &FindingName) -> u32 {
        its(&self.writes, name).load(Ordering::Acquire)
    }
}

/// What many names led to when they were read, in one question instead of one for each.
#[derive(Default)]
pub(super) struct Glance(HashMap<FindingName, Seen>);

struct Seen {
    /// How often the name had been written before it was read.
    writes: u32,
    found: Option<Arc<FindingResource>>,
}

impl Glance {
    /// Reads those of the names that are not there yet.
    pub(super) async fn add(
        &mut self,
        turns: &Turns,
        store: &dyn FindingStore,
        mut names: Vec<FindingName>,
    ) -> Result<(), StoreError> {
        names.retain(|name| !self.0.contains_key(name));
        if names.is_empty() {
            return Ok(());
        }
        let writes: Vec<u32> = names.iter().map(|name| turns.writes(name)).collect();
        let found = store.get_many(&names).await?;
        for ((name, writes), found) in names.into_iter().zip(writes).zip(found) {
            self.0.insert(name, Seen { writes, found: found.map(Arc::new) });
        }
        Ok(())
    }

    /// What the name led to, whatever happened since.
    pub(super) fn at_first(&self, name: &FindingName) -> Option<&FindingResource> {
        self.0.get(name)?.found.as_deref()
    }

    /// What the name leads to: read again when this server has written it since.
    pub(super) async fn look(
        &self,
        turns: &Turns,
        store: &dyn FindingStore,
        name: &FindingName,
    ) -> Result<Option<Arc<FindingResource>>, StoreError> {
        match self.0.get(name) {
            Some(seen) if seen.writes == turns.writes(name) => Ok(seen.found.clone()),
            _ => Ok(store.get(name).await?.map(Arc::new)),
        }
    }
}
