//! What findings were at an earlier time.

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use store::StoreError;

use crate::{failure, list};

/// The columns that findings and their versions share.
const COLUMNS: &str = "name, canonical_name, scope, canonical_scope, source, location, parent, category, resource_name, state, \
     severity, mute, event_time, create_time, finding_class, module_name, update_time";

/// Keeps what is stored, before it is replaced.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    subject: &str,
    name: &FindingName,
    month: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    // a clock that went back must not make a version end before it began
    let sql = format!(
        "INSERT INTO finding_versions ({COLUMNS}, until_time, document)
         SELECT {COLUMNS}, greatest($2, update_time), document FROM findings WHERE month = $3 AND name = $1"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(name.to_string())
        .bind(now.nanos())
        .bind(month)
        .execute(connection)
        .await
        .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(())
}

/// Findings as they were at `at`; as they are without it. What stands behind `FROM`.
pub(crate) fn rows(sql: &mut QueryBuilder<Postgres>, at: Option<Timestamp>) {
    let Some(at) = at else {
        sql.push("findings");
        return;
    };
    let at = at.nanos();
    sql.push(format!("(SELECT {COLUMNS}, document FROM findings WHERE update_time <= ")).push_bind(at);
    sql.push(format!(" UNION ALL SELECT {COLUMNS}, document FROM finding_versions WHERE update_time <= "));
    sql.push_bind(at).push(" AND until_time > ").push_bind(at).push(") AS past");
}

/// One finding as it was.
pub(crate) async fn one(
    connection: &mut PgConnection,
    subject: &str,
    name: &str,
    at: Timestamp,
) -> Result<Option<FindingResource>, StoreError> {
    let mut sql = QueryBuilder::new("SELECT document::text FROM ");
    rows(&mut sql, Some(at));
    sql.push(" WHERE name = ").push_bind(name.to_owned()).push(" LIMIT 1");
    let document: Option<String> = sql
        .build_query_scalar()
        .fetch_optional(connection)
        .await
        .map_err(|e| failure::postgres("read", subject, e))?;
    document.map(|document| list::parse(subject, name, &document)).transpose()
}
