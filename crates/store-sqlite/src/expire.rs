//! Removing what is too old.

use std::path::Path;

use finding::Timestamp;
use sqlx::SqliteConnection;
use store::{Sha256, StoreError};

use crate::failure;

/// What was removed.
pub(crate) struct Expired {
    /// How many findings.
    pub(crate) findings: u64,
    /// Evidence that no finding has any more.
    pub(crate) unused: Vec<Sha256>,
}

pub(crate) async fn expire(
    connection: &mut SqliteConnection,
    path: &Path,
    before: Timestamp,
    limit: u32,
) -> Result<Expired, StoreError> {
    let failed = |e| failure::sqlite("remove from", path, e);
    let names: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, name FROM findings WHERE update_time < ?1 ORDER BY update_time LIMIT ?2")
            .bind(before.nanos())
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
    let mut unused = Vec::new();
    for (id, name) in &names {
        let hashes: Vec<String> =
            sqlx::query_scalar("DELETE FROM evidence WHERE finding = ?1 RETURNING sha256")
                .bind(name)
                .fetch_all(&mut *connection)
                .await
                .map_err(failed)?;
        for hash in hashes {
            let left: i64 = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM evidence WHERE sha256 = ?1)")
                .bind(&hash)
                .fetch_one(&mut *connection)
                .await
                .map_err(failed)?;
            if left == 0
                && let Ok(sha256) = hash.parse()
            {
                unused.push(sha256);
            }
        }
        for sql in [
            "DELETE FROM finding_versions WHERE name = ?1",
            "DELETE FROM findings WHERE name = ?1 AND id = ?2",
        ] {
            sqlx::query(sql).bind(name).bind(id).execute(&mut *connection).await.map_err(failed)?;
        }
    }
    sqlx::query(
        "DELETE FROM finding_versions WHERE id IN
         (SELECT id FROM finding_versions WHERE until_time < ?1 ORDER BY until_time LIMIT ?2)",
    )
    .bind(before.nanos())
    .bind(i64::from(limit))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(Expired { findings: names.len() as u64, unused })
}
