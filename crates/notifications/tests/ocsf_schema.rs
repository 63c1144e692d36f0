//! Events of OCSF against the published schema, which PyPI's `ocsf-json-schema` carries.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use finding::{
    CloudProvider, Connection, File, Finding, FindingResource, Mute, Process, Protocol, Severity, State,
    Tactic, Technique, Timestamp,
};
use finding_shapes::{Happening, ocsf};

/// The finding that the snapshot of `findings` shows.
fn socat() -> FindingResource {
    serde_json::from_str(include_str!("../../findings/tests/snapshots/pod.json")).unwrap()
}

/// Findings of every kind: a sensor's, one that says nothing, those that other clients wrote, hostile ones.
fn examples() -> Vec<FindingResource> {
    let mut all = vec![socat(), FindingResource::default()];
    let of = |finding: Finding| FindingResource { finding, ..FindingResource::default() };
    for severity in [Severity::Critical, Severity::High, Severity::Medium, Severity::Low] {
        let (state, mute) = (State::Active, Mute::Muted);
        all.push(of(Finding { severity, state, mute, ..Finding::default() }));
    }
    all.push(of(Finding { state: State::Inactive, category: "Reverse Shell".into(), ..Finding::default() }));

    // on one's own machines, in no pod
    let mut item = socat();
    item.resource.cloud_provider = CloudProvider::Unspecified;
    item.finding.containers.clear();
    item.finding.kubernetes = finding::Kubernetes::default();
    item.finding.source_properties.clear();
    item.finding.security_marks.marks.insert("team".into(), "blue".into());
    all.push(item);
    for provider in [CloudProvider::AmazonWebServices, CloudProvider::MicrosoftAzure] {
        let mut item = socat();
        item.resource.cloud_provider = provider;
        item.finding.containers[0].image_id.clear();
        item.finding.source_properties.remove("Container_Image_Id");
        all.push(item);
    }

    // what the fields of a finding can hold though no sensor writes it
    let mut item = socat();
    let finding = &mut item.finding;
    finding.processes.push(Process { args: vec!["a".into()], ..Process::default() });
    finding.processes.push(Process { pid: -5, user_id: Some(-1), parent_pid: -1, ..Process::default() });
    finding.processes.push(Process::default());
    finding.files.push(File { path: "/a/".into(), size: -1, sha256: "no hash".into(), ..File::default() });
    finding.files.push(File { path: "/".into(), ..File::default() });
    finding.files.push(File::default());
    finding.indicator.ip_addresses = vec!["no address".into(), String::new(), "10.0.0.9".into()];
    let long = "0000:0000:0000:0000:0000:ffff:255.255.255.255";
    for (ip, port) in
        [("no address", 70_000), ("", -1), ("fe80::1%eth0", 1), (long, 65_535), ("1.2.3.4\n", 0)]
    {
        finding.connections.push(Connection {
            destination_ip: ip.into(),
            destination_port: port,
            source_ip: ip.into(),
            source_port: port,
            ..Connection::default()
        });
    }
    for protocol in [Protocol::Icmp, Protocol::Tcp, Protocol::Udp, Protocol::Gre, Protocol::Esp] {
        finding.connections.push(Connection { protocol, ..Connection::default() });
    }
    finding.mitre_attack.primary_tactic = Tactic::Unspecified;
    finding.mitre_attack.additional_techniques = vec![Technique::UnixShell, Technique::Unspecified];
    finding.external_uri = "javascript:alert(1)".into();
    finding.create_time = Some(Timestamp::from_nanos(i64::MIN));
    finding.event_time = Some(Timestamp::from_nanos(i64::MAX));
    all.push(item);

    let mut item = socat();
    let nasty = "<b>&\"\\\r\n\u{1b}[2J\u{202e}\u{0}".repeat(500);
    let finding = &mut item.finding;
    finding.category = nasty.clone();
    finding.description = nasty.clone();
    finding.module_name = nasty.clone();
    finding.processes[0].name = nasty.clone();
    finding.processes[0].args = vec![nasty.clone(); 3];
    finding.processes[0].binary.path = nasty.clone();
    finding.containers[0].name = nasty.clone();
    finding.containers[0].uri = nasty.clone();
    finding.connections[0].destination_ip = nasty.clone();
    finding.indicator.ip_addresses = vec![nasty.clone()];
    item.resource.location = nasty;
    all.push(item);
    all
}

#[test]
fn every_event_is_what_the_published_schema_says() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let programs = match pypi::environment(folder, &["ocsf-json-schema==1.2.0", "jsonschema==4.26.0"]) {
        Ok(programs) => programs,
        Err(why) => return println!("skipped: ocsf-json-schema cannot be had from PyPI: {why}"),
    };
    let mut lines = String::new();
    let mut count = 0;
    for item in examples() {
        for happening in [Happening::Created, Happening::Updated, Happening::Closed] {
            lines += &format!("{}\n", ocsf(happening, &item));
            count += 1;
        }
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ocsf_schema.py");
    let mut command = Command::new(programs.join("python"));
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    writer.join().unwrap().unwrap();
    assert_eq!(said, format!("{count} events were looked at\n"));
}
