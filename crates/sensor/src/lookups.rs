//! Workers for everything that may block: looking at files and hashing them, asking runtimes, reading live state, taking
//! evidence, asking the cloud where this is.
//!
//! `Request → worker → Answer`; queues are bounded, and a full one refuses the request and counts it. Who asked must then
//! ask again or say what is missing.

mod deadline;
pub(crate) mod facts;
pub(crate) mod queue;

use crate::live::{Live, LiveReader};
use crate::{EvidenceContent, Metrics, Named, place, redaction};
use cloud::MetadataServer;
use container_runtime::Runtimes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use deadline::Job;
use detection::Session;
use event::{Container, ContainerId, Exec, ProcessKey, Text, Whereabouts};
use facts::{Fact, Found, Queues, ToHash, Wanted};
use findings::{EvidenceItem, Place};
use host::{Clock, Machine};
use queue::{Pushed, Urgency};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

const QUEUE: usize = 256;

/// Whose evidence to take.
pub(crate) struct Subject {
    pub(crate) role: &'static str,
    pub(crate) exec: Exec,
    pub(crate) script: Option<Text>,
    /// The process runs something else by now: its files and memory are no longer this image's.
    pub(crate) is_past: bool,
}

/// What to look up.
pub(crate) enum Request {
    Container { bare: Box<Container>, at: Arc<Whereabouts> },
    Live,
    Evidence(Taking),
}

/// Whose evidence to take, of which session, with what their container logged.
pub(crate) struct Taking {
    pub(crate) session: Session,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) log: Option<PathBuf>,
}

/// What was found.
pub(crate) enum Answer {
    Fact(Found),
    /// A fact about a process could not be read in time; it may come yet.
    Unread {
        process: ProcessKey,
        kind: &'static str,
    },
    Hash {
        wanted: Wanted,
        sha256: String,
        size: u64,
    },
    Container {
        /// The identity it was asked about by.
        asked: ContainerId,
        facts: Box<Container>,
        /// The process for whose sake it was asked.
        at: Arc<Whereabouts>,
    },
    Live(Live),
    /// Live state could not be read; the log says why.
    NoLive,
    Evidence {
        session: Session,
        items: Vec<EvidenceContent>,
        missing: Vec<String>,
    },
    Place(Box<Place>),
}

/// The workers' queues.
pub(crate) struct Lookups {
    queues: Queues,
    containers: Sender<Request>,
    live: Sender<Request>,
    evidence: Sender<Request>,
    answers: Receiver<Answer>,
    reply: Reply,
    /// Nothing is ever sent: when this is dropped, who asks for the place stops waiting.
    wanted: Option<Sender<()>>,
    wake: Arc<OwnedFd>,
    metrics: Metrics,
    pub(crate) proc_root: PathBuf,
}

impl Lookups {
    /// Starts the workers; they end when this is dropped.
    pub(crate) fn start(
        proc_root: PathBuf,
        runtimes: Runtimes,
        live: LiveReader,
        metrics: Metrics,
    ) -> std::io::Result<Self> {
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let (answer, answers) = bounded(4 * QUEUE);
        let reply = Reply { answer, wake: Arc::clone(&wake) };
        let queues = Queues::new();
        queues.serve(&reply, &metrics)?;
        let containers =
            spawn("containers", reply.clone(), move |request, reply| ask_runtime(request, reply, &runtimes))?;
        let (evidence, requests) = bounded::<Request>(QUEUE);
        deadline::serve("evidence", facts::READ_DEADLINE, metrics.clone(), {
            let (proc_root, reply) = (proc_root.clone(), reply.clone());
            move || loop {
                if let Request::Evidence(taking) = requests.recv().ok()? {
                    return Some(evidence_job(taking, &reply, &proc_root));
                }
            }
        })?;
        let mut reader = live;
        let live = spawn("live", reply.clone(), {
            let proc_root = proc_root.clone();
            move |_, reply| match reader.read(&proc_root) {
                Ok(live) => reply.send(Answer::Live(live)),
                Err(error) => {
                    tracing::warn!("live state could not be read: {error}");
                    reply.send(Answer::NoLive);
                }
            }
        })?;
        let wanted = None;
        Ok(Self { queues, containers, live, evidence, answers, reply, wanted, wake, metrics, proc_root })
    }

    /// Queues that nobody serves: what waits in them, and what other workers would get.
    #[cfg(test)]
    pub(crate) fn unserved(evidence_queue: usize) -> (Self, Queues, Vec<Receiver<Request>>) {
        let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap());
        let (answer, answers) = bounded(4 * QUEUE);
        let (containers, a) = bounded(QUEUE);
        let (live, b) = bounded(QUEUE);
        let (evidence, c) = bounded(evidence_queue);
        let this = Self {
            queues: Queues::new(),
            containers,
            live,
            evidence,
            answers,
            reply: Reply { answer, wake: Arc::clone(&wake) },
            wanted: None,
            wake,
            metrics: Metrics::default(),
            proc_root: PathBuf::from("/proc"),
        };
        let queues = this.queues.clone();
        (this, queues, vec![a, b, c])
    }

    /// Starts the worker that asks where this is; it ends with its answer, or when this is dropped.
    pub(crate) fn learn_place(
        &mut self,
        server: MetadataServer,
        named: Named,
        machine: Machine,
    ) -> std::io::Result<()> {
        self.metrics.lookups.get_or_create(&crate::metrics::Kind { kind: "place" }).inc();
        self.wanted = Some(ask_cloud(self.reply.clone(), server, named, machine)?);
        Ok(())
    }

    /// Asks; returns false when the queue is full.
    pub(crate) fn ask(&self, request: Request) -> bool {
        let (queue, kind) = match &request {
            Request::Container { .. } => (&self.containers, "container"),
            Request::Live => (&self.live, "live_state"),
            Request::Evidence(_) => (&self.evidence, "evidence"),
        };
        let taken = queue.try_send(request).is_ok();
        self.count(taken, kind);
        taken
    }

    fn count(&self, taken: bool, kind: &'static str) {
        let family = if taken { &self.metrics.lookups } else { &self.metrics.lookups_dropped };
        family.get_or_create(&crate::metrics::Kind { kind }).inc();
    }

    /// Whether a fact may be asked for now.
    pub(crate) fn has_room(&self, urgency: Urgency, owner: u64) -> bool {
        self.queues.facts.has_room(urgency, owner)
    }

    /// A fact was not asked for.
    pub(crate) fn refused(&self, wanted: Wanted) {
        self.count(false, wanted.name());
    }

    /// Asks for a fact.
    pub(crate) fn ask_fact(
        &self,
        wanted: Wanted,
        urgency: Urgency,
        owner: u64,
        fact: Fact,
    ) -> Pushed<Wanted> {
        let pushed = self.queues.facts.push(wanted, urgency, owner, fact);
        self.count(pushed != Pushed::Refused, wanted.name());
        if let Pushed::Instead(another) = &pushed {
            self.count(false, another.name());
        }
        pushed
    }

    /// A fact that was asked for is awaited now.
    pub(crate) fn hasten(&self, wanted: Wanted, owner: u64) {
        self.queues.facts.hasten(wanted, owner);
    }

    /// Asks for the hash of a file that a finding names.
    pub(crate) fn ask_hash(&self, wanted: Wanted, owner: u64, file: impl FnOnce() -> Option<ToHash>) {
        if self.queues.hashes.hasten(wanted, owner) {
            return;
        }
        if let Some(file) = file() {
            let pushed = self.queues.hashes.push(wanted, Urgency::Awaited, owner, (wanted, file));
            self.count(pushed != Pushed::Refused, "hash");
        }
    }

    /// Answers that have arrived.
    pub(crate) fn answers(&self) -> impl Iterator<Item = Answer> + '_ {
        let mut counter = [0; 8];
        let _ = rustix::io::read(&self.wake, &mut counter);
        self.answers.try_iter()
    }

    /// Becomes readable when an answer has arrived.
    pub(crate) fn wake(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// A handle that wakes the pipeline, for shutting down.
    pub(crate) fn waker(&self) -> Arc<OwnedFd> {
        Arc::clone(&self.wake)
    }
}

impl Drop for Lookups {
    fn drop(&mut self) {
        self.queues.close();
    }
}

#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) answer: Sender<Answer>,
    pub(crate) wake: Arc<OwnedFd>,
}

impl Reply {
    fn send(&self, answer: Answer) {
        if self.answer.send(answer).is_ok() {
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }
}

fn spawn(
    name: &str,
    reply: Reply,
    mut work: impl FnMut(Request, &Reply) + Send + 'static,
) -> std::io::Result<Sender<Request>> {
    let (queue, requests) = bounded::<Request>(QUEUE);
    spawn_thread(name, move || {
        for request in requests {
            work(request, &reply);
        }
    })?;
    Ok(queue)
}

fn spawn_thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    thread::Builder::new().name(format!("vedette-{name}")).stack_size(512 << 10).spawn(work).map(drop)
}

/// Twice: what the bundle says is there at once, what the CRI says may take a while.
fn ask_runtime(request: Request, reply: &Reply, runtimes: &Runtimes) {
    let Request::Container { bare, at } = request else { return };
    let asked = bare.id.clone();
    let answer =
        |facts| Answer::Container { asked: asked.clone(), facts: Box::new(facts), at: Arc::clone(&at) };
    let known = runtimes.facts_of(*bare, &at);
    if known.id.is_claimed() {
        reply.send(answer(known.clone()));
    }
    let facts = runtimes.cri_facts(&known).unwrap_or_else(|error| {
        tracing::debug!("container {}: {error}", known.id);
        known
    });
    reply.send(answer(Container { complete: true, ..facts }));
}

/// A thread of its own, because it may take half a minute. It is wanted for as long as the returned handle lives.
pub(crate) fn ask_cloud(
    reply: Reply,
    server: MetadataServer,
    named: Named,
    machine: Machine,
) -> std::io::Result<Sender<()>> {
    let (wanted, unwanted) = bounded::<()>(0);
    thread::Builder::new().name("vedette-place".into()).stack_size(512 << 10).spawn(move || {
        let pause = |wait| unwanted.recv_timeout(wait) == Err(RecvTimeoutError::Timeout);
        if let Some(facts) = place::learn(&server, pause) {
            reply.send(Answer::Place(Box::new(named.place(&machine, &facts))));
        }
    })?;
    Ok(wanted)
}

fn evidence_job(taking: Taking, reply: &Reply, proc_root: &Path) -> Job {
    let session = taking.session;
    let owner = taking.subjects.first().map_or(0, |subject| subject.exec.cgroup.id);
    let about = |exec: &Exec| format!("process {} ({})", exec.process.pid, exec.executable.path);
    let subject = taking.subjects.first().map_or_else(String::new, |subject| about(&subject.exec));
    let instead = |why: &'static str| -> deadline::Finish {
        let reply = reply.clone();
        Box::new(move || {
            let (items, missing) = (Vec::new(), vec![why.to_owned()]);
            reply.send(Answer::Evidence { session, items, missing });
        })
    };
    let (unread, refused) = (
        instead(
            "evidence was not read in time: a file system does not answer; items that are listed came later",
        ),
        instead("everything: file systems do not answer that this container, or too many others, use"),
    );
    let (reply, proc_root) = (reply.clone(), proc_root.to_owned());
    let work = Box::new(move || -> deadline::Finish {
        let answer = take_evidence(taking, &proc_root);
        Box::new(move || reply.send(answer))
    });
    Job { owner, is_local: false, kind: "evidence", subject, work, refused, unread }
}

fn take_evidence(taking: Taking, proc_root: &Path) -> Answer {
    let Taking { session, subjects, log } = taking;
    let mut all = host::Taken::default();
    for subject in &subjects {
        let mut taken = if subject.is_past {
            host::take_executable(proc_root, &subject.exec, subject.role)
        } else {
            host::take(proc_root, &subject.exec, subject.role, &redaction::environment)
        };
        if let Some(script) = &subject.script {
            taken.add_script(proc_root, &subject.exec, subject.role, script);
        }
        all.items.append(&mut taken.items);
        all.missing.append(&mut taken.missing);
    }
    if let Some(log) = &log {
        all.add_log(log);
    }
    let taken_at_ns = Clock::read().wall_ns(Clock::now_ns());
    let items = all
        .items
        .into_iter()
        .map(|taken| EvidenceContent {
            item: EvidenceItem {
                kind: taken.kind.name(),
                name: taken.name,
                sha256: taken.sha256,
                size: taken.size,
                original_size: taken.original_size,
                truncated: taken.truncated,
                taken_at_ns,
            },
            content: taken.content,
        })
        .collect();
    Answer::Evidence { session, items, missing: all.missing }
}
