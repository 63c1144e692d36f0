//! Security Command Center's own messages.

use finding::{FindingResource, snake_case};
use serde_json::{Map, Value, json};

fn finding(item: &FindingResource) -> Value {
    // Maps with text as keys and plain values cannot fail to become JSON.
    serde_json::to_value(&item.finding).unwrap_or_default()
}

/// `NotificationMessage` of v2 for the notification config of that name.
pub fn notification_v2(config: &str, item: &FindingResource) -> Value {
    json!({"notificationConfigName": config, "finding": finding(item), "resource": item.resource.v2()})
}

/// `NotificationMessage` of v1: where a list's result has `projectName` and `parentName`, the resource of a notification has
/// `project` and `parent`.
pub fn notification_v1(config: &str, item: &FindingResource) -> Value {
    let mut resource = item.resource.v1();
    if let Some(fields) = resource.as_object_mut() {
        for (list, notification) in [("projectName", "project"), ("parentName", "parent")] {
            if let Some(value) = fields.remove(list) {
                fields.insert(notification.to_owned(), value);
            }
        }
    }
    json!({"notificationConfigName": config, "finding": finding(item), "resource": resource})
}

/// Objects whose keys are data, not the names of fields.
const FREE_KEYS: &[&str] = &["sourceProperties", "marks", "externalSystems", "contacts", "vedette"];

/// Free values: nothing inside is the model's.
const FREE_VALUES: &[&str] = &["sourceProperties", "marks", "vedette"];

fn snaked(value: Value) -> Value {
    match value {
        Value::Array(elements) => elements.into_iter().map(snaked).collect(),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(key, value)| (snake_case(&key), below(&key, value))).collect(),
        ),
        other => other,
    }
}

fn below(key: &str, value: Value) -> Value {
    match value {
        value if FREE_VALUES.contains(&key) => value,
        Value::Object(fields) if FREE_KEYS.contains(&key) => {
            fields.into_iter().map(|(key, value)| (key, snaked(value))).collect::<Map<_, _>>().into()
        }
        value => snaked(value),
    }
}

/// As the console's JSON tab showed it and the published playbook reads it: keys in `snake_case`, project and parent on the
/// resource itself (and under `gcp_metadata`), `sourceProperties` beside the finding as well as in it.
pub fn console(item: &FindingResource) -> Value {
    let mut resource = snaked(item.resource.v2());
    if let (Some(fields), Value::Object(flat)) = (resource.as_object_mut(), snaked(item.resource.v1())) {
        fields.extend(flat);
    }
    json!({
        "finding": snaked(finding(item)),
        "resource": resource,
        "sourceProperties": item.finding.source_properties,
    })
}
