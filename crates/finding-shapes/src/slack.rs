//! The JSON of a Slack incoming webhook, which Mattermost, Rocket.Chat and Discord (`/slack`) read as well.

use finding::FindingResource;
use serde_json::{Value, json};

use crate::Happening;
use crate::alertmanager::is_web_page;
use crate::facts::{Facts, command_line, severity_name};
use crate::text::escaped;

/// Characters of a header block, of a field and of a section: Slack's limits are 150, 2,000 and 3,000.
const HEADER: usize = 150;
const FIELD: usize = 300;
const SECTION: usize = 2_900;

/// Slack obeys `<…>` (`<!channel>` calls everybody) wherever text stands.
fn plain(text: &str, limit: usize) -> String {
    escaped(text, limit, |c, out| match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        c => out.push(c),
    })
}

/// The message.
pub fn slack(happening: Happening, item: &FindingResource) -> Value {
    let finding = &item.finding;
    let facts = Facts::of(item);
    let severity = severity_name(finding.severity);
    let what = if finding.category.is_empty() { "Finding" } else { &finding.category };
    let prefix = match happening {
        Happening::Created => "",
        Happening::Updated => "Updated: ",
        Happening::Closed => "Closed: ",
    };
    let pod = match (facts.namespace, facts.pod) {
        ("", "") => String::new(),
        (namespace, pod) => format!("{namespace}/{pod}"),
    };
    let process = facts.process.map(|process| process.binary.path.as_str()).unwrap_or_default();
    let fields: Vec<_> = [
        ("Severity", severity),
        ("Cluster", facts.cluster),
        ("Pod", pod.as_str()),
        ("Container", facts.container),
        ("Image", facts.image),
        ("Node", facts.node),
        ("Process", process),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| text(format!("{name}\n{}", plain(value, FIELD))))
    .collect();
    let mut blocks = vec![
        json!({"type": "header", "text": text(plain(&format!("{prefix}{what}"), HEADER))}),
        json!({"type": "section", "fields": fields}),
    ];
    if !finding.description.is_empty() {
        blocks.push(json!({"type": "section", "text": text(plain(&finding.description, SECTION))}));
    }
    if let Some(line) = facts.process.map(command_line).filter(|line| !line.is_empty()) {
        blocks.push(json!({"type": "section", "text": text(plain(&line, SECTION))}));
    }
    if is_web_page(&finding.external_uri) {
        blocks.push(json!({"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": finding.external_uri},
        ]}));
    }
    if !finding.name.is_empty() {
        blocks.push(json!({"type": "context", "elements": [text(plain(&finding.name, FIELD))]}));
    }
    let place = if pod.is_empty() { facts.node } else { &pod };
    json!({"text": plain(&format!("{prefix}{severity}: {what} ({place})"), FIELD), "blocks": blocks})
}

/// Text in which `*`, `_` and backticks mean themselves.
fn text(text: String) -> Value {
    json!({"type": "plain_text", "emoji": false, "text": text})
}
