//! How far the server has everything, and what was lost on the way.

use serde::{Deserialize, Serialize};

/// What a spool lost, counted across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Losses {
    /// Findings that were not accepted, or dropped because there was no room.
    pub findings: u64,
    /// Pieces of evidence that were not accepted, or dropped because there was no room.
    pub evidence: u64,
    /// Ends of segments that a crash had torn; what was torn had not been accepted.
    pub torn: u64,
    /// Files that were damaged and set aside.
    pub damaged: u64,
    /// Deliveries and pieces that the server refused for good.
    pub refused: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Position {
    /// Findings up to this order number are stored at the server.
    pub(super) findings: i64,
    /// Evidence up to this order number is.
    pub(super) evidence: i64,
    /// The greatest order number that was given out.
    pub(super) order: i64,
    pub(super) losses: Losses,
}
