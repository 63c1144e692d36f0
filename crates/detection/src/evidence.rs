//! What a detector concludes, before it becomes a finding.

use crate::Metadata;
use enrichment::channel::Route;
use enrichment::{Actor, Enriched, RecognisedBy};
use event::{Internet, ProcessKey};
use std::sync::Arc;

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The victim called out.
    Reverse,
    /// The attacker called in.
    Bind,
}

impl Direction {
    /// Word used in findings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reverse => "reverse",
            Self::Bind => "bind",
        }
    }
}

/// One shell session: what one finding is about. Two shells behind the same connection are one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Session {
    /// The connection, by the inode number of its socket.
    Connection(u64),
    /// Without a connection: the process.
    Process(ProcessKey),
}

/// The evidence of one detection.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The detector's.
    pub metadata: &'static Metadata,
    /// The event and its circumstances.
    pub enriched: Arc<Enriched>,
    /// What the finding is about.
    pub session: Session,
    /// Who called whom.
    pub direction: Direction,
    /// The connection.
    pub endpoint: Option<Internet>,
    /// The process that opened the shell to the network (socat, an interpreter, …), when it is another one.
    pub opener: Option<Actor>,
    /// TLS, as far as the opener's arguments say.
    pub tls: Option<bool>,
    /// A pseudo-terminal is on the way.
    pub terminal: bool,
    /// How the program that decides was recognised: the opener where the detector is about it, else the shell.
    pub recognised_by: Option<RecognisedBy>,
    /// Why this was taken for an attack, one sentence each.
    pub reasons: Vec<String>,
}

impl Session {
    /// The session behind a route.
    pub fn of(route: Option<&Route>, process: ProcessKey) -> Self {
        match route {
            Some(route) if route.endpoint.inode != 0 => Self::Connection(route.endpoint.inode),
            _ => Self::Process(process),
        }
    }
}

/// Who called whom, from the socket's history; for a socket older than the sensor, from its ports: a server's port
/// is below the range from which clients get theirs.
pub fn direction(socket: &Internet) -> Direction {
    const CLIENT_PORTS: u16 = 32_768;
    match socket.direction {
        event::Direction::Connected => Direction::Reverse,
        event::Direction::Accepted => Direction::Bind,
        event::Direction::Unknown
            if socket.local.port < CLIENT_PORTS && socket.remote.port >= CLIENT_PORTS =>
        {
            Direction::Bind
        }
        event::Direction::Unknown => Direction::Reverse,
    }
}
