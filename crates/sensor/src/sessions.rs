//! Whether the sessions of open findings go on: who holds their connections.
//!
//! A session ends when nobody holds its connection any more. Births, executions and ends tell who does; that nobody is left
//! is confirmed by live state, where that can be read, since a birth may have been lost. An event of a process that belongs
//! to no session costs one look into a map, and nothing while there is no session.

use detection::{Evidence, Session};
use event::{Descriptor, Exec, Exit, Fork, ProcessKey};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Holders remembered of one session. Those beyond are found in live state when these have ended.
const HOLDERS_MAX: usize = 256;
/// Live state is asked at least so often whether somebody still holds the connection: who closes it need not end,
/// nanoseconds.
const LOOK_EVERY_NS: u64 = 60_000_000_000;

/// The report of an end may come so long after live state has shown it, nanoseconds.
const REPORT_NS: u64 = 1_000_000_000;

/// The end of a session, nanoseconds since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) at_ns: u64,
    /// The last holder's end was seen; otherwise it was over by then.
    pub(crate) exactly: bool,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Somebody holds the connection. To be looked at then.
    Open { look_ns: u64 },
    /// The last known holder ended then.
    Left { at_ns: u64 },
    /// Nobody held it in live state of that time, and no end was reported. To be looked at again then.
    Unheld { at_ns: u64, look_ns: u64 },
}

struct Followed {
    /// Inode of the connection's socket; 0 when it is not known: then holders are told by their lives alone.
    socket: u64,
    shell: ProcessKey,
    holders: HashSet<ProcessKey>,
    since_ns: u64,
    stage: Stage,
}

/// All sessions that are followed.
#[derive(Default)]
pub(crate) struct Sessions {
    all: HashMap<Session, Followed>,
    /// Which sessions a process has a part in.
    parts: HashMap<ProcessKey, Vec<Session>>,
}

impl Sessions {
    /// Follows a session from now on. `ended` says when a process ended, if it has.
    pub(crate) fn follow(
        &mut self,
        evidence: &Evidence,
        now_ns: u64,
        ended: impl Fn(ProcessKey) -> Option<u64>,
    ) {
        let session = evidence.session;
        self.forget(session);
        let socket = socket_of(evidence);
        let shell = evidence.enriched.exec.process;
        let (alive, gone): (Vec<_>, Vec<_>) =
            holders_of(evidence, socket).into_iter().partition(|process| ended(*process).is_none());
        let left = gone.into_iter().filter_map(&ended).max().unwrap_or(now_ns);
        let stage = match (alive.is_empty(), ended(shell)) {
            (true, _) => Stage::Left { at_ns: left },
            (false, Some(_)) => Stage::Open { look_ns: now_ns },
            (false, None) => Stage::Open { look_ns: now_ns + LOOK_EVERY_NS },
        };
        let followed =
            Followed { socket, shell, holders: alive.into_iter().collect(), since_ns: now_ns, stage };
        for process in followed.holders.iter().chain([&shell]) {
            note(&mut self.parts, *process, session);
        }
        self.all.insert(session, followed);
    }

    /// The finding says something else: its connection or its shell may be another one now.
    pub(crate) fn amend(&mut self, evidence: &Evidence) {
        let Some(followed) = self.all.get_mut(&evidence.session) else { return };
        let (socket, shell) = (socket_of(evidence), evidence.enriched.exec.process);
        if socket != 0 {
            followed.socket = socket;
        }
        followed.shell = shell;
        note(&mut self.parts, shell, evidence.session);
    }

    pub(crate) fn forget(&mut self, session: Session) {
        if let Some(followed) = self.all.remove(&session) {
            for process in followed.holders.iter().chain([&followed.shell]) {
                self.leave(*process, session);
            }
        }
    }

    fn leave(&mut self, process: ProcessKey, session: Session) {
        if let Some(sessions) = self.parts.get_mut(&process) {
            sessions.retain(|of| *of != session);
            if sessions.is_empty() {
                self.parts.remove(&process);
            }
        }
    }

    /// What a holder gives birth to holds what it holds.
    pub(crate) fn fork(&mut self, fork: &Fork) {
        if self.parts.is_empty() {
            return;
        }
        let Some(sessions) = self.parts.get(&fork.parent).cloned() else { return };
        for session in sessions {
            let Some(followed) = self.all.get_mut(&session) else { continue };
            if followed.holders.contains(&fork.parent) && followed.holders.len() < HOLDERS_MAX {
                followed.holders.insert(fork.child);
                note(&mut self.parts, fork.child, session);
            }
        }
    }

    /// A holder may have given the connection away as it was executed.
    pub(crate) fn exec(&mut self, exec: &Exec) {
        if self.parts.is_empty() || exec.descriptors_truncated {
            return;
        }
        let Some(sessions) = self.parts.get(&exec.process).cloned() else { return };
        for session in sessions {
            let Some(followed) = self.all.get_mut(&session) else { continue };
            let keeps = followed.socket == 0
                || exec.process == followed.shell
                || holds(&exec.descriptors, followed.socket);
            if !keeps {
                followed.drop_holder(exec.process, exec.time_ns);
                self.leave(exec.process, session);
            }
        }
    }

    /// A process has ended.
    pub(crate) fn exit(&mut self, exit: &Exit) {
        if self.parts.is_empty() {
            return;
        }
        for session in self.parts.remove(&exit.process).unwrap_or_default() {
            let Some(followed) = self.all.get_mut(&session) else { continue };
            followed.drop_holder(exit.process, exit.time_ns);
            if let Stage::Open { look_ns } = &mut followed.stage
                && exit.process == followed.shell
            {
                *look_ns = exit.time_ns;
            }
        }
    }

    /// When live state should be read for somebody's sake, nanoseconds since boot.
    pub(crate) fn next_look_ns(&self) -> Option<u64> {
        let look = |followed: &Followed| match followed.stage {
            Stage::Open { look_ns } | Stage::Unheld { look_ns, .. } => look_ns,
            Stage::Left { at_ns } => at_ns,
        };
        self.all.values().map(look).min()
    }

    /// Live state was read: sessions of which nobody is left have ended. `is_over` says which processes have ended since.
    pub(crate) fn reconcile(
        &mut self,
        live: &[Arc<Exec>],
        at_ns: u64,
        now_ns: u64,
        is_over: impl Fn(ProcessKey) -> bool,
    ) -> Vec<(Session, End)> {
        let mut over = Vec::new();
        for (session, followed) in &mut self.all {
            // what ended after the reading began may still be in it, and what began after is not
            if followed.since_ns >= at_ns
                || matches!(followed.stage, Stage::Left { at_ns: left } if left >= at_ns)
            {
                continue;
            }
            let held = live.iter().filter(|exec| followed.is_held_by(exec)).map(|exec| exec.process);
            let mut holders: HashSet<ProcessKey> = held.take(HOLDERS_MAX).collect();
            if holders.is_empty() {
                match followed.stage {
                    Stage::Left { at_ns } => over.push((*session, End { at_ns, exactly: true })),
                    Stage::Unheld { at_ns, look_ns } if look_ns <= now_ns => {
                        over.push((*session, End { at_ns, exactly: false }));
                    }
                    Stage::Unheld { .. } => {}
                    Stage::Open { .. } => {
                        followed.stage = Stage::Unheld { at_ns, look_ns: now_ns + REPORT_NS };
                    }
                }
                continue;
            }
            holders.retain(|holder| !is_over(*holder));
            // born since: not in the reading
            holders.extend(followed.holders.iter().filter(|holder| holder.start_ns >= at_ns));
            if holders.is_empty() {
                if !matches!(followed.stage, Stage::Left { .. }) {
                    followed.stage = Stage::Open { look_ns: now_ns };
                }
                continue;
            }
            for holder in &holders {
                note(&mut self.parts, *holder, *session);
            }
            followed.stage = Stage::Open { look_ns: now_ns + LOOK_EVERY_NS };
            followed.holders = holders;
        }
        for (session, _) in &over {
            self.forget(*session);
        }
        over
    }

    /// Live state cannot be read: what is known of the holders decides.
    pub(crate) fn conclude(&mut self, now_ns: u64) -> Vec<(Session, End)> {
        for followed in self.all.values_mut() {
            if let Stage::Open { look_ns } = &mut followed.stage {
                *look_ns = (*look_ns).max(now_ns + LOOK_EVERY_NS);
            }
        }
        let left = |(session, followed): (&Session, &Followed)| match followed.stage {
            Stage::Left { at_ns } => Some((*session, End { at_ns, exactly: true })),
            Stage::Unheld { at_ns, .. } => Some((*session, End { at_ns, exactly: false })),
            Stage::Open { .. } => None,
        };
        let over: Vec<_> = self.all.iter().filter_map(left).collect();
        for (session, _) in &over {
            self.forget(*session);
        }
        over
    }
}

impl Followed {
    fn drop_holder(&mut self, process: ProcessKey, at_ns: u64) {
        if self.holders.remove(&process) && self.holders.is_empty() {
            self.stage = Stage::Left { at_ns };
        }
    }

    /// Of a process with more descriptors than are read it is enough that it was a holder.
    fn is_held_by(&self, exec: &Exec) -> bool {
        let was = self.holders.contains(&exec.process);
        if self.socket == 0 {
            return was;
        }
        holds(&exec.descriptors, self.socket) || (was && exec.descriptors_truncated)
    }
}

fn note(parts: &mut HashMap<ProcessKey, Vec<Session>>, process: ProcessKey, session: Session) {
    let sessions = parts.entry(process).or_default();
    if !sessions.contains(&session) {
        sessions.push(session);
    }
}

fn holds(descriptors: &[Descriptor], socket: u64) -> bool {
    descriptors.iter().any(|d| d.is_socket(socket))
}

/// The connection's socket. One that is still being made may give way to another attempt's.
fn socket_of(evidence: &Evidence) -> u64 {
    evidence.endpoint.filter(|socket| !socket.is_being_made()).map_or(0, |socket| socket.inode)
}

/// Who holds the connection, as far as the shell's own record says: the last relay or the shell, and who started it where
/// that was seen with the same socket.
fn holders_of(evidence: &Evidence, socket: u64) -> Vec<ProcessKey> {
    let enriched = &evidence.enriched;
    let exec = &enriched.exec;
    let route = enriched.input.as_ref().or(enriched.output.as_ref());
    let mut holders = vec![route.and_then(|route| route.hops.last()).map_or(exec.process, |hop| hop.process)];
    if socket != 0 {
        let read = [&exec.descriptors, &exec.parent_descriptors, &exec.grandparent_descriptors];
        let whose = std::iter::once(exec.process).chain(exec.ancestors.iter().map(|a| a.process));
        holders.extend(whose.zip(read).filter(|(_, held)| holds(held, socket)).map(|(process, _)| process));
    }
    holders
}

#[cfg(test)]
mod tests;
