//! OCSF: a Detection Finding (class 2004).

use finding::{Connection, File, FindingResource, Mute, Process, Severity, State, Technique, Timestamp};
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
    let hash = || json!([{"algorithm": "SHA-256", "algorithm_id": 3, "value": file.sha256}]);
    Some(object([
        ("name", said(file.path.rsplit('/').next().unwrap_or_default())),
        ("path", said(&file.path)),
        ("type_id", Some(1.into())),
        ("size", (file.size != 0).then(|| file.size.into())),
        // A hash of a part would be taken for that of the file.
        ("hashes", (!file.sha256.is_empty() && !file.partially_hashed).then(hash)),
    ]))
}

fn process(process: &Process, container: &Value) -> Value {
    let name = if process.name.is_empty() { &process.binary.path } else { &process.name };
    object([
        ("name", said(name)),
        ("pid", (process.pid != 0).then(|| process.pid.into())),
        ("cmd_line", said(&command_line(process))),
        ("file", file(&process.binary)),
        (
            "user",
            process.user_id.map(|id| json!({"uid": id.to_string(), "type_id": if id == 0 { 2 } else { 1 }})),
        ),
        ("parent_process", (process.parent_pid != 0).then(|| json!({"pid": process.parent_pid}))),
        (
            "container",
            container.as_object().is_some_and(|fields| !fields.is_empty()).then(|| container.clone()),
        ),
    ])
}

fn endpoint(ip: &str, port: i32) -> Option<Value> {
    let port = (port != 0).then(|| port.into());
    (!ip.is_empty()).then(|| object([("ip", said(ip)), ("port", port)]))
}

fn connection(connection: &Connection) -> Value {
    let info = json!({
        "direction_id": 0,
        "protocol_name": connection.protocol.name().to_ascii_lowercase(),
        "protocol_num": connection.protocol.number(),
    });
    object([
        ("src_endpoint", endpoint(&connection.source_ip, connection.source_port)),
        ("dst_endpoint", endpoint(&connection.destination_ip, connection.destination_port)),
        ("connection_info", (connection.protocol.number() != 0).then_some(info)),
    ])
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
    let container = object([
        ("name", said(facts.container)),
        ("uid", said(facts.container_id)),
        ("image", (!facts.image.is_empty()).then(|| json!({"name": facts.image}))),
    ]);
    let mut evidences: Vec<_> =
        finding.processes.iter().map(|one| json!({"process": process(one, &container)})).collect();
    evidences.extend(finding.connections.iter().map(connection));
    evidences.extend(finding.files.iter().filter_map(file).map(|file| json!({"file": file})));
    let observables = finding.indicator.ip_addresses.iter();
    let observables =
        observables.map(|ip| json!({"name": "finding.indicator.ip_addresses", "type_id": 2, "value": ip}));
    let resource = object([
        ("uid", said(&finding.resource_name)),
        ("name", said(&item.resource.display_name)),
        ("type", said(&item.resource.kind)),
        ("region", said(&item.resource.location)),
        ("namespace", said(facts.namespace)),
    ]);
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
    let marks = &finding.security_marks.marks;
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
        ("resources", Some(json!([resource]))),
        ("evidences", some(evidences)),
        ("observables", some(observables.collect())),
        (
            "metadata",
            Some(json!({
                "version": SCHEMA,
                "product": {"name": "Vedette", "vendor_name": "Vedette", "feature": {"name": "Container Threat Detection"}},
                "uid": finding.name,
                "profiles": ["container", "linux"],
            })),
        ),
        ("unmapped", (!marks.is_empty()).then(|| json!({"security_marks": marks}))),
    ])
}
