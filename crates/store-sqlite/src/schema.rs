//! What the database file looks like, and how an older one is brought up to date. Forward only.

use std::path::Path;

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use store::StoreError;

use crate::{addresses, failure};

/// One file each, in order; `PRAGMA user_version` counts how many a database has.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_findings.sql"),
    include_str!("../migrations/0002_evidence.sql"),
    include_str!("../migrations/0003_findings_service.sql"),
    include_str!("../migrations/0004_days.sql"),
    include_str!("../migrations/0005_lanes_and_addresses.sql"),
    include_str!("../migrations/0006_evidence_waits.sql"),
    include_str!("../migrations/0007_periods_and_custody.sql"),
];

/// The version that keeps addresses; what older files hold is gathered once.
const WITH_ADDRESSES: i64 = 5;

/// `PRAGMA application_id` of our files: "Vdte".
const APPLICATION: i64 = 0x5664_7465;

/// Files up to this size are checked page by page when they are opened; larger ones only when a page is read.
const CHECKED_WHOLE_UP_TO: u64 = 64 << 20;

/// Refuses a file that is damaged, of another program or of a newer version. Only reads.
pub(crate) async fn examine(
    connection: &mut SqliteConnection,
    path: &Path,
    size: u64,
) -> Result<(), StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let subject = || path.display().to_string();
    let mut number =
        async |sql: &'static str| sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *connection).await;
    let application = number("PRAGMA application_id").await.map_err(failed)?;
    let found = number("PRAGMA user_version").await.map_err(failed)?;
    let tables = number("SELECT count(*) FROM sqlite_schema").await.map_err(failed)?;
    if tables > 0 && application != APPLICATION {
        let detail = "it is a database of another program".to_owned();
        return Err(StoreError::Corrupt { subject: subject(), detail });
    }
    let supported = MIGRATIONS.len() as i64;
    if found > supported {
        return Err(StoreError::Newer { subject: subject(), found, supported });
    }
    if tables > 0 && size <= CHECKED_WHOLE_UP_TO {
        let verdict: String =
            sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(connection).await.map_err(failed)?;
        if verdict != "ok" {
            return Err(StoreError::Corrupt { subject: subject(), detail: verdict });
        }
    }
    Ok(())
}

/// Applies what is missing, each step whole or not at all.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let failed = |e| failure::sqlite("bring up to date", path, e);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let done: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await.map_err(failed)?;
    let missing = MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or_default());
    for migration in missing {
        sqlx::raw_sql(*migration).execute(&mut *transaction).await.map_err(failed)?;
    }
    if (1..WITH_ADDRESSES).contains(&done) {
        addresses::gather(&mut transaction, path).await?;
    }
    let stamp = format!("PRAGMA user_version = {}; PRAGMA application_id = {APPLICATION}", MIGRATIONS.len());
    sqlx::raw_sql(AssertSqlSafe(stamp)).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)
}
