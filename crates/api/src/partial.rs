//! Partial answers: `$fields=name,finding(state,processes/pid)`.

use serde_json::{Map, Value};

use crate::error::ApiError;

/// Levels of parentheses and steps at most.
const DEPTH_MAX: usize = 20;

/// A tree of keys; without any below, everything there is meant.
#[derive(Debug, Default, PartialEq)]
struct Selection(Vec<(String, Selection)>);

/// Only what was asked for; everything without a question.
pub(crate) fn of(value: Value, fields: &str) -> Result<Value, ApiError> {
    if fields.is_empty() {
        return Ok(value);
    }
    let mut rest = fields;
    let selection = list(&mut rest, 0)?;
    if rest.is_empty() { Ok(selected(value, &selection)) } else { Err(wrong(rest)) }
}

fn wrong(rest: &str) -> ApiError {
    let rest: String = rest.chars().take(40).collect();
    ApiError::invalid("$fields", &format!("it goes wrong at {rest:?}; write such as a,b/c,d(e,f)"))
}

fn list(rest: &mut &str, depth: usize) -> Result<Selection, ApiError> {
    if depth > DEPTH_MAX {
        return Err(ApiError::invalid("$fields", &format!("at most {DEPTH_MAX} levels are read")));
    }
    let mut selection = Selection::default();
    loop {
        selection.0.push(one(rest, depth)?);
        match rest.strip_prefix(',') {
            Some(behind) => *rest = behind,
            None => return Ok(selection),
        }
    }
}

fn one(rest: &mut &str, depth: usize) -> Result<(String, Selection), ApiError> {
    let end = rest.find([',', '/', '(', ')', '.']).unwrap_or(rest.len());
    let (name, behind) = rest.split_at(end);
    let name = name.trim();
    if name.is_empty() {
        return Err(wrong(rest));
    }
    *rest = behind;
    let mut below = Selection::default();
    if let Some(behind) = rest.strip_prefix(['/', '.']) {
        *rest = behind;
        if depth >= DEPTH_MAX {
            return Err(wrong(rest));
        }
        below.0.push(one(rest, depth + 1)?);
    } else if let Some(behind) = rest.strip_prefix('(') {
        *rest = behind;
        below = list(rest, depth + 1)?;
        *rest = rest.strip_prefix(')').ok_or_else(|| wrong(rest))?;
    }
    Ok((name.to_owned(), below))
}

fn selected(value: Value, selection: &Selection) -> Value {
    if selection.0.is_empty() {
        return value;
    }
    match value {
        Value::Array(elements) => {
            Value::Array(elements.into_iter().map(|e| selected(e, selection)).collect())
        }
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (key, value) in fields {
                let mut found = selection.0.iter().filter(|(name, _)| *name == key || name == "*");
                if let Some((_, below)) = found.next() {
                    kept.insert(key, selected(value, below));
                }
            }
            Value::Object(kept)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use serde_json::json;

    #[test]
    fn only_what_was_asked_for() {
        let value = json!({"a": [{"b": 1, "c": {"d": 2, "e": 3}}, {"b": 4}], "f": 5});
        assert_eq!(of(value.clone(), "").unwrap(), value);
        assert_eq!(of(value.clone(), "a(b,c/d)").unwrap(), json!({"a": [{"b": 1, "c": {"d": 2}}, {"b": 4}]}));
        assert_eq!(of(value.clone(), "f,nope").unwrap(), json!({"f": 5}));
        for wrong in ["a(", "a)", ",", "a//b", &"a/".repeat(50), &"a(".repeat(50)] {
            assert!(of(value.clone(), wrong).is_err(), "{wrong}");
        }
    }
}
