//! Socket state.

use crate::bytes::{Malformed, Reader, Writer};
use crate::{RecordDescriptor, RecordHeader, RecordProcess};

/// `struct record_socket`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordSocket {
    /// Head.
    pub header: RecordHeader,
    /// The process in whose context it happened; pid 0 in an interrupt.
    pub process: RecordProcess,
    /// The socket after the change.
    pub socket: RecordDescriptor,
}

impl RecordSocket {
    /// Reads a whole record.
    pub fn read(record: &[u8]) -> Result<Self, Malformed> {
        let header = RecordHeader::read(record)?;
        let mut r = Reader::new(record);
        r.take(RecordHeader::SIZE, "header")?;
        Ok(Self { header, process: RecordProcess::read(&mut r)?, socket: RecordDescriptor::read(&mut r)? })
    }

    /// Writes a whole record.
    pub fn write(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.header.write(&mut w);
        self.process.write(&mut w);
        self.socket.write(&mut w);
        w.finish()
    }
}
