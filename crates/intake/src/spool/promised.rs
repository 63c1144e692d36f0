//! Evidence that goes with an accepted finding and is still copied.

use std::collections::BTreeMap;

use store::EvidenceItem;

use super::record::{Piece, Record};

/// What is announced and has neither come nor been given up, by order number.
#[derive(Debug, Default)]
pub(super) struct Promised {
    waiting: BTreeMap<i64, Record>,
    /// Up to here they are from before this start.
    before: i64,
}

/// What announces a piece.
pub(super) fn record(item: &EvidenceItem) -> Record {
    let evidence = Some(Piece::promised(item.sha256, item.size, &item.meta));
    Record { order: 0, finding: item.meta.finding.to_string(), json: Vec::new(), evidence }
}

impl Promised {
    pub(super) fn add(&mut self, order: i64, record: &Record) {
        self.waiting.insert(order, record.clone());
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
        left.map(|mut record| {
            if let Some(piece) = &mut record.evidence {
                piece.is_promised = false;
            }
            record
        })
        .collect()
    }
}
