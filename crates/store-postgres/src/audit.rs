//! The audit log.

use finding::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use store::{AuditEntry, AuditRecord, StoreError};

use crate::{escape, failure};

pub(crate) async fn add(
    connection: &mut PgConnection,
    subject: &str,
    entry: &AuditEntry,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (time, principal, method, resource, outcome, address, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(entry.time.nanos())
    .bind(escape::text(&entry.principal))
    .bind(escape::text(&entry.method))
    .bind(escape::text(&entry.resource))
    .bind(escape::text(&entry.outcome))
    .bind(escape::text(&entry.address))
    .bind(escape::document(entry.detail.to_string()))
    .execute(connection)
    .await
    .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(())
}

pub(crate) async fn before(
    connection: &mut PgConnection,
    subject: &str,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT sequence, time, principal, method, resource, outcome, address, detail FROM audit
         WHERE sequence < $1 ORDER BY sequence DESC LIMIT $2",
    )
    .bind(before.unwrap_or(i64::MAX))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    rows.iter().map(|row| record(subject, row)).collect()
}

pub(crate) async fn about(
    connection: &mut PgConnection,
    subject: &str,
    resources: &[String],
    limit: u32,
) -> Result<Vec<AuditRecord>, StoreError> {
    let resources: Vec<String> = resources.iter().map(|resource| escape::text(resource)).collect();
    let rows = sqlx::query(
        "SELECT sequence, time, principal, method, resource, outcome, address, detail FROM audit
         WHERE hashtextextended(resource, 0) IN (SELECT hashtextextended(wanted, 0) FROM unnest($1::text[]) AS wanted)
         AND resource = ANY ($1) ORDER BY sequence DESC LIMIT $2",
    )
    .bind(&resources)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    rows.iter().map(|row| record(subject, row)).collect()
}

pub(crate) async fn forget(
    connection: &mut PgConnection,
    subject: &str,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM audit WHERE time < $1")
        .bind(before.nanos())
        .execute(connection)
        .await
        .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(done.rows_affected())
}

fn record(subject: &str, row: &PgRow) -> Result<AuditRecord, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let text = |column: usize| row.try_get(column).map(escape::undone).map_err(failed);
    let sequence: i64 = row.try_get(0).map_err(failed)?;
    let detail: String = row.try_get(7).map_err(failed)?;
    let detail = escape::parsed(&detail)
        .map_err(|e| failure::document(subject, &format!("audit entry {sequence}"), &e))?;
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
