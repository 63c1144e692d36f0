//! What findings were at an earlier time.

use finding::{FindingName, Timestamp};
use sqlx::{PgConnection, QueryBuilder};
use store::StoreError;
use store::sql::{self, Dialect};

use crate::{escape, failure, filter};

/// Keeps what is stored, before it is replaced.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    subject: &str,
    name: &FindingName,
    month: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    // a clock that went back must not make a version end before it began
    let columns = Dialect::Postgres.columns();
    let sql = format!(
        "INSERT INTO finding_versions ({columns}, until_time, document)
         SELECT {columns}, greatest($2, update_time), document FROM findings WHERE month = $3 AND name = $1"
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

/// The document of one finding, as it was or as it is.
pub(crate) async fn one(
    connection: &mut PgConnection,
    subject: &str,
    name: &str,
    at: Option<Timestamp>,
) -> Result<Option<String>, StoreError> {
    let mut statement = QueryBuilder::new("SELECT document::text FROM ");
    filter::push(&mut statement, sql::rows(Dialect::Postgres, at));
    statement.push(" AS listed WHERE name = ").push_bind(name.to_owned()).push(" LIMIT 1");
    let found: Result<Option<String>, _> = statement.build_query_scalar().fetch_optional(connection).await;
    let document = found.map_err(|e| failure::postgres("read", subject, e))?;
    document.map(escape::read).transpose().map_err(|e| failure::document(subject, name, &e))
}
