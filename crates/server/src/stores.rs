//! One database, by each of its doors.

use std::sync::Arc;
use store::{AuditLog, ChangeFeed, DocumentStore, EvidenceStore, FindingStore};

/// The doors of one database.
#[derive(Clone)]
pub struct Stores {
    /// Findings.
    pub findings: Arc<dyn FindingStore>,
    /// Evidence.
    pub evidence: Arc<dyn EvidenceStore>,
    /// What is configured.
    pub documents: Arc<dyn DocumentStore>,
    /// What changed.
    pub changes: Arc<dyn ChangeFeed>,
    /// Who did what.
    pub audit: Arc<dyn AuditLog>,
}

impl Stores {
    /// All doors of one store.
    pub fn of<S>(store: &Arc<S>) -> Self
    where
        S: FindingStore + EvidenceStore + DocumentStore + ChangeFeed + AuditLog + 'static,
    {
        Self {
            findings: Arc::clone(store) as _,
            evidence: Arc::clone(store) as _,
            documents: Arc::clone(store) as _,
            changes: Arc::clone(store) as _,
            audit: Arc::clone(store) as _,
        }
    }
}
