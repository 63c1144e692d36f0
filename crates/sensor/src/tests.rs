//! What the stations do together when the place becomes known late. Time is a parameter; there is no kernel.

mod late;

use crate::controls::Order;
use crate::coverage::LossLog;
use crate::lookups::{Answer, Lookups, Reply, ask_cloud};
use crate::open::{OpenFindings, WAITING_MAX};
use crate::watch::Watch;
use crate::{Delivery, Metrics, Named, place};
use cloud::{Cloud, Facts, MetadataServer};
use crossbeam_channel::{Receiver, Sender, bounded};
use detection::{Engine, Settings};
use event::ProcessKey;
use finding::FindingResource;
use host::{Clock, Machine};
use probe_abi::{RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess};
use rustix::event::{EventfdFlags, eventfd};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;
const CLUSTER: &str = "//container.googleapis.com/projects/424242/locations/europe-west1/clusters/shop";

/// A shell whose input and output are a connection to 192.0.2.7.
pub(crate) fn shell() -> Vec<u8> {
    shell_of(11, 77, 42)
}

/// One of that pid, over a socket of that number, in a control group of that number.
fn shell_of(pid: u32, inode: u64, cgroup: u64) -> Vec<u8> {
    let socket = |number| RecordDescriptor::connection(number, inode, 40_001, ([192, 0, 2, 7], 4_444));
    let header = RecordHeader { length: 0, kind: RecordKind::Exec, time_ns: SECOND, cgroup, pid, cpu: 0 };
    RecordExec {
        executable_inode: 11,
        descriptors: vec![socket(0), socket(1), socket(2)],
        path: b"dash\0bin\0usr\0".to_vec().into(),
        invoked_as: b"/bin/sh\0".to_vec().into(),
        cgroup: b"session-1.scope\0user.slice\0".to_vec().into(),
        arguments: b"/bin/sh\0-i\0".to_vec().into(),
        ..RecordExec::of(header, RecordProcess { pid, start_ns: SECOND })
    }
    .write()
}

pub(crate) fn machine() -> Machine {
    let text = str::to_owned;
    Machine {
        node: text("node-7"),
        boot_id: text("boot"),
        machine_id: text("m"),
        kernel: text("6.1"),
        has_btf: true,
    }
}

/// A server that answers as GKE's does.
fn gke() -> MetadataServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let asked = lines.next().unwrap_or_default();
            while lines.next().is_some_and(|line| !line.is_empty()) {}
            let value = match asked.trim_end_matches(" HTTP/1.1").rsplit('/').next().unwrap_or_default() {
                "project-id" => "shop-prod",
                "numeric-project-id" => "424242",
                "zone" => "projects/424242/zones/europe-west1-b",
                "id" => "5550001112223334445",
                "name" => "gke-shop-pool-1",
                "cluster-name" => "shop",
                "cluster-location" => "europe-west1",
                _ => "",
            };
            let length = value.len();
            let head = "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{value}");
        }
    });
    MetadataServer::at(Cloud::Google, &address)
}

fn learned() -> Facts {
    place::learn(&gke(), |_| false).unwrap()
}

/// The worker's own thread: where its answers come, and what it is wanted by.
fn asking(server: MetadataServer) -> (Receiver<Answer>, Sender<()>) {
    let (answer, answers) = bounded(1);
    let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap());
    (answers, ask_cloud(Reply { answer, wake }, server, Named::default(), machine()).unwrap())
}

/// A sensor that knows of its place what `facts` say; with `expected`, more is on its way.
pub(crate) fn sensor(facts: &Facts, expected: bool) -> (Watch, Receiver<Delivery>) {
    let (mut open, deliveries) = nothing_open(facts);
    if expected {
        open.expect_place(0);
    }
    (watching(open, None), deliveries)
}

/// A sensor that asks these workers.
pub(crate) fn asking_sensor(lookups: Lookups) -> (Watch, Receiver<Delivery>) {
    let (open, deliveries) = nothing_open(&Facts::default());
    (watching(open, Some(lookups)), deliveries)
}

fn nothing_open(facts: &Facts) -> (OpenFindings, Receiver<Delivery>) {
    let (out, deliveries) = bounded(64);
    let place = Named::default().place(&machine(), facts);
    (OpenFindings::new(out, place, "boot".into(), Metrics::default()), deliveries)
}

fn watching(open: OpenFindings, lookups: Option<Lookups>) -> Watch {
    let engine = Engine::new(detectors::catalogue(), Settings::default());
    Watch::new(engine, open, LossLog::default(), Clock::read(), lookups, Metrics::default())
}

fn answer(facts: &Facts) -> Answer {
    Answer::Place(Box::new(Named::default().place(&machine(), facts)))
}

pub(crate) fn delivered(deliveries: &Receiver<Delivery>) -> Option<FindingResource> {
    deliveries.try_recv().ok().map(|delivery| *delivery.finding)
}

#[test]
fn a_place_that_is_learned_late_reaches_the_finding_that_is_open() {
    let (mut watch, deliveries) = sensor(&Facts::default(), false);
    watch.record(&shell(), SECOND);
    watch.tick(SECOND);
    let first = delivered(&deliveries).unwrap();
    assert!(
        first.finding.resource_name.starts_with("//kubernetes.vedette.local/projects/local/"),
        "{first:?}"
    );

    watch.answer(answer(&learned()), 40 * SECOND);
    watch.tick(40 * SECOND);
    let last = delivered(&deliveries).unwrap();
    assert_eq!((&last.finding.name, &last.finding.parent), (&first.finding.name, &first.finding.parent));
    assert_eq!((last.finding.resource_name.as_str(), last.resource.name.as_str()), (CLUSTER, CLUSTER));
    assert_eq!(last.resource.location, "europe-west1");
    assert_eq!(last.resource.gcp_metadata.project_display_name, "shop-prod");
    assert_eq!(last.resource.cloud_provider, finding::CloudProvider::GoogleCloudPlatform);
    assert_eq!(
        last.finding.kubernetes.nodes[0].name,
        "//compute.googleapis.com/projects/shop-prod/zones/europe-west1-b/instances/gke-shop-pool-1"
    );
    assert_eq!(last.finding.source_properties["VM_Instance_Name"], "node-7");
    assert!(
        last.finding.canonical_name.starts_with("projects/shop-prod/"),
        "{}",
        last.finding.canonical_name
    );

    watch.tick(41 * SECOND);
    assert!(delivered(&deliveries).is_none(), "once is enough");
}

#[test]
fn the_session_has_the_same_name_whenever_the_place_was_learned() {
    let named = |facts: &Facts| {
        let (mut watch, deliveries) = sensor(facts, false);
        watch.record(&shell(), SECOND);
        watch.tick(SECOND);
        delivered(&deliveries).unwrap().finding.name
    };
    assert_eq!(named(&Facts::default()), named(&learned()));
}

#[test]
fn a_first_delivery_waits_for_a_place_that_is_asked_for_and_not_for_long() {
    let (mut watch, deliveries) = sensor(&Facts::default(), true);
    watch.record(&shell(), SECOND);
    watch.tick(SECOND);
    assert!(delivered(&deliveries).is_none());
    assert_eq!(watch.next_due_ns(), Some(2 * SECOND));
    watch.answer(answer(&learned()), SECOND + 1);
    watch.tick(SECOND + 1);
    assert_eq!(delivered(&deliveries).unwrap().finding.resource_name, CLUSTER);

    let (mut watch, deliveries) = sensor(&Facts::default(), true);
    watch.record(&shell(), SECOND);
    watch.tick(2 * SECOND);
    assert!(delivered(&deliveries).is_some(), "nobody answered");
}

#[test]
fn what_waits_when_the_sensor_is_stopped_is_delivered() {
    let (mut watch, deliveries) = sensor(&Facts::default(), true);
    watch.record(&shell(), SECOND);
    watch.tick(SECOND);
    watch.finish(SECOND);
    assert!(delivered(&deliveries).is_some());
}

#[test]
fn the_worker_tells_what_it_learned_and_ends() {
    let (answers, _wanted) = asking(gke());
    let Ok(Answer::Place(place)) = answers.recv() else { panic!("no place") };
    assert_eq!(place.cluster_resource(), CLUSTER);
    assert!(answers.recv().is_err(), "it has ended");
}

#[test]
fn the_worker_ends_when_the_sensor_does() {
    // a port that was free a moment ago
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (answers, wanted) = asking(MetadataServer::at(Cloud::Google, &address));
    drop(wanted);
    assert!(answers.recv().is_err());
}

#[test]
fn findings_that_cannot_be_delivered_are_bounded_and_the_rest_is_counted() {
    const EXTRA: usize = 40;
    let (out, deliveries) = bounded(1);
    let metrics = Metrics::default();
    let place = Named::default().place(&machine(), &Facts::default());
    let open = OpenFindings::new(out, place, "boot".into(), metrics.clone());
    let engine = Engine::new(detectors::catalogue(), Settings::default());
    let mut watch = Watch::new(engine, open, LossLog::default(), Clock::read(), None, metrics.clone());
    // one before the flood and one in its midst, of others; nobody takes anything
    watch.record(&shell_of(5, 1_005, 7), SECOND);
    for n in 0..u32::try_from(WAITING_MAX + EXTRA).unwrap() {
        watch.record(&shell_of(100 + n, 2_000 + u64::from(n), 42), SECOND + u64::from(n));
    }
    watch.record(&shell_of(6, 1_006, 8), 2 * SECOND);
    let lost = format!("vedette_sensor_findings_lost_total{{module=\"REVERSE_SHELL\"}} {}", EXTRA + 2);
    assert!(metrics.text().contains(&lost), "{}", metrics.text());
    // there is room again
    let mut pids = Vec::new();
    let mut last = None;
    for second in 3..3 + WAITING_MAX as u64 + 8 {
        watch.tick(second * SECOND);
        for delivery in deliveries.try_iter() {
            pids.push(delivery.finding.finding.processes[0].pid);
            last = Some(delivery.finding);
        }
    }
    pids.sort_unstable();
    pids.dedup();
    assert_eq!(pids.len(), WAITING_MAX);
    assert!(pids.contains(&5) && pids.contains(&6), "the flood gave up its own");
    let coverage = &last.unwrap().finding.vedette["coverage"];
    assert_eq!((&coverage["complete"], &coverage["lost"]["finding"]), (&false.into(), &(EXTRA + 2).into()));
}

#[test]
fn what_could_not_be_read_in_time_is_said_to_be_missing() {
    let unread = |pid| {
        let process = ProcessKey { pid, start_ns: SECOND };
        Answer::Unread { process, kind: "script" }
    };
    let missing = |deliveries: &Receiver<Delivery>| {
        let finding = deliveries.try_iter().last().expect("a finding").finding.finding;
        finding.vedette["evidenceMissing"].as_array().unwrap().len()
    };
    // before the shell is found, and after; another process's is no concern of it
    let (mut watch, deliveries) = sensor(&Facts::default(), false);
    watch.answer(unread(11), SECOND);
    watch.answer(unread(12), SECOND);
    watch.record(&shell(), SECOND);
    watch.tick(2 * SECOND);
    assert_eq!(missing(&deliveries), 1);
    let (mut watch, deliveries) = sensor(&Facts::default(), false);
    watch.record(&shell(), SECOND);
    watch.tick(2 * SECOND);
    assert_eq!(missing(&deliveries), 0);
    watch.answer(unread(11), 3 * SECOND);
    watch.answer(unread(11), 3 * SECOND);
    watch.tick(4 * SECOND);
    assert_eq!(missing(&deliveries), 1);
}

#[test]
fn detectors_are_switched_while_the_sensor_runs() {
    let (mut watch, deliveries) = sensor(&Facts::default(), false);
    let found = |watch: &mut Watch, pid: u32| {
        watch.record(&shell_of(pid, 2_000 + u64::from(pid), 42), SECOND);
        watch.tick(SECOND);
        delivered(&deliveries).map(|item| item.finding.module_name)
    };
    let only = |names: &[&str]| Order::Modules(Some(names.iter().map(|&name| name.to_owned()).collect()));
    assert_eq!(found(&mut watch, 21).as_deref(), Some("REVERSE_SHELL"));
    watch.obey(&only(&["SOCAT_REVERSE_SHELL_DETECTED", "OF_A_LATER_VERSION"]));
    assert_eq!(found(&mut watch, 22), None);
    watch.obey(&only(&[]));
    assert_eq!(found(&mut watch, 23), None);
    watch.obey(&only(&["REVERSE_SHELL"]));
    assert_eq!(found(&mut watch, 24).as_deref(), Some("REVERSE_SHELL"));
    watch.obey(&only(&[]));
    watch.obey(&Order::Modules(None));
    assert_eq!(found(&mut watch, 25).as_deref(), Some("REVERSE_SHELL"), "the configuration holds again");
}

#[test]
fn what_was_counted_is_told_by_kind() {
    let (out, _deliveries) = bounded(1);
    let metrics = Metrics::default();
    let place = Named::default().place(&machine(), &Facts::default());
    let open = OpenFindings::new(out, place, "boot".into(), metrics.clone());
    let engine = Engine::new(detectors::catalogue(), Settings::default());
    let mut watch = Watch::new(engine, open, LossLog::default(), Clock::read(), None, metrics.clone());
    watch.record(&shell(), SECOND);
    watch.record(b"no record", SECOND);
    let counts = metrics.counts();
    let of = |kind| counts.iter().find(|count| count.kind == kind).map(|c| (c.r#in, c.out, c.lost));
    assert_eq!(of("exec"), Some((1, 1, 0)));
    assert_eq!(of("malformed"), Some((1, 0, 1)));
    assert_eq!(of("finding"), Some((1, 1, 0)));
    assert!(!metrics.has_all_probes(), "nothing watches");
    let _watching = metrics.watching();
    assert!(metrics.has_all_probes());
    watch.know_detached(vec!["on_exec"]);
    assert!(!metrics.has_all_probes());
    watch.know_detached(Vec::new());
    assert!(metrics.has_all_probes());
}
