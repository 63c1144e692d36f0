//! A shell whose input is the connection, and what becomes of it; time is a parameter.

use crate::live::Live;
use crate::lookups::{Answer, Lookups, Request};
use crate::tests::{asking_sensor, delivered, sensor, shell};
use crate::watch::Watch;
use crate::{Delivery, Made, RecordTo, Recorder, Recording, replay};
use cloud::Facts;
use crossbeam_channel::{Receiver, bounded};
use decoder::{Decoded, decode};
use detection::Settings;
use event::{Event, Exec};
use finding::{Finding, Timestamp};
use probe_abi::{RecordExec, RecordExit, RecordFork, RecordHeader, RecordKind, RecordProcess};
use serde_json::Value;
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;
const SHELL: RecordProcess = RecordProcess { pid: 11, start_ns: SECOND };
const CHILD: RecordProcess = RecordProcess { pid: 12, start_ns: 2 * SECOND };

fn header(kind: RecordKind, time_ns: u64, pid: u32) -> RecordHeader {
    RecordHeader { length: 0, kind, time_ns, cgroup: 42, pid, cpu: 0 }
}

fn exit(process: RecordProcess, time_ns: u64) -> Vec<u8> {
    RecordExit { header: header(RecordKind::Exit, time_ns, process.pid), process, status: 0 }.write()
}

fn fork(parent: RecordProcess, child: RecordProcess) -> Vec<u8> {
    RecordFork { header: header(RecordKind::Fork, child.start_ns, parent.pid), child, parent }.write()
}

/// The shell's child executes something; it keeps the connection, or does not.
fn executes(process: RecordProcess, keeps: bool) -> Vec<u8> {
    let shell = shell();
    let mut exec = RecordExec::read(&shell).unwrap();
    exec.header = header(RecordKind::Exec, process.start_ns + 1, process.pid);
    exec.process = process;
    exec.arguments = b"sleep\x001000\x00".to_vec().into();
    if !keeps {
        exec.descriptors.clear();
    }
    exec.write()
}

fn last(deliveries: &Receiver<Delivery>) -> Finding {
    std::iter::from_fn(|| delivered(deliveries)).last().unwrap().finding
}

fn ended(finding: &Finding) -> &Value {
    &finding.vedette["session"]["ended"]
}

fn seconds_after_start(finding: &Finding) -> i64 {
    let ended: Timestamp = ended(finding).as_str().unwrap().parse().unwrap();
    (ended.nanos() - finding.event_time.unwrap().nanos()) / 1_000_000_000
}

/// What a replay concludes: nothing but records.
fn by_records(records: &[Vec<u8>]) -> Finding {
    let (mut watch, deliveries) = sensor(&Facts::default(), false);
    for record in records {
        let now = RecordHeader::read(record).unwrap().time_ns;
        watch.record(record, now);
        watch.tick(now);
    }
    last(&deliveries)
}

#[test]
fn a_session_is_open_until_its_shell_ends() {
    let open = by_records(&[shell()]);
    assert_eq!(*ended(&open), Value::Null);
    assert!(open.description.contains("The session was still open at "), "{}", open.description);

    let over = by_records(&[shell(), exit(SHELL, 4 * SECOND)]);
    assert_eq!((seconds_after_start(&over), &over.vedette["session"]["endedExactly"]), (3, &true.into()));
    assert!(over.description.contains("The session ended after 3.0 s, at "), "{}", over.description);
    assert!(over.next_steps.starts_with("The session is over"), "{}", over.next_steps);
    assert_eq!(over.state, finding::State::Active, "an analyst or a rule says otherwise, not the end");
    assert_eq!(over.name, open.name);
}

#[test]
fn an_end_that_is_reported_before_the_shell_was_decided_counts() {
    let (mut watch, deliveries) = sensor(&Facts::default(), false);
    let Ok(Decoded::Event(Event::Exec(exec))) = decode(&shell()) else { panic!("not an exec") };
    // the birth and the end come through the other lane
    watch.record(&fork(RecordProcess { pid: 1, start_ns: 0 }, SHELL), SECOND);
    watch.record(&exit(SHELL, 2 * SECOND), 2 * SECOND);
    watch.event(Event::Exec(exec), 3 * SECOND);
    watch.tick(3 * SECOND);
    assert_eq!(seconds_after_start(&last(&deliveries)), 1);
}

#[test]
fn who_inherits_the_connection_keeps_the_session_open() {
    let inherited = [shell(), fork(SHELL, CHILD), exit(SHELL, 4 * SECOND)];
    assert_eq!(*ended(&by_records(&inherited)), Value::Null);
    let kept = [inherited.as_slice(), &[executes(CHILD, true)]].concat();
    assert_eq!(*ended(&by_records(&kept)), Value::Null);
    let over = [kept, vec![exit(CHILD, 9 * SECOND)]].concat();
    assert_eq!(seconds_after_start(&by_records(&over)), 8);

    let given_away = [shell(), fork(SHELL, CHILD), executes(CHILD, false), exit(SHELL, 4 * SECOND)];
    assert_eq!(seconds_after_start(&by_records(&given_away)), 3);
    let stranger = [shell(), exit(RecordProcess { pid: 11, start_ns: 7 }, 4 * SECOND)];
    assert_eq!(*ended(&by_records(&stranger)), Value::Null, "the number of the shell, another process");
}

/// A sensor whose live state is what the test says.
struct World {
    watch: Watch,
    requests: Vec<Receiver<Request>>,
    deliveries: Receiver<Delivery>,
    now: u64,
}

impl World {
    /// With the shell, found.
    fn new() -> Self {
        let (lookups, _, requests) = Lookups::unserved(16);
        let (watch, deliveries) = asking_sensor(lookups);
        let mut world = Self { watch, requests, deliveries, now: SECOND };
        world.watch.record(&shell(), world.now);
        // the first reading, which began before there was a session
        world.passes(0);
        world.reads(&[]);
        world
    }

    /// Time passes; returns whether live state is read.
    fn passes(&mut self, ns: u64) -> bool {
        self.now += ns;
        self.watch.tick(self.now);
        self.requests[1].try_iter().count() > 0
    }

    fn reads(&mut self, alive: &[Arc<Exec>]) {
        self.watch.tick(self.now);
        self.watch.answer(Answer::Live(Live { processes: alive.to_vec(), at_ns: self.now }), self.now);
        self.watch.tick(self.now);
    }
}

fn live(record: &[u8]) -> Arc<Exec> {
    match decode(record) {
        Ok(Decoded::Event(Event::Exec(exec))) => exec,
        other => panic!("not an exec: {other:?}"),
    }
}

#[test]
fn live_state_confirms_that_nobody_is_left() {
    let mut world = World::new();
    assert!(!world.passes(SECOND), "nothing has happened");
    world.watch.record(&exit(SHELL, world.now), world.now);
    assert!(world.passes(SECOND / 2));
    assert_eq!(*ended(&last(&world.deliveries)), Value::Null, "not confirmed yet");
    world.reads(&[]);
    assert_eq!(
        seconds_after_start(&last(&world.deliveries)),
        1,
        "when it ended, not when that was confirmed"
    );
}

#[test]
fn who_was_born_unseen_is_found_in_live_state() {
    let mut world = World::new();
    world.passes(SECOND);
    world.watch.record(&exit(SHELL, world.now), world.now);
    assert!(world.passes(SECOND / 2));
    world.reads(&[live(&executes(CHILD, true))]);
    assert_eq!(*ended(&last(&world.deliveries)), Value::Null);
    world.passes(2 * SECOND);
    world.watch.record(&exit(CHILD, world.now), world.now);
    assert!(world.passes(SECOND / 2));
    world.reads(&[]);
    assert_eq!(seconds_after_start(&last(&world.deliveries)), 3);
}

#[test]
fn who_has_ended_since_live_state_was_read_is_no_holder() {
    let mut world = World::new();
    world.passes(2 * SECOND);
    // a child in the reading, whose end is reported before the reading is there
    world.watch.record(&executes(CHILD, true), world.now);
    world.watch.record(&exit(CHILD, world.now + 1), world.now + 1);
    world.reads(&[live(&shell()), live(&executes(CHILD, true))]);
    world.passes(SECOND);
    world.watch.record(&exit(SHELL, world.now), world.now);
    assert!(world.passes(SECOND / 2));
    world.reads(&[]);
    let finding = last(&world.deliveries);
    assert_eq!(
        (seconds_after_start(&finding), &finding.vedette["session"]["endedExactly"]),
        (3, &true.into())
    );
}

#[test]
fn an_end_that_was_lost_is_noticed_and_dated_no_better_than_it_is_known() {
    let mut world = World::new();
    assert!(world.passes(61 * SECOND), "looked at now and then");
    world.reads(&[]);
    assert_eq!(*ended(&last(&world.deliveries)), Value::Null, "its report may be on its way");
    assert!(world.passes(SECOND));
    world.reads(&[]);
    let finding = last(&world.deliveries);
    assert_eq!(finding.vedette["session"]["endedExactly"], false);
    assert!(finding.description.contains("The session had ended by "), "{}", finding.description);
}

#[test]
fn an_end_that_is_reported_after_live_state_has_shown_it_is_exact() {
    let mut world = World::new();
    world.passes(2 * SECOND);
    world.reads(&[]);
    world.watch.record(&exit(SHELL, 2 * SECOND), world.now);
    assert!(world.passes(SECOND / 2));
    world.reads(&[]);
    assert_eq!(last(&world.deliveries).vedette["session"]["endedExactly"], true);
}

#[test]
fn a_replay_says_what_was_said_live() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.rec");
    let made =
        Made { boot_id: "boot".into(), boot_time_nanos: 5, node: "node-7".into(), kernel: "6.1".into() };
    let records = [shell(), fork(SHELL, CHILD), exit(CHILD, 3 * SECOND), exit(SHELL, 4 * SECOND)];
    let mut recorder = Recorder::create(&RecordTo { path: path.clone(), overwrite: false }, &made).unwrap();
    records.iter().for_each(|record| recorder.write(record).unwrap());
    recorder.finish().unwrap();

    let elsewhere = findings::Place::local("another-machine", "m2", "7.0");
    let (out, deliveries) = bounded(64);
    let read = replay(Recording::open(&path).unwrap(), elsewhere, Settings::default(), out).unwrap();
    assert_eq!(read, records.len());
    let (replayed, seen) = (last(&deliveries), by_records(&records));
    assert_eq!(replayed.name, seen.name);
    assert_eq!(replayed.event_time, Some(Timestamp::from_nanos(1_000_000_005)));
    assert_eq!(seconds_after_start(&replayed), seconds_after_start(&seen));
    assert_eq!(replayed.source_properties["VM_Instance_Name"], "node-7");
    let events = |finding: &finding::Finding| {
        let events = finding.vedette["story"]["events"].as_array().unwrap().clone();
        events.into_iter().map(|event| (event["kind"].clone(), event["pid"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(events(&replayed), events(&seen));
    assert_eq!(replayed.vedette["story"]["routes"], seen.vedette["story"]["routes"]);
    assert_eq!(replayed.vedette["story"]["events"][0]["time"], "1970-01-01T00:00:01.000000005Z");
}
