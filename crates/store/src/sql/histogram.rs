//! How many findings there are over time.
//!
//! `query → whole periods from the tallies, the rest from the findings → counts`

use std::collections::HashMap;

use finding::Timestamp;
use finding_filter::{Filter, Literal, Node, Operator};

use super::filter::{conjuncts, is_column, is_exact, tallied_condition, tally_column};
use super::listing::{under, which};
use super::narrow::{both, columns, is_in_columns, span, within};
use super::reader::{Cell, Reader, together};
use super::walk::{Walk, Way};
use super::{Dialect, Sql};
use crate::histogram::{PERIOD, SEVERITIES};
use crate::{Direction, Histogram, HistogramQuery, Key, ListQuery, OrderField, StoreError, TimeRange};

/// Findings looked at: an index tells about them, their columns have to be looked up, the database reads their documents, or
/// they are parsed here. About what takes some tenths of a second each.
const BY_INDEX: i64 = 200_000;
const BY_COLUMNS: i64 = 50_000;
const BY_DOCUMENTS: i64 = 4_000;
const BY_PARSING: i64 = 1_000;

/// Counts. To be called inside a transaction, so that tallies and findings are of one moment.
///
/// # Errors
/// [`StoreError`].
pub async fn histogram<R: Reader>(reader: &mut R, query: &HistogramQuery) -> Result<Histogram, StoreError> {
    let mut histogram = Histogram::new(&query.clock);
    let is_tallied = query.field == OrderField::EventTime && is_tallied_by_time(&query.filter);
    let (from, until) = range(query);
    let mut rest = vec![(from, until)];
    if let Some((first, end)) = query.clock.periods(from, until).filter(|_| is_tallied) {
        for row in reader.rows(periods(reader.dialect(), query, first, end)).await? {
            let Ok([Some(period), counts @ ..]) = numbers::<{ SEVERITIES + 1 }>(&row) else { continue };
            for (severity, count) in (0..).zip(counts) {
                let count = count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
                histogram.add(&query.clock, period.saturating_mul(PERIOD), severity, count);
            }
        }
        rest = vec![(from, first.saturating_mul(PERIOD)), (end.saturating_mul(PERIOD), until)];
    }
    for (from, until) in rest.into_iter().filter(|(from, until)| from < until) {
        let range = TimeRange { from: Timestamp::from_nanos(from), until: Timestamp::from_nanos(until) };
        count(reader, query, range, &mut histogram).await?;
    }
    Ok(histogram)
}

/// From when until when findings are counted: what the filter says of the time narrows it down.
fn range(query: &HistogramQuery) -> (i64, i64) {
    let TimeRange { from, until } = query.clock.range();
    let whole = (from.nanos(), until.nanos().saturating_sub(1));
    if query.field != OrderField::EventTime {
        return (from.nanos(), until.nanos());
    }
    let (from, last) = both(whole, span(&query.filter, "eventTime"));
    (from, last.saturating_add(1))
}

/// Whether the filter asks only for what findings are tallied by over time.
fn is_tallied_by_time(filter: &Filter) -> bool {
    fn is(node: &Node) -> bool {
        match node {
            Node::And(parts) | Node::Or(parts) => parts.iter().all(is),
            Node::Not(inner) => is(inner),
            Node::Compare(comparison) => {
                let column = tally_column(&comparison.field).map(|(column, _)| column);
                let is_named = matches!(comparison.value, Literal::Name(..)) && is_column(comparison);
                is_named && matches!(column, Some("state" | "severity" | "mute"))
            }
            Node::Exists(_) | Node::Contains { .. } | Node::InIpRange { .. } => false,
        }
    }
    // what [`range`] minds already
    let is_range = |node: &Node| {
        matches!(node, Node::Compare(comparison)
            if comparison.field.name == "event_time"
                && matches!(comparison.value, Literal::Time(_))
                && comparison.operator != Operator::Has)
    };
    conjuncts(filter).into_iter().all(|node| is(node) || is_range(node))
}

/// The tallies of whole periods.
fn periods(dialect: Dialect, query: &HistogramQuery, first: i64, end: i64) -> Sql {
    let mut sql = Sql::default();
    // a row for each period: the tallies stand in that order, and nothing has to be sorted
    sql.push("SELECT period");
    for severity in 0..SEVERITIES {
        sql.push(format!(", CAST(sum(CASE WHEN severity = {severity} THEN findings ELSE 0 END) AS BIGINT)"));
    }
    sql.push(" FROM finding_periods WHERE period >= ")
        .integer(first)
        .push(" AND period < ")
        .integer(end)
        .push(" AND ");
    sql.add(under(dialect, &query.parent)).add(tallied_condition(dialect, &query.filter));
    sql.push(" GROUP BY period");
    sql
}

fn numbers<const N: usize>(row: &[Cell]) -> Result<[Option<i64>; N], std::array::TryFromSliceError> {
    let number = |cell: &Cell| match cell {
        Some(Key::Number(number)) => Some(*number),
        _ => None,
    };
    let row: &[Cell; N] = row.try_into()?;
    Ok(row.each_ref().map(number))
}

/// Counts findings, the newest first, as many as are looked at.
async fn count<R: Reader>(
    reader: &mut R,
    query: &HistogramQuery,
    range: TimeRange,
    histogram: &mut Histogram,
) -> Result<(), StoreError> {
    let is_by_event = query.field == OrderField::EventTime;
    let mut list = ListQuery::new(query.parent.clone());
    list.filter = query.filter.clone();
    list.happened = is_by_event.then_some(range);
    let Some(mut walk) = Walk::of(reader, &list).await? else { return Ok(()) };
    if !is_by_event {
        walk.created = both(walk.created, (range.from.nanos(), range.until.nanos().saturating_sub(1)));
    }
    let is_whole = walk.over_time(query, histogram).await?;
    histogram.complete &= is_whole;
    Ok(())
}

impl<R: Reader> Walk<'_, R> {
    /// Counts what matches; whether that is all.
    async fn over_time(
        &mut self,
        query: &HistogramQuery,
        histogram: &mut Histogram,
    ) -> Result<bool, StoreError> {
        let mut is_whole = true;
        if let Way::Days(within) = self.way.clone() {
            self.way = match self.candidates(&within, None).await? {
                Some((candidates, rest)) => {
                    is_whole = rest.is_none();
                    Way::Candidates(candidates)
                }
                None => {
                    self.exact = is_exact(&self.query.filter);
                    Way::Order
                }
            };
        }
        let in_columns = self.exact && self.query.filter.root().is_none_or(is_in_columns);
        let in_index = in_columns && matches!(self.way, Way::Order) && is_tallied_by_time(&self.query.filter);
        let bound = match (self.exact, in_columns) {
            (_, true) if in_index => BY_INDEX,
            (_, true) => BY_COLUMNS,
            (true, false) => BY_DOCUMENTS,
            (false, _) => BY_PARSING,
        };
        let (limit, field) = match self.way {
            Way::Few(_) | Way::Candidates(_) => (i64::MAX, query.field),
            // where an index leads on from the value
            Way::Value(_) => (bound, OrderField::CreateTime),
            Way::Order | Way::Days(_) => (bound, query.field),
        };
        let order = [(field, Direction::Descending)];
        let columns = if in_columns { self.columns(query.field) } else { "*".to_owned() };
        let mut sql = self.rows(&columns, self.severity(&order), &order, None, limit);
        sql.push(" WHERE ").add(which(self.reader.dialect(), self.query, self.reader.properties()));
        // what a span of events says of the other time is for finding a way, and would have to be looked up
        if query.field == OrderField::CreateTime {
            sql.add(within("create_time", self.created));
        }
        if self.exact {
            self.count_rows(query, sql, histogram).await?;
        } else {
            self.count_matches(query, sql, histogram).await?;
        }
        if limit == i64::MAX || !is_whole {
            return Ok(is_whole);
        }
        let mut sql = Sql::default();
        sql.push("SELECT 1 FROM ").add(self.rows("1", self.severity(&order), &order, None, limit + 1));
        sql.push(" LIMIT 1 OFFSET ").integer(limit);
        Ok(self.reader.rows(sql).await?.is_empty())
    }

    /// What an index holds is counted there, without looking at the findings.
    fn columns(&self, field: OrderField) -> String {
        let mut columns = columns(self.reader.dialect(), self.query);
        columns.extend(["severity", field.name()]);
        columns.sort_unstable();
        columns.dedup();
        columns.join(", ")
    }

    /// By the database. `rows` is what stands behind `FROM`.
    async fn count_rows(
        &mut self,
        query: &HistogramQuery,
        rows: Sql,
        histogram: &mut Histogram,
    ) -> Result<(), StoreError> {
        let mut sql = Sql::default();
        sql.push("SELECT ").add(unit_of(query)).push(", severity, count(*) FROM ").add(rows);
        sql.push(" GROUP BY 1, 2");
        for row in self.reader.rows(sql).await? {
            if let Ok([Some(unit), Some(severity), Some(count)]) = numbers(&row) {
                histogram.add(&query.clock, begin(query, unit), severity, count.unsigned_abs());
            }
        }
        Ok(())
    }

    /// One by one, where the database alone cannot tell.
    async fn count_matches(
        &mut self,
        query: &HistogramQuery,
        rows: Sql,
        histogram: &mut Histogram,
    ) -> Result<(), StoreError> {
        let dialect = self.reader.dialect();
        let mut sql = Sql::default();
        sql.push(format!("SELECT {}, {}, ", dialect.key(), dialect.size())).add(unit_of(query));
        sql.push(", severity FROM ").add(rows);
        let (mut found, mut places) = (Vec::new(), HashMap::new());
        for row in self.reader.rows(sql).await? {
            if let Ok(
                [Some(key), Some(Key::Number(size)), Some(Key::Number(unit)), Some(Key::Number(severity))],
            ) = <[Cell; 4]>::try_from(row)
            {
                places.insert(key.clone(), (unit, severity));
                found.push((key, size));
            }
        }
        let mut rest = found.as_slice();
        while let Some((some, others)) = together(rest) {
            rest = others;
            let documents = self.reader.documents(some.iter().map(|(key, _)| key.clone()).collect()).await?;
            for (key, (name, document)) in &documents {
                if self.is_match(key, name, document)?
                    && let Some((unit, severity)) = places.get(key)
                {
                    histogram.add(&query.clock, begin(query, *unit), *severity, 1);
                }
            }
        }
        Ok(())
    }
}

/// The number of the unit of time that a finding lies in.
fn unit_of(query: &HistogramQuery) -> Sql {
    let (origin, unit) = query.clock.units();
    let mut sql = Sql::default();
    sql.push(format!("({} - ", query.field.name())).integer(origin).push(") / ").integer(unit);
    sql
}

/// When the unit of that number begins.
fn begin(query: &HistogramQuery, number: i64) -> i64 {
    let (origin, unit) = query.clock.units();
    origin.saturating_add(number.saturating_mul(unit))
}
