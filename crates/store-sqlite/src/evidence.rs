//! What is known of each piece of evidence.

use std::path::Path;

use finding::{FindingName, Timestamp};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use store::{EvidenceItem, EvidenceKind, EvidenceMeta, Sha256, StoreError};

use crate::failure;

fn stored(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Records a piece whose bytes are kept already.
pub(crate) async fn add(
    connection: &mut SqliteConnection,
    path: &Path,
    item: &EvidenceItem,
) -> Result<(), StoreError> {
    let meta = &item.meta;
    sqlx::query(
        "INSERT INTO evidence (finding, kind, name, sha256, size, original_size, truncated, taken_at, stored_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, unixepoch() * 1000000000) ON CONFLICT DO NOTHING",
    )
    .bind(meta.finding.to_string())
    .bind(meta.kind.name())
    .bind(&meta.name)
    .bind(item.sha256.to_string())
    .bind(stored(item.size))
    .bind(stored(meta.original_size))
    .bind(meta.truncated)
    .bind(meta.taken_at.nanos())
    .execute(connection)
    .await
    .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(())
}

/// Whether the very finding has a piece.
pub(crate) async fn has(
    connection: &mut SqliteConnection,
    path: &Path,
    finding: &FindingName,
    sha256: Sha256,
) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM evidence WHERE finding = ?1 AND sha256 = ?2)")
        .bind(finding.to_string())
        .bind(sha256.to_string())
        .fetch_one(connection)
        .await
        .map_err(|e| failure::sqlite("read", path, e))
}

/// Everything of a finding, in the order in which it was taken.
pub(crate) async fn of(
    connection: &mut SqliteConnection,
    path: &Path,
    finding: &FindingName,
) -> Result<Vec<EvidenceItem>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, name, sha256, size, original_size, truncated, taken_at FROM evidence
         WHERE finding = ?1 ORDER BY taken_at, id",
    )
    .bind(finding.to_string())
    .fetch_all(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    rows.iter().map(|row| item(path, finding, row)).collect()
}

/// When each piece of a finding was first recorded.
pub(crate) async fn stored_times(
    connection: &mut SqliteConnection,
    path: &Path,
    finding: &FindingName,
) -> Result<Vec<(Sha256, Timestamp)>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT sha256, min(stored_at) FROM evidence WHERE finding = ?1 GROUP BY sha256")
            .bind(finding.to_string())
            .fetch_all(connection)
            .await
            .map_err(|e| failure::sqlite("read", path, e))?;
    let time = |(sha256, time): (String, i64)| Some((sha256.parse().ok()?, Timestamp::from_nanos(time)));
    Ok(rows.into_iter().filter_map(time).collect())
}

fn item(path: &Path, finding: &FindingName, row: &SqliteRow) -> Result<EvidenceItem, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let text = |column: usize| row.try_get::<String, _>(column).map_err(failed);
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(failed);
    let size = |column: usize| number(column).map(|n| u64::try_from(n).unwrap_or_default());
    let sha256 = text(2)?.parse().map_err(|e: store::NotADigest| StoreError::Corrupt {
        subject: path.display().to_string(),
        detail: format!("evidence of {finding}: {e}"),
    })?;
    Ok(EvidenceItem {
        sha256,
        size: size(3)?,
        meta: EvidenceMeta {
            finding: finding.clone(),
            kind: EvidenceKind::from_name(&text(0)?),
            name: text(1)?,
            taken_at: Timestamp::from_nanos(number(6)?),
            original_size: size(4)?,
            truncated: row.try_get(5).map_err(failed)?,
        },
    })
}
