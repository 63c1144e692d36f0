//! What the store does, door by door.

use std::fs::File;
use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use serde_json::Value;
use store::{
    AuditEntry, AuditLog, AuditRecord, Change, ChangeCursor, ChangeFeed, Created, Document, DocumentKind,
    DocumentQuery, DocumentStore, Edit, EvidenceItem, EvidenceMeta, EvidenceStore, Expectation, FindingStore,
    GroupPage, GroupQuery, Histogram, HistogramQuery, ListQuery, MuteRules, Page, Part, Pending, Received,
    Sha256, StoreError, Upserted, VersionPage, VersionQuery,
};

use crate::database::{Repeats, transaction};
use crate::evidence::Source;
use crate::months::month;
use crate::write::Write;
use crate::writer::Upsert;
use crate::{
    PostgresStore, audit, changes, documents, evidence, expire, failure, group, list, past, present, uploads,
    versions,
};

/// Reads with one connection; again, when it was lost.
macro_rules! read {
    ($database:expr, |$connection:ident| $body:expr) => {{
        let mut tries = 0;
        loop {
            let attempt = async {
                let _turn = $database.turn().await;
                let mut pooled = $database.connection().await?;
                let $connection = &mut *pooled;
                $body
            };
            match attempt.await {
                Ok(found) => break Ok(found),
                Err(error) => $database.again(error, &mut tries, Repeats::Well).await?,
            }
        }
    }};
}

impl PostgresStore {
    /// The month's partition first, each time: another server may have dropped it, as it held nothing.
    async fn create_once(
        &self,
        write: &Write<'_>,
        named: (&FindingName, &FindingResource),
        month: i32,
    ) -> Result<Created, StoreError> {
        self.database.ensure(month).await?;
        let _turn = self.database.turn().await;
        let mut transaction = self.database.begin().await?;
        let created = write.create(&mut transaction, named, month).await?;
        let failed = |e| failure::postgres("write", &self.database.subject, e);
        transaction.commit().await.map_err(failed)?;
        Ok(created)
    }

    async fn keep(&self, mut source: Source, meta: EvidenceMeta) -> Result<Sha256, StoreError> {
        // the task ends early only when the runtime shuts down
        let closed = |_| StoreError::Closed { subject: self.database.subject.clone() };
        let hashing = tokio::task::spawn_blocking(move || {
            let hashed = source.sha256();
            (source, hashed)
        });
        let (mut source, hashed) = hashing.await.map_err(closed)?;
        let (sha256, _) = hashed.map_err(|e| evidence::unreadable(&meta.finding, e))?;
        transaction!(self.database, Repeats::Well, |connection| {
            async {
                evidence::keep(&mut *connection, &self.database.subject, sha256, &mut source).await?;
                evidence::attach(connection, &self.database.subject, sha256, &meta).await
            }
            .await
        })?;
        Ok(sha256)
    }
}

/// The month in which a new finding belongs.
fn month_of(item: &FindingResource, now: Timestamp) -> i32 {
    month(item.finding.create_time.unwrap_or(now))
}

impl FindingStore for PostgresStore {
    fn upsert(&self, item: &FindingResource, order: i64, now: Timestamp) -> Pending<'_, Upserted> {
        let item = Box::new(item.clone());
        Box::pin(async move {
            let name: FindingName = item.finding.name.parse()?;
            let (rules, month) = (self.rules(), month_of(&item, now));
            self.writer.write(|reply| Upsert { name, month, item, order, rules, now, reply }).await
        })
    }

    fn create(&self, item: &FindingResource, now: Timestamp) -> Pending<'_, Created> {
        let item = Box::new(item.clone());
        Box::pin(async move {
            let name: FindingName = item.finding.name.parse()?;
            let (rules, month) = (self.rules(), month_of(&item, now));
            let write = Write { subject: &self.database.subject, rules: &rules, now };
            let mut tries = 0;
            loop {
                match self.create_once(&write, (&name, &item), month).await {
                    Ok(created) => break Ok(created),
                    Err(error) => self.database.again(error, &mut tries, Repeats::Badly).await?,
                }
            }
        })
    }

    fn amend(&self, name: &FindingName, edit: Edit, now: Timestamp) -> Pending<'_, Option<FindingResource>> {
        let name = name.clone();
        Box::pin(async move {
            let rules = self.rules();
            let write = Write { subject: &self.database.subject, rules: &rules, now };
            transaction!(self.database, Repeats::Badly, |connection| write
                .amend(connection, &name, &edit)
                .await)
        })
    }

    fn mute_by(&self, rules: Arc<MuteRules>) {
        self.set_rules(rules);
    }

    fn get(&self, name: &FindingName) -> Pending<'_, Option<FindingResource>> {
        let name = name.clone();
        Box::pin(async move {
            read!(self.database, |connection| list::by_any_name(connection, &self.database.subject, &name)
                .await)
        })
    }

    fn get_many(&self, names: &[FindingName]) -> Pending<'_, Vec<Option<FindingResource>>> {
        let names = names.to_vec();
        Box::pin(async move {
            read!(self.database, |connection| {
                list::by_any_names(connection, &self.database.subject, &names).await
            })
        })
    }

    fn list(&self, query: ListQuery) -> Pending<'_, Page> {
        Box::pin(async move {
            read!(self.database, |connection| {
                let mut transaction = self.database.snapshot(connection).await?;
                if query.at.is_none() && query.compared.is_none() {
                    present::page(&mut transaction, &self.database.subject, &query).await
                } else {
                    past::page(&mut transaction, &self.database.subject, &query).await
                }
            })
        })
    }

    fn group(&self, query: GroupQuery) -> Pending<'_, GroupPage> {
        Box::pin(async move {
            read!(self.database, |connection| {
                let mut transaction = self.database.snapshot(connection).await?;
                group::page(&mut transaction, &self.database.subject, &query).await
            })
        })
    }

    fn histogram(&self, query: HistogramQuery) -> Pending<'_, Histogram> {
        Box::pin(async move {
            read!(self.database, |connection| {
                let mut transaction = self.database.snapshot(connection).await?;
                present::histogram(&mut transaction, &self.database.subject, &query).await
            })
        })
    }

    fn versions(&self, query: VersionQuery) -> Pending<'_, VersionPage> {
        Box::pin(async move {
            read!(self.database, |connection| {
                versions::page(connection, &self.database.subject, &query).await
            })
        })
    }

    fn expire(&self, before: Timestamp, limit: u32) -> Pending<'_, u64> {
        Box::pin(async move {
            let gone = transaction!(self.database, Repeats::Badly, |connection| {
                expire::expire(connection, &self.database.subject, before, limit).await
            })?;
            if gone == 0 {
                transaction!(self.database, Repeats::Well, |connection| {
                    expire::drop_empty(connection, &self.database.subject, &self.database.months, before)
                        .await
                })?;
            }
            Ok(gone)
        })
    }

    fn health(&self) -> Pending<'_, ()> {
        Box::pin(async move {
            let query = sqlx::query_scalar::<_, i64>("SELECT version FROM schema_version LIMIT 1");
            let found = query.fetch_one(&mut *self.database.connection().await?).await;
            found.map(drop).map_err(|e| failure::postgres("read", &self.database.subject, e))
        })
    }
}

impl EvidenceStore for PostgresStore {
    fn put(&self, bytes: Vec<u8>, meta: EvidenceMeta) -> Pending<'_, Sha256> {
        Box::pin(async move {
            let size = bytes.len() as u64;
            if size > evidence::LIMIT {
                let subject = format!("evidence {:?} of {}", meta.name, meta.finding);
                return Err(StoreError::TooLarge { subject, size, limit: evidence::LIMIT });
            }
            self.room_for(size).await?;
            self.keep(Source::Bytes(bytes), meta).await
        })
    }

    fn put_file(&self, file: File, size: u64, expected: Sha256, meta: EvidenceMeta) -> Pending<'_, Sha256> {
        Box::pin(async move {
            let is_here = transaction!(self.database, Repeats::Well, |connection| {
                evidence::attach(connection, &self.database.subject, expected, &meta).await
            })?;
            if is_here {
                return Ok(expected);
            }
            self.room_for(size.min(evidence::LIMIT)).await?;
            self.keep(Source::File(file, size.min(evidence::LIMIT)), meta).await
        })
    }

    fn receive(&self, part: Part) -> Pending<'_, Received> {
        Box::pin(async move {
            let size = part.total.max(part.offset.saturating_add(part.bytes.len() as u64));
            if size > evidence::LIMIT {
                let subject = format!("evidence {}", part.sha256);
                return Err(StoreError::TooLarge { subject, size, limit: evidence::LIMIT });
            }
            // who only asks how much is here adds nothing
            if !part.bytes.is_empty() {
                self.room_for(part.bytes.len() as u64).await?;
            }
            let received = transaction!(self.database, Repeats::Well, |connection| {
                uploads::receive(connection, &self.database.subject, &part).await
            });
            if matches!(received, Err(StoreError::Mismatch { .. })) {
                transaction!(self.database, Repeats::Well, |connection| {
                    uploads::discard(connection, &self.database.subject, &part).await
                })?;
            }
            received
        })
    }

    fn sweep(&self, before: Timestamp) -> Pending<'_, u64> {
        Box::pin(async move {
            transaction!(self.database, Repeats::Well, |connection| {
                uploads::sweep(connection, &self.database.subject, before).await
            })
        })
    }

    fn open(&self, sha256: Sha256) -> Pending<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            read!(self.database, |connection| evidence::open(connection, &self.database.subject, sha256)
                .await)
        })
    }

    fn evidence_of(&self, finding: &FindingName) -> Pending<'_, Vec<EvidenceItem>> {
        let finding = finding.clone();
        Box::pin(async move {
            read!(self.database, |connection| evidence::of(connection, &self.database.subject, &finding)
                .await)
        })
    }

    fn stored_times(&self, finding: &FindingName) -> Pending<'_, Vec<(Sha256, Timestamp)>> {
        let finding = finding.clone();
        Box::pin(async move {
            read!(self.database, |connection| {
                evidence::stored_times(connection, &self.database.subject, &finding).await
            })
        })
    }
}

impl DocumentStore for PostgresStore {
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
            transaction!(self.database, Repeats::Badly, |connection| {
                documents::put(connection, &self.database.subject, (kind, &name, &body), expected, now).await
            })
        })
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Pending<'_, Option<Document>> {
        let name = name.to_owned();
        Box::pin(async move {
            read!(self.database, |connection| documents::one(connection, &self.database.subject, kind, &name)
                .await)
        })
    }

    fn documents(&self, query: DocumentQuery) -> Pending<'_, Vec<Document>> {
        Box::pin(async move {
            read!(self.database, |connection| documents::some(connection, &self.database.subject, &query)
                .await)
        })
    }

    fn remove_document(&self, kind: DocumentKind, name: &str) -> Pending<'_, bool> {
        let name = name.to_owned();
        Box::pin(async move {
            transaction!(self.database, Repeats::Badly, |connection| {
                documents::remove(connection, &self.database.subject, kind, &name).await
            })
        })
    }

    fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Pending<'_, bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        Box::pin(async move {
            transaction!(self.database, Repeats::Well, |connection| {
                documents::lease(connection, &self.database.subject, (&name, &holder), now, until).await
            })
        })
    }
}

impl ChangeFeed for PostgresStore {
    fn changes(&self, after: Option<ChangeCursor>, limit: u32) -> Pending<'_, Vec<Change>> {
        Box::pin(async move {
            read!(self.database, |connection| changes::after(
                connection,
                &self.database.subject,
                after,
                limit
            )
            .await)
        })
    }

    fn newest_change(&self) -> Pending<'_, ChangeCursor> {
        Box::pin(async move {
            read!(self.database, |connection| changes::newest(connection, &self.database.subject).await)
        })
    }

    fn forget_changes(&self, before: Timestamp) -> Pending<'_, u64> {
        Box::pin(async move {
            transaction!(self.database, Repeats::Badly, |connection| {
                changes::forget(connection, &self.database.subject, before).await
            })
        })
    }
}

impl AuditLog for PostgresStore {
    fn record(&self, entry: AuditEntry) -> Pending<'_, ()> {
        Box::pin(async move {
            transaction!(self.database, Repeats::Badly, |connection| {
                audit::add(connection, &self.database.subject, &entry).await
            })
        })
    }

    fn audit(&self, before: Option<i64>, limit: u32) -> Pending<'_, Vec<AuditRecord>> {
        Box::pin(async move {
            read!(self.database, |connection| audit::before(
                connection,
                &self.database.subject,
                before,
                limit
            )
            .await)
        })
    }

    fn audit_about(&self, resources: Vec<String>, limit: u32) -> Pending<'_, Vec<AuditRecord>> {
        Box::pin(async move {
            read!(self.database, |connection| {
                audit::about(connection, &self.database.subject, &resources, limit).await
            })
        })
    }

    fn forget_audit(&self, before: Timestamp) -> Pending<'_, u64> {
        Box::pin(async move {
            transaction!(self.database, Repeats::Badly, |connection| {
                audit::forget(connection, &self.database.subject, before).await
            })
        })
    }
}
