//! Reading all live processes through the task iterator.

use libbpf_rs::{Iter, Link};
use std::io::Read;

/// Live state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The iterator could not be opened.
    #[error("the task iterator could not be opened: {0}")]
    Open(#[source] libbpf_rs::Error),
    /// Reading stopped half-way.
    #[error("reading the task iterator failed: {0}")]
    Read(#[source] std::io::Error),
}

/// Reads live state on demand; may be moved to another thread than the ring buffers' reader.
pub struct Snapshotter {
    link: Link,
}

impl Snapshotter {
    pub(crate) fn new(link: Link) -> Self {
        Self { link }
    }

    /// The records (`RecordKind::Task`) of all live processes.
    pub fn read(&self) -> Result<Vec<Vec<u8>>, SnapshotError> {
        let mut bytes = Vec::new();
        Iter::new(&self.link)
            .map_err(SnapshotError::Open)?
            .read_to_end(&mut bytes)
            .map_err(SnapshotError::Read)?;
        let mut records = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some((head, _)) = rest.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*head) as usize;
            // a record whose length makes no sense ends the walk: where the next one starts is unknown
            let Some(record) = rest.get(..length).filter(|r| !r.is_empty()) else { break };
            records.push(record.to_vec());
            rest = &rest[length..];
        }
        Ok(records)
    }
}
