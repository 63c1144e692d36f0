//! The JSON of a finding for a version, an encoding and a field mask.

use finding::{FindingResource, Mute};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::mask::{self, PATHS_MAX};
use crate::parameters::Parameters;
use crate::routes::Version;
use finding::snake_case;
use finding_filter::Field;

/// v1 gives `UNDEFINED` another number than v2.
const V1_MUTE_UNDEFINED: i32 = 4;

/// The shapes that a finding is given in, by their names.
pub(crate) const SHAPES: &[&str] = &["scc-v2", "scc-v1", "console", "ocsf", "falco"];

/// Fields of Security Command Center's findings that filters cannot name. Whoever asks for them gets what there is.
const UNUSED: &[&str] = &[
    "affectedResources",
    "agent",
    "agentAnomaly",
    "agentDataAccessEvents",
    "agentSessions",
    "aiModel",
    "application",
    "attackExposure",
    "backupDisasterRecovery",
    "chokepoint",
    "cloudArmor",
    "cloudDlpDataProfile",
    "cloudDlpInspection",
    "compliances",
    "contacts",
    "dataAccessEvents",
    "dataFlowEvents",
    "dataRetentionDeletionEvents",
    "database",
    "disk",
    "exfiltration",
    "groupMemberships",
    "iamBindings",
    "ipRules",
    "job",
    "kernelRootkit",
    "loadBalancers",
    "logEntries",
    "networks",
    "notebook",
    "orgPolicies",
    "securityPosture",
    "toxicCombination",
    "vertexAi",
    "vulnerability",
];

/// Where a name of v2 says what v1's has no place for: v1 knows one location, and leaves it out.
const GLOBAL: &str = "/locations/global";

/// A name as v1 writes it.
pub(crate) fn v1_name(name: &str) -> String {
    name.replacen(&format!("{GLOBAL}/"), "/", 1).trim_end_matches(GLOBAL).to_owned()
}

/// How findings are to be written.
pub(crate) struct Shape {
    version: Version,
    numbers: bool,
    /// Paths within the finding, each as its keys; empty for all.
    mask: Vec<Vec<String>>,
}

impl Shape {
    /// Whole findings.
    pub(crate) const fn whole(version: Version, numbers: bool) -> Self {
        Self { version, numbers, mask: Vec::new() }
    }

    /// With the mask that the request has.
    pub(crate) fn take(
        version: Version,
        numbers: bool,
        parameters: &mut Parameters,
    ) -> Result<Self, ApiError> {
        let mask = parameters.take("fieldMask").unwrap_or_default();
        // `*` is everything, which is what no mask is
        let paths = mask.split(',').map(str::trim).filter(|path| !path.is_empty() && *path != "*");
        let mask: Vec<_> = paths.take(PATHS_MAX + 1).map(keys).collect::<Result<_, _>>()?;
        if mask.len() > PATHS_MAX {
            return Err(ApiError::invalid("fieldMask", &format!("at most {PATHS_MAX} paths are read")));
        }
        Ok(Self { version, numbers, mask })
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

    /// The finding alone.
    pub(crate) fn finding(&self, item: &FindingResource) -> Value {
        self.write(item)["finding"].take()
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
        let finding = &mut json["finding"];
        for path in
            ["/name", "/canonicalName", "/parent", "/securityMarks/name", "/securityMarks/canonicalName"]
        {
            rename(finding.pointer_mut(path));
        }
        if let Some(Value::Object(systems)) = finding.get_mut("externalSystems") {
            systems.values_mut().for_each(|system| rename(system.get_mut("name")));
        }
    }
}

fn rename(name: Option<&mut Value>) {
    if let Some(Value::String(name)) = name {
        *name = v1_name(name);
    }
}

/// The keys of a path. Those of maps are the source's or the user's own and stay as they are, and so does what the source has
/// put behind its own.
fn keys(path: &str) -> Result<Vec<String>, ApiError> {
    let path = path.strip_prefix("finding.").unwrap_or(path);
    let mut keys: Vec<String> = Vec::new();
    for word in path.split('.') {
        let is_own = keys.first().is_some_and(|first| first == "sourceProperties");
        keys.push(if is_own { word.to_owned() } else { mask::key(&keys, word) });
    }
    let first = keys.first().map(String::as_str).unwrap_or_default();
    if UNUSED.contains(&first) {
        return Ok(keys);
    }
    match Field::named(&snake_case(first)) {
        Ok(_) => Ok(keys),
        Err(error) => {
            let word: String = first.chars().take(80).collect();
            let expected = &error.expected;
            Err(ApiError::invalid(
                "fieldMask",
                &format!("a finding has no field {word:?}; expected {expected}"),
            ))
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
