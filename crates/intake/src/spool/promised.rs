//! Evidence that goes with an accepted finding and is still copied.

use std::collections::BTreeMap;

use super::record::Record;

/// What is announced and has neither come nor been given up, by order number.
#[derive(Debug, Default)]
pub(super) struct Promised {
    waiting: BTreeMap<i64, Record>,
    /// Up to here they are from before this start.
    before: i64,
}

impl Promised {
    pub(super) fn add(&mut self, order: i64, record: Record) {
        self.waiting.insert(order, record);
    }

    /// The oldest one's order number.
    pub(super) fn first(&self) -> Option<i64> {
        self.waiting.keys().next().copied()
    }

    /// A piece has come, or will never come.
    pub(super) fn settle(&mut self, record: &Record) {
        let Some(piece) = &record.evidence else { return };
        self.waiting.retain(|_, promised| {
            let is_it = promised.evidence.as_ref().is_some_and(|promised| piece.keeps(promised));
            !(is_it && promised.finding == record.finding)
        });
    }

    /// All segments are read. The position never passes what is still waited for, so nothing up to it is.
    pub(super) fn begin(&mut self, delivered: i64) {
        self.waiting.retain(|order, _| *order > delivered);
        self.before = self.waiting.keys().next_back().copied().unwrap_or_default();
    }

    /// Those of before this start, as records that no longer promise.
    pub(super) fn left_behind(&self) -> Vec<Record> {
        let left = self.waiting.range(..=self.before).map(|(_, record)| record.clone());
        left.map(|record| record.promised(false)).collect()
    }
}
