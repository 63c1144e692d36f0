//! Reading findings: one by its name, many by the page.

use finding::{FindingName, FindingResource, Parent};
use sqlx::{PgConnection, Postgres, QueryBuilder};
use store::{Comparison, ListQuery, Page, PagePosition, StateChange, StoreError};

use store::sql;

use crate::{escape, failure, filter, versions};

/// Findings counted at most when only counting tells how many they are: about what takes 50 ms.
const COUNTED: i64 = 10_000;

/// A page ends early once its documents have this many bytes, so that 1000 large findings never stand in memory.
const PAGE_BYTES: usize = 2 << 20;

pub(crate) fn parse(subject: &str, name: &str, document: &str) -> Result<FindingResource, StoreError> {
    let read = || -> Result<FindingResource, serde_json::Error> {
        if escape::is_plain(document) {
            return serde_json::from_str(document);
        }
        serde_json::from_value(escape::parsed(document)?)
    };
    read().map_err(|e| failure::document(subject, name, &e))
}

/// By the name, or else by the canonical name.
pub(crate) async fn by_any_name(
    connection: &mut PgConnection,
    subject: &str,
    name: &FindingName,
) -> Result<Option<FindingResource>, StoreError> {
    let text = name.to_string();
    let document: Option<String> = sqlx::query_scalar(
        "SELECT document::text FROM findings
         WHERE name = $1 AND month = (SELECT month FROM finding_names WHERE name = $1)
         UNION ALL (SELECT document::text FROM findings WHERE canonical_name = $1 ORDER BY name LIMIT 1) LIMIT 1",
    )
    .bind(&text)
    .fetch_optional(connection)
    .await
    .map_err(|e| failure::postgres("read", subject, e))?;
    document.map(|document| parse(subject, &text, &document)).transpose()
}

/// One page. Reads in one transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let position = query.position()?;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let mut transaction = sqlx::Connection::begin_with(connection, begin).await.map_err(failed)?;

    let is_exact = sql::is_exact(&query.filter);
    let (total, total_is_least) = if is_exact {
        count(&mut transaction, subject, query).await?
    } else {
        (count_each(&mut transaction, subject, query).await?, false)
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
            if !is_exact && !matches(subject, query, &name, &document)? {
                continue;
            }
            let full = page.results.len() == size || bytes + document.len() > PAGE_BYTES;
            if full && let Some(last) = page.results.last() {
                page.next_page_token = Some(query.token_after(last));
                break;
            }
            bytes += document.len();
            let item = parse(subject, &name, &document)?;
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
                    Some(at) => versions::one(&mut transaction, subject, &name, at).await?,
                    None => by_any_name(&mut transaction, subject, &name.parse()?).await?,
                };
                *item = now.unwrap_or_else(|| item.clone());
                StateChange::Removed
            } else {
                let before = versions::one(&mut transaction, subject, &name, with).await?;
                StateChange::of(item, before.as_ref(), &query.filter)
            });
        }
    }
    Ok(page)
}

/// How many there are up to a bound, and whether there are more.
async fn count(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
) -> Result<(u64, bool), StoreError> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM ");
    source(&mut sql, query);
    sql.push(" LIMIT ").push_bind(COUNTED + 1).push(") AS counted");
    let total: i64 = sql
        .build_query_scalar()
        .fetch_one(connection)
        .await
        .map_err(|e| failure::postgres("read", subject, e))?;
    Ok((u64::try_from(total.min(COUNTED)).unwrap_or_default(), total > COUNTED))
}

/// How many match, one by one: SQL cannot say it.
async fn count_each(
    connection: &mut PgConnection,
    subject: &str,
    query: &ListQuery,
) -> Result<u64, StoreError> {
    let failed = |e| failure::postgres("read", subject, e);
    let mut select = select(query, None, None);
    let mut rows = select.build_query_as::<(String, String, bool)>().fetch(connection);
    let mut total = 0;
    while let Some((name, document, _)) = next(&mut rows).await.map_err(failed)? {
        total += u64::from(matches(subject, query, &name, &document)?);
    }
    Ok(total)
}

fn matches(subject: &str, query: &ListQuery, name: &str, document: &str) -> Result<bool, StoreError> {
    let document = escape::parsed(document).map_err(|e| failure::document(subject, name, &e))?;
    Ok(query.filter.matches(&document["finding"], &document["resource"]))
}

/// The next row of a stream, without a library for streams.
async fn next<T, S>(rows: &mut S) -> Result<Option<T>, sqlx::Error>
where
    S: futures_core::Stream<Item = Result<T, sqlx::Error>> + Unpin,
{
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *rows).poll_next(context)).await.transpose()
}

fn select(
    query: &ListQuery,
    position: Option<&PagePosition>,
    limit: Option<usize>,
) -> QueryBuilder<Postgres> {
    let removed = if query.compared.is_some() { "removed" } else { "false" };
    let mut sql = QueryBuilder::new(format!("SELECT name, document::text, {removed} FROM "));
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
fn source(sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
    let Some(Comparison { with }) = query.compared else {
        versions::rows(sql, query.at);
        sql.push(" WHERE ");
        return which(sql, query);
    };
    sql.push("(SELECT *, false AS removed FROM (SELECT name, scope, canonical_scope, source, location, parent, category,
        resource_name, state, severity, event_time, create_time, document FROM ");
    versions::rows(sql, query.at);
    sql.push(" WHERE ");
    which(sql, query);
    sql.push(") AS matching UNION ALL SELECT name, scope, canonical_scope, source, location, parent, category, resource_name, state,
        severity, event_time, create_time, document, true FROM ");
    sql.push("(SELECT * FROM ");
    versions::rows(sql, Some(with));
    sql.push(") AS earlier WHERE ");
    which(sql, query);
    sql.push(" AND NOT EXISTS (SELECT 1 FROM ");
    sql.push("(SELECT * FROM ");
    versions::rows(sql, query.at);
    sql.push(") AS later WHERE later.name = earlier.name AND ");
    which(sql, query);
    sql.push(")) AS compared WHERE true");
}

fn which(sql: &mut QueryBuilder<Postgres>, query: &ListQuery) {
    under(sql, &query.parent);
    filter::push(sql, sql::happened(query.happened));
    filter::condition(sql, &query.filter);
}

pub(crate) fn under(sql: &mut QueryBuilder<Postgres>, parent: &Parent) {
    if parent.scope().is_everything() {
        sql.push("true");
    } else {
        let scope = parent.scope().to_string();
        sql.push("(scope = ").push_bind(scope.clone());
        sql.push(" OR canonical_scope = ").push_bind(scope).push(")");
    }
    if let Some(source) = parent.source() {
        sql.push(" AND source = ").push_bind(source.to_owned());
    }
    if let Some(location) = parent.location() {
        sql.push(" AND location = ").push_bind(location.to_owned());
    }
}
