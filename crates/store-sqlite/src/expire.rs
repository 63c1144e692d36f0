//! Removing what is older than it is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use finding::Timestamp;
use sqlx::SqliteConnection;
use store::sql::addresses;
use store::{Pending, Sha256, StoreError};
use tokio::sync::oneshot;

use crate::addresses::Changed;
use crate::failure;
use crate::folder::Folder;
use crate::writer::Job;

/// The most findings that one transaction removes; other writes wait for it.
const LIMIT: u32 = 1_000;

/// Removes findings that last changed before a time, with their versions and evidence.
pub(crate) struct Expire {
    before: Timestamp,
    limit: u32,
    path: PathBuf,
    folder: Arc<Folder>,
    removed: u64,
    orphans: Vec<Sha256>,
    reply: oneshot::Sender<Result<u64, StoreError>>,
}

impl Expire {
    pub(crate) fn new(
        before: Timestamp,
        limit: u32,
        path: PathBuf,
        folder: Arc<Folder>,
        reply: oneshot::Sender<Result<u64, StoreError>>,
    ) -> Self {
        Self { before, limit: limit.min(LIMIT), path, folder, removed: 0, orphans: Vec::new(), reply }
    }
}

impl Job for Expire {
    fn apply<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> Pending<'a, ()> {
        Box::pin(async move {
            let failed = |e| failure::sqlite("write", &self.path, e);
            (self.removed, self.orphans) = (0, Vec::new());
            let sql = "SELECT name FROM findings WHERE update_time < ?1 ORDER BY update_time LIMIT ?2";
            let old: Vec<String> = sqlx::query_scalar(sql)
                .bind(self.before.nanos())
                .bind(self.limit)
                .fetch_all(&mut *connection)
                .await
                .map_err(failed)?;
            for name in old {
                self.orphans.extend(remove(&mut *connection, &self.path, &name).await?);
                self.removed += 1;
            }
            let sql = "DELETE FROM finding_versions WHERE id IN \
                       (SELECT id FROM finding_versions WHERE until_time < ?1 ORDER BY until_time LIMIT ?2)";
            let query = sqlx::query(sql).bind(self.before.nanos()).bind(self.limit);
            query.execute(connection).await.map_err(failed)?;
            Ok(())
        })
    }

    /// Files go after the commit, and before the writer records any other: none that is recorded again is lost.
    fn answer(self: Box<Self>, result: Result<(), StoreError>) {
        if result.is_ok() {
            for sha256 in &self.orphans {
                if let Err(error) = self.folder.remove(*sha256) {
                    tracing::warn!(%sha256, "evidence that nothing refers to was not removed: {error}");
                }
            }
        }
        // A caller that no longer waits needs no answer.
        let _ = self.reply.send(result.map(|()| self.removed));
    }
}

/// Removes one finding and answers the evidence that nothing refers to any more.
async fn remove(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &str,
) -> Result<Vec<Sha256>, StoreError> {
    let failed = |e| failure::sqlite("write", path, e);
    let sql = "DELETE FROM finding_versions WHERE name = ?1";
    sqlx::query(sql).bind(name).execute(&mut *connection).await.map_err(failed)?;
    let sql = "DELETE FROM findings WHERE name = ?1 RETURNING id, document";
    let gone: Vec<(i64, String)> =
        sqlx::query_as(sql).bind(name).fetch_all(&mut *connection).await.map_err(failed)?;
    let mut changed = Changed::default();
    for (id, document) in &gone {
        // what cannot be read goes all the same; addresses that lead nowhere are harmless
        if let Ok(item) = serde_json::from_str(document) {
            changed.note(*id, addresses(&item).into_iter().collect(), Vec::new());
        }
    }
    changed.write(&mut *connection, path).await?;
    let pieces: Vec<String> = sqlx::query_scalar("DELETE FROM evidence WHERE finding = ?1 RETURNING sha256")
        .bind(name)
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    let mut orphans = Vec::new();
    for piece in pieces {
        let sql = "SELECT EXISTS (SELECT 1 FROM evidence WHERE sha256 = ?1)";
        let is_used: bool =
            sqlx::query_scalar(sql).bind(&piece).fetch_one(&mut *connection).await.map_err(failed)?;
        orphans.extend((!is_used).then(|| piece.parse::<Sha256>().ok()).flatten());
    }
    Ok(orphans)
}
