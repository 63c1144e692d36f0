//! The addresses that findings name, beside them.

use finding::FindingResource;
use sqlx::PgConnection;
use store::StoreError;
use store::sql::{AddressEntry, addresses};

use crate::{failure, list};

/// Findings of one step through those of an older database.
const STEP: i64 = 500;

/// The addresses of a finding, as it was and as it is now.
pub(crate) async fn change(
    connection: &mut PgConnection,
    subject: &str,
    name: &str,
    (before, now): (Option<&FindingResource>, Option<&FindingResource>),
) -> Result<(), StoreError> {
    let failed = |e| failure::postgres("write", subject, e);
    let before = before.map(addresses).unwrap_or_default();
    let now = now.map(addresses).unwrap_or_default();
    for (sql, entries) in [
        (
            "DELETE FROM finding_addresses USING unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS gone (day, field, address)
             WHERE finding_addresses.day = gone.day AND finding_addresses.field = gone.field
             AND finding_addresses.address = gone.address AND finding = $4",
            before.difference(&now).collect::<Vec<_>>(),
        ),
        (
            "INSERT INTO finding_addresses SELECT day, field, address, $4
             FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS come (day, field, address) ON CONFLICT DO NOTHING",
            now.difference(&before).collect(),
        ),
    ] {
        if entries.is_empty() {
            continue;
        }
        let days: Vec<i64> = entries.iter().map(|entry| entry.day).collect();
        let fields: Vec<i64> = entries.iter().map(|entry| entry.field).collect();
        let addresses: Vec<&[u8]> = entries.iter().map(|AddressEntry { address, .. }| &**address).collect();
        let query = sqlx::query(sql).bind(days).bind(fields).bind(addresses).bind(name);
        query.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

/// The addresses of all findings, for a database from before they were kept.
pub(crate) async fn gather(connection: &mut PgConnection, subject: &str) -> Result<(), StoreError> {
    let mut last = String::new();
    loop {
        let found: Vec<(String, String)> = sqlx::query_as(
            "SELECT n.name, f.document::text
             FROM (SELECT * FROM finding_names WHERE name > $1 ORDER BY name LIMIT $2) AS n
             JOIN findings AS f USING (month, name) ORDER BY n.name",
        )
        .bind(&last)
        .bind(STEP)
        .fetch_all(&mut *connection)
        .await
        .map_err(|e| failure::postgres("read", subject, e))?;
        let Some((name, _)) = found.last() else { return Ok(()) };
        last.clone_from(name);
        for (name, document) in &found {
            let item = list::parse(subject, name, document)?;
            change(&mut *connection, subject, name, (None, Some(&item))).await?;
        }
    }
}
