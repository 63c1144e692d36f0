//! The finding's processes: the shell first, then who opened it, then the ancestry.

use detection::Evidence;
use enrichment::{Actor, Enriched};
use event::{Exec, ProcessKey, Text};
use finding::{File, Process};
use std::collections::{HashMap, HashSet};

/// Processes listed at most.
const PROCESSES_MAX: usize = 24;

/// What part a process has in the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The program that the finding is about.
    Shell,
    /// It opened that to the network.
    Opener,
    /// On the way between the two.
    Relay,
    /// It started one of them, at once or through others.
    Ancestor,
}

/// A process of the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    /// Its part.
    pub(crate) role: Role,
    /// What it is.
    pub(crate) actor: &'a Actor,
    /// Whose child it is, where that is known.
    pub(crate) parent: Option<ProcessKey>,
}

/// The list.
pub(crate) fn list(evidence: &Evidence) -> Vec<Process> {
    listed(evidence).iter().map(of).collect()
}

/// Whom the list holds, in its order.
pub(crate) fn listed(evidence: &Evidence) -> Vec<Listed<'_>> {
    let enriched = &evidence.enriched;
    let mut seen = HashSet::from([enriched.exec.process]);
    let parents = parents(evidence);
    let as_part = |role, actor| part(role, actor, &parents);
    let mut list = vec![as_part(Role::Shell, &enriched.actor)];
    // the opener may be an earlier image of the same process
    if let Some(opener) = &evidence.opener
        && (seen.insert(opener.process) || opener.process == enriched.exec.process)
    {
        list.push(as_part(Role::Opener, opener));
    }
    let relays = enriched.relays.iter().map(|actor| (Role::Relay, actor));
    let ancestors = within_container(enriched).map(|actor| (Role::Ancestor, actor));
    for (role, actor) in relays.chain(ancestors) {
        if list.len() < PROCESSES_MAX && seen.insert(actor.process) {
            list.push(as_part(role, actor));
        }
    }
    list
}

fn part<'a>(role: Role, actor: &'a Actor, parents: &HashMap<ProcessKey, ProcessKey>) -> Listed<'a> {
    Listed { role, actor, parent: parents.get(&actor.process).copied() }
}

/// Whose child each process is. Of one that was never seen to execute anything its own facts do not tell: what it runs is
/// what its parent executed.
fn parents(evidence: &Evidence) -> HashMap<ProcessKey, ProcessKey> {
    let enriched = &evidence.enriched;
    let above = enriched.ancestors.iter().map(|actor| actor.process);
    let line: Vec<ProcessKey> = std::iter::once(enriched.exec.process).chain(above).collect();
    let mut parents: HashMap<_, _> = line.windows(2).map(|pair| (pair[0], pair[1])).collect();
    for actor in enriched.relays.iter().chain(&evidence.opener) {
        let Some(exec) = &actor.exec else { continue };
        let parent = if exec.process == actor.process { exec.parent() } else { Some(exec.process) };
        if let Some(parent) = parent {
            parents.entry(actor.process).or_insert(parent);
        }
    }
    parents
}

/// Ancestors up to the container's first process.
fn within_container(enriched: &Enriched) -> impl Iterator<Item = &Actor> {
    let namespace = enriched.exec.namespaces.pid;
    let in_container = enriched.container.is_some();
    let mut outside = false;
    enriched.ancestors.iter().take_while(move |actor| {
        // a runtime's exec and attach enter by another parent, which lives in the node's pid namespace
        outside |= in_container && actor.exec.as_ref().is_some_and(|e| e.namespaces.pid != namespace);
        !outside
    })
}

fn of(listed: &Listed<'_>) -> Process {
    let actor = listed.actor;
    let mut process = Process {
        name: actor.name.to_string(),
        pid: i64::from(actor.process.pid),
        parent_pid: listed.parent.map_or(0, |parent| i64::from(parent.pid)),
        binary: binary(actor),
        ..Process::default()
    };
    if let Some(exec) = &actor.exec {
        process.args = exec.arguments.values.iter().map(Text::lossy).collect();
        process.arguments_truncated = exec.arguments.truncated;
        process.user_id = Some(i64::from(exec.credentials.effective_uid));
        if let programs::invocation::Invocation::ScriptFile { path } = &actor.invocation {
            process.script.path = path.lossy();
        }
    }
    process
}

/// The executed file with what is known of it.
pub(crate) fn binary(actor: &Actor) -> File {
    let mut file = File::default();
    if let Some(exec) = &actor.exec {
        file.path = path(exec).lossy();
        file.size = signed(exec.executable.size);
    }
    if let Some(facts) = &actor.facts {
        if let Some(path) = &facts.path {
            file.path = path.lossy();
        }
        file.size = signed(facts.size);
        file.sha256.clone_from(&facts.sha256);
        file.hashed_size = signed(facts.hashed_size);
        file.partially_hashed = !facts.sha256.is_empty() && facts.hashed_size < facts.size;
    }
    file
}

/// Absolute path of the executed file.
pub(crate) fn path(exec: &Exec) -> &Text {
    &exec.executable.path
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
