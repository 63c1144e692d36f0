//! What happened on a node, as plain values.
//!
//! `ExecRecord → Exec → Enriched<Exec> → Evidence → Finding`: this crate holds the second station. Nothing here
//! performs I/O, reads a clock or knows how a value was obtained.

mod cgroup;
mod container;
mod descriptor;
mod exec;
mod file;
mod lifecycle;
mod loss;
mod process;
mod socket;
mod text;

pub use cgroup::{Cgroup, Hierarchy};
pub use container::{Container, ContainerId, ImageFacts, PodFacts, RuntimeKind};
pub use descriptor::{Access, Descriptor, Object};
pub use exec::{Arguments, Environment, Exec, Origin};
pub use file::{File, FileIdentity, FileSystem};
pub use lifecycle::{Exit, Fork};
pub use loss::{Loss, LossKind};
pub use process::{Ancestor, Credentials, Namespaces, ProcessKey, Terminal, Whereabouts};
pub use socket::{Direction, Endpoint, Internet, Protocol, SocketEvent, SocketState};
pub use text::{Text, is_obeyed};

use std::sync::Arc;

/// One decoded record, or one reading of live state, in the order in which the sensor saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A process replaced its image.
    Exec(Arc<Exec>),
    /// A process was born.
    Fork(Fork),
    /// A process ended.
    Exit(Exit),
    /// An internet socket changed state in a way that matters to a detector.
    Socket(SocketEvent),
    /// Records were lost before they could be read.
    Loss(Loss),
    /// All live processes and their descriptors were read again (at start, after a loss, or on request).
    Snapshot(Vec<Exec>),
}
