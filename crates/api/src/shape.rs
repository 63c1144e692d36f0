//! The JSON of a finding for a version, an encoding and a field mask.

use finding::{FindingResource, Mute};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::Version;

/// v1 gives `UNDEFINED` another number than v2.
const V1_MUTE_UNDEFINED: i32 = 4;

/// How findings are to be written.
pub(crate) struct Shape {
    version: Version,
    numbers: bool,
    /// Paths within the finding, each as its keys; empty for all.
    mask: Vec<Vec<String>>,
}

impl Shape {
    pub(crate) fn take(version: Version, parameters: &mut Parameters) -> Result<Self, ApiError> {
        let numbers = parameters.take_numbers()?;
        let mask = parameters.take("fieldMask").unwrap_or_default();
        let paths = mask.split(',').map(str::trim).filter(|path| !path.is_empty());
        let mask = paths.map(|path| {
            let path = path.strip_prefix("finding.").unwrap_or(path);
            path.split('.').map(camel_case).collect()
        });
        Ok(Self { version, numbers, mask: mask.collect() })
    }

    /// `{"finding": …, "resource": …}`.
    pub(crate) fn write(&self, item: &FindingResource) -> Value {
        let json = if self.numbers { item.with_numbers() } else { serde_json::to_value(item) };
        // Strings, numbers and maps with string keys cannot fail to become JSON.
        let mut json = json.unwrap_or_default();
        if self.version == Version::V1 {
            self.as_v1(item, &mut json);
        }
        if !self.mask.is_empty()
            && let Some(finding) = json.get_mut("finding")
        {
            *finding = masked(finding, &self.mask);
        }
        json
    }

    fn as_v1(&self, item: &FindingResource, json: &mut Value) {
        if let Some(resource) = json.get_mut("resource") {
            let provider = resource.get("cloudProvider").cloned();
            *resource = item.resource.v1();
            if let Some(provider) = provider {
                resource["cloudProvider"] = provider;
            }
        }
        if self.numbers && item.finding.mute == Mute::Undefined {
            json["finding"]["mute"] = Value::from(V1_MUTE_UNDEFINED);
        }
    }
}

/// Only what the paths lead to. A path that leads nowhere gives nothing.
fn masked(value: &Value, paths: &[Vec<String>]) -> Value {
    let mut result = Value::Object(Map::new());
    for path in paths {
        let mut from = value;
        let found = path.iter().all(|key| from.get(key).map(|next| from = next).is_some());
        if !found {
            continue;
        }
        let mut to = &mut result;
        for key in path {
            if !to.is_object() {
                *to = Value::Object(Map::new());
            }
            to = &mut to[key.as_str()];
        }
        *to = from.clone();
    }
    result
}

/// `event_time` → `eventTime`. Keys of `source_properties` have capitals and underscores and stay as they are.
fn camel_case(key: &str) -> String {
    if key.chars().any(|c| c.is_ascii_uppercase()) {
        return key.to_owned();
    }
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut camel, word| {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
        camel
    })
}
