//! Evidence that was taken and lost: its finding says so.
//!
//! A piece that was dropped or not kept leaves its record, without bytes. When the sender comes to that record and no server
//! has the piece either, the finding's latest version is accepted once more, with the piece under `evidenceLost`.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use finding::{FindingResource, Timestamp, lose_evidence};
use serde_json::{Map, Value, json};
use store::{EvidenceItem, Sha256};

use super::files::{failed, read_at};
use super::record::{self, PREFIX, Piece, Record};
use super::{Spool, SpoolError, State};

/// Findings of which it is remembered that they lost evidence; a sensor keeps fewer open.
const REMEMBERED: usize = 256;
/// A full spool is said at most this often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// Where a finding's latest version is looked up.
pub(super) fn key_of(finding: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    finding.hash(&mut hasher);
    hasher.finish()
}

/// What was dropped since it was said last.
#[derive(Debug, Default)]
pub(super) struct Dropped {
    pieces: u64,
    said: Option<Instant>,
}

impl Dropped {
    pub(super) fn say(&mut self, pieces: u64, limit: u64) {
        self.pieces += pieces;
        if self.pieces == 0 || self.said.is_some_and(|said| said.elapsed() < SAY_EVERY) {
            return;
        }
        tracing::error!(
            "the spool is full ({limit} bytes): {} pieces of evidence were dropped before a server had them; raise \
             server.spoolBytes, or see why no server takes them",
            self.pieces
        );
        *self = Self { pieces: 0, said: Some(Instant::now()) };
    }
}

/// Which findings lost which pieces: the sensor writes later versions without knowing it.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pieces: HashMap<String, Vec<Piece>>,
    oldest: VecDeque<String>,
}

impl Marks {
    pub(super) fn add(&mut self, finding: &str, piece: &Piece) {
        let known = self.pieces.entry(finding.to_owned()).or_insert_with(|| {
            self.oldest.push_back(finding.to_owned());
            Vec::new()
        });
        if !known.contains(piece) {
            known.push(piece.clone());
        }
        if self.oldest.len() > REMEMBERED
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.pieces.remove(&oldest);
        }
    }

    /// Later versions of these findings say it, too.
    pub(super) fn apply(&self, records: &mut [Record]) {
        for record in records {
            let pieces = self.pieces.get(&record.finding);
            if let Some(json) = pieces.and_then(|pieces| marked(&record.json, pieces)) {
                record.json = json;
            }
        }
    }
}

/// A finding that says which pieces are lost; `None` when it says so already, or is none.
fn marked(json: &[u8], pieces: &[Piece]) -> Option<Vec<u8>> {
    let mut item: FindingResource = serde_json::from_slice(json).ok()?;
    let mut is_new = false;
    for piece in pieces {
        is_new |= mark(&mut item.finding.vedette, piece);
    }
    is_new.then(|| serde_json::to_vec(&item).ok())?
}

/// Moves a piece from what is kept to what is lost; whether it was not there already.
fn mark(vedette: &mut Map<String, Value>, piece: &Piece) -> bool {
    let Some(sha256) = piece.sha256() else { return false };
    lose_evidence(
        vedette,
        &json!({
            "kind": piece.kind,
            "name": piece.name,
            "sha256": sha256.to_string(),
            "size": piece.size.to_string(),
            "originalSize": piece.original_size.to_string(),
            "truncated": piece.truncated,
            "takeTime": Timestamp::from_nanos(piece.taken_at_ns),
        }),
    )
}

impl Spool {
    /// Notes pieces that never came here, or that were not accepted: their finding will say so. `is_counted`: they are
    /// counted as lost already.
    pub fn not_kept(&self, pieces: &[EvidenceItem], now: Timestamp, is_counted: bool) {
        let records = pieces
            .iter()
            .map(|EvidenceItem { sha256, size, meta }| Record::of_piece(*sha256, *size, meta))
            .collect();
        self.note_lost(records, now, is_counted);
    }

    /// Evidence that was announced before this start and has not come since: whoever took it was killed in between.
    pub fn give_up_promised(&self, now: Timestamp) {
        let records = self.state().promised.left_behind();
        if !records.is_empty() {
            tracing::warn!(
                "{} pieces of evidence are lost: the sensor ended before it had kept them; their findings will say so",
                records.len()
            );
            self.note_lost(records, now, false);
        }
    }

    fn note_lost(&self, records: Vec<Record>, now: Timestamp, is_counted: bool) {
        let mut state = self.state();
        if !is_counted {
            state.position.losses.evidence += records.len() as u64;
        }
        for record in &records {
            if let Some(piece) = &record.evidence {
                state.marks.add(&record.finding, piece);
            }
        }
        let has_room = self.may_overflow(&state);
        let noted = has_room.then(|| self.append_within(&mut state, records.clone(), now, false));
        // one that cannot be noted keeps nothing back
        records.iter().for_each(|record| state.promised.settle(record));
        match noted {
            Some(Ok(last)) => {
                let first = last - i64::try_from(records.len()).unwrap_or(i64::MAX) + 1;
                for (order, record) in (first..).zip(&records) {
                    if let Some(sha256) = record.evidence.as_ref().and_then(Piece::sha256) {
                        state.gone.entry(sha256).or_default().push(order);
                    }
                }
            }
            Some(Err(error)) => tracing::error!("that evidence is lost cannot be noted: {error}"),
            None => tracing::error!("the spool is full of findings: that evidence is lost cannot be noted"),
        }
        self.save(&state, false);
    }

    /// Bytes that were dropped are here again: the records that refer to them, which count as lost no longer.
    pub(super) fn came_again(&self, state: &mut State, sha256: Sha256) -> Vec<i64> {
        let delivered = state.position.evidence;
        let mut orders = state.gone.remove(&sha256).unwrap_or_default();
        orders.retain(|order| *order > delivered);
        let losses = &mut state.position.losses;
        losses.evidence = losses.evidence.saturating_sub(orders.len() as u64);
        orders
    }

    /// No server will have these pieces of a finding: accepts its latest version with them as lost.
    pub(crate) fn tell_lost(&self, records: &[Record], now: Timestamp) -> Result<(), SpoolError> {
        let Some(finding) = records.first().map(|record| record.finding.as_str()) else { return Ok(()) };
        let pieces: Vec<Piece> = records.iter().filter_map(|record| record.evidence.clone()).collect();
        let mut state = self.state();
        for piece in &pieces {
            state.marks.add(finding, piece);
        }
        tracing::warn!(
            "{} pieces of evidence of {finding} are lost: the spool did not keep them until a server had them",
            pieces.len()
        );
        let Some(latest) = self.latest(&state, finding)? else {
            tracing::warn!("{finding} is delivered already and goes on listing evidence that is lost");
            return Ok(());
        };
        if let Some(json) = marked(&latest.json, &pieces) {
            let record = Record { order: 0, finding: finding.to_owned(), json, evidence: None };
            let makes_room = !self.may_overflow(&state);
            self.append_within(&mut state, vec![record], now, makes_room)?;
        }
        Ok(())
    }

    /// What is written about evidence that is lost would make a full spool lose more: it may grow by an eighth for that.
    const fn may_overflow(&self, state: &State) -> bool {
        state.bytes < self.limit + self.limit / 8
    }

    /// The latest version of a finding that is still here.
    fn latest(&self, state: &State, finding: &str) -> Result<Option<Record>, SpoolError> {
        let Some(&(number, offset)) = state.versions.get(&key_of(finding)) else { return Ok(None) };
        let path = self.folder.segment(number);
        let length = read_at(&path, offset, 4).map_err(failed("read", &path))?;
        let length: [u8; 4] = length.try_into().unwrap_or_default();
        let size = PREFIX as u64 + u64::from(u32::from_le_bytes(length));
        let bytes = read_at(&path, offset, size).map_err(failed("read", &path))?;
        Ok(record::read(&bytes).map(|(record, _)| record).filter(|record| record.finding == finding))
    }
}
