//! What is asked for while somebody floods the sensor with other questions. Nobody serves the queues but the tests; this
//! very process stands for all that are executed.

use super::*;
use crate::Delivery;
use crate::live::Live;
use crate::lookups::facts::{Queues, find};
use crate::lookups::{Answer, Lookups};
use crate::tests::asking_sensor;
use crossbeam_channel::Receiver;
use decoder::{Decoded, decode};
use enrichment::{ExecutableFacts, Started};
use event::{Event, FileIdentity};
use finding::FindingResource;
use probe_abi::{
    DescriptorKind, RecordAncestor, RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess,
};
use programs::executable::{InterpreterFamily, Kind, Recognised, ShellFamily};
use std::os::unix::fs::MetadataExt;

const SECOND: u64 = 1_000_000_000;
const SHELL: u64 = 1;
const RELAY: u64 = 2;
/// Files of the flood are numbered from here.
const FLOOD: u64 = 1_000;
const ATTACKED: u64 = 42;
const FLOODED: u64 = 43;

fn this_pid() -> u32 {
    std::process::id()
}

/// When this process started, as the kernel's record would say it.
fn this_start_ns() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit(')').next().unwrap();
    after.split_whitespace().nth(19).unwrap().parse::<u64>().unwrap() * 10_000_000
}

/// An exec of this process's file as if it were version `file`; the process is told from others by its start.
fn exec(file: u64, cgroup: u64, arguments: &[u8], descriptors: Vec<RecordDescriptor>) -> RecordExec<'static> {
    let start_ns = if file == SHELL { this_start_ns() } else { file };
    RecordExec {
        executable_inode: std::fs::metadata("/proc/self/exe").unwrap().ino(),
        executable_changed_ns: file,
        executable_size: 0,
        descriptors,
        path: b"yy\0tmp\0".to_vec().into(),
        invoked_as: b"/tmp/yy\0".to_vec().into(),
        cgroup: format!("session-{cgroup}.scope\0user.slice\0").into_bytes().into(),
        arguments: arguments.to_vec().into(),
        ..RecordExec::of(
            RecordHeader {
                length: 0,
                kind: RecordKind::Exec,
                time_ns: SECOND + file,
                cgroup,
                pid: this_pid(),
                cpu: 0,
            },
            RecordProcess { pid: this_pid(), start_ns },
        )
    }
}

fn pair(number: u32, inode: u64, peer: u64) -> RecordDescriptor {
    let (kind, access) = (DescriptorKind::Unix, 3);
    RecordDescriptor { number, kind, access, inode, peer, ..RecordDescriptor::default() }
}

/// A program behind a socket pair, whose other end a process with a connection holds.
fn behind_a_relay(arguments: &[u8]) -> RecordExec<'static> {
    let socket = RecordDescriptor::connection(5, 77, 40_001, ([192, 0, 2, 7], 8_443));
    let relay = RecordAncestor { pid: this_pid(), start_ns: RELAY, ..RecordAncestor::default() };
    let mut shell = exec(SHELL, ATTACKED, arguments, vec![pair(0, 61, 60), pair(1, 61, 60)]);
    shell.ancestors = vec![relay];
    shell.parent_descriptors = vec![socket, pair(6, 60, 61)];
    shell
}

/// A program whose input another one could write.
fn with_input(file: u64, cgroup: u64) -> RecordExec<'static> {
    exec(file, cgroup, b"/tmp/x\0", vec![pair(0, 1_000 + 2 * file, 1_001 + 2 * file)])
}

fn identity(file: u64) -> FileIdentity {
    let Ok(Decoded::Event(Event::Exec(exec))) = decode(&exec(file, 1, b"x\0", vec![]).write()) else {
        panic!("not an exec")
    };
    exec.executable.identity
}

fn facts(kind: Kind) -> Option<Arc<ExecutableFacts>> {
    Some(Arc::new(ExecutableFacts {
        recognised: Recognised { kind, elf: None, examined: 0 },
        sha256: String::new(),
        hashed_size: 0,
        size: 5,
        path: None,
    }))
}

struct World {
    watch: Watch,
    queues: Queues,
    requests: Vec<Receiver<Request>>,
    deliveries: Receiver<Delivery>,
    alive: Vec<Arc<Exec>>,
    now: u64,
    /// What the file of the shell is.
    kind: Kind,
}

impl World {
    fn new() -> Self {
        Self::with_evidence_queue(16)
    }

    fn with_evidence_queue(length: usize) -> Self {
        let (lookups, queues, requests) = Lookups::unserved(length);
        let (watch, deliveries) = asking_sensor(lookups);
        Self {
            watch,
            queues,
            requests,
            deliveries,
            alive: Vec::new(),
            now: SECOND,
            kind: Kind::Shell(ShellFamily::Dash),
        }
    }

    fn executes(&mut self, record: &RecordExec<'_>) {
        let bytes = record.write();
        if let Ok(Decoded::Event(Event::Exec(exec))) = decode(&bytes) {
            self.alive.push(exec);
        }
        self.watch.record(&bytes, self.now);
    }

    /// Knows by the file's version what everything is: the shell is one, the rest nothing in particular.
    fn serve(&mut self, most: usize) {
        for _ in 0..most {
            let Some((_, fact)) = self.queues.facts.try_pop() else { return };
            let found = match fact {
                Fact::File { identity: file, process, .. } => {
                    let is_shell = file == identity(SHELL);
                    let kind = if is_shell { self.kind.clone() } else { Kind::Unknown };
                    Found::File { identity: file, process, facts: facts(kind) }
                }
                other => find(other).0,
            };
            self.watch.answer(Answer::Fact(found), self.now);
        }
    }

    /// Time passes; live state is read when that is asked for.
    fn passes(&mut self, ns: u64) {
        self.now += ns;
        self.watch.tick(self.now);
        if self.requests[1].try_iter().count() > 0 {
            let live = Live { processes: self.alive.clone(), at_ns: self.now };
            self.watch.answer(Answer::Live(live), self.now);
            self.watch.tick(self.now);
        }
    }

    fn delivered(&mut self) -> Option<FindingResource> {
        self.watch.tick(self.now);
        self.deliveries.try_iter().last().map(|delivery| *delivery.finding)
    }
}

#[test]
fn what_a_decision_waits_for_goes_before_what_was_merely_executed() {
    let mut world = World::new();
    for file in FLOOD..FLOOD + 1_000 {
        world.executes(&exec(file, ATTACKED, b"/tmp/t\0", vec![]));
    }
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    assert!(world.delivered().is_none());
    world.serve(2);
    let finding = world.delivered().expect("a shell").finding;
    assert_eq!(finding.module_name, "REVERSE_SHELL");
    assert_eq!(finding.connections[0].destination_port, 8_443);
}

#[test]
fn another_container_does_not_wait_behind_a_flood() {
    let mut world = World::new();
    for file in FLOOD..FLOOD + 2_000 {
        world.executes(&with_input(file, FLOODED));
    }
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    world.serve(4);
    assert!(world.delivered().is_some());
}

#[test]
fn a_shell_among_thousands_of_its_like_is_found_however_late() {
    let mut world = World::new();
    for file in FLOOD..FLOOD + 1_500 {
        world.executes(&with_input(file, ATTACKED));
    }
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    for file in FLOOD + 1_500..FLOOD + 3_000 {
        world.executes(&with_input(file, ATTACKED));
    }
    // the waiting time passes before a single answer
    world.passes(SECOND);
    assert!(world.delivered().is_none());
    let mut rounds = 0;
    while world.delivered().is_none() {
        rounds += 1;
        assert!(rounds < 200, "missed for good");
        world.serve(100);
        world.passes(SECOND);
    }
}

#[test]
fn what_found_no_room_is_asked_for_again() {
    let mut world = World::new();
    for file in FLOOD..FLOOD + 300 {
        world.executes(&with_input(file, ATTACKED));
    }
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    // within the waiting time, and without any look at live processes
    world.serve(400);
    assert!(world.delivered().is_some());
}

#[test]
fn a_late_answer_decides_again() {
    let mut world = World::new();
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    world.passes(60 * SECOND);
    assert!(world.delivered().is_none(), "decided with what is known");
    world.serve(2);
    assert!(world.delivered().is_some());
}

#[test]
fn a_file_that_is_not_to_be_had_is_not_waited_for_and_another_process_is_asked() {
    let mut world = World::new();
    let shell = behind_a_relay(b"/tmp/yy\0");
    world.executes(&shell);
    let process = world.alive[0].process;
    let missing = Found::File { identity: identity(SHELL), process, facts: None };
    world.watch.answer(Answer::Fact(missing), world.now);
    assert!(world.delivered().is_none());
    assert_eq!(world.watch.waiting.needs().len(), 0);
    let again = RecordExec { process: RecordProcess { pid: this_pid(), start_ns: 9 }, ..shell };
    world.executes(&again);
    world.serve(8);
    assert!(world.delivered().is_some());
}

#[test]
fn a_hash_completes_the_finding_that_is_open() {
    let mut world = World::new();
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    world.serve(8);
    let first = world.delivered().unwrap().finding;
    assert_eq!((first.files[0].sha256.as_str(), first.files[0].partially_hashed), ("", false));
    let (_, (wanted, _)) = world.queues.hashes.try_pop().expect("asked for");
    let hash = Answer::Hash { wanted, sha256: "ab".repeat(32), size: 5 };
    world.watch.answer(hash, world.now);
    let then = world.delivered().unwrap().finding;
    assert_eq!((&then.files[0].sha256, then.files[0].hashed_size), (&"ab".repeat(32), 5));
    assert_eq!(then.processes[0].binary.sha256, "ab".repeat(32));
    assert_eq!(then.name, first.name);
}

#[test]
fn a_finding_says_that_no_evidence_could_be_taken() {
    let mut world = World::with_evidence_queue(0);
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    world.serve(8);
    let finding = world.delivered().unwrap().finding;
    let missing = finding.vedette["evidenceMissing"][0].as_str().unwrap();
    assert!(missing.contains("more shells were found"), "{missing}");
}

/// What becomes of a script with this text that stands behind a relay.
fn script(text: &str, others: &[(&str, &str)]) -> Option<FindingResource> {
    script_of(Kind::Shell(ShellFamily::Dash), text, others)
}

fn script_of(kind: Kind, text: &str, others: &[(&str, &str)]) -> Option<FindingResource> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("serve.sh"), text).unwrap();
    for (name, text) in others {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let mut shell = behind_a_relay(b"/bin/sh\0./serve.sh\0");
    let mut names: Vec<&[u8]> = folder.path().as_os_str().as_encoded_bytes().split(|b| *b == b'/').collect();
    names.reverse();
    let names: Vec<u8> =
        names.into_iter().filter(|n| !n.is_empty()).flat_map(|n| [n, b"\0"].concat()).collect();
    shell.working_directory = names.into();
    let mut world = World { kind, ..World::new() };
    world.executes(&shell);
    assert!(world.delivered().is_none());
    world.serve(8);
    world.delivered()
}

#[test]
fn a_script_that_executes_what_it_reads_is_found() {
    assert!(script("while read l; do eval \"$l\"; done\n", &[]).is_some());
    assert!(script("exec sh\n", &[]).is_some());
    assert!(
        script(
            "#!/bin/sh\nset -e\n. ./lib.sh\nmain\n",
            &[("lib.sh", "main() { eval \"$(cat)\"; }\neval \"$(cat)\"")]
        )
        .is_some()
    );
}

#[test]
fn a_script_of_another_language_is_read_as_such() {
    let python = || Kind::Interpreter(InterpreterFamily::Python);
    assert!(script_of(python(), "import os\nwhile True:\n    os.system(input())\n", &[]).is_some());
    assert!(script_of(python(), "name = input('name? ')\nprint('hello', name)\n", &[]).is_none());
}

#[test]
fn a_script_that_does_not_is_quiet() {
    assert!(script("echo hello; read name; echo \"hello $name\"\n", &[]).is_none());
    assert!(script("while read c; do case $c in date) date;; quit) exit;; esac; done\n", &[]).is_none());
    assert!(script(". ./lib.sh\ngreet\n", &[("lib.sh", "greet() { echo hello; }")]).is_none());
    assert!(script("\0\0binary\n", &[]).is_none());
}

/// A shell behind a relay whose command string was cut, and what its whole arguments are said to be.
fn cut(whole: Option<Invocation>) -> Option<FindingResource> {
    let mut world = World::new();
    let mut shell = behind_a_relay(b"/bin/sh\0-c\0: a long comment");
    shell.flags = probe_abi::flags::ARGUMENTS_TRUNCATED;
    world.executes(&shell);
    let image = ImageKey::of(&world.alive[0]);
    let shell = Found::File {
        identity: identity(SHELL),
        process: image.process,
        facts: facts(Kind::Shell(ShellFamily::Dash)),
    };
    world.watch.answer(Answer::Fact(shell), world.now);
    assert!(world.watch.waiting.needs().iter().any(|(_, need)| *need == Need::Arguments(image)));
    assert!(world.delivered().is_none(), "not before the whole is known");
    world.watch.answer(Answer::Fact(Found::Arguments { image, invocation: whole }), world.now);
    world.serve(8);
    world.delivered()
}

#[test]
fn whole_arguments_decide_what_cut_ones_left_open() {
    let started = Started {
        kind: Some(Kind::Shell(ShellFamily::Dash)),
        name: "dash".into(),
        loaded: false,
        working_directory: "/".into(),
        environment: Vec::new(),
    };
    let whole = |text: &str| {
        let arguments = ["/bin/sh", "-c", text].map(event::Text::from);
        Some(started.invocation(&arguments, false))
    };
    assert!(cut(whole(": a long comment; echo hello")).is_none());
    assert!(cut(whole(": a long comment; exec sh")).is_some());
    assert!(cut(None).is_some(), "gone: it cannot be excluded");
}

#[test]
fn a_finding_whose_session_has_ended_is_closed_without_news_and_what_comes_later_opens_none() {
    let mut world = World::new();
    world.executes(&behind_a_relay(b"/tmp/yy\0"));
    world.serve(8);
    assert!(world.delivered().is_some());
    let (_, (wanted, _)) = world.queues.hashes.try_pop().expect("asked for");
    let hash = |now, world: &mut World| {
        let answer = Answer::Hash { wanted, sha256: "ab".repeat(32), size: 5 };
        world.watch.answer(answer, now);
    };
    world.watch.housekeeping(world.now + 900 * SECOND);
    assert!(world.watch.open.evidence_of(detection::Session::Connection(77)).is_some(), "it goes on");
    world.alive.clear();
    for ns in [0, 61 * SECOND, SECOND] {
        world.passes(ns);
    }
    assert!(world.delivered().is_some(), "it has ended");
    world.watch.housekeeping(world.now + 299 * SECOND);
    assert!(world.watch.open.evidence_of(detection::Session::Connection(77)).is_some());
    world.watch.housekeeping(world.now + 300 * SECOND);
    assert!(world.watch.open.evidence_of(detection::Session::Connection(77)).is_none());
    hash(world.now + 301 * SECOND, &mut world);
    assert!(world.delivered().is_none());
}
