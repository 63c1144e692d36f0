//! What findings were at an earlier time.

use std::collections::BTreeMap;

use finding::Timestamp;
use sqlx::{PgConnection, QueryBuilder};
use store::sql::{self, Dialect};
use store::{ChangeKind, StoreError, VersionFilling, VersionPage, VersionPlace, VersionQuery};

use crate::write::Change;
use crate::{escape, failure, filter, past};

/// Keeps what is stored, before it is replaced.
pub(crate) async fn keep(
    connection: &mut PgConnection,
    subject: &str,
    changes: &[Change<'_>],
) -> Result<(), StoreError> {
    let mut months: BTreeMap<i32, (Vec<String>, Vec<i64>)> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.kind != ChangeKind::Created) {
        let (names, times) = months.entry(change.month).or_default();
        names.push(change.name.to_string());
        times.push(change.now.nanos());
    }
    // a clock that went back must not make a version end before it began
    let columns = Dialect::Postgres.columns();
    let sql = format!(
        "INSERT INTO finding_versions ({columns}, until_time, document)
         SELECT {columns}, greatest(replaced, update_time), document
         FROM findings JOIN unnest($2::text[], $3::bigint[]) AS now (finding, replaced) ON name = finding
         WHERE month = $1"
    );
    for (month, (names, times)) in months {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone())).bind(month).bind(names).bind(times);
        query.execute(&mut *connection).await.map_err(|e| failure::postgres("write", subject, e))?;
    }
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

/// Earlier states of one finding, the newest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    subject: &str,
    query: &VersionQuery,
) -> Result<VersionPage, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let (name, before) = (query.finding.to_string(), query.before());
    let damaged = |e| failure::document(subject, &name, &e);
    let mut rows = sqlx::query_as::<_, (i64, i64, i64, String)>(
        "SELECT until_time, id, update_time, document::text FROM finding_versions
         WHERE name = $1 AND until_time <= $2 AND (until_time < $2 OR id < $3)
         ORDER BY until_time DESC, id DESC LIMIT $4",
    )
    .bind(&name)
    .bind(before.until)
    .bind(before.sequence)
    .bind(query.rows())
    .fetch(connection);
    let mut filling = VersionFilling::default();
    while let Some((until, sequence, since, document)) = past::next(&mut rows).await.map_err(failed)? {
        let place = VersionPlace { until, sequence };
        let document = escape::read(document).map_err(damaged)?;
        if filling.is_full_before(query.limit, place, since, &document).map_err(damaged)? {
            break;
        }
    }
    Ok(filling.page())
}
