//! What findings were at an earlier time.

use std::path::Path;

use finding::{FindingName, Timestamp};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use store::StoreError;

use crate::failure;

/// The columns that findings and their versions share.
const COLUMNS: &str = "name, canonical_name, place, parent, category, resource_name, module_name, state, severity, mute, \
     finding_class, event_time, create_time, update_time, pod_namespace, pod_name, container_id";

/// Keeps what is stored, before it is replaced.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
    now: Timestamp,
) -> Result<(), StoreError> {
    // a clock that went back must not make a version end before it began
    let sql = format!(
        "INSERT INTO finding_versions ({COLUMNS}, until_time, document)
         SELECT {COLUMNS}, max(?2, update_time), document FROM findings WHERE name = ?1"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(name.to_string())
        .bind(now.nanos())
        .execute(connection)
        .await
        .map_err(|e| failure::sqlite("write", path, e))?;
    Ok(())
}

/// Findings as they were at `at`; as they are without it. What stands behind `FROM`.
pub(crate) fn rows(sql: &mut QueryBuilder<Sqlite>, at: Option<Timestamp>) {
    let Some(at) = at else {
        sql.push("findings");
        return;
    };
    let at = at.nanos();
    sql.push(format!("(SELECT {COLUMNS}, document FROM findings WHERE update_time <= ")).push_bind(at);
    sql.push(format!(" UNION ALL SELECT {COLUMNS}, document FROM finding_versions WHERE update_time <= "));
    sql.push_bind(at).push(" AND until_time > ").push_bind(at).push(")");
}

/// The document of one finding, as it was or as it is.
pub(crate) async fn one(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &str,
    at: Option<Timestamp>,
) -> Result<Option<String>, StoreError> {
    let mut sql = QueryBuilder::new("SELECT document FROM ");
    rows(&mut sql, at);
    sql.push(" WHERE name = ").push_bind(name.to_owned()).push(" LIMIT 1");
    let document = sql.build_query_scalar().fetch_optional(connection).await;
    document.map_err(|e| failure::sqlite("read", path, e))
}
