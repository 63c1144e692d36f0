//! Removing what is too old.

use finding::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection};
use store::StoreError;

use crate::addresses::Addresses;
use crate::months::{Months, month};
use crate::{evidence, failure, list, schema};

/// Some findings with what was kept for them, and versions; how many findings.
pub(crate) async fn expire(
    connection: &mut PgConnection,
    subject: &str,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let failed = |e| failure::postgres("remove from", subject, e);
    // the names' rows are locked as writers lock them, and what writers hold is left for the next time
    let names: Vec<(String, i32)> = sqlx::query_as(
        "SELECT n.name, n.month FROM findings AS f JOIN finding_names AS n USING (month, name)
         WHERE f.update_time < $1 ORDER BY f.update_time LIMIT $2 FOR UPDATE OF n SKIP LOCKED",
    )
    .bind(before.nanos())
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let (names, months): (Vec<String>, Vec<i32>) = names.into_iter().unzip();
    // written between being found and being locked: stays
    let gone: Vec<(String, String)> = sqlx::query_as(
        "DELETE FROM findings USING unnest($1::text[], $2::int[]) AS old (name, month)
         WHERE findings.month = old.month AND findings.name = old.name AND findings.update_time < $3
         RETURNING findings.name, findings.document::text",
    )
    .bind(&names)
    .bind(&months)
    .bind(before.nanos())
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let (mut names, mut named) = (Vec::with_capacity(gone.len()), Addresses::default());
    for (name, document) in gone {
        // what cannot be read goes all the same; addresses that lead nowhere are harmless
        if let Ok(item) = list::parse(subject, &name, &document) {
            named.note(&name, Some(&item), None);
        }
        names.push(name);
    }
    named.write(&mut *connection, subject).await?;
    for sql in [
        "DELETE FROM finding_versions WHERE name = ANY ($1)",
        "DELETE FROM finding_names WHERE name = ANY ($1)",
    ] {
        sqlx::query(sql).bind(&names).execute(&mut *connection).await.map_err(failed)?;
    }
    evidence::remove(&mut *connection, subject, &names).await?;
    sqlx::query(
        "DELETE FROM finding_versions WHERE id IN
         (SELECT id FROM finding_versions WHERE until_time < $1 ORDER BY until_time LIMIT $2)",
    )
    .bind(before.nanos())
    .bind(i64::from(limit))
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(names.len() as u64)
}

/// Drops the partitions of months before that time which hold nothing any more.
pub(crate) async fn drop_empty(
    connection: &mut PgConnection,
    subject: &str,
    months: &Months,
    before: Timestamp,
) -> Result<(), StoreError> {
    let failed = |e| failure::postgres("remove from", subject, e);
    let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(schema::LOCK);
    lock.execute(&mut *connection).await.map_err(failed)?;
    let partitions: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'findings'::regclass AND substr(relname, 10)::int < $1",
    )
    .bind(month(before))
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    for partition in partitions {
        let has_some = sqlx::query_scalar::<_, bool>(AssertSqlSafe(format!(
            "SELECT EXISTS (SELECT 1 FROM {partition})
             OR EXISTS (SELECT 1 FROM finding_names WHERE month = substr('{partition}', 10)::int)"
        )));
        if has_some.fetch_one(&mut *connection).await.map_err(failed)? {
            continue;
        }
        // a writer that began meanwhile is waited for; if it has written, the partition stays
        let emptied = format!(
            "DO $$ BEGIN LOCK TABLE {partition}; IF NOT EXISTS (SELECT 1 FROM {partition}) THEN \
             DROP TABLE {partition}; END IF; END $$"
        );
        sqlx::raw_sql(AssertSqlSafe(emptied)).execute(&mut *connection).await.map_err(failed)?;
    }
    months.forget();
    Ok(())
}
