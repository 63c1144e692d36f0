//! What the database looks like, and how an older one is brought up to date. Forward only.

use sqlx::{Connection, PgConnection};
use store::StoreError;

use crate::{addresses, failure};

/// One file each, in order; the table `schema_version` says how many a database has.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_lanes_and_addresses.sql"),
    include_str!("../migrations/0003_uploads.sql"),
    include_str!("../migrations/0004_tallies_of_statements.sql"),
    include_str!("../migrations/0005_periods_and_custody.sql"),
];

/// The version that keeps addresses; what older databases hold is gathered once.
const WITH_ADDRESSES: i64 = 2;

/// Key of the lock under which one server at a time changes tables: "Vdte".
pub(crate) const LOCK: i64 = 0x5664_7465;

/// Applies what is missing, all or nothing. Servers that start at once wait for each other.
pub(crate) async fn migrate(connection: &mut PgConnection, subject: &str) -> Result<(), StoreError> {
    let failed = |e| failure::postgres("bring up to date", subject, e);
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    sqlx::raw_sql("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    let found: i64 = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM schema_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(failed)?;
    let supported = MIGRATIONS.len() as i64;
    if found > supported {
        return Err(StoreError::Newer { subject: subject.to_owned(), found, supported });
    }
    for (version, migration) in (1_i64..).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or_default()) {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query("INSERT INTO schema_version VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
    }
    if (1..WITH_ADDRESSES).contains(&found) {
        addresses::gather(&mut transaction, subject).await?;
    }
    transaction.commit().await.map_err(failed)
}
