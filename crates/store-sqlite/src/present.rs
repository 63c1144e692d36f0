//! Reading findings as they are, by the page.
//!
//! `query → where to begin (narrow) → stretches of findings → those that match → page, and a token to go on`

use std::path::Path;

use finding::FindingResource;
use sqlx::{QueryBuilder, SqliteConnection};
use store::{Key, ListQuery, Page, StoreError, sql};

use crate::list::PAGE_BYTES;
use crate::narrow::{Narrow, Stretch};
use crate::{failure, filter, list};

/// Findings of the first stretch; each further one is larger.
const FIRST: i64 = 200;
const GROWTH: i64 = 4;

/// One page. Reads in one transaction, so that the total belongs to the page.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    path: &Path,
    query: &ListQuery,
) -> Result<Page, StoreError> {
    let position = query.position()?;
    let begun = sqlx::Connection::begin(connection).await;
    let mut transaction = begun.map_err(|e| failure::sqlite("read", path, e))?;
    let Some(narrow) = Narrow::of(&mut transaction, path, query).await? else { return Ok(Page::default()) };
    let mut walk = Walk { connection: &mut transaction, path, query, narrow };
    let (total_size, total_is_least) = walk.total().await?;
    let mut page = Page { total_size, total_is_least, ..Page::default() };
    if total_size > 0 || total_is_least {
        walk.fill(&mut page, position.map(|position| position.keys().to_vec())).await?;
    }
    Ok(page)
}

struct Walk<'a> {
    connection: &'a mut SqliteConnection,
    path: &'a Path,
    query: &'a ListQuery,
    narrow: Narrow,
}

impl Walk<'_> {
    fn failed(&self) -> impl Fn(sqlx::Error) -> StoreError {
        |e| failure::sqlite("read", self.path, e)
    }

    /// Looks at stretch after stretch until the page is full, there is no more, or it has looked at enough.
    async fn fill(&mut self, page: &mut Page, mut position: Option<Vec<Key>>) -> Result<(), StoreError> {
        let size = usize::from(self.query.page_size.get());
        let mut bytes = 0;
        // a full page is always within reach
        let mut left = self.narrow.bound().map(|bound| bound + 2 * i64::from(self.query.page_size.get()));
        let mut limit = left.map_or(i64::MAX, |_| FIRST.max(i64::from(self.query.page_size.get()) + 1));
        loop {
            limit = left.map_or(limit, |left| limit.min(left));
            let stretch = Stretch { behind: position.as_deref(), limit };
            let wanted = size + 1 - page.results.len();
            for id in self.matching(stretch, wanted).await? {
                let Some((name, document)) = self.document(id).await? else { continue };
                if !self.is_match(&name, &document)? {
                    continue;
                }
                let is_full = page.results.len() == size || bytes + document.len() > PAGE_BYTES;
                if is_full && let Some(last) = page.results.last() {
                    page.next_page_token = Some(self.query.token_after(last));
                    return Ok(());
                }
                bytes += document.len();
                page.results.push(parse(self.path, &name, &document)?);
            }
            let Some(enough) = &mut left else { return Ok(()) };
            *enough -= limit;
            let enough = *enough;
            let Some(last) = self.end(stretch).await? else { return Ok(()) };
            if enough <= 0 {
                page.next_page_token = Some(self.query.token_after(&last));
                return Ok(());
            }
            position = Some(self.query.order_by.fields().iter().map(|(field, _)| field.key(&last)).collect());
            limit = limit.saturating_mul(GROWTH);
        }
    }

    /// Those of a stretch that match as far as the database can tell, in order.
    async fn matching(&mut self, stretch: Stretch<'_>, wanted: usize) -> Result<Vec<i64>, StoreError> {
        let mut sql = QueryBuilder::new("SELECT id FROM ");
        self.narrow.rows(&mut sql, self.query, stretch);
        sql.push(" WHERE ");
        list::which(&mut sql, self.query);
        filter::push(&mut sql, sql::order(&self.query.order_by));
        if filter::is_exact(&self.query.filter) {
            sql.push(" LIMIT ").push_bind(i64::try_from(wanted).unwrap_or(i64::MAX));
        }
        let found = sql.build_query_scalar().fetch_all(&mut *self.connection).await;
        found.map_err(self.failed())
    }

    async fn document(&mut self, id: i64) -> Result<Option<(String, String)>, StoreError> {
        let query = sqlx::query_as("SELECT name, document FROM findings WHERE id = ?1").bind(id);
        query.fetch_optional(&mut *self.connection).await.map_err(self.failed())
    }

    fn is_match(&self, name: &str, document: &str) -> Result<bool, StoreError> {
        Ok(filter::is_exact(&self.query.filter) || list::matches(self.path, self.query, name, document)?)
    }

    /// The last finding of a whole stretch; `None` when there are no more behind it.
    async fn end(&mut self, stretch: Stretch<'_>) -> Result<Option<FindingResource>, StoreError> {
        let mut sql = QueryBuilder::new("SELECT name, document FROM ");
        self.narrow.rows(&mut sql, self.query, stretch);
        sql.push(" LIMIT 1 OFFSET ").push_bind(stretch.limit - 1);
        let query = sql.build_query_as::<(String, String)>();
        let row = query.fetch_optional(&mut *self.connection).await.map_err(self.failed())?;
        row.map(|(name, document)| parse(self.path, &name, &document)).transpose()
    }

    /// How many there are, and whether there are more: tallies know it of all findings, others are counted as far as they
    /// are looked at.
    async fn total(&mut self) -> Result<(u64, bool), StoreError> {
        if self.query.happened.is_none() && filter::is_tallied(&self.query.filter) {
            let mut sql = QueryBuilder::new("SELECT coalesce(sum(findings), 0) FROM tallies WHERE ");
            list::which(&mut sql, self.query);
            let total: i64 =
                sql.build_query_scalar().fetch_one(&mut *self.connection).await.map_err(self.failed())?;
            return Ok((total.unsigned_abs(), false));
        }
        let bound = self.narrow.bound();
        let stretch = Stretch { behind: None, limit: bound.unwrap_or(i64::MAX) };
        let total = if filter::is_exact(&self.query.filter) {
            let mut sql = QueryBuilder::new("SELECT count(*) FROM ");
            self.narrow.rows(&mut sql, self.query, stretch);
            sql.push(" WHERE ");
            list::which(&mut sql, self.query);
            let total: i64 =
                sql.build_query_scalar().fetch_one(&mut *self.connection).await.map_err(self.failed())?;
            total.unsigned_abs()
        } else {
            let mut total = 0;
            for id in self.matching(stretch, usize::MAX).await? {
                let Some((name, document)) = self.document(id).await? else { continue };
                total += u64::from(self.is_match(&name, &document)?);
            }
            total
        };
        let Some(bound) = bound else { return Ok((total, false)) };
        let mut sql = QueryBuilder::new("SELECT EXISTS (SELECT 1 FROM ");
        self.narrow.rows(&mut sql, self.query, Stretch { behind: None, limit: bound + 1 });
        sql.push(" LIMIT 1 OFFSET ").push_bind(bound).push(")");
        let is_more: bool =
            sql.build_query_scalar().fetch_one(&mut *self.connection).await.map_err(self.failed())?;
        Ok((total, is_more))
    }
}

fn parse(path: &Path, name: &str, document: &str) -> Result<FindingResource, StoreError> {
    serde_json::from_str(document).map_err(|e| failure::document(path, name, &e))
}
