//! Reading the ring buffers, the deciding lane first.

use libbpf_rs::{MapHandle, RingBuffer, RingBufferBuilder};
use std::cell::RefCell;
use std::os::fd::{BorrowedFd, RawFd};
use std::rc::Rc;

/// Which ring buffer a record came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Exec and socket records.
    Deciding,
    /// Fork and exit records.
    Bulk,
}

/// Records copied out of a ring buffer, one behind the other; reused from drain to drain.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Reads both lanes. Belongs to one thread.
pub struct Reader {
    deciding: (RingBuffer<'static>, Rc<RefCell<Batch>>),
    bulk: (RingBuffer<'static>, Rc<RefCell<Batch>>),
}

impl Reader {
    pub(crate) fn new(deciding: &MapHandle, bulk: &MapHandle) -> Result<Self, libbpf_rs::Error> {
        Ok(Self { deciding: lane(deciding)?, bulk: lane(bulk)? })
    }

    /// Descriptors that become readable when a lane has records, for `poll`.
    pub fn descriptors(&self) -> [BorrowedFd<'_>; 2] {
        [borrow(self, self.deciding.0.epoll_fd()), borrow(self, self.bulk.0.epoll_fd())]
    }

    /// Hands up to `most` records of a lane to `take`; returns how many there were.
    pub fn drain(&self, lane: Lane, most: usize, mut take: impl FnMut(&[u8])) -> usize {
        let (ring, batch) = match lane {
            Lane::Deciding => &self.deciding,
            Lane::Bulk => &self.bulk,
        };
        ring.consume_raw_n(most);
        let mut batch = batch.borrow_mut();
        let mut start = 0;
        for end in &batch.ends {
            take(&batch.bytes[start..*end]);
            start = *end;
        }
        let count = batch.ends.len();
        batch.ends.clear();
        batch.bytes.clear();
        batch.bytes.shrink_to(1 << 18);
        count
    }
}

fn lane(map: &MapHandle) -> Result<(RingBuffer<'static>, Rc<RefCell<Batch>>), libbpf_rs::Error> {
    let batch = Rc::new(RefCell::new(Batch::default()));
    let into = Rc::clone(&batch);
    let mut builder = RingBufferBuilder::new();
    builder.add(map, move |record: &[u8]| {
        let mut batch = into.borrow_mut();
        batch.bytes.extend_from_slice(record);
        let end = batch.bytes.len();
        batch.ends.push(end);
        0
    })?;
    Ok((builder.build()?, batch))
}

#[expect(unsafe_code, reason = "libbpf gives the epoll descriptor as a bare number")]
fn borrow(_owner: &Reader, fd: RawFd) -> BorrowedFd<'_> {
    // SAFETY: the descriptor belongs to the ring buffer, which lives as long as the reader that is borrowed.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
