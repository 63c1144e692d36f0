//! Births and deaths.

use crate::bytes::{Malformed, Reader, Writer};
use crate::{RecordHeader, RecordProcess};

/// `struct record_fork`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordFork {
    /// Head; its cgroup is the child's.
    pub header: RecordHeader,
    /// The new process.
    pub child: RecordProcess,
    /// Its parent.
    pub parent: RecordProcess,
}

/// `struct record_exit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordExit {
    /// Head.
    pub header: RecordHeader,
    /// The process whose last thread ended.
    pub process: RecordProcess,
    /// Wait status.
    pub status: i32,
}

impl RecordFork {
    /// Reads a whole record.
    pub fn read(record: &[u8]) -> Result<Self, Malformed> {
        let header = RecordHeader::read(record)?;
        let mut r = Reader::new(record);
        r.take(RecordHeader::SIZE, "header")?;
        Ok(Self { header, child: RecordProcess::read(&mut r)?, parent: RecordProcess::read(&mut r)? })
    }

    /// Writes a whole record.
    pub fn write(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.header.write(&mut w);
        self.child.write(&mut w);
        self.parent.write(&mut w);
        w.finish()
    }
}

impl RecordExit {
    /// Reads a whole record.
    pub fn read(record: &[u8]) -> Result<Self, Malformed> {
        let header = RecordHeader::read(record)?;
        let mut r = Reader::new(record);
        r.take(RecordHeader::SIZE, "header")?;
        Ok(Self {
            header,
            process: RecordProcess::read(&mut r)?,
            status: i32::from_le_bytes(r.array("status")?),
        })
    }

    /// Writes a whole record.
    pub fn write(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.header.write(&mut w);
        self.process.write(&mut w);
        w.bytes(&self.status.to_le_bytes());
        w.u32(0);
        w.finish()
    }
}
