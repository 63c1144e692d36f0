//! Field masks: which parts of a body count, and writing them into what is stored.

use serde_json::{Map, Value};

use crate::error::ApiError;
use finding::camel_case;

/// Paths of a mask at most; a mask that names more is no question.
pub(crate) const PATHS_MAX: usize = 500;

/// Names of one path at most. Nothing that can be changed lies deeper, and each name is a level on the stack.
const STEPS_MAX: usize = 16;

/// Maps whose keys are somebody's own: what follows is one key, as it is.
const MAPS: &[&str] = &["sourceProperties", "marks", "externalSystems", "modules", "contacts"];

/// A name of a path as JSON spells it, where it stands behind these.
pub(crate) fn key(before: &[String], name: &str) -> String {
    if is_map(before) { name.to_owned() } else { camel_case(name) }
}

/// Whether what stands behind these is somebody's own.
fn is_map(before: &[String]) -> bool {
    before.last().is_some_and(|last| MAPS.contains(&last.as_str()))
}

/// Which parts of a body count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mask(Vec<Vec<String>>);

impl Mask {
    /// From `updateMask`: `a,b.c`, with or without `prefix` in front of each path.
    pub(crate) fn read(text: Option<String>, prefix: &str) -> Result<Self, ApiError> {
        let text = text.unwrap_or_default();
        let mut paths = Vec::new();
        for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
            let path = path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')).unwrap_or(path);
            let mut keys: Vec<String> = Vec::new();
            let mut rest = Some(path);
            while let Some(text) = rest
                && keys.len() <= STEPS_MAX
            {
                let (name, behind) = match text.split_once('.') {
                    Some((name, behind)) if !is_map(&keys) => (name, Some(behind)),
                    _ => (text, None),
                };
                keys.push(key(&keys, name));
                rest = behind;
            }
            if keys.iter().any(String::is_empty) || paths.len() >= PATHS_MAX || keys.len() > STEPS_MAX {
                let path: String = path.chars().take(80).collect();
                let reason = format!(
                    "{path:?} is not a path; write fields separated by commas, at most {PATHS_MAX} of at most {STEPS_MAX} \
                     names each"
                );
                return Err(ApiError::invalid("updateMask", &reason));
            }
            // `*` is everything, which is what no mask is
            if path != "*" {
                paths.push(keys);
            }
        }
        Ok(Self(paths))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn paths(&self) -> &[Vec<String>] {
        &self.0
    }

    /// The first path whose field is not among these is refused.
    pub(crate) fn only(
        &self,
        known: &[&str],
        others: impl Fn(&str) -> Option<String>,
    ) -> Result<(), ApiError> {
        for path in &self.0 {
            let first = path.first().map(String::as_str).unwrap_or_default();
            if !known.contains(&first) {
                let reason = others(first).unwrap_or_else(|| {
                    format!("there is no field to change there; use {}", known.join(", "))
                });
                return Err(ApiError::invalid(format!("updateMask: {}", path.join(".")), &reason));
            }
        }
        Ok(())
    }

    /// Takes what the paths lead to from one object into the other; what is not there goes away.
    pub(crate) fn write(&self, from: &Map<String, Value>, to: &mut Map<String, Value>) {
        self.0.iter().for_each(|path| write(path, from, to));
    }
}

fn write(path: &[String], from: &Map<String, Value>, to: &mut Map<String, Value>) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        match from.get(key) {
            Some(value) => to.insert(key.clone(), value.clone()),
            None => to.remove(key),
        };
        return;
    }
    let empty = Map::new();
    let inner = from.get(key).and_then(Value::as_object).unwrap_or(&empty);
    let target = to.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Some(target) = target.as_object_mut() {
        write(rest, inner, target);
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use serde_json::{Value, json};

    fn written(mask: &str, from: Value, mut to: Value) -> Value {
        let mask = Mask::read(Some(mask.into()), "finding").unwrap();
        mask.write(from.as_object().unwrap(), to.as_object_mut().unwrap());
        to
    }

    #[test]
    fn paths_in_both_spellings_replace_and_remove() {
        let from = json!({"eventTime": 2, "sourceProperties": {"Pod.Name": "a", "b_c": 1}, "access": {"callerIp": "x"}});
        let to = json!({"eventTime": 1, "sourceProperties": {"gone": 1, "kept": 1}, "severity": "LOW"});
        assert_eq!(
            written(
                "finding.event_time,source_properties.Pod.Name,sourceProperties.gone,access.caller_ip,severity",
                from,
                to
            ),
            json!({
                "eventTime": 2, "sourceProperties": {"kept": 1, "Pod.Name": "a"}, "access": {"callerIp": "x"}
            })
        );
    }

    #[test]
    fn what_is_no_mask_is_refused() {
        assert!(Mask::read(Some("a..b".into()), "").is_err());
        assert!(Mask::read(Some("a,".repeat(600)), "").is_err());
        assert!(Mask::read(Some(["a"; 16].join(".")), "").is_ok());
        assert!(Mask::read(Some(["a"; 17].join(".")), "").is_err());
        assert!(Mask::read(Some(["a"; 8_000].join(".")), "").is_err());
        assert!(Mask::read(Some("*".into()), "").unwrap().is_empty());
    }
}
