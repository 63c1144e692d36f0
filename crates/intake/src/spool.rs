//! The queue on a node's disk between its sensor and a server that may be away.
//!
//! ```text
//! position.json           how far the server has everything
//! segments/NUMBER         header, then records: length, checksum, finding or reference to evidence
//! evidence/SHA-256        bytes of evidence, once whatever refers to them
//! damaged/                what could not be read
//! refused/ORDER-ID.json   findings that the server refused for good
//! ```
//!
//! What [`put_finding`](Spool::put_finding) answered for is on the disk. A crash may tear the last record, which then had
//! not been accepted: the next start cuts it off. When there is no room, the oldest evidence goes first and findings last;
//! each loss is counted when it happens, and a finding whose evidence is lost says so when the evidence's turn comes.
//! A finding goes in with the names of the evidence that follows it, so that a sensor that is killed in between does not
//! leave a finding that lists what nobody has.
//!
//! Everything here blocks for the disk.

mod accept;
mod files;
mod lost;
mod open;
mod position;
mod promised;
mod reader;
mod record;
mod refused;
mod room;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use store::Sha256;
use tokio::sync::Notify;

pub use position::Losses;
pub(crate) use reader::Reader;
pub(crate) use record::{Record, meta};

use files::Folder;
use lost::{Dropped, Marks};
use position::Position;
use promised::Promised;

/// Largest finding in bytes; it fits into a message with room to spare.
pub(crate) const LARGEST_FINDING: usize = 6 << 20;

/// Why the spool did not accept something. It is counted as lost then.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The system refused.
    #[error("cannot {action} {}: {source}; free some space there or give the spool another folder", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is larger than the spool, or than a message.
    #[error("{subject} has {size} bytes, more than the {limit} that the spool takes; it was not kept")]
    TooLarge {
        /// What is too large.
        subject: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Evidence, and the spool is full of findings.
    #[error("the spool is full of findings ({limit} bytes); evidence {subject} was not kept")]
    Full {
        /// The evidence's hash.
        subject: String,
        /// Size of the spool in bytes.
        limit: u64,
    },
    /// Another process uses the folder.
    #[error("{} is used by another process; stop that one, or give this one another folder", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

/// How full a spool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpoolState {
    /// Bytes of findings and evidence.
    pub bytes: u64,
    /// About when the oldest finding that waits was accepted, nanoseconds since the epoch; 0 when none waits.
    pub oldest_ns: i64,
    /// What was lost, across restarts.
    pub losses: Losses,
}

/// What is taken from the spool at its own pace: findings do not wait for evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Findings,
    Evidence,
}

struct Segment {
    bytes: u64,
    /// Order number of the last record; 0 without one.
    last: i64,
}

struct Blob {
    size: u64,
    /// Order numbers of the records that refer to it, ascending; never empty.
    orders: Vec<i64>,
}

impl Blob {
    fn last(&self) -> i64 {
        self.orders.last().copied().unwrap_or_default()
    }
}

struct State {
    segments: BTreeMap<u64, Segment>,
    /// The last segment's number. None comes twice: a reader stands in the segment that it read last, though it is gone.
    last_segment: u64,
    /// The segment that is written, open; `None` before the first record and after a failure.
    active: Option<(u64, File)>,
    blobs: HashMap<Sha256, Blob>,
    /// The same by order number.
    blob_order: BTreeSet<(i64, Sha256)>,
    /// Evidence that records refer to and that is not here: it is counted as lost, unless it comes again.
    gone: HashMap<Sha256, Vec<i64>>,
    /// Evidence that is announced and has not come.
    promised: Promised,
    /// Where the latest version of each finding is that is still here: segment and offset, by a hash of the name.
    versions: HashMap<u64, (u64, u64)>,
    /// What later versions of findings have to say, too.
    marks: Marks,
    dropped: Dropped,
    position: Position,
    /// Sum of all sizes.
    bytes: u64,
}

/// A bounded queue on the disk. Order numbers grow whatever the clock does.
pub struct Spool {
    folder: Folder,
    limit: u64,
    state: Mutex<State>,
    changed: Notify,
    /// The position could not be written; it was said.
    is_unsaved: AtomicBool,
    /// Held for as long as the spool is.
    _lock: File,
}

impl Spool {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How full it is.
    pub fn status(&self) -> SpoolState {
        let state = self.state();
        let waits = state.segments.values().any(|segment| segment.last > state.position.findings);
        // order numbers are microseconds where the clock goes forward
        let oldest = self.oldest_waiting(&state);
        SpoolState {
            bytes: state.bytes,
            oldest_ns: if waits { oldest.saturating_mul(1_000) } else { 0 },
            losses: state.position.losses,
        }
    }

    /// Woken when something was accepted.
    pub(crate) fn changed(&self) -> &Notify {
        &self.changed
    }
}

#[cfg(test)]
mod tests;
