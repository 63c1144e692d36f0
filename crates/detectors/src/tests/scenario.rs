//! A small world to write scenarios in.

use detection::{Cost, Engine, Evidence, Outcome, Settings, Verdict};
use enrichment::{Enriched, ExecutableFacts, ImageKey, State};
use event::{
    Access, Ancestor, Arguments, Cgroup, Credentials, Descriptor, Direction, Endpoint, Environment, Exec,
    File, FileIdentity, FileSystem, Fork, Hierarchy, Internet, Namespaces, Object, Origin, ProcessKey,
    Protocol, SocketState, Text,
};
use programs::executable::{ElfFacts, Kind, Recognised, Strength};
use programs::script::Verdict as ScriptVerdict;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) const CONTAINER: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// The world: processes with descriptors, and the engine that watches.
pub(super) struct World {
    pub(super) state: State,
    engine: Engine,
    now: u64,
    /// What is executed next belongs to the container.
    pub(super) contained: bool,
    /// What is executed next is what its content says; otherwise it merely holds the words.
    pub(super) genuine: bool,
    /// How the sensor comes to know of what is executed next.
    pub(super) origin: Origin,
    processes: HashMap<u32, (ProcessKey, Vec<Descriptor>, Arc<Exec>)>,
}

pub(super) const INIT: u32 = 1;

impl World {
    /// A container with its first process.
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> Self {
        let engine = Engine::new(crate::catalogue(), settings).timed_by(clock);
        let mut world = Self {
            state: State::default(),
            engine,
            now: 1,
            contained: true,
            genuine: true,
            origin: Origin::Probe,
            processes: HashMap::new(),
        };
        world.exec(0, INIT, Kind::Unknown, "/sbin/init", &["init"], &[]);
        world
    }

    /// `parent` starts `pid` with this program; descriptors 0 to 2 are `/dev/null` unless given.
    pub(super) fn exec(
        &mut self,
        parent: u32,
        pid: u32,
        kind: Kind,
        path: &str,
        arguments: &[&str],
        descriptors: &[Descriptor],
    ) -> Option<Evidence> {
        self.now += 1_000;
        let inode = path.bytes().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let identity = FileIdentity { device: 1, inode, changed_ns: 1 };
        let facts = ExecutableFacts {
            recognised: recognised(kind, self.genuine),
            sha256: "0".repeat(64),
            hashed_size: 1,
            size: 1,
            path: None,
        };
        self.state.executables.tell_file(identity, Some(Arc::new(facts)));
        let start_ns = self.processes.get(&pid).map_or(self.now, |(key, ..)| key.start_ns);
        let mut all: Vec<Descriptor> =
            (0..3).filter(|n| !descriptors.iter().any(|d| d.number == *n)).map(null).collect();
        all.extend(descriptors.iter().cloned());
        all.sort_by_key(|d| d.number);
        let mut ancestors = Vec::new();
        let mut at = parent;
        while let Some((key, _, exec)) = self.processes.get(&at) {
            ancestors.push(Ancestor {
                process: *key,
                name: exec.name.clone(),
                executable: Some(exec.executable.identity),
                cgroup: exec.cgroup.id,
            });
            at = exec.parent().map_or(0, |p| p.pid);
        }
        let exec = Arc::new(Exec {
            time_ns: self.now,
            origin: self.origin,
            process: ProcessKey { pid, start_ns },
            pid_in_namespace: pid,
            name: Text::new(Text::from(path).file_name()),
            ancestors,
            credentials: Credentials::default(),
            session: pid,
            terminal: None,
            namespaces: Namespaces::default(),
            cgroup: Cgroup {
                id: if self.contained { 42 } else { 7 },
                hierarchy: Hierarchy::V2,
                path: if self.contained {
                    ["kubepods", "pod00000000-0000-0000-0000-000000000001", CONTAINER]
                        .map(Text::from)
                        .to_vec()
                } else {
                    vec![Text::from("system.slice")]
                },
                truncated: false,
            },
            executable: File {
                identity,
                path: Text::from(path),
                path_truncated: false,
                size: 1,
                links: 1,
                mode: 0o100_755,
                file_system: FileSystem::Overlay { upper: false },
            },
            invoked_as: Text::from(path),
            arguments: Arguments {
                values: arguments.iter().map(|a| Text::from(*a)).collect(),
                truncated: false,
            },
            environment: Environment::default(),
            working_directory: Text::from("/"),
            parent_descriptors: self.processes.get(&parent).map(|(_, d, _)| d.clone()).unwrap_or_default(),
            grandparent_descriptors: Vec::new(),
            parent_descriptors_truncated: false,
            descriptors: all.clone(),
            descriptors_truncated: false,
        });
        self.processes.insert(pid, (exec.process, all, Arc::clone(&exec)));
        self.state.tree.exec(&exec);
        self.evaluate(&exec)
    }

    /// What the script that a process runs was found to execute.
    pub(super) fn tell_script(&mut self, pid: u32, verdict: ScriptVerdict) {
        if let Some((_, _, exec)) = self.processes.get(&pid) {
            self.state.executables.tell_script(ImageKey::of(exec), Some(verdict));
        }
    }

    /// What the script that an interpreter runs says, which may execute what it reads from the network.
    pub(super) fn tell_text(&mut self, pid: u32, text: &str) {
        self.tell_script(pid, ScriptVerdict { network: true, ..ScriptVerdict::QUIET });
        if let Some((_, _, exec)) = self.processes.get(&pid) {
            self.state.executables.tell_text(ImageKey::of(exec), Arc::from(text.as_bytes()));
        }
    }

    /// `parent` makes a copy of itself that goes on with these descriptors.
    pub(super) fn forks(&mut self, parent: u32, pid: u32, descriptors: &[Descriptor]) {
        self.now += 1_000;
        let Some((key, _, exec)) = self.processes.get(&parent).cloned() else { return };
        let child = ProcessKey { pid, start_ns: self.now };
        self.state.tree.fork(&Fork { time_ns: self.now, child, parent: key, cgroup: exec.cgroup.id });
        self.processes.insert(pid, (child, descriptors.to_vec(), exec));
        self.state.tree.learn(child, descriptors, self.now);
    }

    /// A process opened something after its exec.
    pub(super) fn opens(&mut self, pid: u32, descriptors: &[Descriptor]) {
        self.now += 1_000;
        if let Some((key, all, _)) = self.processes.get_mut(&pid) {
            all.extend(descriptors.iter().cloned());
            self.state.tree.learn(*key, all, self.now);
        }
    }

    /// A process has a connection; every program above it is told.
    pub(super) fn connects(&mut self, pid: u32) {
        if let Some((key, ..)) = self.processes.get(&pid) {
            let _ = self.state.connected(*key, 50, |_| true);
        }
    }

    /// A process has these descriptors now and no others.
    pub(super) fn holds(&mut self, pid: u32, descriptors: &[Descriptor]) {
        if let Some((_, all, _)) = self.processes.get_mut(&pid) {
            all.clear();
        }
        self.opens(pid, descriptors);
    }

    /// Events that detectors have looked at, and how long that took, in the order of the catalogue.
    pub(super) fn costs(&self) -> Vec<Cost> {
        self.engine.costs().map(|(_, cost)| cost).collect()
    }

    /// A process is looked at again.
    pub(super) fn again(&mut self, pid: u32) -> Option<Evidence> {
        let exec = Arc::clone(&self.processes.get(&pid)?.2);
        self.evaluate(&exec)
    }

    fn evaluate(&mut self, exec: &Arc<Exec>) -> Option<Evidence> {
        let enriched = self.state.enrich(exec, self.now);
        agrees(&enriched);
        match self.engine.evaluate(&Arc::new(enriched)) {
            Outcome::Detected(evidence) => {
                if let Some(endpoint) = &evidence.endpoint {
                    self.state.report(&evidence.enriched, endpoint);
                }
                Some(*evidence)
            }
            Outcome::Known(_) | Outcome::Quiet => None,
        }
    }
}

/// A clock on which time passes by being read.
fn clock() -> u64 {
    static NOW: AtomicU64 = AtomicU64::new(0);
    NOW.fetch_add(5, Ordering::Relaxed)
}

/// Whatever the scenario: a detector finds what all of its conditions hold for, and nothing else.
fn agrees(enriched: &Enriched) {
    for detector in crate::catalogue() {
        for parity in [false, true] {
            let settings = Settings { parity, ..Settings::default() };
            let conditions = detector.conditions(enriched, &settings);
            let is_found = detector.detect(enriched, &settings).is_some();
            let module = detector.metadata().module;
            assert!(!conditions.is_empty(), "{module}");
            assert_eq!(Verdict::of(&conditions) == Verdict::Found, is_found, "{module}: {conditions:#?}");
            assert!(conditions.iter().all(|c| !c.reason.is_empty()), "{module}: {conditions:#?}");
        }
    }
}

fn recognised(kind: Kind, genuine: bool) -> Recognised {
    let strength = if genuine { Strength::Linked } else { Strength::Strings };
    Recognised { kind, elf: Some(ElfFacts { strength, ..ElfFacts::default() }), examined: 1 }
}

pub(super) fn socat() -> Kind {
    Kind::Socat { version: None }
}

pub(super) fn null(number: u32) -> Descriptor {
    descriptor(number, Object::Character { major: 1, minor: 3 })
}

pub(super) fn descriptor(number: u32, object: Object) -> Descriptor {
    Descriptor { number, access: Access { read: true, write: true }, object }
}

pub(super) fn unix(number: u32, inode: u64, peer: u64) -> Descriptor {
    descriptor(number, Object::Unix { inode, peer, listening: false, datagram: false })
}

/// One end of a connection to a service, or of datagrams to one.
pub(super) fn datagrams(number: u32, inode: u64, peer: u64) -> Descriptor {
    descriptor(number, Object::Unix { inode, peer, listening: false, datagram: true })
}

/// A socket at which a service waits.
pub(super) fn serves(number: u32, inode: u64) -> Descriptor {
    descriptor(number, Object::Unix { inode, peer: 0, listening: true, datagram: false })
}

pub(super) fn reads_pipe(number: u32, inode: u64) -> Descriptor {
    Descriptor { number, access: Access { read: true, write: false }, object: Object::Pipe { inode } }
}

pub(super) fn writes_pipe(number: u32, inode: u64) -> Descriptor {
    Descriptor { number, access: Access { read: false, write: true }, object: Object::Pipe { inode } }
}

pub(super) fn reads_fifo(number: u32, inode: u64) -> Descriptor {
    Descriptor {
        number,
        access: Access { read: true, write: false },
        object: Object::Fifo { device: 1, inode },
    }
}

pub(super) fn writes_fifo(number: u32, inode: u64) -> Descriptor {
    Descriptor {
        number,
        access: Access { read: false, write: true },
        object: Object::Fifo { device: 1, inode },
    }
}

pub(super) fn slave(number: u32, index: u32) -> Descriptor {
    descriptor(number, Object::PtySlave { device: 9, index })
}

pub(super) fn master(number: u32, index: u32) -> Descriptor {
    descriptor(number, Object::PtyMaster { device: 9, index })
}

pub(super) fn tcp(number: u32, inode: u64, direction: Direction) -> Descriptor {
    socket(number, inode, direction, Protocol::Tcp, SocketState::Connected)
}

/// A TCP socket whose connection is being made.
pub(super) fn connecting(number: u32, inode: u64) -> Descriptor {
    let mut made = tcp(number, inode, Direction::Connected);
    if let Object::Internet(socket) = &mut made.object {
        socket.local.port = 0;
    }
    made
}

pub(super) fn socket(
    number: u32,
    inode: u64,
    direction: Direction,
    protocol: Protocol,
    state: SocketState,
) -> Descriptor {
    let local = Endpoint { address: [10, 0, 0, 2].into(), port: 40_000 };
    let remote = Endpoint { address: [10, 0, 0, 9].into(), port: 9_001 };
    let socket = Internet { inode, protocol, state, direction, local, remote, network_namespace: 1 };
    descriptor(number, Object::Internet(socket))
}
