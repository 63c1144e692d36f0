//! CloudEvents 1.0, structured JSON.

use finding::FindingResource;
use serde_json::Value;

use crate::Happening;
use crate::facts::{object, said};

/// A text as one segment of a URI.
fn segment(text: &str) -> String {
    let mut result = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            result.push(char::from(byte));
        } else {
            result.push_str(&format!("%{byte:02X}"));
        }
    }
    result
}

/// One event. `id` names the delivered change: the same when it is delivered again. `data` is the body, in whatever shape
/// the reader asked for.
pub fn cloud_event(id: &str, happening: Happening, item: &FindingResource, data: Value) -> Value {
    let finding = &item.finding;
    let change = match happening {
        Happening::Created => "created",
        Happening::Updated => "updated",
        Happening::Closed => "closed",
    };
    object([
        ("specversion", Some("1.0".into())),
        ("type", Some("io.vedette.finding.v1".into())),
        ("source", Some(format!("//vedette/{}", segment(&item.resource.display_name)).into())),
        ("id", Some(id.into())),
        ("time", finding.event_time.map(|time| time.to_string().into())),
        ("subject", said(&finding.name)),
        ("datacontenttype", Some("application/json".into())),
        ("change", Some(change.into())),
        ("data", Some(data)),
    ])
}
