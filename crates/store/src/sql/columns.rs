//! What of a finding stands in columns of its own, in either database.

use finding::{Finding, FindingName, FindingResource, Timestamp};
use serde_json::Value;

use crate::StoreError;

/// The largest document that is kept. Sensors cut arguments and environments long before.
const DOCUMENT_LIMIT: usize = 16 << 20;

/// Source properties with a column of their own; the filter language reaches them by these keys.
pub const PROPERTY_COLUMNS: [(&str, &str); 3] =
    [("Pod_Namespace", "pod_namespace"), ("Pod_Name", "pod_name"), ("Container_Id", "container_id")];

/// The whole finding as it is kept.
///
/// # Errors
/// [`StoreError::TooLarge`].
pub fn document(name: &FindingName, item: &FindingResource) -> Result<String, StoreError> {
    // A finding is made of strings, numbers and maps with string keys: it cannot fail to become JSON.
    let document = serde_json::to_string(item).unwrap_or_default();
    if document.len() > DOCUMENT_LIMIT {
        let (size, limit) = (document.len() as u64, DOCUMENT_LIMIT as u64);
        return Err(StoreError::TooLarge { subject: name.to_string(), size, limit });
    }
    Ok(document)
}

/// Its scope, that of its canonical name, its source and its location; empty for what it has not.
pub fn place(name: &FindingName, finding: &Finding) -> [String; 4] {
    let canonical: Option<FindingName> = finding.canonical_name.parse().ok();
    [
        name.scope().to_string(),
        canonical.map(|c| c.scope().to_string()).unwrap_or_default(),
        name.source().to_owned(),
        name.location().unwrap_or_default().to_owned(),
    ]
}

/// The values of [`PROPERTY_COLUMNS`]; empty for what is not there or no text.
pub fn properties(finding: &Finding) -> [&str; 3] {
    PROPERTY_COLUMNS
        .map(|(key, _)| finding.source_properties.get(key).and_then(Value::as_str).unwrap_or_default())
}

/// State, severity, mute and class by their numbers; times of the event and of creation in nanoseconds since the epoch, 0 when
/// they are not said.
pub fn numbers(finding: &Finding) -> [i64; 6] {
    let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::nanos);
    [
        i64::from(finding.state.number()),
        i64::from(finding.severity.number()),
        i64::from(finding.mute.number()),
        i64::from(finding.finding_class.number()),
        time(finding.event_time),
        time(finding.create_time),
    ]
}
