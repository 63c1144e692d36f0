//! Lists of an earlier time, and lists compared with one.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row};
use store::sql::{self, COUNTED, Dialect, Filling, Listed, PROPERTY_COLUMNS, Sql, Wanted};
use store::{ListQuery, Page, StoreError};

use crate::{escape, failure, filter, versions};

const POSTGRES: Dialect = Dialect::Postgres;

/// One page. To be called inside a transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let position = query.position()?;
    let position = position.as_ref();
    let mut filling = Filling::new(query);
    if !sql::is_exact(&query.filter) {
        each(&mut *connection, subject, query, |_| {
            filling.page.total_size += 1;
            Ok(())
        })
        .await?;
        let whole = sql::past_in_order(POSTGRES, query, &PROPERTY_COLUMNS, Wanted::Whole, position);
        let mut select = built(whole);
        let mut rows = select.build().fetch(connection);
        while let Some(row) = next(&mut rows).await.map_err(failed)? {
            let listed = listed(subject, &row)?;
            let damaged = |e| failure::document(subject, &listed.name, &e);
            if listed.belongs(query).map_err(damaged)? && !filling.take(&listed).map_err(damaged)? {
                break;
            }
        }
        return Ok(filling.page);
    }
    let mut count = built(sql::past_count(POSTGRES, query, &PROPERTY_COLUMNS));
    let total: i64 = count.build_query_scalar().fetch_one(&mut *connection).await.map_err(failed)?;
    filling.page.total_size = total.min(COUNTED).unsigned_abs();
    filling.page.total_is_least = total > COUNTED;
    if total == 0 {
        return Ok(filling.page);
    }
    let names = sql::past_in_order(POSTGRES, query, &PROPERTY_COLUMNS, Wanted::Names, position);
    for row in built(names).build().fetch_all(&mut *connection).await.map_err(failed)? {
        let (name, removed): (String, bool) =
            (row.try_get("name").map_err(failed)?, row.try_get("removed").map_err(failed)?);
        let before = match query.compared {
            Some(compared) => versions::one(&mut *connection, subject, &name, Some(compared.with)).await?,
            None => None,
        };
        let now = versions::one(&mut *connection, subject, &name, query.at).await?;
        let (document, other) = if removed { (before, now) } else { (now, before) };
        let Some(document) = document else { continue };
        let listed = Listed { name, document, removed, other };
        if !filling.take(&listed).map_err(|e| failure::document(subject, &listed.name, &e))? {
            break;
        }
    }
    Ok(filling.page)
}

/// Each finding of a list, in no order.
pub(crate) async fn each(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
    mut visit: impl FnMut(&Listed) -> Result<(), StoreError> + Send,
) -> Result<(), StoreError> {
    let is_exact = sql::is_exact(&query.filter);
    let mut select = built(sql::past(POSTGRES, query, &PROPERTY_COLUMNS, Wanted::Whole));
    let mut rows = select.build().fetch(connection);
    while let Some(row) = next(&mut rows).await.map_err(|e| failure::postgres("read", subject, e))? {
        let listed = listed(subject, &row)?;
        if is_exact || listed.belongs(query).map_err(|e| failure::document(subject, &listed.name, &e))? {
            visit(&listed)?;
        }
    }
    Ok(())
}

fn built(sql: Sql) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("");
    filter::push(&mut query, sql);
    query
}

fn listed(subject: &str, row: &PgRow) -> Result<Listed, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let name: String = row.try_get("name").map_err(failed)?;
    let document: String = row.try_get("document").map_err(failed)?;
    let other: Option<String> = row.try_get("other").map_err(failed)?;
    let removed = row.try_get("removed").map_err(failed)?;
    let damaged = |e| failure::document(subject, &name, &e);
    let document = escape::read(document).map_err(damaged)?;
    let other = other.map(escape::read).transpose().map_err(damaged)?;
    Ok(Listed { name, document, removed, other })
}

/// The next row of a stream, without a library for streams.
pub(crate) async fn next<T, S>(rows: &mut S) -> Result<Option<T>, sqlx::Error>
where
    S: futures_core::Stream<Item = Result<T, sqlx::Error>> + Unpin,
{
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *rows).poll_next(context)).await.transpose()
}
