//! The feed of changes.
//!
//! Transactions end in another order than they begin. A change is shown once no transaction is running that began before its
//! own: from then on nothing can be put before it.

use std::time::Duration;

use finding::Timestamp;
use sqlx::PgConnection;
use store::{Change, ChangeCursor, ChangeKind, StoreError};

use crate::{failure, write};

const KINDS: [ChangeKind; 3] = [ChangeKind::Created, ChangeKind::Updated, ChangeKind::Amended];

/// Inside the transaction of the changes themselves, in their order.
pub(crate) async fn add(
    connection: &mut PgConnection,
    subject: &str,
    changes: &[write::Change<'_>],
) -> Result<(), StoreError> {
    let number = |kind| KINDS.iter().position(|known| *known == kind).unwrap_or_default();
    let findings: Vec<String> = changes.iter().map(|change| change.name.to_string()).collect();
    let kinds: Vec<i64> =
        changes.iter().map(|change| i64::try_from(number(change.kind)).unwrap_or_default()).collect();
    let times: Vec<i64> = changes.iter().map(|change| change.now.nanos()).collect();
    sqlx::query(
        "INSERT INTO changes (finding, kind, time)
         SELECT finding, kind, time FROM unnest($1::text[], $2::bigint[], $3::bigint[])
         WITH ORDINALITY AS told (finding, kind, time, place) ORDER BY place",
    )
    .bind(findings)
    .bind(kinds)
    .bind(times)
    .execute(connection)
    .await
    .map_err(|e| failure::postgres("write", subject, e))?;
    Ok(())
}

/// How long is waited for transactions that could still put something before what is there, and between two looks.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(20);

/// When nothing can be shown yet although something is there, waits a while for it.
pub(crate) async fn after(
    connection: &mut PgConnection,
    subject: &str,
    after: Option<ChangeCursor>,
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let mut waited = Duration::ZERO;
    loop {
        let changes = settled(&mut *connection, subject, after, limit).await?;
        if !changes.is_empty() || waited >= PATIENCE || !any(&mut *connection, subject, after).await? {
            return Ok(changes);
        }
        tokio::time::sleep(PAUSE).await;
        waited += PAUSE;
    }
}

/// Whether there is something behind a place, settled or not.
async fn any(
    connection: &mut PgConnection,
    subject: &str,
    after: Option<ChangeCursor>,
) -> Result<bool, StoreError> {
    let after = after.unwrap_or_default();
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM changes WHERE (transaction, sequence) > ($1::text::xid8, $2))",
    )
    .bind(after.transaction.to_string())
    .bind(after.sequence)
    .fetch_one(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))
}

async fn settled(
    connection: &mut PgConnection,
    subject: &str,
    after: Option<ChangeCursor>,
    limit: u32,
) -> Result<Vec<Change>, StoreError> {
    let after = after.unwrap_or_default();
    let rows: Vec<(i64, i64, String, i64, i64)> = sqlx::query_as(
        "SELECT transaction::text::bigint, sequence, finding, kind, time FROM changes
         WHERE (transaction, sequence) > ($1::text::xid8, $2)
           AND transaction < pg_snapshot_xmin(pg_current_snapshot())
         ORDER BY changes.transaction, changes.sequence LIMIT $3",
    )
    .bind(after.transaction.to_string())
    .bind(after.sequence)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    let change = |(transaction, sequence, finding, kind, time): (i64, i64, String, i64, i64)| {
        let kind = usize::try_from(kind).ok().and_then(|kind| KINDS.get(kind).copied());
        Ok(Change {
            cursor: ChangeCursor { transaction, sequence },
            finding: finding.parse()?,
            kind: kind.unwrap_or(ChangeKind::Updated),
            time: Timestamp::from_nanos(time),
        })
    };
    rows.into_iter().map(change).collect()
}

pub(crate) async fn newest(connection: &mut PgConnection, subject: &str) -> Result<ChangeCursor, StoreError> {
    // what was forgotten counts: a reader that goes on from there misses nothing
    let (transaction, sequence) = sqlx::query_as(
        "SELECT place.transaction::text::bigint, place.sequence FROM (
             (SELECT transaction, sequence FROM changes
              WHERE transaction < pg_snapshot_xmin(pg_current_snapshot())
              ORDER BY changes.transaction DESC, changes.sequence DESC LIMIT 1)
             UNION ALL SELECT transaction, sequence FROM changes_forgotten) AS place
         ORDER BY place.transaction DESC, place.sequence DESC LIMIT 1",
    )
    .fetch_one(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    Ok(ChangeCursor { transaction, sequence })
}

pub(crate) async fn forget(
    connection: &mut PgConnection,
    subject: &str,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let gone: i64 = sqlx::query_scalar(
        "WITH gone AS (DELETE FROM changes WHERE time < $1 RETURNING transaction, sequence),
              newest AS (SELECT transaction, sequence FROM gone
                         ORDER BY gone.transaction DESC, gone.sequence DESC LIMIT 1),
              kept AS (UPDATE changes_forgotten SET transaction = newest.transaction, sequence = newest.sequence
                       FROM newest WHERE (newest.transaction, newest.sequence) >
                           (changes_forgotten.transaction, changes_forgotten.sequence))
         SELECT count(*) FROM gone",
    )
    .bind(before.nanos())
    .fetch_one(connection)
    .await
    .map_err(|e| failure::postgres("remove from", subject, e))?;
    Ok(u64::try_from(gone).unwrap_or_default())
}
