//! Room: what is delivered goes, and when that is not enough, evidence before findings.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use store::Sha256;

use super::files::failed;
use super::record::read;
use super::{Lane, Spool, SpoolError, State};

impl Spool {
    pub(super) fn segment_size(&self) -> u64 {
        (self.limit / 16).clamp(64 << 10, 4 << 20)
    }

    /// The server has everything of a lane up to an order number.
    pub(crate) fn delivered(&self, lane: Lane, order: i64) -> Result<(), SpoolError> {
        let mut state = self.state();
        // what is announced and has not come would be forgotten with the segment that announces it
        let promised = state.promised.first().map_or(i64::MAX, |first| first - 1);
        let position = &mut state.position;
        match lane {
            Lane::Findings => position.findings = position.findings.max(order),
            Lane::Evidence => position.evidence = position.evidence.max(order.min(promised)),
        }
        if !self.forget_delivered(&mut state)? {
            self.save(&state, false);
        }
        Ok(())
    }

    /// Counts what the server refused for good.
    pub(crate) fn refused(&self, count: u64) {
        self.state().position.losses.refused += count;
    }

    /// Counts evidence that should be here and cannot be read when its turn comes. What was dropped is counted already.
    pub(crate) fn unreadable_evidence(&self, sha256: Sha256) {
        let mut state = self.state();
        if state.blobs.contains_key(&sha256) {
            state.position.losses.evidence += 1;
        }
    }

    /// Writes the position. A full disk stops nothing: what is delivered is removed nevertheless, or there would never be
    /// room again. An older position means that something is sent twice, and the clock keeps order numbers growing.
    pub(super) fn save(&self, state: &State, durable: bool) {
        let path = self.folder.position();
        let written = serde_json::to_vec(&state.position)
            .map_err(|error| failed("write", &path)(io::Error::other(error)))
            .and_then(|bytes| self.folder.write_whole(&path, &bytes, durable));
        let was_unsaved = self.is_unsaved.swap(written.is_err(), Ordering::Relaxed);
        if let Err(error) = written
            && !was_unsaved
        {
            tracing::warn!("the spool goes on, but what is sent may be sent again after a restart: {error}");
        }
    }

    /// Removes what the server has; whether it was anything. The position is on the disk before a segment goes: the order
    /// numbers must not begin again.
    pub(super) fn forget_delivered(&self, state: &mut State) -> Result<bool, SpoolError> {
        let evidence = state.position.evidence;
        while let Some(&(order, sha256)) = state.blob_order.first()
            && order <= evidence
        {
            self.remove_blob(state, order, sha256)?;
        }
        let through = evidence.min(state.position.findings);
        let gone: Vec<u64> = state
            .segments
            .iter()
            .filter(|(_, segment)| segment.last <= through && segment.last > 0)
            .map(|(number, _)| *number)
            .filter(|number| {
                // the one that is written stays until it is of some size, or each batch would begin a new file
                let active = state.active.as_ref().is_some_and(|(active, _)| active == number);
                !active || state.segments.get(number).is_some_and(|s| s.bytes >= self.segment_size())
            })
            .collect();
        if gone.is_empty() {
            return Ok(false);
        }
        self.save(state, true);
        for number in gone {
            self.remove_segment(state, number)?;
        }
        state.gone.retain(|_, orders| orders.last().is_some_and(|last| *last > evidence));
        for blob in state.blobs.values_mut() {
            blob.orders.retain(|order| *order > evidence);
        }
        Ok(true)
    }

    fn remove_segment(&self, state: &mut State, number: u64) -> Result<(), SpoolError> {
        if state.active.as_ref().is_some_and(|(active, _)| *active == number) {
            state.active = None;
        }
        let path = self.folder.segment(number);
        remove(&path)?;
        if let Some(segment) = state.segments.remove(&number) {
            state.bytes = state.bytes.saturating_sub(segment.bytes);
            state.versions.retain(|_, (at, _)| *at != number);
        }
        Ok(())
    }

    fn remove_blob(&self, state: &mut State, order: i64, sha256: Sha256) -> Result<(), SpoolError> {
        remove(&self.folder.evidence(&sha256.to_string()))?;
        state.blob_order.remove(&(order, sha256));
        if let Some(blob) = state.blobs.remove(&sha256) {
            state.bytes = state.bytes.saturating_sub(blob.size);
        }
        Ok(())
    }

    /// Drops the oldest evidence; whether there was any. Each record that refers to it and waits is a piece that is lost.
    pub(super) fn drop_oldest_evidence(&self, state: &mut State) -> bool {
        let Some(&(order, sha256)) = state.blob_order.first() else { return false };
        let delivered = state.position.evidence;
        let waiting = state.blobs.get(&sha256).map_or(&[][..], |blob| &blob.orders);
        let waiting: Vec<i64> = waiting.iter().copied().filter(|order| *order > delivered).collect();
        if let Err(error) = self.remove_blob(state, order, sha256) {
            tracing::error!("no room can be made in the spool: {error}");
            return false;
        }
        let pieces = waiting.len() as u64;
        state.position.losses.evidence += pieces;
        state.gone.insert(sha256, waiting);
        self.save(state, false);
        state.dropped.say(pieces, self.limit);
        true
    }

    /// Makes room for `size` more bytes; whether there is. Findings make room for findings only.
    pub(super) fn make_room(&self, state: &mut State, size: u64, for_findings: bool) -> bool {
        let overhead = super::record::HEADER.len() as u64;
        while state.bytes + size + overhead > self.limit {
            if self.drop_oldest_evidence(state) {
                continue;
            }
            if !for_findings || !self.drop_oldest_segment(state) {
                return false;
            }
        }
        true
    }

    fn drop_oldest_segment(&self, state: &mut State) -> bool {
        let Some(&number) = state.segments.keys().next() else { return false };
        let path = self.folder.segment(number);
        let (mut findings, mut evidence) = (0, 0);
        let last = state.segments.get(&number).map_or(0, |segment| segment.last);
        if let Ok(bytes) = fs::read(&path) {
            let mut at = super::record::HEADER.len();
            while let Some((record, length)) = bytes.get(at..).and_then(read) {
                at += length;
                if let Some(piece) = &record.evidence {
                    // what is not here is counted already
                    let is_here = !piece.is_promised
                        && piece.sha256().is_some_and(|sha256| state.blobs.contains_key(&sha256));
                    evidence += u64::from(is_here && record.order > state.position.evidence);
                } else {
                    findings += u64::from(record.order > state.position.findings);
                }
            }
        }
        if let Err(error) = self.remove_segment(state, number) {
            tracing::error!("no room can be made in the spool: {error}");
            return false;
        }
        state.position.losses.findings += findings;
        state.position.losses.evidence += evidence;
        for orders in state.gone.values_mut() {
            orders.retain(|order| *order > last);
        }
        state.gone.retain(|_, orders| !orders.is_empty());
        self.save(state, true);
        if findings > 0 {
            tracing::error!("the spool is full: its {findings} oldest findings were dropped");
        }
        true
    }
}

fn remove(path: &std::path::Path) -> Result<(), SpoolError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}
