//! Evidence that a finding lists and that nobody has.

use serde_json::{Map, Value, json};

/// In `evidenceMissing`, after the piece's name and kind.
const WHY: &str = "taken, but the sensor's spool did not keep it until a server had it";

/// Moves a piece of evidence from what is kept to what is lost: `item` is it, as `vedette.evidence` lists it. Whether it
/// was not there already.
pub fn lose_evidence(vedette: &mut Map<String, Value>, item: &Value) -> bool {
    let is_it = |other: &Value| other["sha256"] == item["sha256"] && other["name"] == item["name"];
    if list(vedette, "evidenceLost").iter().any(is_it) {
        return false;
    }
    let kept = list(vedette, "evidence");
    let known = kept.iter().position(is_it).map(|at| kept.remove(at));
    let lost = list(vedette, "evidenceLost");
    lost.push(known.unwrap_or_else(|| item.clone()));
    let count = lost.len();
    let text = |key: &str| item[key].as_str().unwrap_or_default();
    let missing = json!(format!("{}: {}: {WHY}", text("name"), text("kind")));
    list(vedette, "evidenceMissing").push(missing);
    let coverage = object(vedette, "coverage");
    coverage.insert("complete".into(), json!(false));
    object(coverage, "lost").insert("evidence".into(), json!(count));
    true
}

fn list<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Vec<Value> {
    let value = map.entry(key).or_insert(Value::Null);
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    match value {
        Value::Array(list) => list,
        _ => unreachable!("it was made a list"),
    }
}

fn object<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(key).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object"),
    }
}
