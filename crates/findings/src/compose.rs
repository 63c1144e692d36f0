//! One finding from one piece of evidence.

use crate::{Place, next_steps, processes};
use detection::{Direction, Evidence};
use event::{Container as Known, Internet, Text};
use finding::{
    Connection, Container, Finding, FindingClass, FindingResource, GcpMetadata, Indicator, Kubernetes, Label,
    MitreAttack, Mute, Node, Pod, Protocol, Resource, State, Timestamp,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Version of ATT&CK that the technique ids come from.
const ATTACK_VERSION: &str = "18";
/// Id of the source that Vedette writes to.
const SOURCE: &str = "container-threat-detection";

/// A piece of evidence that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceItem {
    /// What it is (`executable`, `memory-map`, …).
    pub kind: &'static str,
    /// Whose, and where from.
    pub name: String,
    /// SHA-256, its identity in the store.
    pub sha256: String,
    /// Bytes kept.
    pub size: u64,
    /// Bytes there were.
    pub original_size: u64,
    /// Fewer were kept than there were.
    pub truncated: bool,
    /// When it was taken, nanoseconds since the epoch.
    pub taken_at_ns: i64,
}

/// What the sensor saw, and did not see, around the finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Start of the window, nanoseconds since the epoch.
    pub from_ns: i64,
    /// End of the window, nanoseconds since the epoch.
    pub to_ns: i64,
    /// Records lost in the window, by kind; empty when nothing was lost.
    pub lost: BTreeMap<&'static str, u64>,
    /// The session was there before the sensor, or was found by reading live state.
    pub from_snapshot: bool,
}

/// What surrounds the evidence.
#[derive(Debug, Clone)]
pub struct Circumstances<'a> {
    /// Where.
    pub place: &'a Place,
    /// Identity of the session: 32 hexadecimal digits.
    pub id: &'a str,
    /// When the program was executed, nanoseconds since the epoch.
    pub event_time_ns: i64,
    /// Coverage.
    pub coverage: &'a Coverage,
    /// Evidence that is stored by now.
    pub items: &'a [EvidenceItem],
    /// What could not be taken.
    pub missing: &'a [String],
}

/// Writes the finding.
pub fn compose(evidence: &Evidence, at: &Circumstances<'_>) -> FindingResource {
    let Circumstances { place, id, .. } = at;
    let metadata = evidence.metadata;
    let parent =
        format!("organizations/{}/sources/{SOURCE}/locations/{}", place.organization, place.name_location);
    let name = format!("{parent}/findings/{id}");
    let container = evidence.enriched.container.as_deref();
    let finding = Finding {
        canonical_name: format!(
            "projects/{}/sources/{SOURCE}/locations/{}/findings/{id}",
            place.project, place.name_location
        ),
        parent,
        parent_display_name: "Vedette".into(),
        resource_name: place.cluster_resource(),
        state: State::Active,
        category: metadata.category.into(),
        source_properties: source_properties(evidence, at),
        event_time: Some(Timestamp::from_nanos(at.event_time_ns)),
        severity: metadata.severity,
        mute: Mute::Undefined,
        finding_class: FindingClass::Threat,
        indicator: indicator(evidence),
        mitre_attack: MitreAttack {
            primary_tactic: metadata.tactic,
            primary_techniques: metadata.techniques.to_vec(),
            additional_tactics: metadata.additional_tactics.to_vec(),
            additional_techniques: Vec::new(),
            version: ATTACK_VERSION.into(),
        },
        connections: evidence.endpoint.iter().map(|e| connection(e, evidence.direction)).collect(),
        processes: processes::list(evidence),
        containers: container.filter(|c| c.id.is_claimed()).map(of_container).into_iter().collect(),
        kubernetes: kubernetes(container, place),
        description: description(evidence, place),
        next_steps: next_steps::write(evidence, place, &name),
        module_name: metadata.module.into(),
        files: std::iter::once(&evidence.enriched.actor)
            .chain(&evidence.opener)
            .map(processes::binary)
            .collect(),
        vedette: extra(evidence, at),
        name,
        ..Finding::default()
    };
    FindingResource { finding, resource: resource(place) }
}

fn resource(place: &Place) -> Resource {
    Resource {
        name: place.cluster_resource(),
        display_name: place.cluster.clone(),
        kind: "google.container.Cluster".into(),
        cloud_provider: place.cloud,
        service: place.service.clone(),
        location: place.location.clone(),
        gcp_metadata: GcpMetadata {
            project: format!("//cloudresourcemanager.googleapis.com/projects/{}", place.project_number),
            project_display_name: place.project_display_name.clone(),
            parent: format!("//cloudresourcemanager.googleapis.com/projects/{}", place.project_number),
            parent_display_name: place.project_display_name.clone(),
            organization: format!("organizations/{}", place.organization),
            ..GcpMetadata::default()
        },
        ..Resource::default()
    }
}

fn connection(socket: &Internet, direction: Direction) -> Connection {
    let (from, to) = match direction {
        Direction::Reverse => (socket.local, socket.remote),
        Direction::Bind => (socket.remote, socket.local),
    };
    let protocol = match socket.protocol {
        event::Protocol::Tcp => Protocol::Tcp,
        event::Protocol::Udp => Protocol::Udp,
        _ => Protocol::Unspecified,
    };
    Connection {
        destination_ip: to.address.to_string(),
        destination_port: i32::from(to.port),
        source_ip: from.address.to_string(),
        source_port: i32::from(from.port),
        protocol,
    }
}

fn indicator(evidence: &Evidence) -> Indicator {
    let peer = evidence.endpoint.filter(|e| e.remote.port != 0).map(|e| e.remote.address.to_string());
    Indicator { ip_addresses: peer.into_iter().collect(), ..Indicator::default() }
}

fn labels(of: &BTreeMap<String, String>) -> Vec<Label> {
    of.iter().map(|(name, value)| Label { name: name.clone(), value: value.clone() }).collect()
}

fn of_container(known: &Known) -> Container {
    Container {
        name: known.name.clone(),
        uri: known.image.reference.clone(),
        image_id: known.image.digest.clone(),
        labels: labels(&known.labels),
        create_time: (known.created_ns != 0)
            .then(|| Timestamp::from_nanos(i64::try_from(known.created_ns).unwrap_or(i64::MAX))),
    }
}

fn kubernetes(container: Option<&Known>, place: &Place) -> Kubernetes {
    let pods = container
        .and_then(|c| c.pod.as_ref().map(|pod| (c, pod)))
        .map(|(c, pod)| Pod {
            ns: pod.namespace.clone(),
            name: pod.name.clone(),
            labels: labels(&pod.labels),
            containers: vec![of_container(c)],
        })
        .into_iter()
        .collect();
    Kubernetes { pods, nodes: vec![Node { name: place.node_resource() }], ..Kubernetes::default() }
}

fn source_properties(evidence: &Evidence, at: &Circumstances<'_>) -> BTreeMap<String, Value> {
    let exec = &evidence.enriched.exec;
    let container = evidence.enriched.container.as_deref();
    let pod = container.and_then(|c| c.pod.as_ref());
    let arguments: Vec<String> = exec.arguments.values.iter().map(Text::lossy).collect();
    let timestamp =
        |ns: i64| json!({"seconds": ns.div_euclid(1_000_000_000), "nanos": ns.rem_euclid(1_000_000_000)});
    let mut map = BTreeMap::from([
        ("Pod_Namespace", json!(pod.map(|p| p.namespace.as_str()).unwrap_or_default())),
        ("Pod_Name", json!(pod.map(|p| p.name.as_str()).unwrap_or_default())),
        ("Container_Name", json!(container.map(|c| c.name.as_str()).unwrap_or_default())),
        ("Container_Image_Uri", json!(container.map(|c| c.image.reference.as_str()).unwrap_or_default())),
        ("VM_Instance_Name", json!(at.place.node)),
        ("Process_Binary_Fullpath", json!(exec.executable.path.lossy())),
        ("Process_Arguments", json!(arguments)),
        ("Pid", json!(exec.process.pid)),
        ("Parent_Pid", json!(exec.parent().map_or(0, |p| p.pid))),
        ("Process_Creation_Timestamp", timestamp(at.event_time_ns)),
    ]);
    if let Some(container) = container.filter(|c| c.id.is_claimed()) {
        map.insert("Container_Id", json!(container.id.as_str()));
        map.insert("Container_Image_Id", json!(container.image.digest));
        if container.created_ns != 0 {
            let created = i64::try_from(container.created_ns).unwrap_or(i64::MAX);
            map.insert("Container_Creation_Timestamp", timestamp(created));
        }
    }
    if let Some(socket) = &evidence.endpoint {
        map.insert("Reverse_Shell_Stdin_Redirection_Dst_Ip", json!(socket.remote.address.to_string()));
        map.insert("Reverse_Shell_Stdin_Redirection_Dst_Port", json!(socket.remote.port));
        map.insert("Reverse_Shell_Stdin_Redirection_Src_Ip", json!(socket.local.address.to_string()));
        map.insert("Reverse_Shell_Stdin_Redirection_Src_Port", json!(socket.local.port));
    }
    map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// One plain sentence: who, what, where, to whom, and how sure.
fn description(evidence: &Evidence, place: &Place) -> String {
    let exec = &evidence.enriched.exec;
    let program = &exec.executable.path;
    let through = evidence.opener.as_ref().map(|o| format!(" through {}", o.name)).unwrap_or_default();
    let peer = match (&evidence.endpoint, evidence.direction) {
        (Some(s), Direction::Reverse) if s.remote.port != 0 => format!("connected to {}", end(s.remote)),
        (Some(s), Direction::Bind) if s.remote.port != 0 => {
            format!("serving {} on port {}", end(s.remote), s.local.port)
        }
        (Some(s), _) => format!("on port {}", s.local.port),
        (None, _) => "with an unknown peer".into(),
    };
    let place = match evidence.enriched.container.as_deref() {
        Some(c) => match c.pod.as_ref().filter(|p| !p.name.is_empty()) {
            Some(pod) => format!("container {} of pod {}/{}", c.name, pod.namespace, pod.name),
            None if c.id.is_claimed() => format!("container {}", c.id),
            None => format!(
                "a container that no known runtime claims (control group {}, pid namespace {})",
                c.cgroup_path(),
                exec.namespaces.pid
            ),
        },
        None => format!("node {} (outside any container)", place.node),
    };
    let sure = evidence.recognised_by.map(|by| format!(" Recognised by {}.", by.name())).unwrap_or_default();
    format!(
        "User {} ran {program}{through}, {peer}, in {place}. {}{sure}",
        exec.credentials.effective_uid,
        evidence.reasons.join(" ")
    )
}

fn end(endpoint: event::Endpoint) -> String {
    std::net::SocketAddr::new(endpoint.address, endpoint.port).to_string()
}

/// Facts that the published model has no place for; documented in docs/finding.md.
fn extra(evidence: &Evidence, at: &Circumstances<'_>) -> Map<String, Value> {
    let exec = &evidence.enriched.exec;
    let container = evidence.enriched.container.as_deref();
    let endpoint = evidence.endpoint.map(|s| {
        json!({
            "transport": format!("{:?}", s.protocol).to_lowercase(),
            "peer": end(s.remote),
            "local": end(s.local),
            "socketInode": s.inode.to_string(),
        })
    });
    let stdio: Vec<Value> = exec
        .descriptors
        .iter()
        .map(|d| json!({"number": d.number, "object": format!("{:?}", d.object)}))
        .collect();
    let not_utf8 = exec.arguments.values.iter().any(|a| a.as_str().is_none());
    let mut map = Map::from_iter([
        (
            "session".to_owned(),
            json!({
                "direction": evidence.direction.name(),
                "endpoint": endpoint,
                "tls": evidence.tls,
                "terminal": evidence.terminal,
                "recognisedBy": evidence.recognised_by.map(|by| by.name()),
                "reasons": evidence.reasons,
            }),
        ),
        (
            "process".to_owned(),
            json!({
                "workingDirectory": exec.working_directory,
                "userId": exec.credentials.effective_uid,
                "realUserId": exec.credentials.uid,
                "pidInContainer": exec.pid_in_namespace,
                "session": exec.session,
                "descriptors": stdio,
                "deleted": exec.executable.links == 0,
                "fileSystem": format!("{:?}", exec.executable.file_system),
                "argumentsHex": not_utf8.then(|| exec.arguments.values.iter().map(hex).collect::<Vec<_>>()),
            }),
        ),
        (
            "container".to_owned(),
            json!(container.map(|c| json!({
                "id": c.id.is_claimed().then(|| c.id.as_str()),
                "claimed": c.id.is_claimed(),
                "controlGroup": c.cgroup_path(),
                "pidNamespace": exec.namespaces.pid,
                "runtime": c.runtime.name(),
                "podUid": c.pod.as_ref().map(|p| p.uid.as_str()),
                "identityComplete": c.complete && !c.name.is_empty(),
                "within": c.within.as_ref().map(|(id, _)| id.as_str()),
            }))),
        ),
        (
            "coverage".to_owned(),
            json!({
                "from": Timestamp::from_nanos(at.coverage.from_ns),
                "to": Timestamp::from_nanos(at.coverage.to_ns),
                "complete": at.coverage.lost.is_empty(),
                "lost": at.coverage.lost,
                "fromSnapshot": at.coverage.from_snapshot,
            }),
        ),
        ("evidence".to_owned(), Value::Array(at.items.iter().map(item).collect())),
        ("evidenceMissing".to_owned(), json!(at.missing)),
        ("attackTechniques".to_owned(), json!(evidence.metadata.additional_technique_ids)),
        ("kernel".to_owned(), json!(at.place.kernel)),
    ]);
    map.retain(|_, value| !value.is_null());
    map
}

fn item(item: &EvidenceItem) -> Value {
    json!({
        "kind": item.kind,
        "name": item.name,
        "sha256": item.sha256,
        "size": item.size.to_string(),
        "originalSize": item.original_size.to_string(),
        "truncated": item.truncated,
        "takenAt": Timestamp::from_nanos(item.taken_at_ns),
    })
}

fn hex(text: &Text) -> String {
    text.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
