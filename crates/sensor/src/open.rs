//! Findings that may still learn something: names of their container, evidence, losses in their window.

use crate::connections::Connections;
use crate::controls::PlaceSlot;
use crate::coverage::LossLog;
use crate::lookups::facts::Wanted;
use crate::sessions::{End, Sessions};
use crate::{Delivery, EvidenceContent, Metrics};
use crossbeam_channel::Sender;
use detection::{Evidence, Session};
use enrichment::{Actor, ImageKey};
use event::{Container, ContainerId, Origin, ProcessKey};
use findings::{Circumstances, Ended, EvidenceItem, Place, compose};
use host::Clock;
use programs::invocation::Invocation;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// Open findings kept; the oldest that were delivered are closed.
const OPEN_MAX: usize = 128;
/// Findings kept that cannot be delivered (a full disk); of more, some are given up.
pub(crate) const WAITING_MAX: usize = 256;
/// A finding whose session has ended and that has learned nothing for so long is closed: what it holds of its processes is
/// given back, nanoseconds.
const CLOSE_AFTER_NS: u64 = 300_000_000_000;
/// Facts that could not be read in time, remembered for findings that are opened later.
const UNREAD_MAX: usize = 128;
/// Ancestors of which a missing fact concerns a finding.
const NEAR_ANCESTORS: usize = 4;
/// What is lost this long after a shell was found may have been its doing, nanoseconds.
const WINDOW_AFTER_NS: u64 = 10_000_000_000;
/// Losses are told at most this often, nanoseconds.
const SETTLE_NS: u64 = 1_000_000_000;
/// A receiver without room is asked again after this long, nanoseconds.
const RETRY_NS: u64 = 100_000_000;
/// A finding waits this long for the names of its container, nanoseconds.
const WAIT_FOR_NAMES_NS: u64 = 150_000_000;
/// After the start a first delivery waits this long for the cloud's names, nanoseconds. They usually take milliseconds,
/// and a resource's name should not change under its reader.
const WAIT_FOR_PLACE_NS: u64 = 2_000_000_000;

struct Open {
    evidence: Evidence,
    id: String,
    since_ns: u64,
    /// When the program was first seen on the connection, nanoseconds since boot.
    event_ns: u64,
    /// The connection's socket, and when it was called for, nanoseconds since boot.
    called: Option<(u64, u64)>,
    ended: Option<End>,
    /// When it was delivered last.
    told_ns: u64,
    /// Waits for names until then.
    due_ns: u64,
    delivered: bool,
    changed: bool,
    items: Vec<EvidenceItem>,
    unsent: Vec<EvidenceContent>,
    missing: Vec<String>,
}

impl Open {
    /// When it may be delivered.
    fn due_ns(&self, place_due_ns: u64) -> u64 {
        if self.delivered { self.due_ns } else { self.due_ns.max(place_due_ns) }
    }
}

/// All open findings.
pub(crate) struct OpenFindings {
    all: HashMap<Session, Open>,
    out: Sender<Delivery>,
    place: Place,
    /// The same for others to see.
    place_slot: PlaceSlot,
    /// The place may still become known; nothing is delivered for the first time before then.
    place_due_ns: u64,
    boot_id: String,
    metrics: Metrics,
    /// Whether their sessions go on.
    pub(crate) sessions: Sessions,
    /// When their connections were called for.
    pub(crate) connections: Connections,
    /// What could not be read in time of which process: its finding may be opened later.
    unread: VecDeque<(ProcessKey, &'static str)>,
}

impl OpenFindings {
    pub(crate) fn new(out: Sender<Delivery>, place: Place, boot_id: String, metrics: Metrics) -> Self {
        Self {
            all: HashMap::new(),
            out,
            place_slot: PlaceSlot::new(place.clone()),
            place,
            place_due_ns: 0,
            boot_id,
            metrics,
            sessions: Sessions::default(),
            connections: Connections::default(),
            unread: VecDeque::new(),
        }
    }

    pub(crate) fn place_slot(&self) -> PlaceSlot {
        self.place_slot.clone()
    }

    /// Somebody was asked where this is.
    pub(crate) fn expect_place(&mut self, now_ns: u64) {
        self.place_due_ns = now_ns + WAIT_FOR_PLACE_NS;
    }

    /// A detection becomes a finding. `event_ns`: when the program was first on the connection; `ended` says when a process
    /// ended, if it has. Returns whether another finding was given up for it.
    pub(crate) fn open(
        &mut self,
        evidence: Evidence,
        event_ns: u64,
        now_ns: u64,
        ended: impl Fn(ProcessKey) -> Option<u64>,
    ) -> bool {
        self.sessions.follow(&evidence, now_ns, ended);
        let module = evidence.metadata.module;
        self.metrics.findings.get_or_create(&crate::metrics::Module { module }).inc();
        let enriched = &evidence.enriched;
        let named = enriched.container.as_deref().map_or(enriched.asked.is_none(), is_settled);
        let open = Open {
            id: self.id(evidence.session),
            since_ns: now_ns,
            event_ns,
            called: None,
            ended: None,
            told_ns: now_ns,
            due_ns: if named { now_ns } else { now_ns + WAIT_FOR_NAMES_NS },
            delivered: false,
            changed: true,
            items: Vec::new(),
            unsent: Vec::new(),
            missing: self
                .unread
                .iter()
                .filter(|(process, _)| concerns(&evidence, *process))
                .map(|(process, kind)| not_in_time(*process, kind))
                .collect(),
            evidence,
        };
        self.all.insert(open.evidence.session, open);
        if self.all.len() > OPEN_MAX {
            let delivered = self.all.iter().filter(|(_, o)| o.delivered);
            let oldest = delivered.min_by_key(|(_, o)| (o.ended.is_none(), o.since_ns));
            if let Some(oldest) = oldest.map(|(session, _)| *session) {
                self.all.remove(&oldest);
                self.sessions.forget(oldest);
            }
        }
        let given_up = self.too_many_wait();
        if let Some(given_up) = given_up.and_then(|session| self.all.remove(&session)) {
            self.sessions.forget(given_up.evidence.session);
            let module = given_up.evidence.metadata.module;
            self.metrics.findings_lost.get_or_create(&crate::metrics::Module { module }).inc();
            let exec = &given_up.evidence.enriched.exec;
            tracing::error!(
                "{WAITING_MAX} findings wait to be delivered; finding {} about process {} ({}) is given up. Make room \
                 where findings are stored",
                given_up.id,
                exec.process.pid,
                exec.executable.path
            );
            return true;
        }
        false
    }

    /// The last one of the control group that has the most: whoever floods gives up his own, and what came first stays.
    fn too_many_wait(&self) -> Option<Session> {
        let waiting = || self.all.iter().filter(|(_, open)| !open.delivered);
        if waiting().count() <= WAITING_MAX {
            return None;
        }
        let group = |open: &Open| open.evidence.enriched.exec.cgroup.id;
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for (_, open) in waiting() {
            *counts.entry(group(open)).or_default() += 1;
        }
        let (most, _) = counts.into_iter().max_by_key(|(cgroup, count)| (*count, *cgroup))?;
        let of_most = waiting().filter(|(_, open)| group(open) == most);
        of_most.max_by_key(|(_, open)| (open.since_ns, open.evidence.enriched.exec.time_ns)).map(|(s, _)| *s)
    }

    /// The session again. The shell that takes commands is what the finding is about, not the command line that started
    /// it; and what the files are may have become known. Returns whether the finding says something else now.
    pub(crate) fn strengthen(&mut self, evidence: Evidence) -> bool {
        let takes = |e: &Evidence| matches!(e.enriched.actor.invocation, Invocation::TakesCommands { .. });
        let known = |e: &Evidence| {
            let opener = e.opener.as_ref().is_none_or(|o| o.facts.is_some());
            usize::from(e.enriched.actor.facts.is_some()) + usize::from(opener) + usize::from(is_made(e))
        };
        let Some(open) = self.all.get_mut(&evidence.session) else { return false };
        if open.evidence.metadata.module != evidence.metadata.module {
            return false;
        }
        let (old, new) = (&open.evidence, &evidence);
        let same = old.enriched.exec.process == new.enriched.exec.process;
        let stronger = (!takes(old) && takes(new)) || (same && known(new) > known(old));
        if !stronger && same && is_made(new) && !is_made(old) {
            // it says less of the files, and all of the connection
            open.evidence.endpoint = evidence.endpoint;
            self.sessions.amend(&open.evidence);
            open.changed = true;
        } else if stronger {
            self.sessions.amend(&evidence);
            open.evidence = evidence;
            open.changed = true;
        }
        stronger
    }

    /// What an open finding says.
    pub(crate) fn evidence_of(&self, session: Session) -> Option<&Evidence> {
        self.all.get(&session).map(|open| &open.evidence)
    }

    /// The runtime told more of a container: the one that was asked about by this id. A process of the node stays one
    /// unless a runtime claims it.
    pub(crate) fn tell_container(&mut self, id: &ContainerId, container: &Arc<Container>, now_ns: u64) {
        for open in self.all.values_mut() {
            let enriched = &open.evidence.enriched;
            if !enriched.asked.as_ref().is_some_and(|asked| asked == id || *asked == container.id) {
                continue;
            }
            let is_in = enriched.container.is_some() || container.id.is_claimed();
            if is_in && enriched.container.as_ref() != Some(container) {
                let enriched = Arc::make_mut(&mut open.evidence.enriched);
                enriched.container = Some(Arc::clone(container));
                enriched.asked = Some(container.id.clone());
                open.changed = true;
            }
            if is_settled(container) {
                open.due_ns = open.due_ns.min(now_ns);
            }
        }
    }

    /// A file was hashed.
    pub(crate) fn tell_hash(&mut self, wanted: Wanted, sha256: &str, size: u64) {
        let awaits = |actor: &Actor| {
            let (Some(exec), Some(facts)) = (&actor.exec, &actor.facts) else { return false };
            facts.sha256.is_empty()
                && match wanted {
                    Wanted::File(identity) => exec.executable.identity == identity && facts.path.is_none(),
                    Wanted::Loaded(image) => ImageKey::of(exec) == image && facts.path.is_some(),
                    Wanted::Script(_) | Wanted::Arguments(_) => false,
                }
        };
        for open in self.all.values_mut() {
            let enriched = &open.evidence.enriched;
            let others = enriched.earlier.iter().chain(&enriched.ancestors).chain(&enriched.relays);
            if ![&enriched.actor].into_iter().chain(others).chain(&open.evidence.opener).any(awaits) {
                continue;
            }
            let enriched = Arc::make_mut(&mut open.evidence.enriched);
            let others =
                enriched.earlier.iter_mut().chain(&mut enriched.ancestors).chain(&mut enriched.relays);
            let actors = [&mut enriched.actor].into_iter().chain(others).chain(&mut open.evidence.opener);
            for facts in actors.filter(|actor| awaits(actor)).filter_map(|actor| actor.facts.as_mut()) {
                enrichment::hashed(facts, sha256, size);
            }
            open.changed = true;
        }
    }

    /// Evidence was taken.
    pub(crate) fn tell_evidence(
        &mut self,
        session: Session,
        items: Vec<EvidenceContent>,
        missing: Vec<String>,
    ) {
        if let Some(open) = self.all.get_mut(&session) {
            open.items.extend(items.iter().map(|i| i.item.clone()));
            open.unsent.extend(items);
            open.missing.extend(missing);
            open.changed = true;
        }
    }

    /// Sessions have ended.
    pub(crate) fn tell_ends(&mut self, ends: Vec<(Session, End)>, now_ns: u64) {
        for (session, end) in ends {
            if let Some(open) = self.all.get_mut(&session) {
                open.ended = Some(end);
                open.changed = true;
                // what it waits for may still come, but not from its processes
                open.told_ns = now_ns;
            }
        }
    }

    /// A fact about a process could not be read in time: findings that it concerns say so, also later ones.
    pub(crate) fn tell_unread(&mut self, process: ProcessKey, kind: &'static str) {
        for open in self.all.values_mut().filter(|open| concerns(&open.evidence, process)) {
            let missing = not_in_time(process, kind);
            if !open.missing.contains(&missing) {
                open.missing.push(missing);
                open.changed = true;
            }
        }
        if !self.unread.contains(&(process, kind)) {
            self.unread.push_back((process, kind));
        }
        if self.unread.len() > UNREAD_MAX {
            self.unread.pop_front();
        }
    }

    /// Records were lost: findings whose window that touches say so, together a little later when losses go on.
    pub(crate) fn tell_loss(&mut self, now_ns: u64) {
        let touched = |o: &&mut Open| o.delivered && now_ns.saturating_sub(o.since_ns) < WINDOW_AFTER_NS;
        for open in self.all.values_mut().filter(touched).filter(|o| !o.changed) {
            open.changed = true;
            open.due_ns = now_ns + SETTLE_NS;
        }
    }

    /// The place is better known. Names and ids stay as they were: they do not depend on what is learned.
    pub(crate) fn tell_place(&mut self, place: Place) {
        self.place_slot.set(place.clone());
        self.place = place;
        self.place_due_ns = 0;
        for open in self.all.values_mut() {
            open.changed = true;
        }
    }

    /// There will be no later.
    pub(crate) fn wait_no_longer(&mut self) {
        self.place_due_ns = 0;
        for open in self.all.values_mut() {
            open.due_ns = 0;
        }
    }

    /// Delivers what is due. What the receiver has no room for stays due.
    pub(crate) fn deliver(&mut self, losses: &LossLog, clock: Clock, now_ns: u64) {
        let place_due_ns = self.place_due_ns;
        for open in self.all.values_mut().filter(|o| o.changed && o.due_ns(place_due_ns) <= now_ns) {
            let exec = &open.evidence.enriched.exec;
            let socket = open.evidence.endpoint.map_or(0, |endpoint| endpoint.inode);
            let called = self.connections.called_ns(socket).map(|called| (socket, called));
            open.called = open.called.filter(|(of, _)| *of == socket).or(called);
            let coverage = losses.coverage(exec.time_ns, now_ns, clock, exec.origin != Origin::Probe);
            let circumstances = Circumstances {
                place: &self.place,
                id: &open.id,
                event_time_ns: clock.wall_ns(open.event_ns),
                born_ns: clock.wall_ns(exec.process.start_ns),
                boot_ns: clock.wall_ns(0),
                called_ns: open.called.map(|(_, called)| clock.wall_ns(called)),
                boot_id: &self.boot_id,
                ended: open.ended.map(|end| Ended { at_ns: clock.wall_ns(end.at_ns), exactly: end.exactly }),
                coverage: &coverage,
                items: &open.items,
                missing: &open.missing,
            };
            let finding = Box::new(compose(&open.evidence, &circumstances));
            let evidence = std::mem::take(&mut open.unsent);
            match self.out.try_send(Delivery { finding, evidence }) {
                Ok(()) => {
                    open.changed = false;
                    open.delivered = true;
                    open.told_ns = now_ns;
                    self.metrics.deliveries.inc();
                }
                Err(refused) => {
                    open.unsent = refused.into_inner().evidence;
                    open.due_ns = now_ns + RETRY_NS;
                }
            }
        }
    }

    /// Closes findings whose session has ended and that have learned nothing for long. Returns whether there were any.
    pub(crate) fn expire(&mut self, now_ns: u64) -> bool {
        let before = self.all.len();
        let is_due = |o: &Open| o.ended.is_some() && now_ns.saturating_sub(o.told_ns) >= CLOSE_AFTER_NS;
        self.all.retain(|_, open| !open.delivered || open.changed || !is_due(open));
        self.all.len() < before
    }

    /// When the next finding is due, nanoseconds since boot.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        self.all.values().filter(|o| o.changed).map(|o| o.due_ns(self.place_due_ns)).min()
    }

    /// The same session has the same id, also after a restart.
    fn id(&self, session: Session) -> String {
        let what = match session {
            Session::Connection(inode) => format!("connection {inode}"),
            Session::Process(process) => format!("process {} {}", process.pid, process.start_ns),
        };
        let digest = host::sha256(format!("{} {} {what}", self.boot_id, self.place.node).as_bytes());
        digest[..32].to_owned()
    }
}

/// The connection is there, or there is none.
fn is_made(evidence: &Evidence) -> bool {
    evidence.endpoint.is_none_or(|socket| !socket.is_being_made())
}

fn concerns(evidence: &Evidence, process: ProcessKey) -> bool {
    let enriched = &evidence.enriched;
    let near = enriched.ancestors.iter().take(NEAR_ANCESTORS);
    let others = near.chain(&enriched.relays).chain(&evidence.opener);
    enriched.exec.process == process || others.into_iter().any(|actor| actor.process == process)
}

fn not_in_time(process: ProcessKey, kind: &str) -> String {
    let what = kind.replace('_', " ");
    format!("{what} of process {}: could not be read in time, a file system does not answer", process.pid)
}

/// Named, or nobody can name it.
fn is_settled(container: &Container) -> bool {
    container.complete
        || !container.name.is_empty() && container.pod.as_ref().is_none_or(|pod| !pod.name.is_empty())
}
