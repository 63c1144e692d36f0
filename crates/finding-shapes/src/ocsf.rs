//! OCSF: a Detection Finding (class 2004).

use std::net::IpAddr;

use finding::{
    CloudProvider, Connection, File, FindingResource, Mute, Process, Resource, Severity, State, Technique,
    Timestamp,
};
use serde_json::{Value, json};

use crate::Happening;
use crate::facts::{Facts, command_line, object, said, severity_name, tactics, techniques, titled};

/// The version of the schema that this follows.
const SCHEMA: &str = "1.8.0";

const fn millis(time: Timestamp) -> i64 {
    time.nanos().div_euclid(1_000_000)
}

fn when(time: Option<Timestamp>) -> Option<Value> {
    time.map(|time| millis(time).into())
}

fn file(file: &File) -> Option<Value> {
    if file.path.is_empty() {
        return None;
    }
    let name = file.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let hash = || json!([{"algorithm": "SHA-256", "algorithm_id": 3, "value": file.sha256}]);
    Some(object([
        ("name", said(if name.is_empty() { &file.path } else { name })),
        ("path", said(&file.path)),
        ("type_id", Some(1.into())),
        ("size", (file.size != 0).then(|| file.size.into())),
        // A hash of a part would be taken for that of the file.
        ("hashes", (!file.sha256.is_empty() && !file.partially_hashed).then(hash)),
    ]))
}

/// A process is known by its id. Without one the evidence is its file and what it was called with.
fn process(process: &Process, container: Option<&Value>) -> Option<Value> {
    let name = if process.name.is_empty() { &process.binary.path } else { &process.name };
    let command = said(&command_line(process));
    if process.pid == 0 {
        let file = file(&process.binary);
        let data = command.map(|line| json!({"cmd_line": line}));
        let any = file.is_some() || data.is_some();
        return any.then(|| object([("file", file), ("data", data), ("container", container.cloned())]));
    }
    let user = |id: i64| json!({"uid": id.to_string(), "type_id": if id == 0 { 2 } else { 1 }});
    let process = object([
        ("name", said(name)),
        ("pid", Some(process.pid.into())),
        ("cmd_line", command),
        ("file", file(&process.binary)),
        ("user", process.user_id.map(user)),
        ("parent_process", (process.parent_pid != 0).then(|| json!({"pid": process.parent_pid}))),
        ("container", container.cloned()),
    ]);
    Some(json!({ "process": process }))
}

/// An address that is none is kept as a name.
fn endpoint(ip: &str, port: i32) -> Option<Value> {
    let port = u16::try_from(port).ok().filter(|port| *port != 0);
    let address = ip.parse::<IpAddr>().ok().map(|address| address.to_string());
    let name = if address.is_none() { said(ip) } else { None };
    (!ip.is_empty())
        .then(|| object([("ip", address.map(Value::from)), ("name", name), ("port", port.map(Value::from))]))
}

fn connection(connection: &Connection) -> Option<Value> {
    let info = json!({
        "direction_id": 0,
        "protocol_name": connection.protocol.name().to_ascii_lowercase(),
        "protocol_num": connection.protocol.number(),
    });
    let evidence = object([
        ("src_endpoint", endpoint(&connection.source_ip, connection.source_port)),
        ("dst_endpoint", endpoint(&connection.destination_ip, connection.destination_port)),
        ("connection_info", (connection.protocol.number() != 0).then_some(info)),
    ]);
    Some(evidence).filter(|evidence| evidence.as_object().is_some_and(|fields| !fields.is_empty()))
}

/// An address to search for, and where in the event it stands.
fn observable(ip: &str, connections: &[Connection]) -> Value {
    let place = connections.iter().find_map(|connection| {
        let is = |other: &str| other == ip;
        is(&connection.destination_ip)
            .then_some("evidences[].dst_endpoint.ip")
            .or_else(|| is(&connection.source_ip).then_some("evidences[].src_endpoint.ip"))
    });
    object([
        ("name", place.map(Value::from)),
        ("type_id", Some(2.into())),
        ("type", Some("IP Address".into())),
        ("value", said(ip)),
    ])
}

/// The cloud, when the resource is in one.
fn cloud(resource: &Resource) -> Option<Value> {
    let provider = match resource.cloud_provider {
        CloudProvider::Unspecified => return None,
        CloudProvider::GoogleCloudPlatform => "GCP",
        CloudProvider::AmazonWebServices => "AWS",
        CloudProvider::MicrosoftAzure => "Azure",
    };
    Some(object([("provider", Some(provider.into())), ("region", said(&resource.location))]))
}

/// ATT&CK: a sub-technique stands beside its parent, not instead of it.
fn attacks(item: &FindingResource) -> Vec<Value> {
    let finding = &item.finding;
    let named = |technique: Technique| json!({"uid": technique.id(), "name": titled(technique.name())});
    let tactic =
        tactics(finding).next().map(|tactic| json!({"uid": tactic.id(), "name": titled(tactic.name())}));
    let version = said(&finding.mitre_attack.version);
    let all: Vec<_> = techniques(finding).collect();
    let is_covered = |technique: Technique| all.iter().any(|other| other.parent() == Some(technique));
    let own = all.iter().copied().filter(|technique| !is_covered(*technique));
    let mut attacks: Vec<_> = own
        .map(|technique| {
            let (parent, sub) = match technique.parent() {
                Some(parent) => (named(parent), Some(named(technique))),
                None => (named(technique), None),
            };
            object([
                ("tactic", tactic.clone()),
                ("technique", Some(parent)),
                ("sub_technique", sub),
                ("version", version.clone()),
            ])
        })
        .collect();
    if attacks.is_empty() && tactic.is_some() {
        attacks.push(object([("tactic", tactic), ("version", version)]));
    }
    attacks
}

/// The schema wants an id of an image: that of its content, else the name it was pulled by.
fn image(item: &FindingResource) -> Option<Value> {
    let facts = Facts::of(item);
    let property = item.finding.source_properties.get("Container_Image_Id").and_then(Value::as_str);
    let digest = item.finding.containers.first().map(|container| container.image_id.as_str());
    let uid = [digest, property, Some(facts.image)].into_iter().flatten().find(|text| !text.is_empty())?;
    Some(object([("uid", said(uid)), ("name", said(facts.image))]))
}

fn some(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

/// The event. `time` is when the finding was made; the activity's time is `start_time` and `end_time`.
pub fn ocsf(happening: Happening, item: &FindingResource) -> Value {
    let finding = &item.finding;
    let facts = Facts::of(item);
    let (activity, activity_name) = match happening {
        Happening::Created => (1, "Create"),
        Happening::Updated => (2, "Update"),
        Happening::Closed => (3, "Close"),
    };
    let severity = match finding.severity {
        Severity::Critical => 5,
        Severity::High => 4,
        Severity::Medium => 3,
        Severity::Low => 2,
        Severity::Unspecified => 0,
    };
    let (status, status_name) = match (finding.state, finding.mute) {
        (State::Inactive, _) => (4, "Resolved"),
        (_, Mute::Muted) => (3, "Suppressed"),
        _ => (1, "New"),
    };
    let container =
        object([("name", said(facts.container)), ("uid", said(facts.container_id)), ("image", image(item))]);
    let container = (!facts.container.is_empty() || !facts.container_id.is_empty()).then_some(&container);
    let mut evidences: Vec<_> = finding.processes.iter().filter_map(|one| process(one, container)).collect();
    evidences.extend(finding.connections.iter().filter_map(connection));
    evidences.extend(finding.files.iter().filter_map(file).map(|file| json!({"file": file})));
    let observables = finding.indicator.ip_addresses.iter();
    let observables = observables.map(|ip| observable(ip, &finding.connections)).collect();
    let cloud = cloud(&item.resource);
    let is_named = !finding.resource_name.is_empty() || !item.resource.display_name.is_empty();
    let resource = object([
        ("uid", said(&finding.resource_name)),
        ("name", said(&item.resource.display_name)),
        ("type", said(&item.resource.kind)),
        ("region", cloud.as_ref().and_then(|cloud| cloud.get("region").cloned())),
        ("namespace", said(facts.namespace)),
    ]);
    let mut profiles = vec!["container"];
    profiles.extend(cloud.as_ref().map(|_| "cloud"));
    let marks = &finding.security_marks.marks;
    let location = if cloud.is_none() { said(&item.resource.location) } else { None };
    let unmapped =
        object([("location", location), ("security_marks", (!marks.is_empty()).then(|| json!(marks)))]);
    let info = object([
        ("uid", Some(finding.name.as_str().into())),
        ("title", said(&finding.category)),
        ("desc", said(&finding.description)),
        ("created_time", when(finding.create_time)),
        ("last_seen_time", when(finding.event_time)),
        ("types", Some(json!([finding.finding_class.name()]))),
        ("analytic", (!finding.module_name.is_empty()).then(|| json!({"type_id": 1, "type": "Rule", "name": finding.category, "uid": finding.module_name}))),
        ("attacks", some(attacks(item))),
        ("src_url", said(&finding.external_uri)),
    ]);
    let made = finding.create_time.or(finding.event_time).unwrap_or(Timestamp::from_nanos(0));
    object([
        ("activity_id", Some(activity.into())),
        ("activity_name", Some(activity_name.into())),
        ("category_uid", Some(2.into())),
        ("category_name", Some("Findings".into())),
        ("class_uid", Some(2004.into())),
        ("class_name", Some("Detection Finding".into())),
        ("type_uid", Some((200_400 + activity).into())),
        ("type_name", Some(format!("Detection Finding: {activity_name}").into())),
        ("time", Some(millis(made).into())),
        ("start_time", when(finding.event_time)),
        ("end_time", when(finding.event_time)),
        ("severity_id", Some(severity.into())),
        ("severity", Some(severity_name(finding.severity).into())),
        ("status_id", Some(status.into())),
        ("status", Some(status_name.into())),
        ("is_alert", Some(true.into())),
        ("message", said(&finding.description)),
        ("finding_info", Some(info)),
        ("cloud", cloud),
        ("resources", is_named.then(|| json!([resource]))),
        ("evidences", some(evidences)),
        ("observables", some(observables)),
        (
            "metadata",
            Some(json!({
                "version": SCHEMA,
                "product": {"name": "Vedette", "vendor_name": "Vedette", "feature": {"name": "Container Threat Detection"}},
                "uid": finding.name,
                "profiles": profiles,
            })),
        ),
        ("unmapped", unmapped.as_object().is_some_and(|fields| !fields.is_empty()).then_some(unmapped)),
    ])
}
