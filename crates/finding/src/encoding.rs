//! The two ways a client can ask for enums: as names (proto3 JSON's own way) or as numbers
//! (`$alt=json;enum-encoding=int`, which Google's generated clients send).

use serde_json::Value;

use crate::{
    CloudProvider, FileOperationKind, FindingClass, FindingResource, Mute, Protocol, Severity, SignatureType,
    State, Tactic, Technique,
};

/// From an enum's name to its number.
type Numbering = fn(&str) -> Option<i32>;

/// Every place of an enum under `finding`: keys from the outside in; an array on the way means each of its elements.
/// Free-form places (`sourceProperties`, `vedette`) are never touched.
const FINDING_ENUMS: &[(&[&str], Numbering)] = &[
    (&["state"], |name| State::from_name(name).map(State::number)),
    (&["severity"], |name| Severity::from_name(name).map(Severity::number)),
    (&["mute"], mute),
    (&["muteInfo", "staticMute", "state"], mute),
    (&["findingClass"], |name| FindingClass::from_name(name).map(FindingClass::number)),
    (&["indicator", "signatures", "signatureType"], |name| {
        SignatureType::from_name(name).map(SignatureType::number)
    }),
    (&["mitreAttack", "primaryTactic"], tactic),
    (&["mitreAttack", "additionalTactics"], tactic),
    (&["mitreAttack", "primaryTechniques"], technique),
    (&["mitreAttack", "additionalTechniques"], technique),
    (&["connections", "protocol"], |name| Protocol::from_name(name).map(Protocol::number)),
    (&["files", "operations", "type"], operation),
    (&["processes", "binary", "operations", "type"], operation),
    (&["processes", "script", "operations", "type"], operation),
    (&["processes", "libraries", "operations", "type"], operation),
];

fn mute(name: &str) -> Option<i32> {
    Mute::from_name(name).map(Mute::number)
}

fn tactic(name: &str) -> Option<i32> {
    Tactic::from_name(name).map(Tactic::number)
}

fn technique(name: &str) -> Option<i32> {
    Technique::from_name(name).map(Technique::number)
}

fn operation(name: &str) -> Option<i32> {
    FileOperationKind::from_name(name).map(FileOperationKind::number)
}

fn renumber(value: &mut Value, path: &[&str], number: Numbering) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| renumber(element, path, number)),
        Value::Object(fields) => {
            if let Some((key, rest)) = path.split_first()
                && let Some(field) = fields.get_mut(*key)
            {
                renumber(field, rest, number);
            }
        }
        Value::String(name) if path.is_empty() => {
            if let Some(number) = number(name) {
                *value = Value::from(number);
            }
        }
        _ => {}
    }
}

impl FindingResource {
    /// The v2 JSON with every enum as its number.
    pub fn with_numbers(&self) -> serde_json::Result<Value> {
        let mut value = serde_json::to_value(self)?;
        if let Some(finding) = value.get_mut("finding") {
            FINDING_ENUMS.iter().for_each(|(path, number)| renumber(finding, path, *number));
        }
        if let Some(resource) = value.get_mut("resource") {
            renumber(resource, &["cloudProvider"], |name| {
                CloudProvider::from_name(name).map(CloudProvider::number)
            });
        }
        Ok(value)
    }
}
