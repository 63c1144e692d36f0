//! Containers by cgroup and namespaces: known from the kernel's names at once, from the runtime a little later, kept after
//! the end.
//!
//! A control group whose name is no container's by its form may be one all the same: runtimes let their users choose
//! names. A process in namespaces of its own is therefore asked about, and until a runtime claims it, it is in a
//! container that nobody knows.

use crate::identity::{CgroupIdentity, identify};
use event::{Cgroup, Container, ContainerId, Exec, Namespaces, RuntimeKind, Text};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Containers kept.
const CONTAINERS_MAX: usize = 2_048;
/// Cgroups remembered.
const CGROUPS_MAX: usize = 8_192;
/// Pid namespaces in one cgroup that are asked about; whoever makes more of them than that keeps nobody else waiting.
const NAMESPACES_MAX: usize = 32;
/// A container is kept this long after its last sign of life, nanoseconds.
const KEEP_NS: u64 = 600_000_000_000;
/// The kernel gives its first pid namespace this number.
pub const FIRST_PID_NAMESPACE: u32 = 0xEFFF_FFFC;

/// What is known of the container of a process.
#[derive(Debug, Clone)]
pub enum Known {
    /// Not in a container: the node's own process.
    Node,
    /// Nobody has been asked about it: its facts should be asked for.
    New(Arc<Container>),
    /// Asked about before.
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

/// The namespaces of the node itself.
#[derive(Debug, Clone, Copy)]
pub struct NodeNamespaces {
    pid: u32,
    /// 0 while it is not known.
    mount: u32,
}

impl Default for NodeNamespaces {
    fn default() -> Self {
        Self { pid: FIRST_PID_NAMESPACE, mount: 0 }
    }
}

impl NodeNamespaces {
    /// Clearly in a container: neither the node's processes nor its mounts are what it sees.
    pub fn are_left(self, of: &Namespaces) -> bool {
        self.has_own_pids(of) && (self.mount == 0 || self.has_own_mounts(of))
    }

    /// Services have mounts of their own, sandboxes processes; so have containers that share the rest with the node.
    fn are_partly_left(self, of: &Namespaces) -> bool {
        self.has_own_pids(of) || self.has_own_mounts(of)
    }

    fn has_own_pids(self, of: &Namespaces) -> bool {
        of.pid != 0 && of.pid != self.pid
    }

    fn has_own_mounts(self, of: &Namespaces) -> bool {
        of.mount != 0 && self.mount != 0 && of.mount != self.mount
    }
}

#[derive(Debug, Clone)]
struct Seen {
    container: Arc<Container>,
    first_seen_ns: u64,
    last_seen_ns: u64,
    asked: bool,
}

impl Seen {
    /// Nobody was asked about it yet.
    fn now(container: Container, now_ns: u64) -> Self {
        Self { container: Arc::new(container), first_seen_ns: now_ns, last_seen_ns: now_ns, asked: false }
    }
}

/// The index.
#[derive(Debug, Default)]
pub struct Containers {
    by_cgroup: HashMap<u64, ContainerId>,
    /// Where the cgroup alone does not tell: by cgroup and pid namespace.
    by_namespace: HashMap<(u64, u32), ContainerId>,
    entries: HashMap<ContainerId, Seen>,
    node: NodeNamespaces,
}

impl Containers {
    /// The container of a process. `outermost` names the pid namespace in which the process's line of ancestors entered
    /// its control group: what a contained process unshares is no other container.
    pub fn of(&mut self, exec: &Exec, outermost: impl FnOnce() -> u32, now_ns: u64) -> Known {
        if exec.process.pid == 1 {
            self.node = NodeNamespaces { pid: exec.namespaces.pid, mount: exec.namespaces.mount };
        }
        let cgroup = &exec.cgroup;
        if let Some(id) = self.by_cgroup.get(&cgroup.id).cloned()
            && let Some(known) = self.seen(&id, Some(cgroup), now_ns)
        {
            return known;
        }
        match identify(&cgroup.path) {
            Some(found) => self.named(found, cgroup, now_ns),
            None if self.node.are_partly_left(&exec.namespaces) => self.apart(exec, outermost, now_ns),
            None => Known::Node,
        }
    }

    /// What is known, unless the cgroup's number is another one's by now: the names decide.
    fn seen(&mut self, id: &ContainerId, cgroup: Option<&Cgroup>, now_ns: u64) -> Option<Known> {
        let entry = self.entries.get_mut(id)?;
        if cgroup.is_some_and(|cgroup| !cgroup.path.starts_with(&entry.container.cgroup)) {
            return None;
        }
        entry.last_seen_ns = now_ns;
        let container = Arc::clone(&entry.container);
        Some(if entry.asked { Known::Seen(container) } else { Known::New(container) })
    }

    fn named(&mut self, found: CgroupIdentity, cgroup: &Cgroup, now_ns: u64) -> Known {
        let own = &cgroup.path[..=found.position];
        if self.by_cgroup.len() >= CGROUPS_MAX {
            self.by_cgroup.clear();
        }
        self.by_cgroup.insert(cgroup.id, found.container.clone());
        if !self.entries.contains_key(&found.container) {
            let within = found.within.or_else(|| self.claimed_above(own));
            let bare = Container::bare(found.container.clone(), found.runtime, found.pod_uid);
            self.insert(Container { within, cgroup: own.to_vec(), ..bare }, now_ns);
        }
        self.seen(&found.container, None, now_ns).unwrap_or(Known::Node)
    }

    /// A container by its runtime's word within which somebody may make groups of any name.
    fn claimed_above(&self, path: &[Text]) -> Option<(ContainerId, RuntimeKind)> {
        let around = |c: &Container| {
            !c.id.is_digits()
                && !c.cgroup.is_empty()
                && c.cgroup.len() < path.len()
                && path.starts_with(&c.cgroup)
        };
        let claimed = self.entries.values().map(|e| &e.container).filter(|c| c.id.is_claimed() && around(c));
        claimed.min_by_key(|c| c.cgroup.len()).map(|c| (c.id.clone(), c.runtime))
    }

    /// A process in namespaces of its own whose control group's name says nothing.
    fn apart(&mut self, exec: &Exec, outermost: impl FnOnce() -> u32, now_ns: u64) -> Known {
        let cgroup = &exec.cgroup;
        let key = (cgroup.id, exec.namespaces.pid);
        // the number of a namespace is used again as soon as its first process is gone
        let renewed = exec.pid_in_namespace == 1 && self.first_seen(key) < exec.process.start_ns;
        if !renewed && let Some(known) = self.seen_in(key, cgroup, now_ns) {
            return known;
        }
        let outer = (cgroup.id, outermost());
        if outer != key
            && let Some(known) = self.seen_in(outer, cgroup, now_ns)
        {
            let id = self.by_namespace[&outer].clone();
            self.by_namespace.insert(key, id);
            return known;
        }
        if self.by_namespace.len() >= CGROUPS_MAX {
            self.by_namespace.clear();
        }
        let many = self.by_namespace.keys().filter(|(of, _)| *of == cgroup.id).count() >= NAMESPACES_MAX;
        let mut hasher = DefaultHasher::new();
        if many {
            (cgroup.id, &cgroup.path).hash(&mut hasher);
        } else {
            (outer, exec.time_ns).hash(&mut hasher);
        }
        let id = ContainerId::unclaimed(hasher.finish());
        self.by_namespace.extend([(outer, id.clone()), (key, id.clone())]);
        if !self.entries.contains_key(&id) {
            let bare = Container::bare(id.clone(), RuntimeKind::Unknown, None);
            self.insert(Container { cgroup: cgroup.path.clone(), complete: many, ..bare }, now_ns);
        }
        if many {
            self.asked(&id);
        }
        self.seen(&id, None, now_ns).unwrap_or(Known::Node)
    }

    fn first_seen(&self, key: (u64, u32)) -> u64 {
        let entry = self.by_namespace.get(&key).and_then(|id| self.entries.get(id));
        entry.map_or(u64::MAX, |e| e.first_seen_ns)
    }

    /// By a namespace in a control group. A claimed one may be entered from any group; of the others the names decide.
    fn seen_in(&mut self, key: (u64, u32), cgroup: &Cgroup, now_ns: u64) -> Option<Known> {
        let id = self.by_namespace.get(&key)?.clone();
        let cgroup = (!id.is_claimed()).then_some(cgroup);
        self.seen(&id, cgroup, now_ns)
    }

    fn insert(&mut self, container: Container, now_ns: u64) {
        self.entries.insert(container.id.clone(), Seen::now(container, now_ns));
    }

    /// The node's own mount namespace, where it can be read before the node's first process is met.
    pub fn know_mounts(&mut self, mount: u32) {
        self.node.mount = mount;
    }

    /// Somebody was asked about it.
    pub fn asked(&mut self, id: &ContainerId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.asked = true;
        }
    }

    /// The namespaces of the node, as far as they are known.
    pub fn node(&self) -> NodeNamespaces {
        self.node
    }

    /// The container of a cgroup known by number only.
    pub fn of_id(&self, cgroup: u64) -> Option<&Arc<Container>> {
        self.get(self.by_cgroup.get(&cgroup)?)
    }

    /// A container by identity.
    pub fn get(&self, id: &ContainerId) -> Option<&Arc<Container>> {
        self.entries.get(id).map(|e| &e.container)
    }

    /// The runtime told more of what was asked about by the identity `asked`: it may claim what had none.
    pub fn tell(&mut self, asked: &ContainerId, facts: Container, now_ns: u64) -> Told {
        let before = self.entries.get(asked).map(|e| Arc::clone(&e.container));
        if before.is_none() && !self.entries.contains_key(&facts.id) {
            return Told::Forgotten;
        }
        let unknown = facts.complete && facts.bundle.is_none() && facts.name.is_empty();
        if let (true, Some((outer, runtime))) = (unknown, &facts.within) {
            let (outer, runtime) = (outer.clone(), *runtime);
            return self.disown(&facts.id, outer, runtime, now_ns);
        }
        if let Some(before) = before.filter(|_| facts.id != *asked) {
            self.claim(&before, &facts);
        }
        let id = facts.id.clone();
        let mut facts = facts;
        let known = self.entries.get(&id);
        if let Some(known) = known.filter(|_| facts.cgroup.is_empty()) {
            facts.cgroup.clone_from(&known.container.cgroup);
        }
        let first_seen_ns = known.map_or(now_ns, |e| e.first_seen_ns);
        let known = known.filter(|e| e.container.complete && !facts.complete);
        let kept = known.map_or_else(|| Arc::new(facts), |e| Arc::clone(&e.container));
        let container = Arc::clone(&kept);
        self.entries.insert(id, Seen { container, first_seen_ns, last_seen_ns: now_ns, asked: true });
        Told::Kept(kept)
    }

    /// What had no identity is this container. Where that has a control group of its own, whoever is in there is its.
    fn claim(&mut self, before: &Container, facts: &Container) {
        self.entries.remove(&before.id);
        let own = !facts.cgroup.is_empty() && before.cgroup.starts_with(&facts.cgroup);
        for ((cgroup, _), id) in self.by_namespace.iter_mut().filter(|(_, id)| **id == before.id) {
            *id = facts.id.clone();
            if own {
                self.by_cgroup.insert(*cgroup, facts.id.clone());
            }
        }
    }

    fn disown(
        &mut self,
        claimed: &ContainerId,
        outer: ContainerId,
        runtime: RuntimeKind,
        now_ns: u64,
    ) -> Told {
        self.entries.remove(claimed);
        for id in self.by_cgroup.values_mut().filter(|id| *id == claimed) {
            *id = outer.clone();
        }
        let entry = self
            .entries
            .entry(outer.clone())
            .or_insert_with(|| Seen::now(Container::bare(outer, runtime, None), now_ns));
        let is_new = !entry.asked;
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
        self.by_cgroup.retain(|_, id| entries.contains_key(id));
        self.by_namespace.retain(|_, id| entries.contains_key(id));
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

#[cfg(test)]
mod tests;
