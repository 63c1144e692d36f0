//! Documents and leases.

use finding::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::path::{Path, PathBuf};
use store::{Document, DocumentKind, DocumentQuery, Expectation, Pending, StoreError};

use crate::failure;

/// A document to be written.
pub(crate) struct Put {
    pub(crate) kind: DocumentKind,
    pub(crate) name: String,
    pub(crate) body: Value,
    pub(crate) expected: Expectation,
    pub(crate) now: Timestamp,
    pub(crate) path: PathBuf,
}

impl Put {
    pub(crate) fn apply<'a>(&'a self, connection: &'a mut SqliteConnection) -> Pending<'a, Option<Document>> {
        Box::pin(async move {
            let Self { kind, name, body, expected, now, path } = self;
            let stored = one(&mut *connection, path, *kind, name).await?;
            let fits = match expected {
                Expectation::Any => true,
                Expectation::Absent => stored.is_none(),
                Expectation::Revision(revision) => stored.as_ref().is_some_and(|s| s.revision == *revision),
            };
            if !fits {
                return Ok(None);
            }
            let document = Document {
                name: name.clone(),
                revision: stored.as_ref().map_or(1, |s| s.revision + 1),
                create_time: stored.map_or(*now, |s| s.create_time),
                update_time: *now,
                body: body.clone(),
            };
            sqlx::query(
                "INSERT INTO documents (kind, name, revision, create_time, update_time, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (kind, name) DO UPDATE SET revision = ?3, update_time = ?5, body = ?6",
            )
            .bind(kind.name())
            .bind(name)
            .bind(document.revision)
            .bind(document.create_time.nanos())
            .bind(now.nanos())
            .bind(body.to_string())
            .execute(connection)
            .await
            .map_err(|e| failure::sqlite("write", path, e))?;
            Ok(Some(document))
        })
    }
}

pub(crate) async fn one(
    connection: &mut SqliteConnection,
    path: &Path,
    kind: DocumentKind,
    name: &str,
) -> Result<Option<Document>, StoreError> {
    let row = sqlx::query(
        "SELECT name, revision, create_time, update_time, body FROM documents WHERE kind = ?1 AND name = ?2",
    )
    .bind(kind.name())
    .bind(name)
    .fetch_optional(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    row.map(|row| document(path, &row)).transpose()
}

pub(crate) async fn some(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &DocumentQuery,
) -> Result<Vec<Document>, StoreError> {
    let rows = sqlx::query(
        "SELECT name, revision, create_time, update_time, body FROM documents
         WHERE kind = ?1 AND name >= ?2 AND (?2 = '' OR substr(name, 1, length(?2)) = ?2) AND name > ?3
         ORDER BY name LIMIT ?4",
    )
    .bind(query.kind.name())
    .bind(&query.prefix)
    .bind(query.after.as_deref().unwrap_or_default())
    .bind(i64::from(query.limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    rows.iter().map(|row| document(path, row)).collect()
}

pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    path: &Path,
    kind: DocumentKind,
    name: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM documents WHERE kind = ?1 AND name = ?2")
        .bind(kind.name())
        .bind(name)
        .execute(connection)
        .await
        .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(done.rows_affected() > 0)
}

/// Whether the lease is the holder's now.
pub(crate) async fn lease(
    connection: &mut SqliteConnection,
    path: &Path,
    (name, holder): (&str, &str),
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO leases (name, holder, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3 WHERE holder = ?2 OR until < ?4",
    )
    .bind(name)
    .bind(holder)
    .bind(until.nanos())
    .bind(now.nanos())
    .execute(connection)
    .await
    .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(done.rows_affected() > 0)
}

fn document(path: &Path, row: &SqliteRow) -> Result<Document, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let time = |column: usize| row.try_get(column).map(Timestamp::from_nanos).map_err(failed);
    let name: String = row.try_get(0).map_err(failed)?;
    let body: String = row.try_get(4).map_err(failed)?;
    let body = serde_json::from_str(&body).map_err(|e| failure::document(path, &name, &e))?;
    let revision = row.try_get(1).map_err(failed)?;
    Ok(Document { name, revision, create_time: time(2)?, update_time: time(3)?, body })
}
