//! What changed, in an order that a reader can go on from.

use finding::{FindingName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Pending;

/// A place in the feed. A reader that goes on from the last one that it has seen misses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ChangeCursor {
    /// The transaction, where transactions end in another order than they began; otherwise 0.
    pub transaction: i64,
    /// Counts changes.
    pub sequence: i64,
}

/// What happened to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// Its facts changed.
    Updated,
    /// A user or a rule changed its state, mute, marks or external systems.
    Amended,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it stands in the feed.
    pub cursor: ChangeCursor,
    /// Of which finding.
    pub finding: FindingName,
    /// What happened.
    pub kind: ChangeKind,
    /// When.
    pub time: Timestamp,
}

/// Tells what changed. Every acknowledged change of a finding is in it, written together with the change.
pub trait ChangeFeed: Send + Sync {
    /// Changes behind a place, the oldest first; from the oldest that is kept without one.
    fn changes(&self, after: Option<ChangeCursor>, limit: u32) -> Pending<'_, Vec<Change>>;

    /// The place behind the newest change: where a reader that wants only new ones begins.
    fn newest_change(&self) -> Pending<'_, ChangeCursor>;

    /// Forgets changes before a time; how many they were.
    fn forget_changes(&self, before: Timestamp) -> Pending<'_, u64>;
}
