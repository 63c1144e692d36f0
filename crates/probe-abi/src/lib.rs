//! The bytes a probe writes, as the kernel side lays them out (`crates/probes/bpf/abi.h`, the same names).
//!
//! Every structure reads itself from a byte slice and can write itself back, so that a recording made on one machine
//! is read on another and tests can make records of their own. All integers are little-endian.

mod bytes;
mod descriptor;
mod exec;
mod lifecycle;
mod socket;

pub use bytes::Malformed;
pub use descriptor::{DescriptorKind, RecordDescriptor};
pub use exec::{RecordAncestor, RecordExec, flags};
pub use lifecycle::{RecordExit, RecordFork};
pub use socket::RecordSocket;

use bytes::{Reader, Writer};

/// Version of the layout; a record with another version is refused.
pub const ABI_VERSION: u16 = 2;
/// Marks the id of a cgroup that lives in a v1 hierarchy.
pub const CGROUP_V1_BIT: u64 = 1 << 63;
/// Marks a listening port in the table of watched keys: `bit | network namespace << 16 | port`.
pub const WATCHED_PORT_BIT: u64 = 1 << 63;
/// Arguments are read up to this many bytes.
pub const ARGUMENTS_MAX: usize = 4096;
/// A longer environment is read at its start and at its end, this many bytes each.
pub const ENVIRONMENT_PART_MAX: usize = 2048;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RecordKind {
    /// A process replaced its image.
    Exec = 1,
    /// A process was born.
    Fork = 2,
    /// A process ended.
    Exit = 3,
    /// An internet socket changed state.
    Socket = 4,
    /// A live process, from a snapshot; the same layout as `Exec`.
    Task = 5,
}

impl RecordKind {
    /// The kind of that number.
    pub const fn from_number(number: u16) -> Option<Self> {
        match number {
            1 => Some(Self::Exec),
            2 => Some(Self::Fork),
            3 => Some(Self::Exit),
            4 => Some(Self::Socket),
            5 => Some(Self::Task),
            _ => None,
        }
    }
}

/// The head of every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Length of the whole record, bytes.
    pub length: u32,
    /// What it holds.
    pub kind: RecordKind,
    /// Nanoseconds since boot, suspend included.
    pub time_ns: u64,
    /// Inode number of the cgroup's directory, with `CGROUP_V1_BIT`.
    pub cgroup: u64,
    /// Thread group; 0 in an interrupt.
    pub pid: u32,
    /// Processor.
    pub cpu: u32,
}

/// A process: thread group id and start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordProcess {
    /// Thread group id.
    pub pid: u32,
    /// Nanoseconds since boot.
    pub start_ns: u64,
}

impl RecordHeader {
    /// Bytes of a header.
    pub const SIZE: usize = 32;

    /// Reads the head of a record and checks that the record is whole and of this version.
    pub fn read(record: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new(record);
        let length = r.u32("length")?;
        let number = r.u16("kind")?;
        let abi = r.u16("abi")?;
        if abi != ABI_VERSION {
            return Err(Malformed { field: "abi", at: 6 });
        }
        let kind = RecordKind::from_number(number).ok_or(Malformed { field: "kind", at: 4 })?;
        if length as usize > record.len() || (length as usize) < Self::SIZE {
            return Err(Malformed { field: "length", at: 0 });
        }
        Ok(Self {
            length,
            kind,
            time_ns: r.u64("time_ns")?,
            cgroup: r.u64("cgroup")?,
            pid: r.u32("pid")?,
            cpu: r.u32("cpu")?,
        })
    }

    fn write(&self, w: &mut Writer) {
        w.u32(self.length);
        w.u16(self.kind as u16);
        w.u16(ABI_VERSION);
        w.u64(self.time_ns);
        w.u64(self.cgroup);
        w.u32(self.pid);
        w.u32(self.cpu);
    }
}

impl RecordProcess {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let pid = r.u32("process.pid")?;
        r.u32("process.reserved")?;
        Ok(Self { pid, start_ns: r.u64("process.start_ns")? })
    }

    fn write(self, w: &mut Writer) {
        w.u32(self.pid);
        w.u32(0);
        w.u64(self.start_ns);
    }
}
