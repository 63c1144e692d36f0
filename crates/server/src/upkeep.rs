//! What a store needs from time to time, each thing done by one server at a time.

use crate::{Stores, now};
use finding::Timestamp;
use std::time::Duration;
use store::{DocumentKind, DocumentQuery, StoreError};

/// Findings removed in one go: a writer waits no longer than that takes.
const BATCH: u32 = 500;
/// Between two looks at what is too old.
const EVERY: Duration = Duration::from_secs(3_600);
/// After a failure.
const AGAIN: Duration = Duration::from_secs(60);
/// A lease outlives the longest pause between two batches.
const LEASE: Duration = Duration::from_secs(120);

/// Days that evidence waits for its finding, and an upload for its next part.
const EVIDENCE_DAYS: u32 = 1;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Retention {
    /// Findings and their evidence, in days since they last changed.
    pub findings_days: u32,
    /// Entries of the audit log, in days.
    pub audit_days: u32,
    /// Changes that a reader can go on from, in days.
    pub changes_days: u32,
    /// What is known of operations, in days since they last went on.
    pub operations_days: u32,
}

impl Retention {
    /// No number of days is larger: a century.
    pub const DAYS_MAX: u32 = 36_500;
}

impl Default for Retention {
    /// Thirteen months, as Security Command Center keeps them at least; changes for a week; operations until whoever began
    /// them has surely seen how they ended.
    fn default() -> Self {
        Self { findings_days: 396, audit_days: 396, changes_days: 7, operations_days: 2 }
    }
}

/// The upkeep of one database.
pub struct Upkeep {
    stores: Stores,
    retention: Retention,
    holder: String,
}

impl Upkeep {
    /// `holder` names this server among others of the same database.
    pub fn new(stores: Stores, retention: Retention, holder: impl Into<String>) -> Self {
        Self { stores, retention, holder: holder.into() }
    }

    /// Until the task is dropped.
    pub async fn run(self) {
        loop {
            let pause = match self.expire(now()).await {
                Ok(0) => EVERY,
                Ok(removed) => {
                    tracing::info!(
                        "{removed} findings were older than {} days",
                        self.retention.findings_days
                    );
                    EVERY
                }
                Err(error) => {
                    tracing::error!("what is too old stays for now: {error}");
                    AGAIN
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Removes what is too old at `now`; how many findings. Nothing while another server does it.
    pub async fn expire(&self, now: Timestamp) -> Result<u64, StoreError> {
        let Stores { findings, documents, changes, audit, evidence, .. } = &self.stores;
        let mut removed = 0;
        loop {
            let (start, until) = (crate::now(), later(crate::now(), LEASE));
            if !documents.lease("retention", &self.holder, start, until).await? {
                return Ok(removed);
            }
            match findings.expire(days_before(now, self.retention.findings_days), BATCH).await? {
                0 => break,
                some => removed += some,
            }
            // writers come first
            tokio::task::yield_now().await;
        }
        while evidence.sweep(days_before(now, EVIDENCE_DAYS)).await? > 0 {
            if !documents.lease("retention", &self.holder, crate::now(), later(crate::now(), LEASE)).await? {
                return Ok(removed);
            }
        }
        audit.forget_audit(days_before(now, self.retention.audit_days)).await?;
        changes.forget_changes(days_before(now, self.retention.changes_days)).await?;
        self.forget_operations(days_before(now, self.retention.operations_days)).await?;
        Ok(removed)
    }

    async fn forget_operations(&self, before: Timestamp) -> Result<(), StoreError> {
        let documents = &self.stores.documents;
        let kind = DocumentKind::Operation;
        let mut query = DocumentQuery { kind, prefix: String::new(), after: None, limit: BATCH };
        loop {
            let some = documents.documents(query.clone()).await?;
            let Some(last) = some.last() else { return Ok(()) };
            query.after = Some(last.name.clone());
            for old in some.iter().filter(|operation| operation.update_time < before) {
                documents.remove_document(kind, &old.name).await?;
            }
        }
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_nanos(time.nanos().saturating_add(i64::try_from(by.as_nanos()).unwrap_or(i64::MAX)))
}

/// The earliest time there is when the days reach further back.
fn days_before(time: Timestamp, days: u32) -> Timestamp {
    let nanos = i64::from(days).saturating_mul(86_400_000_000_000);
    Timestamp::from_nanos(time.nanos().saturating_sub(nanos))
}

#[cfg(test)]
mod tests {
    use super::{Retention, Upkeep};
    use crate::Stores;
    use finding::Timestamp;
    use std::sync::Arc;
    use store::contract::{everything, example};
    use store::{
        DocumentKind, DocumentQuery, DocumentStore, EvidenceKind, EvidenceMeta, EvidenceStore, Expectation,
        FindingStore,
    };
    use store_sqlite::SqliteStore;

    const DAY: i64 = 86_400_000_000_000;

    #[test]
    fn what_is_kept_longest_is_kept() {
        let now = Timestamp::from_nanos(20_000 * DAY);
        for days in [30_000, 106_751, 106_752, 150_000, 213_504, u32::MAX] {
            assert!(super::days_before(now, days).nanos() < 0, "{days}");
        }
    }

    #[tokio::test]
    async fn what_is_too_old_goes_unless_another_server_sees_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
        let now = crate::now();
        let days_ago = |days: i64| Timestamp::from_nanos(now.nanos() - days * DAY);
        for (n, days) in [(1, 397), (2, 395), (3, 500), (4, 0)] {
            store.upsert(&example(n), 1, days_ago(days)).await.unwrap();
        }
        let upkeep = Upkeep::new(Stores::of(&store), Retention::default(), "this");
        assert!(store.lease("retention", "another", now, days_ago(-1)).await.unwrap());
        assert_eq!(upkeep.expire(now).await.unwrap(), 0);
        assert!(store.lease("retention", "another", now, days_ago(1)).await.unwrap(), "given up");
        assert_eq!(upkeep.expire(now).await.unwrap(), 2);
        assert_eq!(store.list(everything()).await.unwrap().total_size, 2);
    }

    #[tokio::test]
    async fn evidence_that_no_finding_came_for_goes_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
        let meta = EvidenceMeta {
            finding: store::contract::name(1),
            kind: EvidenceKind::Other,
            name: "x".into(),
            taken_at: crate::now(),
            original_size: 1,
            truncated: false,
        };
        let sha256 = store.put(vec![1], meta).await.unwrap();
        let upkeep = Upkeep::new(Stores::of(&store), Retention::default(), "this");
        let days_from_now = |days: i64| Timestamp::from_nanos(crate::now().nanos() + days * DAY);
        upkeep.expire(days_from_now(0)).await.unwrap();
        assert!(EvidenceStore::open(&*store, sha256).await.unwrap().is_some(), "its finding may still come");
        upkeep.expire(days_from_now(2)).await.unwrap();
        assert_eq!(EvidenceStore::open(&*store, sha256).await.unwrap(), None);
    }

    #[tokio::test]
    async fn operations_are_forgotten_after_some_days_and_other_documents_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
        let now = crate::now();
        for (kind, name, days) in [
            (DocumentKind::Operation, "old", 3),
            (DocumentKind::Operation, "recent", 1),
            (DocumentKind::View, "old", 300),
        ] {
            let time = Timestamp::from_nanos(now.nanos() - days * DAY);
            store.put_document(kind, name, Default::default(), Expectation::Absent, time).await.unwrap();
        }
        Upkeep::new(Stores::of(&store), Retention::default(), "this").expire(now).await.unwrap();
        let names = async |kind| {
            let query = DocumentQuery { kind, prefix: String::new(), after: None, limit: 9 };
            let documents = store.documents(query).await.unwrap();
            documents.into_iter().map(|document| document.name).collect::<Vec<_>>()
        };
        assert_eq!(names(DocumentKind::Operation).await, ["recent"]);
        assert_eq!(names(DocumentKind::View).await, ["old"]);
    }
}
