//! Reading findings as they are, by the page.
//!
//! `query → where to begin (narrow, candidates, lanes) → stretches of findings → those that match → page, and a token`
//!
//! A stretch is a bounded piece of an index; what is left out of it is the outer query's part: asked for one row far behind,
//! SQLite sorts the whole table instead of following the index.

use std::collections::{BTreeSet, HashMap};

use finding::FindingResource;
use serde_json::Value as Json;

use super::Sql;
use super::candidates::{self, Within};
use super::filter::is_exact;
use super::lanes::{self, Lane, Step};
use super::listing::{beyond, by, under, which};
use super::narrow::{ALWAYS, DAY, Span, Value, both, is_in_columns, severity, span, values, within};
use super::reader::{Cell, Reader, number, numbers, together};
use crate::{Direction, Key, ListQuery, OrderField, Page, StoreError};

/// Values with no more findings than this are looked at whole.
const FEW: i64 = 500;

/// Findings looked at for one page: columns tell about them, the database reads their documents, or they are parsed here.
/// About what takes 15 ms each, so that one in a hundred that meets a busy disk still takes less than 50.
pub(super) const BY_COLUMNS: i64 = 5_000;
const BY_DOCUMENTS: i64 = 600;
const BY_PARSING: i64 = 200;

/// What a lane counts at least, of what is looked at.
const LANE: i64 = 25;

/// Candidates that addresses lead to, held at once.
const CANDIDATES: usize = 400;

/// Findings of the first stretch; each further one is larger.
const FIRST: i64 = 200;
const GROWTH: i64 = 4;

/// A page ends early once its documents have this many bytes, so that 1000 large findings never stand in memory.
const PAGE_BYTES: usize = 2 << 20;

#[derive(Debug, Clone)]
pub(super) enum Way {
    /// All findings that have a value.
    Few(Value),
    /// These findings.
    Candidates(Vec<Key>),
    /// Findings that have an address, the newest first, some days at a time.
    Days(Within),
    /// Findings that have a value, the newest first.
    Value(Value),
    /// All findings, in the order of the list.
    Order,
}

/// One page. To be called inside a transaction, so that the total belongs to the page.
pub async fn page<R: Reader>(reader: &mut R, query: &ListQuery) -> Result<Page, StoreError> {
    let position = query.position()?.map(|position| position.keys().to_vec());
    let Some(mut walk) = Walk::of(reader, query).await? else { return Ok(Page::default()) };
    let (total_size, total_is_least) = walk.total().await?;
    let mut page = Page { total_size, total_is_least, ..Page::default() };
    if total_size > 0 || total_is_least {
        walk.fill(&mut page, position).await?;
    }
    Ok(page)
}

/// A page without its total, for those who want them all.
pub async fn part<R: Reader>(reader: &mut R, query: &ListQuery) -> Result<Page, StoreError> {
    let position = query.position()?.map(|position| position.keys().to_vec());
    let mut page = Page::default();
    if let Some(mut walk) = Walk::of(reader, query).await? {
        walk.fill(&mut page, position).await?;
    }
    Ok(page)
}

pub(super) struct Walk<'a, R> {
    pub(super) reader: &'a mut R,
    pub(super) query: &'a ListQuery,
    pub(super) way: Way,
    pub(super) happened: Span,
    pub(super) created: Span,
    /// Whether SQL alone tells what matches.
    pub(super) exact: bool,
    pub(super) bound: i64,
    /// What was parsed already, and whether it matches.
    verdicts: HashMap<Key, bool>,
    /// Of documents on the page.
    bytes: usize,
}

/// What to look at.
struct Stretch<'a> {
    lane: &'a Lane,
    behind: Option<&'a [Key]>,
    limit: i64,
}

impl<'a, R: Reader> Walk<'a, R> {
    /// `None` when nothing can match.
    pub(super) async fn of(reader: &'a mut R, query: &'a ListQuery) -> Result<Option<Self>, StoreError> {
        let mut happened = span(&query.filter, "eventTime");
        if let Some(range) = query.happened {
            happened = both(happened, (range.from.nanos(), range.until.nanos().saturating_sub(1)));
        }
        let mut created = span(&query.filter, "createTime");
        if happened != ALWAYS {
            let mut sql = Sql::default();
            sql.push("SELECT min(earliest), max(latest) FROM finding_days WHERE day BETWEEN ");
            sql.integer(happened.0 / DAY).push(" AND ").integer(happened.1 / DAY);
            let row = reader.rows(sql).await?.pop().unwrap_or_default();
            let [Some(Key::Number(earliest)), Some(Key::Number(latest))] = row.as_slice() else {
                return Ok(None);
            };
            created = both(created, (*earliest, *latest));
        }
        let (exact, in_columns) = (is_exact(&query.filter), query.filter.root().is_none_or(is_in_columns));
        let bound = match (exact, in_columns) {
            (true, true) => BY_COLUMNS,
            (true, false) => BY_DOCUMENTS,
            (false, _) => BY_PARSING,
        };
        let (way, verdicts, bytes) = (Way::Order, HashMap::new(), 0);
        let mut walk = Self { reader, query, way, happened, created, exact, bound, verdicts, bytes };
        if !walk.by_value().await? {
            walk.by_address().await?;
        }
        Ok(Some(walk))
    }

    /// Follows a value that leads to few findings; whether there is one. Of values with many, the one whose findings reach
    /// further back has fewer.
    async fn by_value(&mut self) -> Result<bool, StoreError> {
        let mut sparsest = i64::MAX;
        for value in values(self.reader.dialect(), &self.query.filter) {
            let mut sql = Sql::default();
            sql.push("SELECT create_time FROM findings WHERE ").add(value.condition());
            sql.push(" ORDER BY create_time DESC LIMIT 1 OFFSET ").integer(FEW);
            match number(&self.reader.rows(sql).await?) {
                None => {
                    self.way = Way::Few(value);
                    return Ok(true);
                }
                Some(reach) if is_newest_first(self.query) && reach < sparsest => {
                    sparsest = reach;
                    self.way = Way::Value(value);
                }
                Some(_) => {}
            }
        }
        Ok(false)
    }

    /// Follows addresses, when they lead to fewer findings than a day has.
    async fn by_address(&mut self) -> Result<(), StoreError> {
        let Some(within) = Within::of(&self.query.filter) else { return Ok(()) };
        let Some((candidates, rest)) = self.candidates(&within, None).await? else { return Ok(()) };
        let way = match rest {
            None => Way::Candidates(candidates),
            Some(_) if is_newest_first(self.query) && matches!(self.way, Way::Order) => Way::Days(within),
            Some(_) => return Ok(()),
        };
        (self.way, self.exact) = (way, self.exact || within.is_exact);
        Ok(())
    }

    /// Findings with an address in a network created at `until` or before, the newest, and the moment at which the days
    /// begin that they are from; no moment when these are all. `None` when the first day has too many.
    pub(super) async fn candidates(
        &mut self,
        within: &Within,
        until: Option<i64>,
    ) -> Result<Option<(Vec<Key>, Option<i64>)>, StoreError> {
        let span = both(self.created, (i64::MIN, until.unwrap_or(i64::MAX)));
        let days: Vec<i64> = numbers(self.reader.rows(Within::days(span)).await?);
        let mut found = BTreeSet::new();
        let (mut at, mut chunk) = (0, 1);
        while at < days.len() {
            let some = &days[at..days.len().min(at + chunk)];
            let sql = within.findings(self.reader.dialect(), some, CANDIDATES + 1);
            let rows = self.reader.rows(sql).await?;
            let keys: Vec<Key> =
                rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect();
            if keys.len() + found.len() > CANDIDATES {
                if some.len() > 1 && found.len() < CANDIDATES / 2 {
                    chunk = 1;
                    continue;
                }
                return Ok((at > 0).then(|| {
                    (found.into_iter().collect(), days.get(at - 1).map(|day| day.saturating_mul(DAY)))
                }));
            }
            found.extend(keys);
            at += chunk;
            chunk *= 2;
        }
        Ok(Some((found.into_iter().collect(), None)))
    }

    /// How many findings are looked at for one page at most; `None` for all that there are, because they are few.
    pub(super) fn bound(&self) -> Option<i64> {
        match self.way {
            Way::Few(_) | Way::Candidates(_) | Way::Days(_) => None,
            Way::Value(_) | Way::Order => Some(self.bound),
        }
    }

    async fn fill(&mut self, page: &mut Page, position: Option<Vec<Key>>) -> Result<(), StoreError> {
        if let Way::Days(within) = self.way.clone() {
            return self.fill_by_days(page, &within, position).await;
        }
        let lanes = self.lanes(position.as_deref()).await?;
        // a full page is always within reach
        let size = i64::from(self.query.page_size.get());
        let mut left = self.bound().map(|bound| bound + 2 * size);
        for (at, lane) in lanes.iter().enumerate() {
            if self.fill_from(page, lane, &mut left).await? {
                return Ok(());
            }
            if let Some(left) = &mut left {
                *left -= LANE;
                // behind the last lane there is nothing: a token for it would lead to itself
                if *left <= 0 && at + 1 < lanes.len() {
                    page.next_page_token = Some(self.query.token_behind(lane.end()));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn lanes(&mut self, position: Option<&[Key]>) -> Result<Vec<Lane>, StoreError> {
        let first = lanes::first(self.query);
        if first.is_empty() || !matches!(self.way, Way::Order) {
            return Ok(vec![Lane::whole(self.query, position)]);
        }
        let dialect = self.reader.dialect();
        let sql = lanes::values(dialect, under(dialect, &self.query.parent), &self.query.filter, first);
        let values = self.reader.rows(sql).await?;
        let whole = |row: Vec<Cell>| row.into_iter().collect::<Option<Vec<Key>>>();
        Ok(lanes::lanes(self.query, values.into_iter().filter_map(whole).collect(), position))
    }

    /// Looks at stretch after stretch of a lane; whether the page is done: it is full, or enough was looked at.
    async fn fill_from(
        &mut self,
        page: &mut Page,
        lane: &Lane,
        left: &mut Option<i64>,
    ) -> Result<bool, StoreError> {
        let size = i64::from(self.query.page_size.get());
        let mut limit = left.map_or(i64::MAX, |_| FIRST.max(size + 1));
        let mut behind = lane.behind.clone();
        loop {
            limit = left.map_or(limit, |left| limit.min(left));
            let stretch = Stretch { lane, behind: behind.as_deref(), limit };
            if self.take(page, &stretch).await? {
                return Ok(true);
            }
            let Some(enough) = left else { return Ok(false) };
            *enough -= limit;
            let Some(end) = self.end(&stretch).await? else { return Ok(false) };
            if *enough <= 0 {
                page.next_page_token = Some(self.query.token_behind(lane.keys(&end)));
                return Ok(true);
            }
            behind = Some(end);
            limit = limit.saturating_mul(GROWTH);
        }
    }

    /// Days of candidates, the newest first.
    async fn fill_by_days(
        &mut self,
        page: &mut Page,
        within: &Within,
        mut position: Option<Vec<Key>>,
    ) -> Result<(), StoreError> {
        for _ in 0..2 {
            let until = match position.as_deref().and_then(<[Key]>::first) {
                Some(Key::Number(until)) => Some(*until),
                _ => None,
            };
            let lane = Lane::whole(self.query, position.as_deref());
            let Some((candidates, rest)) = self.candidates(within, until).await? else {
                // a day with too many of them: one finding after the other
                self.way = Way::Order;
                self.exact = is_exact(&self.query.filter);
                self.bound = BY_PARSING;
                let mut left = Some(self.bound + 2 * i64::from(self.query.page_size.get()));
                self.fill_from(page, &lane, &mut left).await?;
                return Ok(());
            };
            self.way = Way::Candidates(candidates);
            if self.fill_from(page, &lane, &mut None).await? {
                return Ok(());
            }
            let Some(begin) = rest else { return Ok(()) };
            position = Some(vec![Key::Number(begin.saturating_sub(1)), Key::Text(String::new())]);
        }
        page.next_page_token = position.map(|position| self.query.token_behind(position));
        Ok(())
    }

    /// Puts what matches of a stretch on the page; whether it is full.
    async fn take(&mut self, page: &mut Page, stretch: &Stretch<'_>) -> Result<bool, StoreError> {
        let size = usize::from(self.query.page_size.get());
        let wanted = size + 1 - page.results.len();
        let mut found = self.matching(stretch, Some(wanted)).await?;
        found.retain(|(key, _)| self.verdicts.get(key) != Some(&false));
        let mut rest = found.as_slice();
        while let Some((some, others)) = together(rest) {
            rest = others;
            let mut documents =
                self.reader.documents(some.iter().map(|(key, _)| key.clone()).collect()).await?;
            for (key, _) in some {
                let Some((name, document)) = documents.remove(key) else { continue };
                if !self.is_match(key, &name, &document)? {
                    continue;
                }
                let is_full = page.results.len() == size || self.bytes + document.len() > PAGE_BYTES;
                if is_full && let Some(last) = page.results.last() {
                    page.next_page_token = Some(self.query.token_after(last));
                    return Ok(true);
                }
                self.bytes += document.len();
                let item: FindingResource =
                    serde_json::from_str(&document).map_err(|e| self.reader.damaged(&name, &e))?;
                page.results.push(item);
            }
        }
        Ok(false)
    }

    pub(super) fn is_match(&mut self, key: &Key, name: &str, document: &str) -> Result<bool, StoreError> {
        if self.exact {
            return Ok(true);
        }
        if let Some(verdict) = self.verdicts.get(key) {
            return Ok(*verdict);
        }
        let json: Json = serde_json::from_str(document).map_err(|e| self.reader.damaged(name, &e))?;
        let verdict = self.query.filter.matches(&json["finding"], &json["resource"]);
        self.verdicts.insert(key.clone(), verdict);
        Ok(verdict)
    }

    /// Those of a stretch that match as far as the database can tell, in order, with the size of each.
    async fn matching(
        &mut self,
        stretch: &Stretch<'_>,
        wanted: Option<usize>,
    ) -> Result<Vec<(Key, i64)>, StoreError> {
        let dialect = self.reader.dialect();
        let mut sql = Sql::default();
        sql.push(format!("SELECT {}, {} FROM ", dialect.key(), dialect.size()));
        sql.add(self.stretch(stretch)).push(" WHERE ");
        sql.add(which(dialect, self.query, self.reader.properties()));
        sql.add(stretch.lane.condition(self.query)).add(by(&stretch.lane.rest));
        if let Some(wanted) = wanted
            && self.exact
        {
            sql.push(" LIMIT ").integer(i64::try_from(wanted).unwrap_or(i64::MAX));
        }
        let rows = self.reader.rows(sql).await?;
        let pair = |row: Vec<Cell>| match <[Cell; 2]>::try_from(row) {
            Ok([Some(key), Some(Key::Number(size))]) => Some((key, size)),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(pair).collect())
    }

    /// Where a whole stretch ends, in the rest of its lane's order; `None` when there are no more behind it.
    async fn end(&mut self, stretch: &Stretch<'_>) -> Result<Option<Vec<Key>>, StoreError> {
        let columns: Vec<&str> = stretch.lane.rest.iter().map(|(field, _)| field.name()).collect();
        let mut sql = Sql::default();
        sql.push(format!("SELECT {} FROM ", columns.join(", "))).add(self.stretch(stretch));
        sql.push(" LIMIT 1 OFFSET ").integer(stretch.limit - 1);
        let row = self.reader.rows(sql).await?.pop();
        Ok(row.and_then(|row| row.into_iter().collect()))
    }

    /// What stands behind `FROM`: the findings of a stretch, matching or not.
    fn stretch(&self, stretch: &Stretch<'_>) -> Sql {
        let leading = match stretch.lane.values.is_empty() {
            true => self.severity(&stretch.lane.rest),
            false => stretch.lane.leading(self.reader.dialect(), self.query),
        };
        let behind = stretch.behind.map(|keys| beyond(&stretch.lane.rest, keys));
        self.rows("*", leading, &stretch.lane.rest, behind, stretch.limit)
    }

    /// The severity that all matches have, where an index leads on from it in the order.
    pub(super) fn severity(&self, order: &[Step]) -> Sql {
        let mut sql = Sql::default();
        if let (Some((OrderField::CreateTime | OrderField::EventTime, _)), Some(severity)) =
            (order.first(), severity(&self.query.filter))
        {
            sql.push(format!(" AND severity = {severity}"));
        }
        sql
    }

    pub(super) fn rows(
        &self,
        columns: &str,
        leading: Sql,
        order: &[Step],
        behind: Option<Sql>,
        limit: i64,
    ) -> Sql {
        let dialect = self.reader.dialect();
        let mut sql = Sql::default();
        sql.push(format!("(SELECT {columns} FROM findings WHERE ")).add(under(dialect, &self.query.parent));
        match &self.way {
            Way::Few(value) | Way::Value(value) => {
                sql.push(" AND ").add(value.condition()).add(within("create_time", self.created));
            }
            Way::Candidates(keys) => {
                sql.push(" AND ").add(candidates::among(dialect, keys));
            }
            Way::Order | Way::Days(_) => {
                sql.add(leading);
                // a bound on another field than the first would have to be looked for
                let first = order.first().map(|(field, _)| *field);
                if first != Some(OrderField::EventTime) {
                    sql.add(within("create_time", self.created));
                }
                if first != Some(OrderField::CreateTime) {
                    sql.add(within("event_time", self.happened));
                }
            }
        }
        if let Some(behind) = behind {
            sql.push(" AND ").add(behind);
        }
        if !matches!(self.way, Way::Few(_) | Way::Candidates(_)) {
            sql.add(by(order));
        }
        if limit < i64::MAX {
            sql.push(" LIMIT ").integer(limit);
        }
        sql.push(") AS findings");
        sql
    }
}

fn is_newest_first(query: &ListQuery) -> bool {
    query.order_by.fields()
        == [(OrderField::CreateTime, Direction::Descending), (OrderField::Name, Direction::Ascending)]
}
