//! The state that watches: events in, findings out. One thread owns it; time is a parameter.

mod asking;
mod budget;
mod containers;
mod orders;
mod reading;
mod state;

use crate::Metrics;
use crate::coverage::LossLog;
use crate::examinations::Examinations;
use crate::live::Live;
use crate::lookups::{Answer, Lookups, Request};
use crate::metrics::{EventCounters, Kind};
use crate::open::OpenFindings;
use crate::waiting::{Pending, Waiting};
use asking::Asking;
use budget::ReadingBudget;
use decoder::Decoded;
use detection::{Candidates, Engine, Outcome};
use enrichment::channel::leads_elsewhere;
use enrichment::{Actor, State};
use event::{Access, Descriptor, Event, Exec, Loss, LossKind, Object, ProcessKey, SocketEvent, SocketState};
use host::Clock;
use programs::invocation::Invocation;
use std::sync::Arc;

/// An event waits this long for facts of the files it involves, nanoseconds.
const WAIT_FOR_FACTS_NS: u64 = 300_000_000;
/// Findings whose connection was still being made, at most.
const CONNECTING_MAX: usize = 128;
/// So many candidates are all looked at whenever a socket changes; of more, those that its process is joined to.
const FEW_CANDIDATES: usize = 16;
/// Memory is given back at most this often, nanoseconds.
const GIVE_BACK_EVERY_NS: u64 = 10_000_000_000;
/// Processes followed from one that connects.
const JOINED_MAX: usize = 512;

pub(crate) struct Watch {
    state: State,
    engine: Engine,
    candidates: Candidates,
    waiting: Waiting,
    /// Detected while the connection was still being made: its own end is in live state a little later.
    connecting: Vec<Arc<Exec>>,
    open: OpenFindings,
    losses: LossLog,
    clock: Clock,
    lookups: Option<Lookups>,
    counters: EventCounters,
    metrics: Metrics,
    asking: Asking,
    live_wanted: bool,
    live_budget: ReadingBudget,
    /// Something that takes memory has been done since it was given back last, and when that was.
    has_worked: bool,
    gave_back_ns: u64,
    /// Candidates for whose sake live state is being read.
    looked_for: Vec<ProcessKey>,
    /// When what is being decided came about: a connection may come long after the program, nanoseconds since boot.
    moment_ns: u64,
    /// Probes that somebody else has removed.
    detached: Vec<&'static str>,
    /// Keys that the probes should watch; the pipeline takes them.
    pub(crate) wishes: Vec<u64>,
    /// On the bench, what detectors make of each program.
    pub(crate) examinations: Option<Examinations>,
}

impl Watch {
    pub(crate) fn new(
        engine: Engine,
        open: OpenFindings,
        losses: LossLog,
        clock: Clock,
        lookups: Option<Lookups>,
        metrics: Metrics,
    ) -> Self {
        Self {
            state: State::default(),
            engine,
            candidates: Candidates::default(),
            waiting: Waiting::default(),
            connecting: Vec::new(),
            open,
            losses,
            clock,
            // shells that are open already
            live_wanted: lookups.is_some(),
            lookups,
            counters: metrics.event_counters(),
            metrics,
            asking: Asking::default(),
            live_budget: ReadingBudget::default(),
            has_worked: false,
            gave_back_ns: 0,
            looked_for: Vec::new(),
            moment_ns: 0,
            detached: Vec::new(),
            wishes: Vec::new(),
            examinations: None,
        }
    }

    pub(crate) fn lookups(&self) -> Option<&Lookups> {
        self.lookups.as_ref()
    }

    /// One record. Returns the time it carries.
    pub(crate) fn record(&mut self, record: &[u8], now_ns: u64) {
        match decoder::decode(record) {
            Ok(Decoded::Event(event)) => self.event(event, now_ns),
            Ok(Decoded::Task(exec)) => self.live(Live { processes: vec![Arc::from(exec)], at_ns: 0 }, now_ns),
            Err(error) => {
                tracing::warn!("{error}");
                let kind = LossKind::Malformed;
                self.event(
                    Event::Loss(Loss { from_ns: now_ns, to_ns: now_ns, kind, cgroup: None, count: 1 }),
                    now_ns,
                );
            }
        }
    }

    pub(crate) fn event(&mut self, event: Event, now_ns: u64) {
        match event {
            Event::Exec(exec) => {
                self.counters.exec.inc();
                self.exec(exec, now_ns);
            }
            Event::Fork(fork) => {
                self.counters.fork.inc();
                self.state.tree.fork(&fork);
                self.open.sessions.fork(&fork);
            }
            Event::Exit(exit) => {
                self.counters.exit.inc();
                self.state.tree.exit(&exit);
                self.candidates.end(exit.process, now_ns);
                self.open.sessions.exit(&exit);
            }
            Event::Socket(socket) => {
                self.counters.socket.inc();
                self.moment_ns = socket.time_ns;
                self.open.connections.note(&socket);
                self.socket(&socket, now_ns);
            }
            Event::Loss(loss) => {
                self.metrics.lost.get_or_create(&Kind { kind: loss.kind.name() }).inc_by(loss.count);
                self.losses.note(loss);
                self.lost(now_ns);
            }
            Event::Snapshot(processes) => {
                let processes = processes.into_iter().map(Arc::new).collect();
                self.live(Live { processes, at_ns: now_ns }, now_ns);
            }
        }
    }

    /// Counters grew: what was lost may have been a process, so live state is read again.
    pub(crate) fn losses(&mut self, counters: &probes::Losses, now_ns: u64) {
        let new = self.losses.read(counters, now_ns);
        for loss in new.iter().filter(|l| l.cgroup.is_none()) {
            tracing::warn!("{} {} records were lost", loss.count, loss.kind.name());
            self.metrics.lost.get_or_create(&Kind { kind: loss.kind.name() }).inc_by(loss.count);
        }
        if !new.is_empty() {
            self.lost(now_ns);
        }
    }

    fn lost(&mut self, now_ns: u64) {
        self.open.tell_loss(now_ns);
        self.live_wanted = true;
    }

    fn exec(&mut self, exec: Arc<Exec>, now_ns: u64) {
        self.candidates.remove(exec.process);
        self.state.tree.exec(&exec);
        self.open.sessions.exec(&exec);
        self.container(&exec, now_ns);
        if let Some(examinations) = &mut self.examinations {
            examinations.note(&self.state.enrich(&exec, now_ns));
        }
        if self.is_interesting(&exec) {
            self.decide(&exec, now_ns + WAIT_FOR_FACTS_NS, now_ns);
        }
        self.ask_executed(&exec);
    }

    /// Cheap, for every exec: could its input come from somebody else, or its output be read by one?
    fn is_interesting(&self, exec: &Exec) -> bool {
        if exec.descriptor(0).is_some_and(leads_elsewhere) || self.may_read_elsewhere(exec) {
            return true;
        }
        let Some(parent) = exec.parent().and_then(|p| self.state.tree.get(p)) else { return false };
        let mut ignored = Vec::new();
        exec.descriptors.iter().any(|d| d.number <= 2 && leads_elsewhere(d)) && {
            if self.is_unborn(parent) {
                return true;
            }
            let program = Actor::of_process(parent, &self.state.executables, &mut ignored);
            program.commanding_text().is_some()
                || parent.is_on_network() && program.may_command(&self.state.executables)
        }
    }

    /// Its arguments may name another descriptor, or a connection of its own, to read commands from. They are only
    /// understood where something speaks for it: that takes far longer than an exec should cost.
    fn may_read_elsewhere(&self, exec: &Exec) -> bool {
        const OPENERS: [&[u8]; 11] = [
            b"tcp", b"udp", b"inet", b"ocket", b"onnect", b"nc ", b"nc.", b"ncat", b"netcat", b"telnet",
            b"socat",
        ];
        let names = |text: &[u8]| OPENERS.iter().any(|word| text.windows(word.len()).any(|at| at == *word));
        let inherited = exec.descriptors.iter().any(|d| d.number > 2 && leads_elsewhere(d));
        if !inherited && !exec.arguments.values.iter().skip(1).any(|text| names(text.bytes())) {
            return false;
        }
        let file = self.state.executables.of_file(&exec.executable.identity);
        if file.is_some_and(|f| matches!(f.recognised.kind, programs::executable::Kind::Unknown)) {
            return false;
        }
        let arguments = &exec.arguments;
        let kind = file.map(|f| &f.recognised.kind);
        let name = exec.executable.path.file_name();
        let invocation = Invocation::of(kind, name, &arguments.values, arguments.truncated);
        if matches!(invocation, Invocation::ScriptFile { .. }) {
            // the script tells whether it reads there; pipes are handed down to everybody (`make -j`)
            let leads = |d: &Descriptor| {
                d.number > 2 && leads_elsewhere(d) && !matches!(d.object, Object::Pipe { .. })
            };
            return exec.descriptors.iter().any(leads);
        }
        let read = invocation.command_descriptor().and_then(|number| exec.descriptor(number));
        invocation.reads_commands_from_network() || read.is_some_and(leads_elsewhere)
    }

    /// Decides now, or waits for facts.
    fn decide(&mut self, exec: &Arc<Exec>, until_ns: u64, now_ns: u64) {
        let enriched = self.state.enrich(exec, now_ns);
        let endpoint = enriched.input.as_ref().map(|route| route.endpoint.inode);
        let behind = self.waiting.is_behind(endpoint, exec.time_ns);
        let needs = self.ask_needs(&enriched);
        if !needs.is_empty() || behind {
            let pending = Pending { exec: Arc::clone(exec), endpoint, until_ns, needs };
            let decided = if now_ns >= until_ns { Some(pending) } else { self.waiting.add(pending) };
            let Some(decided) = decided else { return };
            if self.waiting.add_late(decided) {
                self.overlook();
            }
        }
        let commands = enriched.actor.command_descriptor().and_then(|number| exec.descriptor(number));
        let followable = commands.is_some_and(|d| leads_elsewhere(d) && !d.is_internet());
        let parent = exec.parent().and_then(|p| self.state.tree.get(p));
        let may_be_joined = followable
            || enriched.actor.reads_commands_from_network()
            || enriched.actor.is_shell() && parent.is_some_and(|p| self.is_unborn(p));
        if let Some(examinations) = &mut self.examinations {
            examinations.note(&enriched);
        }
        match self.engine.evaluate(&Arc::new(enriched)) {
            Outcome::Detected(evidence) => {
                // one that has waited for its connection was not on it when it was executed
                let has_waited = self.candidates.get(exec.process).is_some();
                let event_ns = if has_waited { self.moment_ns.max(exec.time_ns) } else { exec.time_ns };
                self.candidates.remove(exec.process);
                if evidence.endpoint.is_some_and(|e| e.is_being_made())
                    && self.connecting.len() < CONNECTING_MAX
                {
                    self.connecting.push(Arc::clone(exec));
                    self.live_wanted = true;
                }
                if let Some(endpoint) = &evidence.endpoint {
                    self.state.report(&evidence.enriched, endpoint);
                }
                let session = evidence.session;
                let tree = &self.state.tree;
                let ended = |process| tree.get(process).and_then(|p| p.ended_ns);
                if self.open.open(*evidence, event_ns, now_ns, ended) {
                    let kind = LossKind::Finding;
                    self.losses.note(Loss { from_ns: now_ns, to_ns: now_ns, kind, cgroup: None, count: 1 });
                    self.open.tell_loss(now_ns);
                }
                self.ask_hashes(session);
                self.take_evidence(session);
            }
            Outcome::Known(evidence) => {
                self.candidates.remove(exec.process);
                if evidence.endpoint.is_some_and(|e| e.is_being_made()) {
                    // its own end is known when an attempt succeeds
                    self.candidates.add(exec, now_ns);
                }
                let session = evidence.session;
                if self.open.strengthen(*evidence) {
                    self.ask_hashes(session);
                }
            }
            Outcome::Quiet if may_be_joined => self.candidates.add(exec, now_ns),
            Outcome::Quiet => {}
        }
    }

    fn socket(&mut self, event: &SocketEvent, now_ns: u64) {
        let Some(process) = event.process else {
            self.live_wanted = true; // a watched port accepted: who holds the new socket is in live state
            return;
        };
        if let Some(known) = self.state.tree.get(process) {
            let mut descriptors = known.descriptors.to_vec();
            descriptors.retain(|d| !d.is_socket(event.socket.inode));
            let access = Access { read: true, write: true };
            descriptors.push(Descriptor { number: u32::MAX, access, object: Object::Internet(event.socket) });
            self.state.tree.learn(process, &descriptors, event.time_ns);
        }
        self.note_connection(process, now_ns);
        let candidates = &self.candidates;
        for program in
            self.state.connected(process, event.socket.inode, |program| candidates.get(program).is_some())
        {
            self.note_connection(program, now_ns);
        }
        if self.candidates.is_empty() {
            return;
        }
        if event.socket.state == SocketState::Listening {
            let namespace = u64::from(event.socket.network_namespace) << 16;
            self.wishes.push(probe_abi::WATCHED_PORT_BIT | namespace | u64::from(event.socket.local.port));
        }
        self.decide_candidates(now_ns, |watch| {
            let mut joined = watch.state.tree.joined_to(process, now_ns, JOINED_MAX);
            joined.push(process);
            joined
        });
    }

    /// All candidates while they are few, else those that `which` names: somebody may keep thousands waiting.
    fn decide_candidates(&mut self, now_ns: u64, which: impl FnOnce(&mut Self) -> Vec<ProcessKey>) {
        let execs: Vec<_> = if self.candidates.len() <= FEW_CANDIDATES {
            self.candidates.all()
        } else {
            let named = which(self);
            named.into_iter().filter_map(|process| self.candidates.get(process).cloned()).collect()
        };
        for exec in execs {
            self.decide(&exec, now_ns + WAIT_FOR_FACTS_NS, now_ns);
        }
    }

    pub(crate) fn answer(&mut self, answer: Answer, now_ns: u64) {
        self.has_worked = true;
        match answer {
            Answer::Fact(found) => self.found(found, now_ns),
            Answer::Unread { process, kind } => self.open.tell_unread(process, kind),
            Answer::Hash { wanted, sha256, size } => self.hashed(wanted, &sha256, size),
            Answer::Container { asked, facts, at } => self.told_of_container(&asked, *facts, at, now_ns),
            Answer::Live(live) => {
                self.live_budget.ended(now_ns);
                self.metrics.snapshots.inc();
                self.live(live, now_ns);
            }
            Answer::NoLive => {
                self.live_budget.ended(now_ns);
                self.conclude(now_ns);
            }
            Answer::Evidence { session, items, missing } => self.open.tell_evidence(session, items, missing),
            Answer::Place(place) => self.open.tell_place(*place),
        }
    }

    /// What is due by time.
    pub(crate) fn tick(&mut self, now_ns: u64) {
        for pending in self.waiting.due(now_ns) {
            self.decide(&pending.exec, pending.until_ns, now_ns);
        }
        self.live_wanted |= self.look_again(now_ns);
        let look_due = self.next_look_ns().is_some_and(|due| due <= now_ns);
        if self.lookups.is_none() {
            self.conclude(now_ns);
        }
        if let Some(lookups) = &self.lookups
            && (self.live_wanted || look_due)
            && self.live_budget.allows(now_ns)
            && lookups.ask(Request::Live)
        {
            self.looked_for = self.candidates.looked(now_ns);
            self.live_wanted = false;
            self.live_budget.begun(now_ns);
        }
        self.open.deliver(&self.losses, self.clock, now_ns);
    }

    /// The end: what waits is decided with what is known, and delivered.
    pub(crate) fn finish(&mut self, now_ns: u64) {
        for pending in self.waiting.due(u64::MAX) {
            self.decide(&pending.exec, now_ns, now_ns);
        }
        self.conclude(now_ns);
        self.open.wait_no_longer();
        self.open.deliver(&self.losses, self.clock, now_ns);
    }

    /// Once a second: forgetting, and the figures.
    pub(crate) fn housekeeping(&mut self, now_ns: u64) {
        self.clock = Clock::read();
        self.state.tree.expire(now_ns);
        self.candidates.expire(now_ns);
        self.state.containers.expire(now_ns);
        self.has_worked |= self.open.expire(now_ns);
        if self.has_worked && now_ns >= self.gave_back_ns + GIVE_BACK_EVERY_NS {
            self.has_worked = false;
            self.gave_back_ns = now_ns;
            host::give_back();
        }
        let gauge = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        self.metrics.processes.set(gauge(self.state.tree.len()));
        let forgotten = self.state.tree.forgotten().saturating_sub(self.metrics.processes_forgotten.get());
        self.metrics.processes_forgotten.inc_by(forgotten);
        self.metrics.containers.set(gauge(self.state.containers.len()));
        self.metrics.candidates.set(gauge(self.candidates.len()));
        self.metrics.waiting.set(gauge(self.waiting.len()));
        self.metrics.note_costs(self.engine.costs());
        for (module, _) in self.engine.disabled() {
            tracing::error!(
                "detector {module} panicked and is switched off; please report it with the log above"
            );
        }
    }

    /// Whether a program waits for somebody to connect it to the network.
    pub(crate) fn is_expecting(&self) -> bool {
        !self.candidates.is_empty()
    }

    /// When something is due next, nanoseconds since boot.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        let waiting = self.waiting.next_due_ns();
        let look = self.next_look_ns();
        let wanted = if self.live_wanted { Some(0) } else { look };
        let live = wanted.zip(self.live_budget.next_ns()).map(|(wanted, allowed)| wanted.max(allowed));
        [waiting, live, self.open.next_due_ns()].into_iter().flatten().min()
    }
}
