//! Removing evidence that nobody waits for any more.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use finding::Timestamp;
use sqlx::SqliteConnection;
use store::{Pending, Sha256, StoreError};
use tokio::sync::oneshot;

use crate::folder::Folder;
use crate::writer::{Job, Work};
use crate::{SqliteStore, failure};

/// Findings, and pieces, that one transaction looks at; other writes wait for it.
const LIMIT: usize = 500;

/// Evidence that is recorded for a finding which is not there, under either of its names.
const WITHOUT_FINDING: &str = "stored_at < ?1 AND NOT EXISTS (SELECT 1 FROM findings WHERE name = evidence.finding) \
    AND NOT EXISTS (SELECT 1 FROM findings WHERE canonical_name = evidence.finding AND canonical_name <> '')";

impl SqliteStore {
    /// Some of it; how much.
    pub(crate) async fn sweep_some(&self, before: Timestamp) -> Result<u64, StoreError> {
        let nanos = u64::try_from(before.nanos()).unwrap_or_default();
        let time = UNIX_EPOCH + Duration::from_nanos(nanos);
        let uploads = {
            let _alone = self.receiving.lock().await;
            self.blocking(move |folder| folder.sweep_uploads(time)).await?
        };
        let sql = format!("SELECT DISTINCT finding FROM evidence WHERE {WITHOUT_FINDING} LIMIT {LIMIT}");
        let findings = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(before.nanos())
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(|e| failure::sqlite("read", &self.path, e))?;
        let pieces = self.unrecorded(time).await?;
        if findings.is_empty() && pieces.is_empty() {
            return Ok(uploads);
        }
        let (path, folder) = (self.path.clone(), Arc::clone(&self.evidence));
        let sweep =
            |reply| Sweep { before, findings, pieces, path, folder, removed: 0, orphans: Vec::new(), reply };
        let removed = self.writer.write(|reply| Work::One(Box::new(sweep(reply)))).await?;
        Ok(uploads + removed)
    }

    /// Some old pieces that nothing is recorded of: whoever kept them ended before it could record them.
    async fn unrecorded(&self, before: SystemTime) -> Result<Vec<Sha256>, StoreError> {
        let mut found = Vec::new();
        for shelf in self.blocking(|folder| folder.shelves()).await? {
            let digits = shelf.clone();
            let old = self.blocking(move |folder| folder.kept_before(&digits, before)).await?;
            if old.is_empty() {
                continue;
            }
            // 'g' follows the last digit
            let recorded: Vec<String> = sqlx::query_scalar(
                "SELECT DISTINCT sha256 FROM evidence WHERE sha256 BETWEEN ?1 AND ?1 || 'g'",
            )
            .bind(&shelf)
            .fetch_all(&mut *self.reader().await?)
            .await
            .map_err(|e| failure::sqlite("read", &self.path, e))?;
            let recorded: HashSet<Sha256> = recorded.iter().filter_map(|text| text.parse().ok()).collect();
            found.extend(old.into_iter().filter(|sha256| !recorded.contains(sha256)));
            if found.len() >= LIMIT {
                found.truncate(LIMIT);
                break;
            }
        }
        Ok(found)
    }
}

/// Looks again at what a reader found, where nobody else writes, and removes it.
struct Sweep {
    before: Timestamp,
    findings: Vec<String>,
    pieces: Vec<Sha256>,
    path: PathBuf,
    folder: Arc<Folder>,
    removed: u64,
    orphans: Vec<Sha256>,
    reply: oneshot::Sender<Result<u64, StoreError>>,
}

impl Job for Sweep {
    fn apply<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Pending<'a, ()> {
        Box::pin(async move {
            let failed = |e| failure::sqlite("write", &self.path, e);
            (self.removed, self.orphans) = (0, Vec::new());
            let mut pieces: HashSet<Sha256> = self.pieces.iter().copied().collect();
            for finding in &self.findings {
                let sql =
                    format!("DELETE FROM evidence WHERE finding = ?2 AND {WITHOUT_FINDING} RETURNING sha256");
                let gone: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                    .bind(self.before.nanos())
                    .bind(finding)
                    .fetch_all(&mut *connection)
                    .await
                    .map_err(failed)?;
                self.removed += gone.len() as u64;
                pieces.extend(gone.iter().filter_map(|text| text.parse::<Sha256>().ok()));
            }
            for piece in pieces {
                let sql = "SELECT EXISTS (SELECT 1 FROM evidence WHERE sha256 = ?1)";
                let query = sqlx::query_scalar(sql).bind(piece.to_string());
                let is_used: bool = query.fetch_one(&mut *connection).await.map_err(failed)?;
                self.orphans.extend((!is_used).then_some(piece));
            }
            Ok(())
        })
    }

    /// Files go after the commit, and before the writer records any other: none that is recorded again is lost.
    fn answer(mut self: Box<Self>, result: Result<(), StoreError>) {
        if result.is_ok() {
            for sha256 in &self.orphans {
                match self.folder.remove(*sha256) {
                    Ok(is_gone) => self.removed += u64::from(is_gone),
                    Err(error) => {
                        tracing::warn!(%sha256, "evidence that nothing refers to was not removed: {error}");
                    }
                }
            }
        }
        // A caller that no longer waits needs no answer.
        let _ = self.reply.send(result.map(|()| self.removed));
    }
}
