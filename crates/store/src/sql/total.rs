//! How many findings a list has.

use super::filter::is_tallied;
use super::lanes::Step;
use super::listing::which;
use super::narrow::{ALWAYS, columns};
use super::reader::{Cell, number, together};
use super::walk::{BY_COLUMNS, Walk, Way};
use super::{Reader, Sql};
use crate::{Direction, Key, OrderField, StoreError};

impl<R: Reader> Walk<'_, R> {
    /// How many there are, and whether there are more: tallies know it of all findings, others are counted as far as they
    /// are looked at, the newest first.
    pub(super) async fn total(&mut self) -> Result<(u64, bool), StoreError> {
        let dialect = self.reader.dialect();
        let count = which(dialect, self.query, self.reader.properties());
        if self.query.happened.is_none() && is_tallied(&self.query.filter) {
            let mut sql = Sql::default();
            sql.push("SELECT CAST(coalesce(sum(findings), 0) AS BIGINT) FROM tallies WHERE ").add(count);
            return Ok((number(&self.reader.rows(sql).await?).unwrap_or_default().unsigned_abs(), false));
        }
        if let Way::Days(within) = self.way.clone() {
            let Some((candidates, _)) = self.candidates(&within, None).await? else { return Ok((0, true)) };
            let way = std::mem::replace(&mut self.way, Way::Candidates(candidates));
            let total = self.count(count, &[], i64::MAX).await?;
            self.way = way;
            return Ok((total, true));
        }
        // the name would have to be looked up
        let time = match self.way {
            Way::Order if self.happened != ALWAYS => OrderField::EventTime,
            _ => OrderField::CreateTime,
        };
        let order = [(time, Direction::Descending)];
        let Some(bound) = self.bound() else {
            return Ok((self.count(count, &order, i64::MAX).await?, false));
        };
        let total = self.count(count, &order, bound).await?;
        let mut sql = Sql::default();
        sql.push("SELECT 1 FROM ").add(self.rows("1", self.severity(&order), &order, None, bound + 1));
        sql.push(" LIMIT 1 OFFSET ").integer(bound);
        Ok((total, !self.reader.rows(sql).await?.is_empty()))
    }

    async fn count(&mut self, which: Sql, order: &[Step], limit: i64) -> Result<u64, StoreError> {
        let dialect = self.reader.dialect();
        // what an index holds is counted there, without looking at the findings
        let columns = match self.bound {
            BY_COLUMNS => columns(dialect, self.query).join(", "),
            _ => "*".to_owned(),
        };
        let rows = self.rows(&columns, self.severity(order), order, None, limit);
        let mut sql = Sql::default();
        if self.exact {
            sql.push("SELECT count(*) FROM ").add(rows).push(" WHERE ").add(which);
            return Ok(number(&self.reader.rows(sql).await?).unwrap_or_default().unsigned_abs());
        }
        sql.push(format!("SELECT {}, {} FROM ", dialect.key(), dialect.size()));
        sql.add(rows).push(" WHERE ").add(which);
        let mut found = Vec::new();
        for row in self.reader.rows(sql).await? {
            if let Ok([Some(key), Some(Key::Number(size))]) = <[Cell; 2]>::try_from(row) {
                found.push((key, size));
            }
        }
        let (mut total, mut rest) = (0, found.as_slice());
        while let Some((some, others)) = together(rest) {
            rest = others;
            let documents = self.reader.documents(some.iter().map(|(key, _)| key.clone()).collect()).await?;
            for (key, (name, document)) in &documents {
                total += u64::from(self.is_match(key, name, document)?);
            }
        }
        Ok(total)
    }
}
