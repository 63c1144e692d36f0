//! An alert as Alertmanager's `POST /api/v2/alerts` takes it (in an array).

use finding::{FindingResource, Timestamp};
use serde_json::{Value, json};

use crate::facts::{Facts, command_line, object, severity_name};
use crate::text::shown;

/// Characters in one label.
const LABEL: usize = 256;

/// Characters in one annotation.
const ANNOTATION: usize = 4_096;

fn label(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| shown(text, LABEL).into())
}

fn annotation(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| shown(text, ANNOTATION).into())
}

/// One alert per finding: the label `finding` keeps two of one kind apart. `ends_at` in the past resolves it, in the future
/// keeps it firing until then.
pub fn alert(item: &FindingResource, ends_at: Timestamp) -> Value {
    let finding = &item.finding;
    let facts = Facts::of(item);
    let name = if finding.category.is_empty() { "Finding" } else { &finding.category };
    let labels = object([
        ("alertname", label(name)),
        ("severity", Some(severity_name(finding.severity).to_ascii_lowercase().into())),
        ("source", Some("vedette".into())),
        ("cluster", label(facts.cluster)),
        ("namespace", label(facts.namespace)),
        ("pod", label(facts.pod)),
        ("container", label(facts.container)),
        ("node", label(facts.node)),
        ("finding", label(finding.name.rsplit('/').next().unwrap_or_default())),
    ]);
    let annotations = object([
        ("summary", annotation(name)),
        ("description", annotation(&finding.description)),
        ("finding", annotation(&finding.name)),
        ("image", annotation(facts.image)),
        ("process", facts.process.and_then(|process| annotation(&process.binary.path))),
        ("command_line", facts.process.and_then(|process| annotation(&command_line(process)))),
    ]);
    let starts = finding.event_time.or(finding.create_time).unwrap_or(ends_at).min(ends_at);
    let mut alert = json!({
        "labels": labels,
        "annotations": annotations,
        "startsAt": starts.to_string(),
        "endsAt": ends_at.to_string(),
    });
    if is_web_page(&finding.external_uri) {
        alert["generatorURL"] = finding.external_uri.as_str().into();
    }
    alert
}

/// Whether a link may be shown as one: an attacker must not choose what a click does.
pub(crate) fn is_web_page(uri: &str) -> bool {
    (uri.starts_with("https://") || uri.starts_with("http://"))
        && uri.len() <= 2_000
        && uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>|\"\\".contains(&byte))
}
