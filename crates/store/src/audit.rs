//! Who did what: written once, never changed.

use finding::Timestamp;
use serde_json::Value;

use crate::Pending;

/// What somebody did, or tried to.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub time: Timestamp,
    /// Who: `token:NAME`, `serviceAccount:EMAIL`, `user:SUBJECT`, `kubernetes:USER`, `sensor:NODE`, `system:PART`.
    pub principal: String,
    /// What was called: `findings.setMute`, `evidence.download`.
    pub method: String,
    /// What it was done to: a full name.
    pub resource: String,
    /// How it ended: `OK` or the canonical code of the error.
    pub outcome: String,
    /// From where, when it came over the network.
    pub address: String,
    /// What else is worth knowing, such as the fields that changed.
    pub detail: Value,
}

/// A stored entry.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Counts entries.
    pub sequence: i64,
    /// The entry.
    pub entry: AuditEntry,
}

/// Keeps the audit log. There is no way to change or remove an entry but its age.
pub trait AuditLog: Send + Sync {
    /// Writes one. Acknowledged, it survives a power cut.
    fn record(&self, entry: AuditEntry) -> Pending<'_, ()>;

    /// Entries, the newest first: those before a sequence number, at most `limit`.
    fn audit(&self, before: Option<i64>, limit: u32) -> Pending<'_, Vec<AuditRecord>>;

    /// Entries about any of these resources, the newest first, at most `limit`.
    fn audit_about(&self, resources: Vec<String>, limit: u32) -> Pending<'_, Vec<AuditRecord>>;

    /// Forgets entries before a time; how many they were.
    fn forget_audit(&self, before: Timestamp) -> Pending<'_, u64>;
}
