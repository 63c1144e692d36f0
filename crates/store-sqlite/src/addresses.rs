//! The addresses that findings name, beside them.

use std::path::Path;

use finding::FindingResource;
use sqlx::{QueryBuilder, SqliteConnection};
use store::StoreError;
use store::sql::{AddressEntry, addresses};

use crate::failure;

/// Rows of one statement: each binds four values.
const ROWS: usize = 4_000;

/// Findings of one step through those of an older file.
const STEP: i64 = 500;

/// The addresses of some findings that go and of those that come.
#[derive(Default)]
pub(crate) struct Changed {
    gone: Vec<(i64, AddressEntry)>,
    come: Vec<(i64, AddressEntry)>,
}

impl Changed {
    /// What a finding no longer names, and what it names from now on.
    pub(crate) fn note(&mut self, id: i64, gone: Vec<AddressEntry>, come: Vec<AddressEntry>) {
        self.gone.extend(gone.into_iter().map(|entry| (id, entry)));
        self.come.extend(come.into_iter().map(|entry| (id, entry)));
    }

    pub(crate) async fn write(
        mut self,
        connection: &mut SqliteConnection,
        path: &Path,
    ) -> Result<(), StoreError> {
        let failed = |e| failure::sqlite("write", path, e);
        for (id, AddressEntry { day, field, address }) in self.gone {
            sqlx::query(
                "DELETE FROM finding_addresses WHERE day = ?1 AND field = ?2 AND address = ?3 AND finding = ?4",
            )
            .bind(day)
            .bind(field)
            .bind(address)
            .bind(id)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        }
        // in the table's order, neighbours stand on one page
        self.come.sort_by(|(one, a), (other, b)| (a, one).cmp(&(b, other)));
        for rows in self.come.chunks(ROWS) {
            let mut sql =
                QueryBuilder::new("INSERT OR IGNORE INTO finding_addresses (day, field, address, finding) ");
            sql.push_values(rows, |mut row, (id, AddressEntry { day, field, address })| {
                row.push_bind(*day).push_bind(*field).push_bind(address.clone()).push_bind(*id);
            });
            sql.build().persistent(false).execute(&mut *connection).await.map_err(failed)?;
        }
        Ok(())
    }
}

/// The addresses of all findings, for a file from before they were kept.
pub(crate) async fn gather(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let mut last = i64::MIN;
    loop {
        let sql = "SELECT id, name, document FROM findings WHERE id > ?1 ORDER BY id LIMIT ?2";
        let found: Vec<(i64, String, String)> = sqlx::query_as(sql)
            .bind(last)
            .bind(STEP)
            .fetch_all(&mut *connection)
            .await
            .map_err(|e| failure::sqlite("read", path, e))?;
        let Some((id, _, _)) = found.last() else { return Ok(()) };
        last = *id;
        let mut changed = Changed::default();
        for (id, name, document) in &found {
            let item: FindingResource =
                serde_json::from_str(document).map_err(|e| failure::document(path, name, &e))?;
            changed.note(*id, Vec::new(), addresses(&item).into_iter().collect());
        }
        changed.write(&mut *connection, path).await?;
    }
}
