//! The feed of changes. Triggers write it, in the transaction of the change itself.

use finding::Timestamp;
use sqlx::SqliteConnection;
use std::path::Path;
use store::{Change, ChangeCursor, ChangeKind, StoreError};

use crate::failure;

const KINDS: [ChangeKind; 3] = [ChangeKind::Created, ChangeKind::Updated, ChangeKind::Amended];

/// How a kind is stored.
pub(crate) fn number(kind: ChangeKind) -> i64 {
    let at = KINDS.iter().position(|known| *known == kind);
    at.and_then(|at| i64::try_from(at).ok()).unwrap_or_default()
}

pub(crate) async fn after(
    connection: &mut SqliteConnection,
    path: &Path,
    after: Option<ChangeCursor>,
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let rows: Vec<(i64, String, i64, i64)> = sqlx::query_as(
        "SELECT sequence, finding, kind, time FROM changes WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
    )
    .bind(after.map_or(0, |cursor| cursor.sequence))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let change = |(sequence, finding, kind, time): (i64, String, i64, i64)| {
        let kind = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind).copied());
        Ok(Change {
            cursor: ChangeCursor { transaction: 0, sequence },
            finding: finding.parse()?,
            kind: kind.unwrap_or(ChangeKind::Updated),
            time: Timestamp::from_nanos(time),
        })
    };
    rows.into_iter().map(change).collect()
}

pub(crate) async fn newest(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<ChangeCursor, StoreError> {
    // what was forgotten counts: numbers are never given twice
    let sequence: Option<i64> = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'changes'")
        .fetch_optional(connection)
        .await
        .map_err(|e| failure::sqlite("read", path, e))?;
    Ok(ChangeCursor { transaction: 0, sequence: sequence.unwrap_or_default() })
}

pub(crate) async fn forget(
    connection: &mut SqliteConnection,
    path: &Path,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM changes WHERE time < ?1")
        .bind(before.nanos())
        .execute(connection)
        .await
        .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(done.rows_affected())
}
