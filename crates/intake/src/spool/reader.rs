//! Reading on: each lane goes through the segments at its own pace.

use std::fs::File;
use std::sync::Arc;

use store::Sha256;

use super::files::{failed, read_at};
use super::record::{HEADER, Record, read};
use super::{Lane, Spool, SpoolError, State};

/// A place in the spool from which a lane reads on.
pub(crate) struct Reader {
    spool: Arc<Spool>,
    lane: Lane,
    segment: u64,
    offset: u64,
    last: i64,
}

impl Spool {
    /// Reads a lane from what is not delivered yet.
    pub(crate) fn reader(self: &Arc<Self>, lane: Lane) -> Reader {
        let state = self.state();
        let last = match lane {
            Lane::Findings => state.position.findings,
            Lane::Evidence => state.position.evidence,
        };
        Reader { spool: self.clone(), lane, segment: 0, offset: 0, last }
    }

    /// The bytes of a piece of evidence, if they are still here.
    pub(crate) fn open_evidence(&self, sha256: Sha256) -> Option<File> {
        File::open(self.folder.evidence(&sha256.to_string())).ok()
    }

    /// Order number of the oldest record that waits to be sent.
    pub(super) fn oldest_waiting(&self, state: &State) -> i64 {
        let through = state.position.findings;
        let Some((number, _)) = state.segments.iter().find(|(_, segment)| segment.last > through) else {
            return 0;
        };
        // the first of the segment may be delivered already; then what waits is younger than that
        let first = read_at(&self.folder.segment(*number), HEADER.len() as u64, 64 << 10).ok();
        let first = first.and_then(|bytes| read(&bytes)).map_or(0, |(record, _)| record.order);
        first.max(through)
    }
}

impl Reader {
    /// The next records, of at most about `bytes` bytes and at most `count`, and the order number up to which nothing else
    /// of this lane waits. `None` when nothing waits. Blocks for the disk.
    pub(crate) fn next(
        &mut self,
        count: usize,
        bytes: usize,
    ) -> Result<Option<(Vec<Record>, i64)>, SpoolError> {
        let (mut records, mut size) = (Vec::new(), 0);
        let before = self.last;
        let narrow = (bytes + (64 << 10)) as u64;
        let mut window = narrow;
        while let Some((path, end)) = self.place() {
            let left = end - self.offset;
            let read_bytes = match read_at(&path, self.offset, window.min(left)) {
                Ok(read_bytes) => read_bytes,
                // dropped to make room since
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.offset = u64::MAX;
                    continue;
                }
                Err(error) => return Err(failed("read", &path)(error)),
            };
            let mut at = 0;
            while records.len() < count && size < bytes {
                let Some((record, length)) = read(&read_bytes[at..]) else { break };
                at += length;
                if record.order <= self.last {
                    continue;
                }
                self.last = record.order;
                let is_promised = record.evidence.as_ref().is_some_and(|piece| piece.is_promised);
                if record.evidence.is_some() == (self.lane == Lane::Evidence) && !is_promised {
                    size += length;
                    records.push(record);
                }
            }
            self.offset += at as u64;
            if records.len() >= count || size >= bytes {
                break;
            }
            if at > 0 {
                window = narrow;
            } else if window < left {
                // a record that is longer than all that was asked for
                window = u64::MAX;
            } else {
                // The disk gave back something else than was written. The next start sets it aside; until then the rest of
                // this segment is passed over.
                tracing::error!("{} cannot be read from byte {} on", path.display(), self.offset);
                self.offset = u64::MAX;
            }
        }
        Ok((self.last > before).then_some((records, self.last)))
    }

    /// Where to read on: the file and where its accepted bytes end.
    fn place(&mut self) -> Option<(std::path::PathBuf, u64)> {
        let state = self.spool.state();
        loop {
            if let Some(segment) = state.segments.get(&self.segment)
                && self.offset < segment.bytes
            {
                return Some((self.spool.folder.segment(self.segment), segment.bytes));
            }
            let (number, _) =
                state.segments.range(self.segment + 1..).find(|(_, segment)| segment.last > self.last)?;
            self.segment = *number;
            self.offset = HEADER.len() as u64;
        }
    }
}
