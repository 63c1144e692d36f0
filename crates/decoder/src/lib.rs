//! Records into events: `bytes → RecordExec → Exec`.
//!
//! Pure and total: whatever the bytes, the result is an event or an error that names the field.

mod descriptor;
mod exec;

use event::{Event, Exit, Fork, ProcessKey, SocketEvent};
use probe_abi::{Malformed, RecordExit, RecordFork, RecordHeader, RecordKind, RecordProcess, RecordSocket};
use std::sync::Arc;

/// What one record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// Something that happened.
    Event(Event),
    /// A live process, one of a snapshot.
    Task(Box<event::Exec>),
}

/// Decodes one record.
pub fn decode(record: &[u8]) -> Result<Decoded, Malformed> {
    let header = RecordHeader::read(record)?;
    Ok(match header.kind {
        RecordKind::Exec => Decoded::Event(Event::Exec(Arc::new(exec::decode(record)?))),
        RecordKind::Task => Decoded::Task(Box::new(exec::decode(record)?)),
        RecordKind::Fork => {
            let r = RecordFork::read(record)?;
            let fork = Fork {
                time_ns: header.time_ns,
                child: process(r.child),
                parent: process(r.parent),
                cgroup: header.cgroup,
            };
            Decoded::Event(Event::Fork(fork))
        }
        RecordKind::Exit => {
            let r = RecordExit::read(record)?;
            let exit = Exit {
                time_ns: header.time_ns,
                process: process(r.process),
                cgroup: header.cgroup,
                status: r.status,
            };
            Decoded::Event(Event::Exit(exit))
        }
        RecordKind::Socket => {
            let r = RecordSocket::read(record)?;
            let socket = descriptor::internet(&r.socket);
            let owner = (r.process.pid != 0).then(|| process(r.process));
            let event =
                SocketEvent { time_ns: header.time_ns, process: owner, cgroup: header.cgroup, socket };
            Decoded::Event(Event::Socket(event))
        }
    })
}

pub(crate) fn process(record: RecordProcess) -> ProcessKey {
    ProcessKey { pid: record.pid, start_ns: record.start_ns }
}

#[cfg(test)]
mod tests;
