//! Containers by cgroup: known from the kernel's names at once, from the runtime a little later, kept after the end.

use crate::identity::identify;
use event::{Cgroup, Container, ContainerId, RuntimeKind};
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

/// What became of facts that the runtime told.
#[derive(Debug, Clone)]
pub enum Told {
    /// Nobody remembers that container.
    Forgotten,
    /// They are kept.
    Kept(Arc<Container>),
    /// No runtime knows the container: a name that somebody gave a control group inside another container. Its
    /// processes belong to that one.
    Forged {
        /// The container that is not there.
        claimed: ContainerId,
        /// The container whose processes they are.
        actual: Arc<Container>,
        /// First met now: its facts should be asked for.
        is_new: bool,
    },
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
                    let bare = Container::bare(found.container, found.runtime, found.pod_uid);
                    let bare = Arc::new(Container { within: found.within, ..bare });
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

    /// The runtime told more.
    pub fn tell(&mut self, facts: Container, now_ns: u64) -> Told {
        if !self.entries.contains_key(&facts.id) {
            return Told::Forgotten;
        }
        let unknown = facts.complete && facts.bundle.is_none() && facts.name.is_empty();
        if let (true, Some((outer, runtime))) = (unknown, &facts.within) {
            let (outer, runtime) = (outer.clone(), *runtime);
            return self.disown(&facts.id, outer, runtime, now_ns);
        }
        let kept = Arc::new(facts);
        if let Some(entry) = self.entries.get_mut(&kept.id) {
            entry.container = Arc::clone(&kept);
        }
        Told::Kept(kept)
    }

    fn disown(
        &mut self,
        claimed: &ContainerId,
        outer: ContainerId,
        runtime: RuntimeKind,
        now_ns: u64,
    ) -> Told {
        self.entries.remove(claimed);
        for id in self.by_cgroup.values_mut().filter(|id| id.as_ref() == Some(claimed)) {
            *id = Some(outer.clone());
        }
        let is_new = !self.entries.contains_key(&outer);
        let entry = self.entries.entry(outer.clone()).or_insert_with(|| Seen {
            container: Arc::new(Container::bare(outer, runtime, None)),
            last_seen_ns: now_ns,
        });
        Told::Forged { claimed: claimed.clone(), actual: Arc::clone(&entry.container), is_new }
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

#[cfg(test)]
mod tests {
    use super::*;
    use event::{Hierarchy, Text};

    fn nested() -> Cgroup {
        let names = ["docker", &"a".repeat(64), "kubepods", "pod1", &"b".repeat(64)].map(Text::from);
        Cgroup { id: 9, hierarchy: Hierarchy::V2, path: names.to_vec(), truncated: false }
    }

    fn bare(containers: &mut Containers) -> Container {
        let Known::New(bare) = containers.of(&nested(), 1) else { panic!("not new") };
        assert_eq!(bare.id.as_str(), "b".repeat(64));
        (*bare).clone()
    }

    #[test]
    fn a_container_that_no_runtime_knows_is_the_one_around_it() {
        let mut containers = Containers::default();
        let facts = Container { complete: true, ..bare(&mut containers) };
        let Told::Forged { actual, is_new, .. } = containers.tell(facts, 2) else { panic!("believed") };
        assert_eq!((actual.id.as_str(), is_new), ("a".repeat(64).as_str(), true));
        let Known::Seen(now) = containers.of(&nested(), 3) else { panic!("not seen") };
        assert_eq!(now.id, actual.id);
    }

    #[test]
    fn a_node_in_a_container_keeps_its_containers() {
        let mut containers = Containers::default();
        let named = Container { complete: true, name: "web".into(), ..bare(&mut containers) };
        assert!(matches!(containers.tell(named, 2), Told::Kept(_)));
        let Known::Seen(now) = containers.of(&nested(), 3) else { panic!("not seen") };
        assert_eq!(now.within.as_ref().map(|(id, _)| id.as_str().len()), Some(64));
    }
}
