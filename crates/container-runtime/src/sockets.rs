//! Which sockets may know a container, and which of them are worth asking now.
//!
//! `learnt for this container → learnt from monitors → named by the user → well-known`, a failing one rests.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use event::ContainerId;

use crate::cri::Connection;
use crate::error::SocketProblem;

/// Where runtimes listen unless told otherwise.
const KNOWN: &[&str] = &[
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/k3s/containerd/containerd.sock",
    "/run/k0s/containerd.sock",
    "/run/host-containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
];
/// Sockets learnt from monitors that are kept.
const LEARNT_MAX: usize = 16;
/// Containers of nested nodes whose own socket is remembered.
const OWN_MAX: usize = 1_024;
/// A socket that failed is not asked again for this long.
pub(crate) const REST: Duration = Duration::from_secs(30);

/// A socket's place: `path` below `root`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) path: PathBuf,
}

impl Place {
    /// The path as this process sees it.
    pub(crate) fn shown(&self) -> PathBuf {
        self.root.join(self.path.strip_prefix("/").unwrap_or(&self.path))
    }
}

#[derive(Debug)]
pub(crate) struct Sockets {
    host_root: PathBuf,
    extra: Vec<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    learnt: Vec<Place>,
    own: HashMap<ContainerId, Place>,
    open: HashMap<Place, Connection>,
    resting: HashMap<Place, (Instant, String)>,
}

impl Sockets {
    pub(crate) fn new(host_root: PathBuf, extra: Vec<PathBuf>) -> Self {
        Self { host_root, extra, state: Mutex::default() }
    }

    /// A socket that a monitor of the node names.
    pub(crate) fn learn(&self, root: PathBuf, path: PathBuf) {
        let place = Place { root, path };
        let mut state = self.state();
        // A monitor's own view of files ends with it, so the newest ones are worth more.
        if !state.learnt.contains(&place) {
            if state.learnt.len() >= LEARNT_MAX {
                let gone = state.learnt.remove(0);
                state.open.remove(&gone);
                state.resting.remove(&gone);
            }
            state.learnt.push(place);
        }
    }

    /// A socket that the monitor of one container names; it is asked about that container only.
    pub(crate) fn learn_for(&self, container: ContainerId, root: PathBuf, path: PathBuf) {
        let mut state = self.state();
        if state.own.len() >= OWN_MAX {
            let gone: Vec<Place> = state.own.drain().map(|(_, place)| place).collect();
            for place in gone {
                state.open.remove(&place);
                state.resting.remove(&place);
            }
        }
        state.own.insert(container, Place { root, path });
    }

    /// Sockets that may know `container`, the likeliest first.
    pub(crate) fn for_container(&self, container: &ContainerId) -> Vec<Place> {
        let own = self.state().own.get(container).cloned();
        let mut places: Vec<Place> = own.into_iter().collect();
        places.extend(self.all().into_iter().filter(|place| !places.contains(place)).collect::<Vec<_>>());
        places
    }

    /// Sockets of the node.
    pub(crate) fn all(&self) -> Vec<Place> {
        let mut places = self.state().learnt.clone();
        places.reverse();
        let named = self.extra.iter().map(PathBuf::as_path).chain(KNOWN.iter().map(Path::new));
        for path in named {
            let place = Place { root: self.host_root.clone(), path: path.to_owned() };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        places
    }

    /// Whether the user named this socket.
    pub(crate) fn is_extra(&self, place: &Place) -> bool {
        place.root == self.host_root && self.extra.contains(&place.path)
    }

    /// An open connection, or why not to try now.
    pub(crate) fn open(&self, place: &Place) -> Result<Option<Connection>, SocketProblem> {
        let mut state = self.state();
        if let Some((until, reason)) = state.resting.get(place) {
            let remaining = until.saturating_duration_since(Instant::now());
            if !remaining.is_zero() {
                return Err(SocketProblem::Resting { remaining, reason: reason.clone() });
            }
            state.resting.remove(place);
        }
        Ok(state.open.get(place).cloned())
    }

    pub(crate) fn keep(&self, place: &Place, connection: Connection) {
        self.state().open.insert(place.clone(), connection);
    }

    /// Closes a connection that may be stale, without a rest.
    pub(crate) fn close(&self, place: &Place) {
        self.state().open.remove(place);
    }

    /// Closes the connection and leaves the socket alone for a while.
    pub(crate) fn rest(&self, place: &Place, problem: &SocketProblem) {
        let mut state = self.state();
        state.open.remove(place);
        state.resting.insert(place.clone(), (Instant::now() + REST, problem.to_string()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
