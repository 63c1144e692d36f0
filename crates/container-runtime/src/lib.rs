//! Container facts from the runtime's own bundle and the CRI.
//!
//! `Container (bare, from the cgroup) → bundle_facts (files, at once) → cri_facts (socket, a little later) → complete`
//!
//! Both calls block and belong on a worker thread. Nothing needs to be configured: the runtime's own process is an
//! ancestor of every container's process, and its arguments and folder tell where bundles and socket are.

mod bundle;
mod claims;
mod containerd;
pub mod cri;
mod error;
mod facts;
mod files;
mod monitor;
mod search;
mod sockets;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use event::{Container, Whereabouts};

pub use error::{RuntimeError, SocketProblem};

use cri::{Connection, Executor};
use files::Root;
use search::Search;
use sockets::{Place, Sockets};

/// Where to look and how long to wait.
#[derive(Debug, Clone)]
pub struct Config {
    /// The node's file system: `/`, or `/proc/1/root` inside a container that shares the node's pid namespace.
    pub host_root: PathBuf,
    /// The node's `/proc`.
    pub proc_root: PathBuf,
    /// Sockets to ask besides those that are found, as paths below `host_root`.
    pub extra_sockets: Vec<PathBuf>,
    /// Longest wait for one runtime's answers about one container.
    pub timeout: Duration,
}

/// The container runtimes of a node.
#[derive(Debug)]
pub struct Runtimes {
    config: Config,
    search: Search,
    sockets: Sockets,
    executor: std::sync::OnceLock<Executor>,
}

/// What `vedette doctor` shows of one socket.
#[derive(Debug)]
pub struct SocketStatus {
    /// Path as this process sees it.
    pub path: PathBuf,
    /// Who answered, or why nobody did.
    pub answer: Result<RuntimeVersion, SocketProblem>,
    /// How long that took.
    pub took: Duration,
}

/// A runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeVersion {
    /// `containerd`, `cri-o`.
    pub name: String,
    /// As it writes it.
    pub version: String,
}

impl SocketStatus {
    /// What is missing from findings while this socket does not answer.
    pub const fn costs(&self) -> Option<&'static str> {
        match self.answer {
            Ok(_) => None,
            Err(_) => Some(
                "container, pod and namespace names still come from the bundle; pod labels, image digests and log paths of its containers are missing",
            ),
        }
    }
}

impl Runtimes {
    /// Nothing is opened until the first question.
    pub fn new(config: Config) -> Self {
        let search = Search::new(config.host_root.clone(), config.proc_root.clone());
        let sockets = Sockets::new(config.host_root.clone(), config.extra_sockets.clone());
        Self { config, search, sockets, executor: std::sync::OnceLock::new() }
    }

    /// Fills in what the runtime's files on the node say about a container; never asks a socket. `ancestors` are pids in
    /// the node's namespace, nearest first; those inside the container may be among them. What is not found stays empty.
    pub fn bundle_facts(&self, bare: Container, ancestors: &[u32]) -> Container {
        self.search.facts(bare, ancestors, &self.sockets)
    }

    /// Fills in what the node's files say about the container of a process: the facts of one whose id is known, else
    /// which one some runtime on the node says that it is. Stays without an id where none does.
    pub fn facts_of(&self, bare: Container, at: &Whereabouts) -> Container {
        if !bare.id.is_digits() {
            return self.search.claimed(bare, at, &self.sockets);
        }
        let facts = self.bundle_facts(bare, &at.ancestors);
        if facts.bundle.is_some() || !facts.name.is_empty() || facts.within.is_some() {
            return facts;
        }
        // nobody knows it: perhaps a name that somebody gave a group inside of a container with a name of its own
        self.search.claimed(facts, at, &self.sockets)
    }

    /// Fills in what the runtime itself says.
    ///
    /// # Errors
    /// When no socket is there, none knows the container, or the one that may know it fails. A socket that fails costs
    /// `timeout` once and is then left alone for half a minute.
    pub fn cri_facts(&self, container: &Container) -> Result<Container, RuntimeError> {
        let places = self.sockets.for_container(&container.id);
        let named = !container.id.is_digits();
        let namespace = containerd::namespace(container);
        if named && namespace.is_none() {
            // the CRI knows ids alone, and takes the beginning of one for the whole
            return Err(facts::none_knew(&container.id, Vec::new()));
        }
        let mut asked = Vec::new();
        let mut failed = None;
        for place in &places {
            let Some(answer) = self.ask(place, |connection| async move {
                match namespace {
                    Some(namespace) if named => containerd::ask(&connection, container, namespace).await,
                    _ => facts::ask(&connection, container).await,
                }
            })?
            else {
                continue;
            };
            asked.push(place.shown());
            match answer {
                Ok(told) => return Ok(told),
                Err(SocketProblem::NotFound) => {}
                Err(problem) => {
                    failed.get_or_insert(RuntimeError::Socket { path: place.shown(), problem });
                }
            }
        }
        Err(match failed {
            Some(error) => error,
            None if asked.is_empty() => {
                RuntimeError::NoSocket { tried: places.iter().map(Place::shown).collect() }
            }
            None => facts::none_knew(&container.id, asked),
        })
    }

    /// Every socket that exists or was named, and who answers there.
    pub fn sockets(&self) -> Vec<SocketStatus> {
        self.search.look_around(&self.sockets);
        let statuses = self.sockets.all().into_iter().filter_map(|place| {
            let begun = Instant::now();
            let answer = match self.ask(&place, |connection| async move { facts::version(&connection).await })
            {
                Ok(Some(answer)) => answer.map(|(name, version)| RuntimeVersion { name, version }),
                Ok(None) if self.sockets.is_extra(&place) => {
                    Err(SocketProblem::Unreachable(std::io::ErrorKind::NotFound.into()))
                }
                Ok(None) => return None,
                Err(RuntimeError::Executor(error)) => Err(SocketProblem::Unreachable(error)),
                Err(_) => return None,
            };
            Some(SocketStatus { path: place.shown(), answer, took: begun.elapsed() })
        });
        statuses.collect()
    }

    /// Whether this process may follow other processes' folders; without that, bundles of a runtime in an unusual place
    /// are not found.
    pub fn may_follow_processes(&self) -> bool {
        monitor::may_look(&self.config.proc_root)
    }

    /// Asks one socket within its deadline. `None`: there is no such socket.
    fn ask<T, W>(
        &self,
        place: &Place,
        work: impl Fn(Connection) -> W,
    ) -> Result<Option<Result<T, SocketProblem>>, RuntimeError>
    where
        W: Future<Output = Result<T, SocketProblem>>,
    {
        let root = match Root::open(&place.root) {
            Ok(root) if root.socket(&place.path).is_ok() => root,
            _ => return Ok(None),
        };
        let kept = match self.sockets.open(place) {
            Ok(kept) => kept,
            Err(resting) => return Ok(Some(Err(resting))),
        };
        let executor = self.executor()?;
        let begun = Instant::now();
        if let Some(connection) = kept {
            let answer = executor.within(self.config.timeout, work(connection));
            if !matches!(answer, Err(SocketProblem::Unreachable(_))) {
                return Ok(Some(self.judged(place, answer)));
            }
            // The runtime was restarted since: once more over a new connection, in what is left of the time.
            self.sockets.close(place);
        }
        let left = self.config.timeout.saturating_sub(begun.elapsed());
        let answer = executor.within(left, async {
            let connection = Connection::open(&root, &place.path).await?;
            self.sockets.keep(place, connection.clone());
            work(connection).await
        });
        Ok(Some(self.judged(place, answer)))
    }

    fn judged<T>(&self, place: &Place, answer: Result<T, SocketProblem>) -> Result<T, SocketProblem> {
        answer.inspect_err(|problem| {
            if facts::is_the_sockets(problem) {
                self.sockets.rest(place, problem);
            }
        })
    }

    fn executor(&self) -> Result<&Executor, RuntimeError> {
        if let Some(executor) = self.executor.get() {
            return Ok(executor);
        }
        let made = Executor::new().map_err(RuntimeError::Executor)?;
        Ok(self.executor.get_or_init(|| made))
    }
}
