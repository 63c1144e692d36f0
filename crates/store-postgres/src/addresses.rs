//! The addresses that findings name, beside them.

use finding::FindingResource;
use sqlx::PgConnection;
use store::StoreError;
use store::sql::{AddressEntry, addresses};

use crate::{failure, list};

/// Findings of one step through those of an older database.
const STEP: i64 = 500;

/// Rows of one statement.
const ROWS: usize = 10_000;

/// The addresses of some findings that go and of those that come.
#[derive(Default)]
pub(crate) struct Addresses {
    gone: Vec<(AddressEntry, String)>,
    come: Vec<(AddressEntry, String)>,
}

impl Addresses {
    /// A finding, as it was and as it is now.
    pub(crate) fn note(
        &mut self,
        name: &str,
        before: Option<&FindingResource>,
        now: Option<&FindingResource>,
    ) {
        let before = before.map(addresses).unwrap_or_default();
        let now = now.map(addresses).unwrap_or_default();
        let with = |entry: &AddressEntry| (entry.clone(), name.to_owned());
        self.gone.extend(before.difference(&now).map(with));
        self.come.extend(now.difference(&before).map(with));
    }

    pub(crate) async fn write(self, connection: &mut PgConnection, subject: &str) -> Result<(), StoreError> {
        for (sql, mut entries) in [(REMOVE, self.gone), (ADD, self.come)] {
            // in the table's order, neighbours stand on one page
            entries.sort();
            for rows in entries.chunks(ROWS) {
                let days: Vec<i64> = rows.iter().map(|(entry, _)| entry.day).collect();
                let fields: Vec<i64> = rows.iter().map(|(entry, _)| entry.field).collect();
                let addresses: Vec<&[u8]> = rows.iter().map(|(entry, _)| &*entry.address).collect();
                let findings: Vec<&str> = rows.iter().map(|(_, finding)| &**finding).collect();
                let query = sqlx::query(sql).bind(days).bind(fields).bind(addresses).bind(findings);
                let done = query.execute(&mut *connection).await;
                done.map_err(|e| failure::postgres("write", subject, e))?;
            }
        }
        Ok(())
    }
}

const REMOVE: &str = "
    DELETE FROM finding_addresses AS a
    USING unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[]) AS gone (day, field, address, finding)
    WHERE a.day = gone.day AND a.field = gone.field AND a.address = gone.address AND a.finding = gone.finding";

const ADD: &str = "
    INSERT INTO finding_addresses (day, field, address, finding)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::text[]) ON CONFLICT DO NOTHING";

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
        let mut named = Addresses::default();
        for (name, document) in &found {
            named.note(name, None, Some(&list::parse(subject, name, document)?));
        }
        named.write(&mut *connection, subject).await?;
    }
}
