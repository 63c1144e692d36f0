//! Lists of an earlier time, and lists compared with one.

use std::path::Path;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use store::sql::{self, COUNTED, Dialect, Filling, Listed, PROPERTY_COLUMNS, Sql, Wanted};
use store::{ListQuery, Page, StoreError};

use crate::{failure, filter, versions};

const SQLITE: Dialect = Dialect::Sqlite;

/// One page. Reads in one transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let position = query.position()?;
    let position = position.as_ref();
    let mut transaction = sqlx::Connection::begin(connection).await.map_err(failed)?;
    let mut filling = Filling::new(query);
    if !filter::is_exact(&query.filter) {
        each(&mut transaction, path, query, |_| {
            filling.page.total_size += 1;
            Ok(())
        })
        .await?;
        let mut select = built(sql::past_in_order(SQLITE, query, &PROPERTY_COLUMNS, Wanted::Whole, position));
        let mut rows = select.build().fetch(&mut *transaction);
        while let Some(row) = next(&mut rows).await.map_err(failed)? {
            let listed = listed(&row).map_err(failed)?;
            let damaged = |e| failure::document(path, &listed.name, &e);
            if listed.belongs(query).map_err(damaged)? && !filling.take(&listed).map_err(damaged)? {
                break;
            }
        }
        return Ok(filling.page);
    }
    let mut count = built(sql::past_count(SQLITE, query, &PROPERTY_COLUMNS));
    let total: i64 = count.build_query_scalar().fetch_one(&mut *transaction).await.map_err(failed)?;
    filling.page.total_size = total.min(COUNTED).unsigned_abs();
    filling.page.total_is_least = total > COUNTED;
    if total == 0 {
        return Ok(filling.page);
    }
    let mut names = built(sql::past_in_order(SQLITE, query, &PROPERTY_COLUMNS, Wanted::Names, position));
    let names = names.build().fetch_all(&mut *transaction).await.map_err(failed)?;
    for row in names {
        let (name, removed): (String, bool) =
            (row.try_get("name").map_err(failed)?, row.try_get("removed").map_err(failed)?);
        let before = match query.compared {
            Some(compared) => versions::one(&mut transaction, path, &name, Some(compared.with)).await?,
            None => None,
        };
        let now = versions::one(&mut transaction, path, &name, query.at).await?;
        let (document, other) = if removed { (before, now) } else { (now, before) };
        let Some(document) = document else { continue };
        let listed = Listed { name, document, removed, other };
        if !filling.take(&listed).map_err(|e| failure::document(path, &listed.name, &e))? {
            break;
        }
    }
    Ok(filling.page)
}

/// Each finding of a list, in no order.
pub(crate) async fn each(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
    mut visit: impl FnMut(&Listed) -> Result<(), StoreError> + Send,
) -> Result<(), StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let is_exact = filter::is_exact(&query.filter);
    let mut select = built(sql::past(SQLITE, query, &PROPERTY_COLUMNS, Wanted::Whole));
    let mut rows = select.build().fetch(connection);
    while let Some(row) = next(&mut rows).await.map_err(failed)? {
        let listed = listed(&row).map_err(failed)?;
        if is_exact || listed.belongs(query).map_err(|e| failure::document(path, &listed.name, &e))? {
            visit(&listed)?;
        }
    }
    Ok(())
}

fn built(sql: Sql) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new("");
    filter::push(&mut query, sql);
    query
}

fn listed(row: &SqliteRow) -> Result<Listed, sqlx::Error> {
    let (name, document) = (row.try_get("name")?, row.try_get("document")?);
    Ok(Listed { name, document, removed: row.try_get("removed")?, other: row.try_get("other")? })
}

/// The next row of a stream, without a library for streams.
pub(crate) async fn next<T, S>(rows: &mut S) -> Result<Option<T>, sqlx::Error>
where
    S: futures_core::Stream<Item = Result<T, sqlx::Error>> + Unpin,
{
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *rows).poll_next(context)).await.transpose()
}
