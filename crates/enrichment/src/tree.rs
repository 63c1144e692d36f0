//! Who started whom: processes by pid and start time, bounded whatever an attacker forks.

mod ends;

use crate::channel::leads_elsewhere;
use ends::Ends;
use event::{Ancestor, Descriptor, Exec, Exit, Fork, ProcessKey, Text};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Processes kept; beyond that those that ended longest ago are forgotten, then those that were seen longest ago.
const PROCESSES_MAX: usize = 16_384;
/// Bytes of images and descriptors kept, counted for each process that has them: an attacker decides how long
/// arguments are and how many channels are held.
const MAX_BYTES: usize = 10 << 20;
/// What a descriptor takes, with its places in the index of ends.
const DESCRIPTOR_BYTES: usize = size_of::<Descriptor>() + 160;
/// An ended process is kept this long for findings that need its facts, nanoseconds.
const KEEP_ENDED_NS: u64 = 10_000_000_000;
/// Ended processes kept: in a storm of short-lived ones the latest, so that they stay in the processor's caches.
const ENDED_MAX: usize = 2_048;
/// A process may have a start time this long before it can be met among the live ones, nanoseconds.
const BEING_BORN_NS: u64 = 100_000_000;
/// Earlier images of one process kept.
const EARLIER_MAX: usize = 3;

/// An image that a process has or had.
#[derive(Debug, Clone)]
pub struct Image {
    /// The exec that established it, without the environment.
    pub exec: Arc<Exec>,
    /// The process executed it itself; otherwise it was born with it.
    pub own: bool,
    /// What it takes in memory.
    bytes: usize,
}

impl Image {
    fn new(exec: Arc<Exec>) -> Self {
        let Exec { arguments, executable, working_directory, invoked_as, cgroup, .. } = &*exec;
        let names = [&executable.path, working_directory, invoked_as];
        let texts = arguments.values.iter().chain(&cgroup.path).chain(names);
        let bytes = texts.map(|text| size_of::<Text>() + text.bytes().len()).sum::<usize>();
        Self { exec, own: true, bytes: size_of::<Exec>() + bytes }
    }
}

/// A process.
#[derive(Debug, Clone)]
pub struct Process {
    /// Identity.
    pub key: ProcessKey,
    /// Parent, as last known.
    pub parent: Option<ProcessKey>,
    /// Image; `None` when the process was never seen to execute.
    pub image: Option<Image>,
    /// Earlier images, the most recent first.
    pub earlier: Vec<Image>,
    /// What the kernel said of it when it was somebody's ancestor.
    pub glimpse: Option<Ancestor>,
    /// Its channels as last read.
    pub descriptors: Arc<[Descriptor]>,
    /// When they were read, nanoseconds since boot.
    pub descriptors_ns: u64,
    /// Inode number of its cgroup; 0 while unknown.
    pub cgroup: u64,
    /// When it ended.
    pub ended_ns: Option<u64>,
    touched: u64,
}

impl Process {
    /// It holds an internet socket.
    pub fn is_on_network(&self) -> bool {
        self.descriptors.iter().any(Descriptor::is_internet)
    }

    fn bytes(&self) -> usize {
        let images = self.image.iter().chain(&self.earlier).map(|image| image.bytes);
        images.sum::<usize>() + self.descriptors.len() * DESCRIPTOR_BYTES
    }
}

/// All processes.
#[derive(Debug, Default)]
pub struct Tree {
    processes: HashMap<ProcessKey, Process>,
    ends: Ends,
    clock: u64,
    bytes: usize,
    /// The one that ended first is in front.
    ended: VecDeque<(u64, ProcessKey)>,
    forgotten: u64,
}

impl Tree {
    /// A process was born. What it holds of its parent's is read when it matters.
    pub fn fork(&mut self, fork: &Fork) {
        let inherited = self.processes.get(&fork.parent).and_then(|p| p.image.clone());
        let child = self.touch(fork.child);
        child.parent.get_or_insert(fork.parent);
        child.cgroup = fork.cgroup;
        if child.image.is_none()
            && let Some(image) = inherited
        {
            let added = image.bytes;
            child.image = Some(Image { own: false, ..image });
            self.bytes += added;
        }
        self.bound();
    }

    /// A process replaced its image. The environment is not kept.
    pub fn exec(&mut self, exec: &Arc<Exec>) {
        // from the top down, so that each can inherit from the one above
        let mut above = None;
        for ancestor in exec.ancestors.iter().rev() {
            self.glimpse(ancestor, above);
            above = Some(ancestor.process);
        }
        let inherited = exec.parent().and_then(|p| self.processes.get(&p)).and_then(|p| p.image.clone());
        let read = [&exec.parent_descriptors, &exec.grandparent_descriptors];
        for (ancestor, descriptors) in exec.ancestors.iter().zip(read).filter(|(_, d)| !d.is_empty()) {
            self.learn(ancestor.process, descriptors, exec.time_ns);
        }
        let kept = without_environment(exec);
        let process = self.touch(exec.process);
        let bytes_before = process.bytes();
        process.parent = exec.parent();
        process.cgroup = exec.cgroup.id;
        // the birth may be reported after the first exec: the parent's image is what it was born with
        let before = process.image.take().or(inherited.map(|image| Image { own: false, ..image }));
        if let Some(before) = before {
            process.earlier.insert(0, before);
            process.earlier.truncate(EARLIER_MAX);
        }
        process.image = Some(Image::new(kept));
        let bytes = process.bytes();
        self.bytes = self.bytes - bytes_before + bytes;
        self.set_descriptors(exec.process, channels(&exec.descriptors), exec.time_ns);
        self.bound();
    }

    /// The last thread of a process ended.
    pub fn exit(&mut self, exit: &Exit) {
        if let Some(process) = self.processes.get_mut(&exit.process) {
            process.ended_ns = Some(exit.time_ns);
            self.ended.push_back((exit.time_ns, exit.process));
        }
    }

    /// Channels of a process were read again.
    pub fn learn(&mut self, key: ProcessKey, descriptors: &[Descriptor], at_ns: u64) {
        if self.touch(key).descriptors_ns <= at_ns {
            self.set_descriptors(key, channels(descriptors), at_ns);
        }
    }

    fn set_descriptors(&mut self, key: ProcessKey, descriptors: Arc<[Descriptor]>, at_ns: u64) {
        let process = self.touch(key);
        process.descriptors_ns = at_ns;
        let before = std::mem::replace(&mut process.descriptors, Arc::clone(&descriptors));
        self.ends.remove(key, &before);
        self.ends.add(key, &descriptors);
        self.bytes = self.bytes - before.len() * DESCRIPTOR_BYTES + descriptors.len() * DESCRIPTOR_BYTES;
    }

    /// All live processes were read: what is not among them has ended.
    pub fn reconcile(&mut self, live: &[Arc<Exec>], at_ns: u64) {
        for exec in live {
            let known = self.processes.get(&exec.process).is_some_and(|p| p.image.is_some());
            if !known {
                self.exec(exec);
            }
            self.learn(exec.process, &exec.descriptors, at_ns);
        }
        let alive: std::collections::HashSet<_> = live.iter().map(|e| e.process).collect();
        for process in self.processes.values_mut() {
            let was_there = process.key.start_ns.saturating_add(BEING_BORN_NS) < at_ns;
            if process.ended_ns.is_none() && was_there && !alive.contains(&process.key) {
                process.ended_ns = Some(at_ns);
                self.ended.push_back((at_ns, process.key));
            }
        }
    }

    /// Forgets what ended long enough ago.
    pub fn expire(&mut self, now_ns: u64) {
        let due = now_ns.saturating_sub(KEEP_ENDED_NS);
        while let Some((_, key)) = self.ended.pop_front_if(|(ended, _)| *ended <= due) {
            self.remove(key);
        }
    }

    /// A process.
    pub fn get(&self, key: ProcessKey) -> Option<&Process> {
        self.processes.get(&key)
    }

    /// Parent, its parent and so on, at most 32.
    pub fn ancestors(&self, key: ProcessKey) -> impl Iterator<Item = &Process> {
        let first = self.processes.get(&key).and_then(|p| p.parent);
        std::iter::successors(first.and_then(|p| self.processes.get(&p)), |p| {
            p.parent.and_then(|parent| self.processes.get(&parent))
        })
        .take(32)
    }

    /// Processes that held the other end of a descriptor at that time, as far as they are kept; one may come twice.
    pub fn opposite(&self, descriptor: &Descriptor, at_ns: u64) -> impl Iterator<Item = &Process> {
        let holders = self.ends.opposite(descriptor).filter_map(|key| self.processes.get(&key));
        holders.filter(move |p| p.ended_ns.is_none_or(|ended| ended >= at_ns))
    }

    /// Processes that channels join to this one, over any number of others, as far as `most` goes; itself left out.
    pub fn joined_to(&self, process: ProcessKey, at_ns: u64, most: usize) -> Vec<ProcessKey> {
        let mut met = vec![process];
        let mut at = 0;
        while let Some(key) = met.get(at).copied() {
            at += 1;
            let Some(holder) = self.processes.get(&key) else { continue };
            for other in holder.descriptors.iter().flat_map(|d| self.opposite(d, at_ns)) {
                if met.len() > most {
                    break;
                }
                if !met.contains(&other.key) {
                    met.push(other.key);
                }
            }
        }
        met.remove(0);
        met
    }

    /// How many processes are kept.
    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty()
    }

    /// How many were forgotten because there were too many.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// What the kernel said of an ancestor. One that was never seen to execute anything runs its parent's image, if that
    /// is the same file: its birth is reported in the other lane, perhaps later, or before what its parent executed.
    fn glimpse(&mut self, ancestor: &Ancestor, parent: Option<ProcessKey>) {
        let process = self.touch(ancestor.process);
        if parent.is_some() {
            process.parent = parent;
        }
        process.cgroup = ancestor.cgroup;
        if let Some(image) = &process.image {
            let runs = &image.exec.executable.identity;
            if image.own || ancestor.executable.is_none_or(|executable| executable.is_same_file(runs)) {
                return;
            }
            let wrong = process.image.take().map_or(0, |image| image.bytes);
            self.bytes -= wrong;
        }
        let process = self.touch(ancestor.process);
        process.glimpse = Some(ancestor.clone());
        let inherited = parent
            .and_then(|p| self.processes.get(&p)?.image.clone())
            .filter(|image| Some(image.exec.executable.identity) == ancestor.executable);
        if let Some(image) = inherited {
            self.bytes += image.bytes;
            self.touch(ancestor.process).image = Some(Image { own: false, ..image });
        }
    }

    fn touch(&mut self, key: ProcessKey) -> &mut Process {
        self.clock += 1;
        let process = self.processes.entry(key).or_insert_with(|| Process {
            key,
            parent: None,
            image: None,
            earlier: Vec::new(),
            glimpse: None,
            descriptors: Arc::default(),
            descriptors_ns: 0,
            cgroup: 0,
            ended_ns: None,
            touched: 0,
        });
        process.touched = self.clock;
        process
    }

    fn bound(&mut self) {
        while self.is_full() {
            let Some((_, ended)) = self.ended.pop_front() else { return self.forget_oldest() };
            self.forgotten += u64::from(self.remove(ended));
        }
    }

    fn is_full(&self) -> bool {
        self.processes.len() > PROCESSES_MAX || self.bytes > MAX_BYTES || self.ended.len() > ENDED_MAX
    }

    /// A quarter at once: whoever floods the tree with live processes does not make each of them cost a search.
    fn forget_oldest(&mut self) {
        let mut ages: Vec<(u64, ProcessKey)> = self.processes.values().map(|p| (p.touched, p.key)).collect();
        let quarter = ages.len() / 4;
        let (oldest, _, _) = ages.select_nth_unstable(quarter);
        for (_, key) in oldest {
            self.forgotten += u64::from(self.remove(*key));
        }
    }

    fn remove(&mut self, key: ProcessKey) -> bool {
        let Some(process) = self.processes.remove(&key) else { return false };
        self.bytes -= process.bytes();
        self.ends.remove(key, &process.descriptors);
        true
    }
}

/// What of a process's descriptors leads to others.
fn channels(descriptors: &[Descriptor]) -> Arc<[Descriptor]> {
    if descriptors.iter().any(leads_elsewhere) {
        descriptors.iter().filter(|d| leads_elsewhere(d)).cloned().collect()
    } else {
        Arc::default()
    }
}

fn without_environment(exec: &Arc<Exec>) -> Arc<Exec> {
    if exec.environment.values.is_empty() {
        return Arc::clone(exec);
    }
    let mut kept = Exec::clone(exec);
    kept.environment = event::Environment::default();
    Arc::new(kept)
}

#[cfg(test)]
mod tests;
