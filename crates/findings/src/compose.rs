//! One finding from one piece of evidence.

use crate::confidence::Confidence;
use crate::{Ended, Place, description, extra, next_steps, processes};
use detection::{Direction, Evidence};
use event::{Container as Known, Internet, Text};
use finding::{
    Connection, Container, Finding, FindingClass, FindingResource, GcpMetadata, Indicator, Kubernetes, Label,
    MitreAttack, Mute, Node, Pod, Protocol, Resource, State, Timestamp,
};
use serde_json::{Value, json};
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
    /// When the program was first on the connection, nanoseconds since the epoch.
    pub event_time_ns: i64,
    /// When its process was born, nanoseconds since the epoch.
    pub born_ns: i64,
    /// When the machine's boot began, which times since boot count from, nanoseconds since the epoch.
    pub boot_ns: i64,
    /// When the connection was called for, where that call was seen, nanoseconds since the epoch.
    pub called_ns: Option<i64>,
    /// The machine's boot, which process ids and socket numbers belong to.
    pub boot_id: &'a str,
    /// The end of the session, if it has come.
    pub ended: Option<Ended>,
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
    let parent = parent(place);
    let name = format!("{parent}/findings/{id}");
    let container = evidence.enriched.container.as_deref();
    let sure = Confidence::of(evidence, at.coverage);
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
        containers: container
            .filter(|c| c.id.is_claimed())
            .map(of_container)
            .filter(is_told)
            .into_iter()
            .collect(),
        kubernetes: kubernetes(container, place),
        description: description::write(evidence, at, &sure),
        next_steps: next_steps::write(evidence, at, &name),
        module_name: metadata.module.into(),
        files: std::iter::once(&evidence.enriched.actor)
            .chain(&evidence.opener)
            .map(processes::binary)
            .collect(),
        vedette: extra::write(evidence, at, &sure),
        name,
        ..Finding::default()
    };
    FindingResource { finding, resource: resource(place) }
}

/// Parent of the place's findings.
pub fn parent(place: &Place) -> String {
    format!("organizations/{}/sources/{SOURCE}/locations/{}", place.organization, place.name_location)
}

/// What the place's findings are about.
pub fn resource(place: &Place) -> Resource {
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
        create_time: created_ns(known).map(Timestamp::from_nanos),
    }
}

/// When it was made, nanoseconds since the epoch, where that is known.
fn created_ns(known: &Known) -> Option<i64> {
    (known.created_ns != 0).then(|| i64::try_from(known.created_ns).unwrap_or(i64::MAX))
}

/// One of which nothing but the id is known, which the published model has no place for, would be an empty object.
fn is_told(container: &Container) -> bool {
    *container != Container::default()
}

fn kubernetes(container: Option<&Known>, place: &Place) -> Kubernetes {
    let pods = container
        .and_then(|c| c.pod.as_ref().map(|pod| (c, pod)))
        .map(|(c, pod)| Pod {
            ns: pod.namespace.clone(),
            name: pod.name.clone(),
            labels: labels(&pod.labels),
            containers: Some(of_container(c)).filter(is_told).into_iter().collect(),
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
        ("Process_Creation_Timestamp", timestamp(at.born_ns)),
    ]);
    if let Some(container) = container.filter(|c| c.id.is_claimed()) {
        map.insert("Container_Id", json!(container.id.as_str()));
        map.insert("Container_Image_Id", json!(container.image.digest));
        if let Some(created) = created_ns(container) {
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
