//! What a walk through the findings as they are needs of SQLite.

use std::collections::HashMap;
use std::path::Path;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, SqliteConnection, TypeInfo, ValueRef};
use store::sql::{Cell, Dialect, Named, PROPERTY_COLUMNS, Reader, Sql};
use store::{Histogram, HistogramQuery, Key, ListQuery, Page, Pending, StoreError, sql};

use crate::{failure, filter};

/// One page. Reads in one transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let begun = sqlx::Connection::begin(connection).await;
    let mut transaction = begun.map_err(|e| failure::sqlite("read", path, e))?;
    sql::page(&mut Reading { connection: &mut transaction, path }, query).await
}

/// A page without its total, inside the caller's transaction.
pub(crate) async fn part(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    sql::part(&mut Reading { connection, path }, query).await
}

/// How many there are over time. Reads in one transaction, so that tallies and findings are of one moment.
pub(crate) async fn histogram(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &HistogramQuery,
) -> Result<Histogram, StoreError> {
    let begun = sqlx::Connection::begin(connection).await;
    let mut transaction = begun.map_err(|e| failure::sqlite("read", path, e))?;
    sql::histogram(&mut Reading { connection: &mut transaction, path }, query).await
}

struct Reading<'a> {
    connection: &'a mut SqliteConnection,
    path: &'a Path,
}

impl Reader for Reading<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn properties(&self) -> &'static [(&'static str, &'static str)] {
        &PROPERTY_COLUMNS
    }

    fn rows(&mut self, sql: Sql) -> Pending<'_, Vec<Vec<Cell>>> {
        let mut query = QueryBuilder::new("");
        filter::push(&mut query, sql);
        Box::pin(async move {
            let failed = |e| failure::sqlite("read", self.path, e);
            let rows = query.build().fetch_all(&mut *self.connection).await.map_err(failed)?;
            rows.iter().map(cells).collect::<Result<_, _>>().map_err(failed)
        })
    }

    fn documents(&mut self, keys: Vec<Key>) -> Pending<'_, HashMap<Key, Named>> {
        let mut query = QueryBuilder::new("SELECT id, name, document FROM findings WHERE id IN (");
        for (at, key) in keys.iter().enumerate() {
            if let Key::Number(id) = key {
                query.push(if at > 0 { ", " } else { "" }).push_bind(*id);
            }
        }
        query.push(")");
        Box::pin(async move {
            let found =
                query.build_query_as::<(i64, String, String)>().fetch_all(&mut *self.connection).await;
            let found = found.map_err(|e| failure::sqlite("read", self.path, e))?;
            Ok(found.into_iter().map(|(id, name, document)| (Key::Number(id), (name, document))).collect())
        })
    }

    fn damaged(&self, name: &str, error: &serde_json::Error) -> StoreError {
        failure::document(self.path, name, error)
    }
}

fn cells(row: &SqliteRow) -> Result<Vec<Cell>, sqlx::Error> {
    let cell = |at: usize| {
        let raw = row.try_get_raw(at)?;
        Ok(match raw.type_info().name() {
            _ if raw.is_null() => None,
            "INTEGER" => Some(Key::Number(row.try_get(at)?)),
            _ => Some(Key::Text(row.try_get(at)?)),
        })
    };
    (0..row.len()).map(cell).collect()
}
