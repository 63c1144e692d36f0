//! The audit log.

use finding::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::path::Path;
use store::{AuditEntry, AuditRecord, StoreError};

use crate::failure;

pub(crate) async fn add(
    connection: &mut SqliteConnection,
    path: &Path,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (time, principal, method, resource, outcome, address, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(entry.time.nanos())
    .bind(&entry.principal)
    .bind(&entry.method)
    .bind(&entry.resource)
    .bind(&entry.outcome)
    .bind(&entry.address)
    .bind(entry.detail.to_string())
    .execute(connection)
    .await
    .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(())
}

pub(crate) async fn before(
    connection: &mut SqliteConnection,
    path: &Path,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, time, principal, method, resource, outcome, address, detail FROM audit
         WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    rows.iter().map(|row| record(path, row)).collect()
}

pub(crate) async fn about(
    connection: &mut SqliteConnection,
    path: &Path,
    resources: &[String],
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, time, principal, method, resource, outcome, address, detail FROM audit
         WHERE resource IN (SELECT value FROM json_each(?1)) ORDER BY sequence DESC LIMIT ?2",
    )
    .bind(serde_json::to_string(resources).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    rows.iter().map(|row| record(path, row)).collect()
}

pub(crate) async fn forget(
    connection: &mut SqliteConnection,
    path: &Path,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM audit WHERE time < ?1")
        .bind(before.nanos())
        .execute(connection)
        .await
        .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(done.rows_affected())
}

fn record(path: &Path, row: &SqliteRow) -> Result<AuditRecord, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let text = |column: usize| row.try_get::<String, _>(column).map_err(failed);
    let sequence: i64 = row.try_get(0).map_err(failed)?;
    let detail = text(7)?;
    let detail = serde_json::from_str(&detail)
        .map_err(|e| failure::document(path, &format!("audit entry {sequence}"), &e))?;
    Ok(AuditRecord {
        sequence,
        entry: AuditEntry {
            time: Timestamp::from_nanos(row.try_get(1).map_err(failed)?),
            principal: text(2)?,
            method: text(3)?,
            resource: text(4)?,
            outcome: text(5)?,
            address: text(6)?,
            detail,
        },
    })
}
