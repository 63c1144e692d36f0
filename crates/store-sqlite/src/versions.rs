//! What findings were at an earlier time.

use std::path::Path;

use finding::{FindingName, Timestamp};
use sqlx::{QueryBuilder, SqliteConnection};
use store::sql::{self, Dialect};
use store::{StoreError, VersionFilling, VersionPage, VersionPlace, VersionQuery};

use crate::{failure, filter, past};

/// Keeps what is stored, before it is replaced.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
    now: Timestamp,
) -> Result<(), StoreError> {
    // a clock that went back must not make a version end before it began
    let columns = Dialect::Sqlite.columns();
    let sql = format!(
        "INSERT INTO finding_versions ({columns}, until_time, document)
         SELECT {columns}, max(?2, update_time), document FROM findings WHERE name = ?1"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(name.to_string())
        .bind(now.nanos())
        .execute(connection)
        .await
        .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(())
}

/// The document of one finding, as it was or as it is.
pub(crate) async fn one(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &str,
    at: Option<Timestamp>,
) -> Result<Option<String>, StoreError> {
    let mut statement = QueryBuilder::new("SELECT document FROM ");
    filter::push(&mut statement, sql::rows(Dialect::Sqlite, at));
    statement.push(" WHERE name = ").push_bind(name.to_owned()).push(" LIMIT 1");
    let document = statement.build_query_scalar().fetch_optional(connection).await;
    document.map_err(|e| failure::sqlite("read", path, e))
}

/// Earlier states of one finding, the newest first.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &VersionQuery,
) -> Result<VersionPage, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let (name, before) = (query.finding.to_string(), query.before());
    let mut rows = sqlx::query_as::<_, (i64, i64, i64, String)>(
        "SELECT until_time, id, update_time, document FROM finding_versions
         WHERE name = ?1 AND until_time <= ?2 AND (until_time < ?2 OR id < ?3)
         ORDER BY until_time DESC, id DESC LIMIT ?4",
    )
    .bind(&name)
    .bind(before.until)
    .bind(before.sequence)
    .bind(query.rows())
    .fetch(connection);
    let mut filling = VersionFilling::default();
    while let Some((until, sequence, since, document)) = past::next(&mut rows).await.map_err(failed)? {
        let place = VersionPlace { until, sequence };
        let is_full = filling.is_full_before(query.limit, place, since, &document);
        if is_full.map_err(|e| failure::document(path, &name, &e))? {
            break;
        }
    }
    Ok(filling.page())
}
