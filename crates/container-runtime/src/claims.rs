//! Which runtime says that a process is in one of its containers?
//!
//! `process (control group, pid namespace) → records of the runtimes on the node → the one that both fit → Claim`
//!
//! A name proves nothing: a user chose it, and a process may give its control groups any. What counts is a record that
//! the runtime keeps on the node, and that its control group, or its first process's pid namespace, is the process's own.

mod record;

use std::path::{Path, PathBuf};

use event::{ContainerId, RuntimeKind, Text, Whereabouts};

use crate::files::Root;
use enrichment::FIRST_PID_NAMESPACE;
use record::Record;

/// Containers of one runtime that are looked through when no name leads to one.
const RECORDS_MAX: usize = 1_024;
/// Namespaces of containerd's, or users with runtimes of their own, that are looked into.
const FOLDERS_MAX: usize = 64;
/// Longer names of control groups are cut at so many places to guess a container's name.
const GUESSES_MAX: usize = 8;
/// Where runc keeps its records for containerd's namespaces.
const RUNC_OF_CONTAINERD: &str = "/run/containerd/runc";
/// Folders of users, where their own runtimes keep records.
const USERS: &str = "/run/user";

/// A runtime's word for a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) id: ContainerId,
    pub(crate) runtime: RuntimeKind,
    /// Folder with `config.json`.
    pub(crate) bundle: Option<PathBuf>,
    /// The container's own control group; empty when only its namespace tells.
    pub(crate) cgroup: Vec<Text>,
    /// Folder of ours at which `bundle` starts.
    pub(crate) root: PathBuf,
}

/// A folder with one folder for each container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) root: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) kind: Keeper,
    /// The user whose word it is; believed about what runs for that user.
    pub(crate) user: Option<u32>,
}

/// Who keeps a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// containerd: bundles with the pid of the first process.
    Tasks(RuntimeKind),
    /// runc, crun or one that keeps records as they do.
    State(RuntimeKind),
}

impl Source {
    pub(crate) fn node(root: &Path, folder: PathBuf, kind: Keeper) -> Self {
        Self { root: root.to_owned(), folder, kind, user: None }
    }

    fn may_claim(&self, process: &Whereabouts) -> bool {
        let Some(user) = self.user else { return true };
        let slice = format!("user-{user}.slice");
        process.cgroup.path.iter().take(2).any(|name| name.as_str() == Some(slice.as_str()))
    }
}

/// The folders of runc and crun that are there; `tasks` are those of containerd.
pub(crate) fn sources(host_root: &Path, tasks: Vec<Source>) -> Vec<Source> {
    let mut all = tasks;
    let Ok(root) = Root::open(host_root) else { return all };
    for namespace in root.names(Path::new(RUNC_OF_CONTAINERD), FOLDERS_MAX) {
        let kind = Keeper::State(crate::search::runtime_of(&namespace));
        all.push(Source::node(host_root, Path::new(RUNC_OF_CONTAINERD).join(namespace), kind));
    }
    let own = [("runc", RuntimeKind::Runc), ("crun", RuntimeKind::Crun), ("youki", RuntimeKind::Unknown)];
    for (name, runtime) in own {
        all.push(Source::node(host_root, Path::new("/run").join(name), Keeper::State(runtime)));
    }
    for user in root.names(Path::new(USERS), FOLDERS_MAX) {
        let Ok(number) = user.parse() else { continue };
        for (name, runtime) in own {
            let folder = Path::new(USERS).join(&user).join(name);
            let kind = Keeper::State(runtime);
            all.push(Source { user: Some(number), ..Source::node(host_root, folder, kind) });
        }
    }
    all
}

/// The container that a process is in by some runtime's word: the outermost one whose control group is around it, else
/// the one whose processes it sees. `inside`: only such as are around a group of so many levels.
pub(crate) fn find(
    proc_root: &Path,
    sources: &[Source],
    process: &Whereabouts,
    inside: Option<usize>,
) -> Option<Claim> {
    let sources: Vec<(&Source, Root)> = sources
        .iter()
        .filter(|source| source.may_claim(process))
        .filter_map(|source| Some((source, Root::open(&source.root).ok()?)))
        .collect();
    let names = guesses(process);
    let guessed: Vec<(&Source, Record)> = sources
        .iter()
        .flat_map(|(source, root)| {
            names.iter().filter_map(move |name| Some((*source, Record::read(root, source, name)?)))
        })
        .collect();
    let around =
        guessed.iter().filter_map(|(source, record)| Some((*source, record, record.around(process)?)));
    let around = around.filter(|(_, _, group)| inside.is_none_or(|levels| group.len() < levels));
    if let Some((source, record, group)) = around.min_by_key(|(_, _, group)| group.len()) {
        return record.claim(source, group);
    }
    if inside.is_some() || !sees_its_own(proc_root, process) {
        return None;
    }
    let sees = |record: &Record| record.first_sees(proc_root) == Some(process.pid_namespace);
    if let Some((source, record)) = guessed.iter().find(|(_, record)| sees(record)) {
        return record.claim(source, Vec::new());
    }
    sources.iter().find_map(|(source, root)| {
        let names = root.names(&source.folder, RECORDS_MAX);
        let mut records = names.iter().filter_map(|name| Record::read(root, source, name));
        let record = records.find(sees)?;
        let group = record.around(process).unwrap_or_default();
        record.claim(source, group)
    })
}

/// Names that the container may have, if its control group is named after it.
fn guesses(process: &Whereabouts) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in process.cgroup.path.iter().filter_map(Text::as_str) {
        let stem = part.strip_suffix(".scope").unwrap_or(part);
        let mut tails = vec![part, stem];
        // `<runtime>-<name>.scope`, `<slice>:<runtime>:<name>`, and a name may hold dashes
        tails.extend(stem.match_indices(['-', ':']).take(GUESSES_MAX).map(|(at, _)| &stem[at + 1..]));
        for tail in tails.into_iter().filter(|tail| ContainerId::named(tail, 0).is_some()) {
            if !names.iter().any(|name| name == tail) {
                names.push(tail.to_owned());
            }
        }
    }
    names
}

/// Whether it sees other processes than the node does.
fn sees_its_own(proc_root: &Path, process: &Whereabouts) -> bool {
    // the node's first process need not be readable
    let nodes = [Some(0), Some(FIRST_PID_NAMESPACE), pid_namespace(proc_root, 1)];
    !nodes.contains(&Some(process.pid_namespace))
}

/// Number of the pid namespace that a process lives in.
pub(crate) fn pid_namespace(proc_root: &Path, pid: u32) -> Option<u32> {
    host::namespace(proc_root, pid, "pid")
}
