//! An event as Falco writes it and Falcosidekick parses it.

use finding::{FindingResource, Severity, Timestamp};
use serde_json::{Map, Value, json};

use crate::facts::{Facts, command_line, tactics, techniques};
use crate::text::shown;

/// Characters of the sentence and of one field in it.
const SENTENCE: usize = 4_096;
const FIELD: usize = 512;

/// An image as repository and tag; a colon before the last `/` is a port, and what follows `@` is a digest.
fn repository_and_tag(image: &str) -> (&str, &str) {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (image, ""),
    }
}

/// Falcosidekick drops an event without priority, rule, time or output fields; none of them is ever empty here.
pub fn falco(item: &FindingResource) -> Value {
    let finding = &item.finding;
    let facts = Facts::of(item);
    let priority = match finding.severity {
        Severity::Critical => "Critical",
        Severity::High => "Error",
        Severity::Medium => "Warning",
        Severity::Low => "Notice",
        Severity::Unspecified => "Informational",
    };
    let rule = if finding.category.is_empty() { "Finding" } else { finding.category.as_str() };
    let time = finding.event_time.or(finding.create_time).unwrap_or(Timestamp::from_nanos(0));

    let mut fields = Map::new();
    let mut put = |key: &str, value: Value| {
        if value != json!("") {
            fields.insert(key.to_owned(), value);
        }
    };
    put("evt.time", time.nanos().into());
    let (repository, tag) = repository_and_tag(facts.image);
    for (key, text) in [
        ("container.id", facts.container_id.get(..12).unwrap_or(facts.container_id)),
        ("container.name", facts.container),
        ("container.image.repository", repository),
        ("container.image.tag", tag),
        ("k8s.ns.name", facts.namespace),
        ("k8s.pod.name", facts.pod),
        ("vedette.finding", finding.name.as_str()),
    ] {
        put(key, text.into());
    }
    if let Some(process) = facts.process {
        put("proc.name", process.name.as_str().into());
        put("proc.exepath", process.binary.path.as_str().into());
        put("proc.cmdline", command_line(process).into());
        put("proc.pid", process.pid.into());
        if let Some(user) = process.user_id {
            put("user.uid", user.into());
            put("user.name", (if user == 0 { "root" } else { "" }).into());
        }
        let parent = finding.processes.iter().find(|other| other.pid == process.parent_pid && other.pid != 0);
        put("proc.pname", parent.map(|parent| parent.name.as_str()).unwrap_or_default().into());
    }
    // Falco's `s` is the server: of a connection out of the container, the far end.
    if let Some(connection) = finding.connections.first() {
        put("fd.sip", connection.destination_ip.as_str().into());
        put("fd.sport", connection.destination_port.into());
        put("fd.cip", connection.source_ip.as_str().into());
        put("fd.cport", connection.source_port.into());
        put("fd.l4proto", connection.protocol.name().to_ascii_lowercase().into());
    }

    let told: String = fields
        .iter()
        .filter(|(key, _)| *key != "evt.time")
        .map(|(key, value)| {
            format!(
                " {key}={}",
                shown(&value.as_str().map_or_else(|| value.to_string(), str::to_owned), FIELD)
            )
        })
        .collect();
    let output = shown(&format!("{time}: {priority} {rule} |{told} | {}", finding.description), SENTENCE);
    let mut tags = vec!["container".to_owned()];
    tags.extend(tactics(finding).map(|tactic| format!("mitre_{}", tactic.name().to_ascii_lowercase())));
    tags.extend(techniques(finding).filter_map(|technique| technique.id().map(str::to_owned)));
    tags.push("maturity_stable".to_owned());
    let mut event = json!({
        "output": output,
        "priority": priority,
        "rule": rule,
        "time": time.to_string(),
        "source": "syscall",
        "tags": tags,
        "output_fields": fields,
    });
    if !facts.node.is_empty() {
        event["hostname"] = facts.node.into();
    }
    event
}
