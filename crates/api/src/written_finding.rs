//! Findings that come in a body: what a source may say of them, and what it may not.

use finding::{Finding, FindingClass, Severity, State, Timestamp};
use serde_json::{Map, Value};
use store::Refusal;

use crate::message;
use crate::stored::refused;

/// Fields that a source sets and may change.
pub(crate) const MUTABLE: &[&str] = &[
    "state",
    "externalUri",
    "sourceProperties",
    "eventTime",
    "severity",
    "findingClass",
    "indicator",
    "mitreAttack",
    "access",
    "connections",
    "processes",
    "containers",
    "kubernetes",
    "description",
    "nextSteps",
    "moduleName",
    "files",
    "logEntries",
];

/// Fields that a source sets once.
pub(crate) const ONCE: &[&str] = &["resourceName", "category"];

/// Clocks of sources may be ahead by this, nanoseconds.
const AHEAD: i64 = 5 * 60 * 1_000_000_000;

const PROPERTIES_MAX: usize = 1_000;
const TEXT_MAX: usize = 64 << 10;
const TEXTS: &[(&str, usize)] = &[
    ("resourceName", 2_048),
    ("category", 256),
    ("externalUri", 2_048),
    ("description", TEXT_MAX),
    ("nextSteps", TEXT_MAX),
    ("moduleName", 256),
];
const NAMES: &[(&str, &[&str])] =
    &[("state", State::NAMES), ("severity", Severity::NAMES), ("findingClass", FindingClass::NAMES)];

/// Why a field of the mask cannot be changed here.
pub(crate) fn unchangeable(field: &str) -> Option<String> {
    Some(match field {
        "resourceName" | "category" => "it is set when the finding is created and never changes".into(),
        "mute" | "muteInfo" | "muteInitiator" | "muteUpdateTime" => "use :setMute".into(),
        "securityMarks" => "use PATCH …/securityMarks".into(),
        "externalSystems" => "use PATCH …/externalSystems/ID".into(),
        "name" | "canonicalName" | "parent" | "parentDisplayName" | "createTime" | "contacts" | "vedette" => {
            "the server sets it".into()
        }
        _ => return None,
    })
}

/// The fields of a body that a source may set, checked.
pub(crate) fn checked(body: &Map<String, Value>, now: Timestamp) -> Result<Map<String, Value>, Refusal> {
    let is_ours = |key: &str| MUTABLE.contains(&key) || ONCE.contains(&key);
    let fields: Map<String, Value> = body
        .iter()
        .filter(|(key, _)| is_ours(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    for (field, names) in NAMES {
        if let Some(said) = fields.get(*field)
            && !known(said, names)
        {
            let reason = format!("it must be one of {}", names.join(", "));
            return Err(refused(format!("finding.{field}"), reason));
        }
    }
    for (field, most) in TEXTS {
        let length = fields.get(*field).and_then(Value::as_str).map_or(0, |text| text.chars().count());
        if length > *most {
            return Err(refused(format!("finding.{field}"), format!("at most {most} characters are kept")));
        }
    }
    let finding: Finding = message::read("finding", &fields)?;
    let ahead = finding.event_time.is_some_and(|time| time.nanos() > now.nanos().saturating_add(AHEAD));
    if ahead {
        return Err(refused("finding.eventTime", format!("it must not be in the future; here it is {now}")));
    }
    if !finding.external_uri.is_empty() && !is_url(&finding.external_uri) {
        return Err(refused(
            "finding.externalUri",
            "it must be empty or a URL such as https://example.com/case/1",
        ));
    }
    if finding.source_properties.len() > PROPERTIES_MAX {
        return Err(refused("finding.sourceProperties", format!("at most {PROPERTIES_MAX} are kept")));
    }
    match finding.source_properties.keys().find(|key| !is_property_key(key)) {
        None => Ok(fields),
        Some(key) => {
            let key: String = key.chars().take(80).collect();
            let reason = format!(
                "the key {key:?} must be a letter and then at most 254 letters, digits or underscores"
            );
            Err(refused("finding.sourceProperties", reason))
        }
    }
}

fn known(said: &Value, names: &[&str]) -> bool {
    match said {
        Value::String(name) => names.contains(&name.as_str()),
        number => number.as_u64().and_then(|n| usize::try_from(n).ok()).is_some_and(|n| n < names.len()),
    }
}

fn is_url(text: &str) -> bool {
    let plain = text.chars().all(|c| !c.is_control() && !c.is_whitespace());
    let behind = text.strip_prefix("https://").or(text.strip_prefix("http://"));
    plain && behind.is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

fn is_property_key(key: &str) -> bool {
    let starts_well = key.starts_with(|c: char| c.is_ascii_alphabetic());
    starts_well && key.len() <= 255 && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::checked;
    use finding::Timestamp;
    use serde_json::{Value, json};

    fn check(body: Value) -> Result<(), String> {
        let now = Timestamp::from_nanos(1_000_000_000_000_000_000);
        checked(body.as_object().unwrap(), now).map(|_| ()).map_err(|refusal| refusal.field)
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            check(json!({"state": 1, "severity": "LOW", "externalUri": "https://a.example/x"})),
            Ok(())
        );
        for (body, field) in [
            (json!({"state": "OPEN"}), "finding.state"),
            (json!({"severity": 9}), "finding.severity"),
            (json!({"eventTime": "2126-01-01T00:00:00Z"}), "finding.eventTime"),
            (json!({"eventTime": "yesterday"}), "finding.eventTime"),
            (json!({"externalUri": "javascript:alert(1)"}), "finding.externalUri"),
            (json!({"sourceProperties": {"1a": 1}}), "finding.sourceProperties"),
            (json!({"sourceProperties": []}), "finding.sourceProperties"),
            (json!({"category": 5}), "finding.category"),
            (json!({"category": "x".repeat(300)}), "finding.category"),
            (json!({"connections": [{"destinationPort": "many"}]}), "finding.connections"),
        ] {
            assert_eq!(check(body.clone()), Err(field.to_owned()), "{body}");
        }
    }
}
