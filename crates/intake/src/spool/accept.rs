//! Accepting: what returns without an error is on the disk.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use finding::{FindingResource, Timestamp};
use sha2::Digest;
use store::{EvidenceItem, EvidenceMeta, Sha256};

use super::files::{create, failed};
use super::lost::key_of;
use super::record::{self, HEADER, Record};
use super::{Blob, LARGEST_FINDING, Segment, Spool, SpoolError, State};

/// A temporary file's number.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Spool {
    /// Accepts one finding; see [`put_findings`](Self::put_findings).
    ///
    /// # Errors
    /// [`SpoolError`]; it is counted as lost.
    pub fn put_finding(&self, item: &FindingResource, now: Timestamp) -> Result<i64, SpoolError> {
        self.put_findings(std::slice::from_ref(item), now)
    }

    /// Accepts findings, with one wait for the disk; the order number of the last. Of two versions of one finding the
    /// later one counts.
    ///
    /// # Errors
    /// [`SpoolError`]; none of them was accepted then, and all are counted as lost.
    pub fn put_findings(&self, items: &[FindingResource], now: Timestamp) -> Result<i64, SpoolError> {
        let accepted = self.try_findings(items, &[], now);
        if accepted.is_err() {
            self.lost_findings(items.len() as u64);
        }
        accepted
    }

    /// Counts findings that are given up.
    pub fn lost_findings(&self, count: u64) {
        let mut state = self.state();
        state.position.losses.findings += count;
        self.save(&state, false);
    }

    /// As [`put_findings`](Self::put_findings), for a caller that keeps what was not accepted and tries again. `evidence`
    /// is announced with them: each piece follows by [`put_evidence`](Self::put_evidence) or
    /// [`not_kept`](Self::not_kept), or counts as lost some time after the next start.
    ///
    /// # Errors
    /// [`SpoolError`]; none of them was accepted then, and none is counted as lost.
    pub fn try_findings<'a>(
        &self,
        items: impl IntoIterator<Item = &'a FindingResource>,
        evidence: &[EvidenceItem],
        now: Timestamp,
    ) -> Result<i64, SpoolError> {
        // first, so that no torn end leaves a finding without them
        let promises: Vec<Record> = evidence
            .iter()
            .map(|EvidenceItem { sha256, size, meta }| Record::of_piece(*sha256, *size, meta).promised(true))
            .collect();
        let mut records = promises.clone();
        for item in items {
            let name = &item.finding.name;
            let json = serde_json::to_vec(item).map_err(|error| SpoolError::Io {
                action: "write finding",
                path: name.into(),
                source: io::Error::other(error),
            })?;
            if json.len() > LARGEST_FINDING {
                return Err(SpoolError::TooLarge {
                    subject: format!("finding {name}"),
                    size: json.len() as u64,
                    limit: LARGEST_FINDING as u64,
                });
            }
            records.push(Record { order: 0, finding: name.clone(), json, evidence: None });
        }
        let mut state = self.state();
        state.marks.apply(&mut records);
        let count = i64::try_from(records.len()).unwrap_or(i64::MAX);
        let last = self.append(&mut state, records, now)?;
        for (order, promise) in (last - count + 1..).zip(promises) {
            state.promised.add(order, promise);
        }
        Ok(last)
    }

    /// Accepts evidence.
    ///
    /// # Errors
    /// [`SpoolError`]; it is counted as lost.
    pub fn put_evidence(
        &self,
        bytes: &[u8],
        meta: &EvidenceMeta,
        now: Timestamp,
    ) -> Result<Sha256, SpoolError> {
        self.counted(self.keep(&mut &*bytes, bytes.len() as u64, meta, now))
    }

    /// Accepts the first `size` bytes of an open file as evidence, without holding them in memory.
    ///
    /// # Errors
    /// [`SpoolError`]; it is counted as lost.
    pub fn put_evidence_file(
        &self,
        mut file: &File,
        size: u64,
        meta: &EvidenceMeta,
        now: Timestamp,
    ) -> Result<Sha256, SpoolError> {
        let path = self.folder.root().join("evidence");
        let kept = file
            .seek(SeekFrom::Start(0))
            .map_err(failed("read evidence for", &path))
            .and_then(|_| self.keep(&mut file.take(size), size, meta, now));
        self.counted(kept)
    }

    fn counted(&self, kept: Result<Sha256, SpoolError>) -> Result<Sha256, SpoolError> {
        if kept.is_err() {
            let mut state = self.state();
            state.position.losses.evidence += 1;
            self.save(&state, false);
        }
        kept
    }

    fn keep(
        &self,
        source: &mut dyn Read,
        size: u64,
        meta: &EvidenceMeta,
        now: Timestamp,
    ) -> Result<Sha256, SpoolError> {
        if size > self.limit / 2 {
            let subject = format!("evidence {:?}", meta.name);
            return Err(SpoolError::TooLarge { subject, size, limit: self.limit / 2 });
        }
        if !self.make_room(&mut self.state(), size, false) {
            return Err(SpoolError::Full { subject: meta.name.clone(), limit: self.limit });
        }
        let temporary = self.folder.evidence(&format!("{}.new", NEXT.fetch_add(1, Ordering::Relaxed)));
        let kept = self.keep_as(&temporary, source, meta, now);
        if kept.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        kept
    }

    fn keep_as(
        &self,
        temporary: &std::path::Path,
        source: &mut dyn Read,
        meta: &EvidenceMeta,
        now: Timestamp,
    ) -> Result<Sha256, SpoolError> {
        let written = failed("write", temporary);
        let mut file = create(temporary).map_err(&written)?;
        let (mut hash, mut size) = (sha2::Sha256::new(), 0_u64);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = source.read(&mut buffer).map_err(failed("read evidence for", temporary))?;
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
            hash.update(part);
            file.write_all(part).map_err(&written)?;
            size += part.len() as u64;
        }
        file.sync_all().map_err(&written)?;
        let sha256 = Sha256::new(hash.finalize().into());
        let mut state = self.state();
        let path = self.folder.evidence(&sha256.to_string());
        let known = state.blobs.get(&sha256).map(Blob::last);
        if let Some(last) = known {
            let _ = fs::remove_file(temporary);
            // the record must not make room by dropping what it refers to
            state.blob_order.remove(&(last, sha256));
        } else {
            fs::rename(temporary, &path)
                .and_then(|()| self.folder.sync_parent(&path))
                .map_err(failed("write", &path))?;
        }
        let record = Record::of_piece(sha256, size, meta);
        let order = match self.append(&mut state, vec![record.clone()], now) {
            Ok(order) => order,
            Err(error) => {
                match known {
                    Some(last) => {
                        state.blob_order.insert((last, sha256));
                    }
                    None => {
                        let _ = fs::remove_file(&path);
                    }
                }
                return Err(error);
            }
        };
        if known.is_none() {
            state.bytes += size;
            let orders = self.came_again(&mut state, sha256);
            state.blobs.insert(sha256, Blob { size, orders });
        }
        if let Some(blob) = state.blobs.get_mut(&sha256) {
            blob.orders.push(order);
        }
        state.blob_order.insert((order, sha256));
        state.promised.settle(&record);
        Ok(sha256)
    }

    /// Gives order numbers and writes; all or none.
    pub(super) fn append(
        &self,
        state: &mut State,
        records: Vec<Record>,
        now: Timestamp,
    ) -> Result<i64, SpoolError> {
        self.append_within(state, records, now, true)
    }

    /// As [`append`](Self::append); whether room is made for it first.
    pub(super) fn append_within(
        &self,
        state: &mut State,
        mut records: Vec<Record>,
        now: Timestamp,
        makes_room: bool,
    ) -> Result<i64, SpoolError> {
        let mut order = state.position.order.max(now.nanos() / 1_000 - 1);
        let (mut bytes, mut offsets) = (Vec::new(), Vec::with_capacity(records.len()));
        for record in &mut records {
            order = order.saturating_add(1);
            record.order = order;
            offsets.push(bytes.len() as u64);
            record::write(record, &mut bytes);
        }
        let size = bytes.len() as u64;
        let evidence = records.iter().all(|record| record.evidence.is_some());
        if makes_room && !self.make_room(state, size, !evidence) {
            let subject = format!("{} findings", records.len());
            return Err(SpoolError::TooLarge { subject, size, limit: self.limit });
        }
        let (number, start) = loop {
            match self.write(state, &bytes, order) {
                Ok(place) => break place,
                // the disk is fuller than the spool knows: others write there, too
                Err(SpoolError::Io { source, .. })
                    if source.kind() == io::ErrorKind::StorageFull && self.drop_oldest_evidence(state) => {}
                Err(error) => return Err(error),
            }
        };
        for (record, offset) in records.iter().zip(offsets).filter(|(record, _)| record.evidence.is_none()) {
            state.versions.insert(key_of(&record.finding), (number, start + offset));
        }
        state.position.order = order;
        self.changed.notify_waiters();
        Ok(order)
    }

    /// Where it was written: segment and offset.
    fn write(&self, state: &mut State, bytes: &[u8], last: i64) -> Result<(u64, u64), SpoolError> {
        let full = |segment: &Segment| segment.bytes >= self.segment_size();
        if state.active.as_ref().is_some_and(|(number, _)| state.segments.get(number).is_none_or(full)) {
            state.active = None;
        }
        let (number, mut file) = match state.active.take() {
            Some(active) => active,
            None => self.begin(state)?,
        };
        let path = self.folder.segment(number);
        let Some(segment) = state.segments.get_mut(&number) else {
            return Err(failed("write", &path)(io::Error::other("the segment is gone")));
        };
        let written = file
            .seek(SeekFrom::Start(segment.bytes))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.sync_data());
        if let Err(error) = written {
            // What may be there in part is cut off. If even that fails, the next start does it, and meanwhile nothing reads
            // beyond what was accepted. The next record begins a new segment either way.
            let _ = file.set_len(segment.bytes);
            return Err(failed("write", &path)(error));
        }
        let start = segment.bytes;
        segment.bytes += bytes.len() as u64;
        segment.last = last;
        state.bytes += bytes.len() as u64;
        state.active = Some((number, file));
        Ok((number, start))
    }

    fn begin(&self, state: &mut State) -> Result<(u64, File), SpoolError> {
        let number = state.last_segment + 1;
        let path = self.folder.segment(number);
        let file = create(&path)
            .and_then(|mut file| {
                file.write_all(HEADER)?;
                file.sync_all()?;
                self.folder.sync_parent(&path)?;
                Ok(file)
            })
            .inspect_err(|_| {
                let _ = fs::remove_file(&path);
            })
            .map_err(failed("write", &path))?;
        let bytes = HEADER.len() as u64;
        state.bytes += bytes;
        state.last_segment = number;
        state.segments.insert(number, Segment { bytes, last: 0 });
        Ok((number, file))
    }
}
