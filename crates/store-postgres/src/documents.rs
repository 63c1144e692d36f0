//! Documents and leases.

use finding::Timestamp;
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use store::{Document, DocumentKind, DocumentQuery, Expectation, StoreError};

use crate::{escape, failure};

/// One statement, so that servers that write at once are ordered by the row.
pub(crate) async fn put(
    connection: &mut PgConnection,
    subject: &str,
    (kind, name, body): (DocumentKind, &str, &Value),
    expected: Expectation,
    now: Timestamp,
) -> Result<Option<Document>, StoreError> {
    let sql = match expected {
        Expectation::Any => {
            "INSERT INTO documents AS d VALUES ($1, $2, 1, $3, $3, $4) ON CONFLICT (kind, name)
             DO UPDATE SET revision = d.revision + 1, update_time = $3, body = $4
             RETURNING name, revision, create_time, update_time, body"
        }
        Expectation::Absent => {
            "INSERT INTO documents VALUES ($1, $2, 1, $3, $3, $4) ON CONFLICT DO NOTHING
             RETURNING name, revision, create_time, update_time, body"
        }
        Expectation::Revision(_) => {
            "UPDATE documents SET revision = revision + 1, update_time = $3, body = $4
             WHERE kind = $1 AND name = $2 AND revision = $5
             RETURNING name, revision, create_time, update_time, body"
        }
    };
    let mut query = sqlx::query(sql)
        .bind(kind.name())
        .bind(escape::text(name))
        .bind(now.nanos())
        .bind(escape::document(body.to_string()));
    if let Expectation::Revision(revision) = expected {
        query = query.bind(revision);
    }
    let row = query.fetch_optional(connection).await.map_err(|e| failure::postgres("write", subject, e))?;
    row.map(|row| document(subject, &row)).transpose()
}

pub(crate) async fn one(
    connection: &mut PgConnection,
    subject: &str,
    kind: DocumentKind,
    name: &str,
) -> Result<Option<Document>, StoreError> {
    let row = sqlx::query(
        "SELECT name, revision, create_time, update_time, body FROM documents WHERE kind = $1 AND name = $2",
    )
    .bind(kind.name())
    .bind(escape::text(name))
    .fetch_optional(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    row.map(|row| document(subject, &row)).transpose()
}

pub(crate) async fn some(
    connection: &mut PgConnection,
    subject: &str,
    query: &DocumentQuery,
) -> Result<Vec<Document>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, revision, create_time, update_time, body FROM documents
         WHERE kind = $1 AND name >= $2 AND starts_with(name, $2) AND name > $3 ORDER BY name LIMIT $4",
    )
    .bind(query.kind.name())
    .bind(escape::text(&query.prefix))
    .bind(escape::text(query.after.as_deref().unwrap_or_default()))
    .bind(i64::from(query.limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    rows.iter().map(|row| document(subject, row)).collect()
}

pub(crate) async fn remove(
    connection: &mut PgConnection,
    subject: &str,
    kind: DocumentKind,
    name: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM documents WHERE kind = $1 AND name = $2")
        .bind(kind.name())
        .bind(escape::text(name))
        .execute(connection)
        .await
        .map_err(|e| failure::postgres("remove from", subject, e))?;
    Ok(done.rows_affected() > 0)
}

/// Whether the lease is the holder's now.
pub(crate) async fn lease(
    connection: &mut PgConnection,
    subject: &str,
    (name, holder): (&str, &str),
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO leases AS l (name, holder, until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = $2, until = $3 WHERE l.holder = $2 OR l.until < $4",
    )
    .bind(escape::text(name))
    .bind(escape::text(holder))
    .bind(until.nanos())
    .bind(now.nanos())
    .execute(connection)
    .await
    .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(done.rows_affected() > 0)
}

fn document(subject: &str, row: &PgRow) -> Result<Document, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let time = |column: usize| row.try_get(column).map(Timestamp::from_nanos).map_err(failed);
    let name = row.try_get(0).map(escape::undone).map_err(failed)?;
    let body: String = row.try_get(4).map_err(failed)?;
    let body = escape::parsed(&body).map_err(|e| failure::document(subject, &name, &e))?;
    let revision = row.try_get(1).map_err(failed)?;
    Ok(Document { name, revision, create_time: time(2)?, update_time: time(3)?, body })
}
