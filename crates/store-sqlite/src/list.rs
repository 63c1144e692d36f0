//! Reading findings: one by its name, many by the page.

use std::collections::HashMap;
use std::path::Path;

use finding::{FindingName, FindingResource, Parent};
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use store::{Comparison, ListQuery, Page, PagePosition, StateChange, StoreError, sql};

use crate::{failure, filter, present, versions};

/// Findings counted at most when only counting tells how many they are: about what takes 50 ms.
const COUNTED: i64 = 10_000;

/// A page ends early once its documents have this many bytes, so that 1000 large findings never stand in memory.
pub(crate) const PAGE_BYTES: usize = 2 << 20;

fn parse(path: &Path, name: &FindingName, document: &str) -> Result<FindingResource, StoreError> {
    serde_json::from_str(document).map_err(|e| failure::document(path, &name.to_string(), &e))
}

pub(crate) async fn by_name(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
) -> Result<Option<FindingResource>, StoreError> {
    let document: Option<String> = sqlx::query_scalar("SELECT document FROM findings WHERE name = ?1")
        .bind(name.to_string())
        .fetch_optional(connection)
        .await
        .map_err(|e| failure::sqlite("read", path, e))?;
    document.map(|document| parse(path, name, &document)).transpose()
}

/// Those of the names that are stored, each with the order of its sensor's words.
pub(crate) async fn with_order(
    connection: &mut SqliteConnection,
    path: &Path,
    names: &[String],
) -> Result<HashMap<String, (FindingResource, i64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT name, document, delivered FROM findings WHERE name IN (SELECT value FROM json_each(?1))",
    )
    .bind(serde_json::to_string(names).unwrap_or_default())
    .fetch_all(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    let read = |(name, document, order): (String, String, i64)| {
        let item = serde_json::from_str(&document).map_err(|e| failure::document(path, &name, &e))?;
        Ok((name, (item, order)))
    };
    rows.into_iter().map(read).collect()
}

/// By the name, or else by the canonical name.
pub(crate) async fn by_any_name(
    connection: &mut SqliteConnection,
    path: &Path,
    name: &FindingName,
) -> Result<Option<FindingResource>, StoreError> {
    if let Some(item) = by_name(&mut *connection, path, name).await? {
        return Ok(Some(item));
    }
    let document: Option<String> = sqlx::query_scalar(
        "SELECT document FROM findings WHERE canonical_name = ?1 AND canonical_name <> '' ORDER BY id LIMIT 1",
    )
    .bind(name.to_string())
    .fetch_optional(connection)
    .await
    .map_err(|e| failure::sqlite("read", path, e))?;
    document.map(|document| parse(path, name, &document)).transpose()
}

/// One page. Reads in one transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    if query.at.is_none() && query.compared.is_none() {
        return present::page(connection, path, query).await;
    }
    let failed = |e| failure::sqlite("read", path, e);
    let position = query.position()?;
    let mut transaction = sqlx::Connection::begin(connection).await.map_err(failed)?;

    let is_exact = filter::is_exact(&query.filter);
    let (total, total_is_least) = if is_exact {
        count(&mut transaction, path, query).await?
    } else {
        (count_each(&mut transaction, path, query).await?, false)
    };
    if total == 0 {
        return Ok(Page::default());
    }
    let size = usize::from(query.page_size.get());
    let mut select = select(query, position.as_ref(), is_exact.then_some(size + 1));
    let mut page = Page { total_size: total, total_is_least, ..Page::default() };
    let mut removed = Vec::new();
    {
        let mut rows = select.build_query_as::<(String, String, bool)>().fetch(&mut *transaction);
        let mut bytes = 0;
        while let Some((name, document, is_removed)) = next(&mut rows).await.map_err(failed)? {
            if !is_exact && !matches(path, query, &name, &document)? {
                continue;
            }
            let full = page.results.len() == size || bytes + document.len() > PAGE_BYTES;
            if full && let Some(last) = page.results.last() {
                page.next_page_token = Some(query.token_after(last));
                break;
            }
            bytes += document.len();
            let item = serde_json::from_str(&document).map_err(|e| failure::document(path, &name, &e))?;
            page.results.push(item);
            removed.push(is_removed);
        }
    }
    if let Some(Comparison { with }) = query.compared {
        for (item, is_removed) in page.results.iter_mut().zip(removed) {
            let name = item.finding.name.clone();
            page.changes.push(if is_removed {
                // shown as it is at the time of reading, if it still is
                let now = match query.at {
                    Some(at) => versions::one(&mut transaction, path, &name, at).await?,
                    None => by_name(&mut transaction, path, &name.parse()?).await?,
                };
                *item = now.unwrap_or_else(|| item.clone());
                StateChange::Removed
            } else {
                let before = versions::one(&mut transaction, path, &name, with).await?;
                StateChange::of(item, before.as_ref(), &query.filter)
            });
        }
    }
    Ok(page)
}

/// How many there are, and whether there are more.
async fn count(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<(u64, bool), StoreError> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    source(&mut sql, query);
    sql.push(" LIMIT ").push_bind(COUNTED + 1).push(")");
    let total: i64 =
        sql.build_query_scalar().fetch_one(connection).await.map_err(|e| failure::sqlite("read", path, e))?;
    let is_least = total > COUNTED;
    Ok((u64::try_from(if is_least { COUNTED } else { total }).unwrap_or_default(), is_least))
}

/// How many match, one by one: SQL cannot say it.
async fn count_each(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<u64, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let mut select = select(query, None, None);
    let mut rows = select.build_query_as::<(String, String, bool)>().fetch(connection);
    let mut total = 0;
    while let Some((name, document, _)) = next(&mut rows).await.map_err(failed)? {
        total += u64::from(matches(path, query, &name, &document)?);
    }
    Ok(total)
}

pub(crate) fn matches(
    path: &Path,
    query: &ListQuery,
    name: &str,
    document: &str,
) -> Result<bool, StoreError> {
    let document: Value = serde_json::from_str(document).map_err(|e| failure::document(path, name, &e))?;
    Ok(query.filter.matches(&document["finding"], &document["resource"]))
}

/// The next row of a stream, without a library for streams.
async fn next<T, S>(rows: &mut S) -> Result<Option<T>, sqlx::Error>
where
    S: futures_core::Stream<Item = Result<T, sqlx::Error>> + Unpin,
{
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *rows).poll_next(context)).await.transpose()
}

fn select(query: &ListQuery, position: Option<&PagePosition>, limit: Option<usize>) -> QueryBuilder<Sqlite> {
    let removed = if query.compared.is_some() { "removed" } else { "false" };
    let mut sql = QueryBuilder::new(format!("SELECT name, document, {removed} FROM "));
    source(&mut sql, query);
    if let Some(position) = position {
        sql.push(" AND ");
        filter::push(&mut sql, sql::behind(&query.order_by, position.keys()));
    }
    filter::push(&mut sql, sql::order(&query.order_by));
    if let Some(limit) = limit {
        sql.push(" LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    }
    sql
}

/// From where and which, up to a condition that more can be added to. Compared with an earlier time: what matches, and what
/// matched then and does not any more.
fn source(sql: &mut QueryBuilder<Sqlite>, query: &ListQuery) {
    let Some(Comparison { with }) = query.compared else {
        versions::rows(sql, query.at);
        sql.push(" WHERE ");
        return which(sql, query);
    };
    sql.push("(SELECT *, false AS removed FROM (SELECT name, parent, category, resource_name, state, severity, event_time,
        create_time, document FROM ");
    versions::rows(sql, query.at);
    sql.push(" WHERE ");
    which(sql, query);
    sql.push(
        ") UNION ALL SELECT name, parent, category, resource_name, state, severity, event_time, create_time,
        document, true FROM ",
    );
    versions::rows(sql, Some(with));
    sql.push(" AS earlier WHERE ");
    which(sql, query);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM ");
    versions::rows(sql, query.at);
    sql.push(" AS later WHERE later.name = earlier.name AND ");
    which(sql, query);
    sql.push(")) WHERE true");
}

pub(crate) fn which(sql: &mut QueryBuilder<Sqlite>, query: &ListQuery) {
    under(sql, &query.parent);
    filter::push(sql, sql::happened(query.happened));
    filter::condition(sql, &query.filter);
}

pub(crate) fn under(sql: &mut QueryBuilder<Sqlite>, parent: &Parent) {
    let (scope, source, location) = (parent.scope(), parent.source(), parent.location());
    if scope.is_everything() && source.is_none() && location.is_none() {
        sql.push("true");
        return;
    }
    sql.push("place IN (SELECT id FROM places WHERE true");
    if !scope.is_everything() {
        let scope = scope.to_string();
        sql.push(" AND (scope = ").push_bind(scope.clone());
        sql.push(" OR canonical_scope = ").push_bind(scope).push(")");
    }
    if let Some(source) = source {
        sql.push(" AND source = ").push_bind(source.to_owned());
    }
    if let Some(location) = location {
        sql.push(" AND location = ").push_bind(location.to_owned());
    }
    sql.push(")");
}
