//! Reading the ring buffers, the deciding lane first.

use libbpf_rs::{MapHandle, RingBuffer, RingBufferBuilder};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

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
    /// Wakes when a probe says so, not because records are there: most of them can wait for company.
    waker: OwnedFd,
    deciding: (RingBuffer<'static>, Rc<RefCell<Batch>>),
    bulk: (RingBuffer<'static>, Rc<RefCell<Batch>>),
}

impl Reader {
    pub(crate) fn new(deciding: &MapHandle, bulk: &MapHandle) -> Result<Self, libbpf_rs::Error> {
        let waker = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io)?;
        for lane in [deciding, bulk] {
            let edge = epoll::EventFlags::IN | epoll::EventFlags::ET;
            epoll::add(&waker, lane.as_fd(), epoll::EventData::new_u64(0), edge).map_err(io)?;
        }
        Ok(Self { waker, deciding: lane(deciding)?, bulk: lane(bulk)? })
    }

    /// Lets [`wait`](Self::wait) end when that descriptor is readable, too.
    pub fn also_wait_for(&self, descriptor: BorrowedFd<'_>) -> std::io::Result<()> {
        Ok(epoll::add(&self.waker, descriptor, epoll::EventData::new_u64(1), epoll::EventFlags::IN)?)
    }

    /// Waits until a probe wants to be heard, until the other descriptor is readable, or so long.
    pub fn wait(&self, at_most: Duration) {
        let timeout = Timespec::try_from(at_most).ok();
        let mut events = Vec::with_capacity(4);
        // an interrupted wait is as good as a short one
        let _ = epoll::wait(&self.waker, spare_capacity(&mut events), timeout.as_ref());
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

fn io(error: rustix::io::Errno) -> libbpf_rs::Error {
    std::io::Error::from(error).into()
}
