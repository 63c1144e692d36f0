//! Lists of an earlier time, and lists compared with one.

use std::path::Path;

use finding::FindingResource;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Row, Sqlite, SqliteConnection};
use store::sql::Dialect;
use store::{Comparison, ListQuery, Page, PagePosition, StateChange, StoreError, sql};

use crate::row::PROPERTY_COLUMNS;
use crate::{failure, filter, versions};

/// Findings counted at most when only counting tells how many they are: about what takes 50 ms.
const COUNTED: i64 = 10_000;

/// A page ends early once its documents have this many bytes, so that 1000 large findings never stand in memory.
const PAGE_BYTES: usize = 2 << 20;

/// A finding of a list, and what it is at the other time: before, or, when it is no longer in the list, now.
pub(crate) struct Listed {
    name: String,
    document: String,
    removed: bool,
    other: Option<String>,
}

impl<'r> FromRow<'r, SqliteRow> for Listed {
    fn from_row(row: &'r SqliteRow) -> Result<Self, sqlx::Error> {
        let (name, document) = (row.try_get("name")?, row.try_get("document")?);
        Ok(Self { name, document, removed: row.try_get("removed")?, other: row.try_get("other")? })
    }
}

impl Listed {
    /// As it is at the time of reading, if it still is, and what became of it.
    pub(crate) fn shown(
        &self,
        path: &Path,
        query: &ListQuery,
    ) -> Result<(FindingResource, StateChange), StoreError> {
        let other = self.other.as_deref().map(|other| self.parse(path, other)).transpose()?;
        let item = self.item(path)?;
        Ok(match (query.compared, self.removed) {
            (None, _) => (item, StateChange::Unused),
            (Some(_), true) => (other.unwrap_or(item), StateChange::Removed),
            (Some(_), false) => {
                let change = StateChange::of(&item, other.as_ref(), &query.filter);
                (item, change)
            }
        })
    }

    /// Whether it is in the list, where SQL alone cannot tell: what is removed matched before and does not any more.
    fn belongs(&self, path: &Path, query: &ListQuery) -> Result<bool, StoreError> {
        let matches = |document: &str| -> Result<bool, StoreError> {
            let json: Value =
                serde_json::from_str(document).map_err(|e| failure::document(path, &self.name, &e))?;
            Ok(query.filter.matches(&json["finding"], &json["resource"]))
        };
        let matches_now = match &self.other {
            Some(other) if self.removed => matches(other)?,
            _ => false,
        };
        Ok(!matches_now && matches(&self.document)?)
    }

    /// As it is listed.
    fn item(&self, path: &Path) -> Result<FindingResource, StoreError> {
        self.parse(path, &self.document)
    }

    fn parse(&self, path: &Path, document: &str) -> Result<FindingResource, StoreError> {
        serde_json::from_str(document).map_err(|e| failure::document(path, &self.name, &e))
    }
}

/// One page. Reads in one transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let failed = |e| failure::sqlite("read", path, e);
    let position = query.position()?;
    let mut transaction = sqlx::Connection::begin(connection).await.map_err(failed)?;
    let mut filling = Filling { path, query, page: Page::default(), bytes: 0, last: None };
    if !filter::is_exact(&query.filter) {
        let mut total = 0;
        each(&mut transaction, path, query, |_| {
            total += 1;
            Ok(())
        })
        .await?;
        filling.page.total_size = total;
        let mut select = select(query, "name, document", true);
        ordered(&mut select, query, position.as_ref());
        let mut rows = select.build_query_as::<Listed>().fetch(&mut *transaction);
        while let Some(listed) = next(&mut rows).await.map_err(failed)? {
            if listed.belongs(path, query)? && !filling.take(&listed)? {
                break;
            }
        }
        return Ok(filling.page);
    }
    (filling.page.total_size, filling.page.total_is_least) = count(&mut transaction, path, query).await?;
    if filling.page.total_size == 0 {
        return Ok(filling.page);
    }
    for (name, removed) in names(&mut transaction, path, query, position.as_ref()).await? {
        let (then, now) = (query.compared.map(|compared| compared.with), query.at);
        let before = match then {
            Some(then) => versions::one(&mut transaction, path, &name, Some(then)).await?,
            None => None,
        };
        let now = versions::one(&mut transaction, path, &name, now).await?;
        let (document, other) = if removed { (before, now) } else { (now, before) };
        let Some(document) = document else { continue };
        if !filling.take(&Listed { name, document, removed, other })? {
            break;
        }
    }
    Ok(filling.page)
}

struct Filling<'a> {
    path: &'a Path,
    query: &'a ListQuery,
    page: Page,
    bytes: usize,
    /// As it is listed, which decides where the next page begins.
    last: Option<FindingResource>,
}

impl Filling<'_> {
    /// Whether there is room for it.
    fn take(&mut self, listed: &Listed) -> Result<bool, StoreError> {
        let is_full = self.page.results.len() == usize::from(self.query.page_size.get())
            || self.bytes + listed.document.len() > PAGE_BYTES;
        if is_full && let Some(last) = &self.last {
            self.page.next_page_token = Some(self.query.token_after(last));
            return Ok(false);
        }
        self.bytes += listed.document.len();
        let (item, change) = listed.shown(self.path, self.query)?;
        self.page.results.push(item);
        if self.query.compared.is_some() {
            self.page.changes.push(change);
        }
        self.last = Some(listed.item(self.path)?);
        Ok(true)
    }
}

/// Each finding of a list, in no order.
pub(crate) async fn each(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
    mut visit: impl FnMut(&Listed) -> Result<(), StoreError> + Send,
) -> Result<(), StoreError> {
    let is_exact = filter::is_exact(&query.filter);
    let mut sql = select(query, "name, document", true);
    let mut rows = sql.build_query_as::<Listed>().fetch(connection);
    while let Some(listed) = next(&mut rows).await.map_err(|e| failure::sqlite("read", path, e))? {
        if is_exact || listed.belongs(path, query)? {
            visit(&listed)?;
        }
    }
    Ok(())
}

/// How many there are, and whether there are more.
async fn count(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<(u64, bool), StoreError> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (");
    source(&mut sql, query, "1", false);
    sql.push(" LIMIT ").push_bind(COUNTED + 1).push(")");
    let total: i64 =
        sql.build_query_scalar().fetch_one(connection).await.map_err(|e| failure::sqlite("read", path, e))?;
    let is_least = total > COUNTED;
    Ok((u64::try_from(if is_least { COUNTED } else { total }).unwrap_or_default(), is_least))
}

/// The names of a page and of one more, and whether each is removed.
async fn names(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
    position: Option<&PagePosition>,
) -> Result<Vec<(String, bool)>, StoreError> {
    // what is ordered by stands among what is asked for: only so does SQLite follow an index instead of sorting
    let ordered_by = query.order_by.fields().iter().map(|(field, _)| field.name());
    let columns: Vec<&str> =
        ["name"].into_iter().chain(ordered_by.filter(|field| *field != "name")).collect();
    let mut sql = select(query, &columns.join(", "), false);
    ordered(&mut sql, query, position);
    sql.push(" LIMIT ").push_bind(i64::from(query.page_size.get()) + 1);
    let rows = sql.build().fetch_all(connection).await;
    let pair = |row: &SqliteRow| Ok::<_, sqlx::Error>((row.try_get("name")?, row.try_get("removed")?));
    rows.and_then(|rows| rows.iter().map(pair).collect()).map_err(|e| failure::sqlite("read", path, e))
}

fn select(query: &ListQuery, columns: &str, other: bool) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("");
    source(&mut sql, query, columns, other);
    sql
}

/// What and from where, up to a condition that more can be added to. Compared with an earlier time: what matches, and what
/// matched then and does not any more; where SQL cannot tell that, all that could have matched then.
fn source(sql: &mut QueryBuilder<Sqlite>, query: &ListQuery, columns: &str, other: bool) {
    let Some(Comparison { with }) = query.compared else {
        let other = if other { ", NULL AS other" } else { "" };
        sql.push(format!("SELECT {columns}, false AS removed{other} FROM "));
        versions::rows(sql, query.at);
        sql.push(" WHERE ");
        return which(sql, query);
    };
    sql.push(format!("SELECT {columns}, removed"));
    if other {
        sql.push(", CASE WHEN removed THEN (SELECT document FROM ");
        versions::rows(sql, query.at);
        sql.push(" AS later WHERE later.name = listed.name) ELSE (SELECT document FROM ");
        versions::rows(sql, Some(with));
        sql.push(" AS earlier WHERE earlier.name = listed.name) END AS other");
    }
    let shared = "name, parent, category, resource_name, state, severity, event_time, create_time, document";
    sql.push(format!(" FROM (SELECT {shared}, false AS removed FROM "));
    versions::rows(sql, query.at);
    sql.push(" WHERE ");
    which(sql, query);
    sql.push(format!(" UNION ALL SELECT {shared}, true FROM "));
    versions::rows(sql, Some(with));
    sql.push(" AS earlier WHERE ");
    which(sql, query);
    if filter::is_exact(&query.filter) {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM ");
        versions::rows(sql, query.at);
        sql.push(" AS later WHERE later.name = earlier.name AND ");
        which(sql, query);
        sql.push(")");
    }
    sql.push(") AS listed WHERE true");
}

fn which(sql: &mut QueryBuilder<Sqlite>, query: &ListQuery) {
    filter::push(sql, sql::which(Dialect::Sqlite, query, &PROPERTY_COLUMNS));
}

fn ordered(sql: &mut QueryBuilder<Sqlite>, query: &ListQuery, position: Option<&PagePosition>) {
    if let Some(position) = position {
        sql.push(" AND ");
        filter::push(sql, sql::behind(&query.order_by, position.keys()));
    }
    filter::push(sql, sql::order(&query.order_by));
}

/// The next row of a stream, without a library for streams.
pub(crate) async fn next<T, S>(rows: &mut S) -> Result<Option<T>, sqlx::Error>
where
    S: futures_core::Stream<Item = Result<T, sqlx::Error>> + Unpin,
{
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *rows).poll_next(context)).await.transpose()
}
