//! What a walk through the findings as they are needs of PostgreSQL.

use std::collections::HashMap;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, QueryBuilder, Row, TypeInfo, ValueRef};
use store::sql::{Cell, Dialect, Named, PROPERTY_COLUMNS, Reader, Sql};
use store::{Histogram, HistogramQuery, Key, ListQuery, Page, Pending, StoreError, sql};

use crate::{escape, failure, filter};

/// One page. To be called inside a transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    sql::page(&mut Reading { connection, subject }, query).await
}

/// A page without its total.
pub(crate) async fn part(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    sql::part(&mut Reading { connection, subject }, query).await
}

/// How many there are over time. To be called inside a transaction, so that tallies and findings are of one moment.
pub(crate) async fn histogram(
    connection: &mut PgConnection,
    subject: &str,
    query: &HistogramQuery,
) -> Result<Histogram, StoreError> {
    sql::histogram(&mut Reading { connection, subject }, query).await
}

struct Reading<'a> {
    connection: &'a mut PgConnection,
    subject: &'a str,
}

impl Reader for Reading<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn properties(&self) -> &'static [(&'static str, &'static str)] {
        &PROPERTY_COLUMNS
    }

    fn rows(&mut self, sql: Sql) -> Pending<'_, Vec<Vec<Cell>>> {
        let mut query = QueryBuilder::new("");
        filter::push(&mut query, sql);
        Box::pin(async move {
            let failed = |e| failure::postgres("read", self.subject, e);
            let rows = query.build().fetch_all(&mut *self.connection).await.map_err(failed)?;
            rows.iter().map(cells).collect::<Result<_, _>>().map_err(failed)
        })
    }

    fn documents(&mut self, keys: Vec<Key>) -> Pending<'_, HashMap<Key, Named>> {
        let name = |key| match key {
            Key::Text(name) => Some(name),
            Key::Number(_) => None,
        };
        let names: Vec<String> = keys.into_iter().filter_map(name).collect();
        Box::pin(async move {
            let found: Vec<Named> = sqlx::query_as(
                "SELECT f.name, f.document::text FROM finding_names AS n JOIN findings AS f USING (month, name)
                 WHERE n.name = ANY ($1)",
            )
            .bind(names)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(|e| failure::postgres("read", self.subject, e))?;
            let mut documents = HashMap::new();
            for (name, document) in found {
                let document = escape::read(document);
                let document = document.map_err(|e| failure::document(self.subject, &name, &e))?;
                documents.insert(Key::Text(name.clone()), (name, document));
            }
            Ok(documents)
        })
    }

    fn damaged(&self, name: &str, error: &serde_json::Error) -> StoreError {
        failure::document(self.subject, name, error)
    }
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
    let cell = |at: usize| {
        let raw = row.try_get_raw(at)?;
        Ok(match raw.type_info().name() {
            _ if raw.is_null() => None,
            "INT8" => Some(Key::Number(row.try_get(at)?)),
            "INT4" => Some(Key::Number(row.try_get::<i32, _>(at)?.into())),
            _ => Some(Key::Text(escape::undone(row.try_get(at)?))),
        })
    };
    (0..row.len()).map(cell).collect()
}
