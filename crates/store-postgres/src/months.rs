//! Partitions: one for each month in which findings were created.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use finding::Timestamp;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::StoreError;

use crate::{failure, schema};

/// Months whose partition is known to be there.
#[derive(Default)]
pub(crate) struct Months(Mutex<BTreeSet<i32>>);

/// Months since the year 0.
pub(crate) fn month(time: Timestamp) -> i32 {
    // days since the 1st of March of the year 0, in the calendar that is as if it had always been (Hinnant's algorithm)
    let days = time.nanos().div_euclid(86_400_000_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    // 292 years in nanoseconds at most: some thousand months
    i32::try_from((year + era * 400) * 12 + from_march + 2).unwrap_or_default()
}

fn partition(month: i32) -> String {
    format!("findings_{month}")
}

impl Months {
    /// Whether a month's partition is known to be there.
    pub(crate) fn knows(&self, month: i32) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&month)
    }

    /// Some may have been dropped.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Makes a month's partition and the next one's, so that a new month begins without waiting. A transaction of its own.
    pub(crate) async fn ensure(
        &self,
        connection: &mut PgConnection,
        subject: &str,
        month: i32,
    ) -> Result<(), StoreError> {
        if self.knows(month) {
            return Ok(());
        }
        let failed = |e| failure::postgres("make a partition in", subject, e);
        let mut transaction = connection.begin().await.map_err(failed)?;
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(schema::LOCK);
        lock.execute(&mut *transaction).await.map_err(failed)?;
        for month in [month, month + 1] {
            let there =
                sqlx::query_scalar::<_, bool>("SELECT to_regclass($1) IS NOT NULL").bind(partition(month));
            if !there.fetch_one(&mut *transaction).await.map_err(failed)? {
                let sql = format!(
                    "CREATE TABLE {} PARTITION OF findings FOR VALUES IN ({month})",
                    partition(month)
                );
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.map_err(failed)?;
            }
        }
        transaction.commit().await.map_err(failed)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(month);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::month;
    use finding::Timestamp;

    #[test]
    fn months_begin_on_their_first_day() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 1970 * 12),
            ("1969-12-31T23:59:59Z", 1969 * 12 + 11),
            ("2024-02-29T23:59:59Z", 2024 * 12 + 1),
            ("2024-03-01T00:00:00Z", 2024 * 12 + 2),
            ("2026-11-25T08:00:00Z", 2026 * 12 + 10),
            ("2026-12-31T23:59:59.999999999Z", 2026 * 12 + 11),
        ] {
            assert_eq!(month(text.parse::<Timestamp>().unwrap()), expected, "{text}");
        }
    }
}
