//! What the store does, door by door: each is a question to a reader or a job for the writer.

use std::fs::File;
use std::sync::{Arc, PoisonError};

use finding::{FindingName, FindingResource, Timestamp};
use serde_json::Value;
use store::{
    AuditEntry, AuditLog, AuditRecord, Change, ChangeCursor, ChangeFeed, Created, Document, DocumentKind,
    DocumentQuery, DocumentStore, Edit, EvidenceItem, EvidenceMeta, EvidenceStore, Expectation, FindingStore,
    GroupPage, GroupQuery, Histogram, HistogramQuery, ListQuery, MuteRules, Page, Part, Pending, Received,
    Sha256, StoreError, Upserted, VersionPage, VersionQuery,
};

use crate::expire::Expire;
use crate::folder::{Folder, Pin};
use crate::upsert::{Amend, Create, Fresh, Upsert};
use crate::writer::Work;
use crate::{
    SqliteStore, audit, changes, documents, evidence, failure, group, list, past, present, versions,
};

/// The largest piece of evidence that is kept, in bytes.
const EVIDENCE_LIMIT: u64 = 256 << 20;

impl SqliteStore {
    fn rules(&self) -> Arc<MuteRules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a piece; it is not removed before that is done, whoever waits for it.
    async fn note(&self, item: EvidenceItem, pin: Pin) -> Result<(), StoreError> {
        let path = self.path.clone();
        let item = Arc::new((item, pin));
        self.writer
            .act(move |connection| {
                let (item, path) = (Arc::clone(&item), path.clone());
                Box::pin(async move { evidence::add(connection, &path, &item.0).await })
            })
            .await
    }
}

/// A job whose parts are used each time that it is done.
macro_rules! job {
    ($store:expr, $job:expr) => {{
        let job = Arc::new($job);
        $store.writer.act(move |connection| {
            let job = Arc::clone(&job);
            Box::pin(async move { job.apply(connection).await })
        })
    }};
}

impl FindingStore for SqliteStore {
    fn upsert(&self, item: &FindingResource, order: i64, now: Timestamp) -> Pending<'_, Upserted> {
        let kept = Arc::new(item.clone());
        Box::pin(async move {
            let name: FindingName = kept.finding.name.parse()?;
            let rules = self.rules();
            let item = Arc::clone(&kept);
            let fresh = Some(Box::new(Fresh::new(&name, &kept, &rules, now)?));
            self.writer
                .write(|reply| {
                    let done = None;
                    Work::Finding(Box::new(Upsert { name, item, order, rules, now, fresh, done, reply }))
                })
                .await
        })
    }

    fn create(&self, item: &FindingResource, now: Timestamp) -> Pending<'_, Created> {
        let item = Box::new(item.clone());
        Box::pin(async move {
            let name: FindingName = item.finding.name.parse()?;
            let (rules, path) = (self.rules(), self.path.clone());
            job!(self, Create { name, item, rules, now, path }).await
        })
    }

    fn amend(&self, name: &FindingName, edit: Edit, now: Timestamp) -> Pending<'_, Option<FindingResource>> {
        let name = name.clone();
        Box::pin(async move {
            let (rules, path) = (self.rules(), self.path.clone());
            Ok(job!(self, Amend { name, edit, rules, now, path }).await??)
        })
    }

    fn mute_by(&self, rules: Arc<MuteRules>) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    fn get(&self, name: &FindingName) -> Pending<'_, Option<FindingResource>> {
        let name = name.clone();
        Box::pin(async move { list::by_any_name(&mut *self.reader().await?, &self.path, &name).await })
    }

    fn get_many(&self, names: &[FindingName]) -> Pending<'_, Vec<Option<FindingResource>>> {
        let names = names.to_vec();
        Box::pin(async move { list::by_any_names(&mut *self.reader().await?, &self.path, &names).await })
    }

    fn list(&self, query: ListQuery) -> Pending<'_, Page> {
        Box::pin(async move {
            let mut reader = self.patient_reader().await?;
            if query.at.is_none() && query.compared.is_none() {
                present::page(&mut reader, &self.path, &query).await
            } else {
                past::page(&mut reader, &self.path, &query).await
            }
        })
    }

    fn group(&self, query: GroupQuery) -> Pending<'_, GroupPage> {
        Box::pin(async move { group::page(&mut *self.patient_reader().await?, &self.path, &query).await })
    }

    fn histogram(&self, query: HistogramQuery) -> Pending<'_, Histogram> {
        Box::pin(
            async move { present::histogram(&mut *self.patient_reader().await?, &self.path, &query).await },
        )
    }

    fn versions(&self, query: VersionQuery) -> Pending<'_, VersionPage> {
        Box::pin(async move { versions::page(&mut *self.reader().await?, &self.path, &query).await })
    }

    fn expire(&self, before: Timestamp, limit: u32) -> Pending<'_, u64> {
        Box::pin(async move {
            let (path, folder) = (self.path.clone(), Arc::clone(&self.evidence));
            let make = |reply| Work::One(Box::new(Expire::new(before, limit, path, folder, reply)));
            self.writer.write(make).await
        })
    }

    fn health(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let query = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_schema");
            let found = query.fetch_one(&mut *self.reader().await?).await;
            found.map(drop).map_err(|e| failure::sqlite("read", &self.path, e))
        })
    }
}

impl EvidenceStore for SqliteStore {
    fn put(&self, bytes: Vec<u8>, meta: EvidenceMeta) -> Pending<'_, Sha256> {
        Box::pin(async move {
            let size = bytes.len() as u64;
            bounded(size, || format!("evidence {:?} of {}", meta.name, meta.finding))?;
            let (sha256, pin) = self.blocking(move |folder| folder.keep(&bytes)).await?;
            self.note(EvidenceItem { sha256, size, meta }, pin).await?;
            Ok(sha256)
        })
    }

    fn put_file(&self, file: File, size: u64, expected: Sha256, meta: EvidenceMeta) -> Pending<'_, Sha256> {
        Box::pin(async move {
            let size = size.min(EVIDENCE_LIMIT);
            let kept = self.blocking(move |folder| folder.keep_file(file, size, expected)).await?;
            let (sha256, size, pin) = kept;
            self.note(EvidenceItem { sha256, size, meta }, pin).await?;
            Ok(sha256)
        })
    }

    fn receive(&self, part: Part) -> Pending<'_, Received> {
        Box::pin(async move {
            let sha256 = part.sha256;
            bounded(part.total, || format!("evidence {sha256}"))?;
            let pin = self.evidence.pin(sha256);
            let finding = &part.meta.finding;
            let has = evidence::has(&mut *self.reader().await?, &self.path, finding, sha256).await?;
            let mut size = self.blocking(move |folder| Ok(folder.size(sha256))).await?.filter(|_| has);
            let meta = part.meta.clone();
            if size.is_none() {
                // one at a time: two calls of one holder must not both write its next bytes
                let _alone = self.receiving.lock().await;
                let receive = move |folder: &Arc<Folder>| Ok((folder.receive(&part)?, folder.size(sha256)));
                let (received, here) = self.blocking(receive).await?;
                if received != Received::Whole {
                    return Ok(received);
                }
                size = here;
            }
            self.note(EvidenceItem { sha256, size: size.unwrap_or_default(), meta }, pin).await?;
            Ok(Received::Whole)
        })
    }

    fn sweep(&self, before: Timestamp) -> Pending<'_, u64> {
        Box::pin(self.sweep_some(before))
    }

    fn open(&self, sha256: Sha256) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(self.blocking(move |folder| folder.read(sha256)))
    }

    fn evidence_of(&self, finding: &FindingName) -> Pending<'_, Vec<EvidenceItem>> {
        let finding = finding.clone();
        Box::pin(async move { evidence::of(&mut *self.reader().await?, &self.path, &finding).await })
    }

    fn stored_times(&self, finding: &FindingName) -> Pending<'_, Vec<(Sha256, Timestamp)>> {
        let finding = finding.clone();
        Box::pin(
            async move { evidence::stored_times(&mut *self.reader().await?, &self.path, &finding).await },
        )
    }
}

fn bounded(size: u64, subject: impl FnOnce() -> String) -> Result<(), StoreError> {
    if size > EVIDENCE_LIMIT {
        return Err(StoreError::TooLarge { subject: subject(), size, limit: EVIDENCE_LIMIT });
    }
    Ok(())
}

impl DocumentStore for SqliteStore {
    fn put_document(
        &self,
        kind: DocumentKind,
        name: &str,
        body: Value,
        expected: Expectation,
        now: Timestamp,
    ) -> Pending<'_, Option<Document>> {
        let name = name.to_owned();
        Box::pin(async move {
            let path = self.path.clone();
            job!(self, documents::Put { kind, name, body, expected, now, path }).await
        })
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Pending<'_, Option<Document>> {
        let name = name.to_owned();
        Box::pin(async move { documents::one(&mut *self.reader().await?, &self.path, kind, &name).await })
    }

    fn documents(&self, query: DocumentQuery) -> Pending<'_, Vec<Document>> {
        Box::pin(async move { documents::some(&mut *self.reader().await?, &self.path, &query).await })
    }

    fn remove_document(&self, kind: DocumentKind, name: &str) -> Pending<'_, bool> {
        let (path, name) = (self.path.clone(), name.to_owned());
        Box::pin(self.writer.act(move |connection| {
            let (path, name) = (path.clone(), name.clone());
            Box::pin(async move { documents::remove(connection, &path, kind, &name).await })
        }))
    }

    fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Pending<'_, bool> {
        let (path, name, holder) = (self.path.clone(), name.to_owned(), holder.to_owned());
        Box::pin(self.writer.act(move |connection| {
            let (path, name, holder) = (path.clone(), name.clone(), holder.clone());
            Box::pin(async move { documents::lease(connection, &path, (&name, &holder), now, until).await })
        }))
    }
}

impl ChangeFeed for SqliteStore {
    fn changes(&self, after: Option<ChangeCursor>, limit: u32) -> Pending<'_, Vec<Change>> {
        Box::pin(async move { changes::after(&mut *self.reader().await?, &self.path, after, limit).await })
    }

    fn newest_change(&self) -> Pending<'_, ChangeCursor> {
        Box::pin(async move { changes::newest(&mut *self.reader().await?, &self.path).await })
    }

    fn forget_changes(&self, before: Timestamp) -> Pending<'_, u64> {
        let path = self.path.clone();
        Box::pin(self.writer.act(move |connection| {
            let path = path.clone();
            Box::pin(async move { changes::forget(connection, &path, before).await })
        }))
    }
}

impl AuditLog for SqliteStore {
    fn record(&self, entry: AuditEntry) -> Pending<'_, ()> {
        let (path, entry) = (self.path.clone(), Arc::new(entry));
        Box::pin(self.writer.act(move |connection| {
            let (path, entry) = (path.clone(), Arc::clone(&entry));
            Box::pin(async move { audit::add(connection, &path, &entry).await })
        }))
    }

    fn audit(&self, before: Option<i64>, limit: u32) -> Pending<'_, Vec<AuditRecord>> {
        Box::pin(async move { audit::before(&mut *self.reader().await?, &self.path, before, limit).await })
    }

    fn audit_about(&self, resources: Vec<String>, limit: u32) -> Pending<'_, Vec<AuditRecord>> {
        Box::pin(async move { audit::about(&mut *self.reader().await?, &self.path, &resources, limit).await })
    }

    fn forget_audit(&self, before: Timestamp) -> Pending<'_, u64> {
        let path = self.path.clone();
        Box::pin(self.writer.act(move |connection| {
            let path = path.clone();
            Box::pin(async move { audit::forget(connection, &path, before).await })
        }))
    }
}
