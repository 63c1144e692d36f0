//! Containers by cgroup: known from the kernel's names at once, from the runtime a little later, kept after the end.

use crate::identity::identify;
use event::{Cgroup, Container, ContainerId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

/// Containers kept.
const CONTAINERS_MAX: usize = 2_048;
/// Cgroups remembered.
const CGROUPS_MAX: usize = 8_192;
/// A container is kept this long after its last sign of life, nanoseconds.
const KEEP_NS: u64 = 600_000_000_000;

/// What is known of the container of a cgroup.
#[derive(Debug, Clone)]
pub enum Known {
    /// Not in a container: the node's own process.
    Node,
    /// First seen now: its facts should be asked for.
    New(Arc<Container>),
    /// Seen before.
    Seen(Arc<Container>),
}

#[derive(Debug, Clone)]
struct Seen {
    container: Arc<Container>,
    last_seen_ns: u64,
}

/// The index.
#[derive(Debug, Default)]
pub struct Containers {
    by_cgroup: HashMap<u64, Option<ContainerId>>,
    entries: HashMap<ContainerId, Seen>,
}

impl Containers {
    /// The container of a process in this cgroup.
    pub fn of(&mut self, cgroup: &Cgroup, now_ns: u64) -> Known {
        let id = match self.by_cgroup.get(&cgroup.id) {
            // an id is reused after its directory is gone; the names decide
            Some(Some(id))
                if cgroup.path.iter().any(|name| contains(name.bytes(), id.as_str().as_bytes())) =>
            {
                id.clone()
            }
            _ => {
                let found = identify(&cgroup.path);
                if self.by_cgroup.len() >= CGROUPS_MAX {
                    self.by_cgroup.clear();
                }
                self.by_cgroup.insert(cgroup.id, found.as_ref().map(|f| f.container.clone()));
                let Some(found) = found else { return Known::Node };
                let id = found.container.clone();
                if let Entry::Vacant(place) = self.entries.entry(id.clone()) {
                    let bare = Arc::new(Container::bare(found.container, found.runtime, found.pod_uid));
                    place.insert(Seen { container: Arc::clone(&bare), last_seen_ns: now_ns });
                    return Known::New(bare);
                }
                id
            }
        };
        match self.entries.get_mut(&id) {
            Some(entry) => {
                entry.last_seen_ns = now_ns;
                Known::Seen(Arc::clone(&entry.container))
            }
            None => {
                self.by_cgroup.remove(&cgroup.id);
                self.of(cgroup, now_ns)
            }
        }
    }

    /// The container of a cgroup known by number only.
    pub fn of_id(&self, cgroup: u64) -> Option<&Arc<Container>> {
        let id = self.by_cgroup.get(&cgroup)?.as_ref()?;
        self.entries.get(id).map(|e| &e.container)
    }

    /// A container by identity.
    pub fn get(&self, id: &ContainerId) -> Option<&Arc<Container>> {
        self.entries.get(id).map(|e| &e.container)
    }

    /// The runtime told more. Returns false when the container is not known (any more).
    pub fn tell(&mut self, facts: Container) -> bool {
        match self.entries.get_mut(&facts.id) {
            Some(entry) => {
                entry.container = Arc::new(facts);
                true
            }
            None => false,
        }
    }

    /// Forgets containers without a sign of life for ten minutes, and the oldest when there are too many.
    pub fn expire(&mut self, now_ns: u64) {
        self.entries.retain(|_, e| now_ns.saturating_sub(e.last_seen_ns) < KEEP_NS);
        if self.entries.len() > CONTAINERS_MAX {
            let mut ages: Vec<u64> = self.entries.values().map(|e| e.last_seen_ns).collect();
            let middle = ages.len() / 2;
            let (_, median, _) = ages.select_nth_unstable(middle);
            let median = *median;
            self.entries.retain(|_, e| e.last_seen_ns > median);
        }
        let entries = &self.entries;
        self.by_cgroup.retain(|_, id| id.as_ref().is_some_and(|id| entries.contains_key(id)));
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
