//! The body of a request: one JSON object, read as proto3 JSON allows it to be written.

use axum::body::to_bytes;
use axum::http::StatusCode;
use finding::Timestamp;
use serde_json::{Map, Value};

use crate::error::ApiError;
use finding::camel_case;

/// Bytes of a body.
pub(crate) const LIMIT: usize = 4 << 20;

/// Levels of lists and objects in a body. A finding is kept and answered with some more around it, and what reads JSON, here and
/// elsewhere, goes no deeper than about a hundred.
const DEPTH_MAX: usize = 64;

/// Values in a body, for the memory that each costs beyond its text. The largest findings have some ten thousand.
const VALUES_MAX: usize = 300_000;

/// What is below these is the client's own.
const WHOLE: &[&str] = &["sourceProperties", "vedette"];

/// The keys right below these are the client's own.
const MAPS: &[&str] = &["marks", "externalSystems", "contacts", "modules"];

/// All bytes of a body, if they are not too many.
pub(crate) async fn bytes(body: axum::body::Body) -> Result<axum::body::Bytes, ApiError> {
    let (what, status) = ("the body", StatusCode::PAYLOAD_TOO_LARGE);
    to_bytes(body, LIMIT).await.map_err(|_| ApiError::TooLong { what, limit: LIMIT, status })
}

/// The fields of a body, in `lowerCamelCase`, without nulls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Body(pub(crate) Map<String, Value>);

impl Body {
    pub(crate) async fn read(body: axum::body::Body) -> Result<Self, ApiError> {
        let bytes = bytes(body).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        if let Some(excess) = excess(&bytes) {
            return Err(ApiError::invalid("body", &excess));
        }
        let value = serde_json::from_slice(&bytes)
            .map_err(|e| ApiError::invalid("body", &format!("it is not JSON: {e}")))?;
        match value {
            Value::Object(fields) => Ok(Self(normal_fields(fields, false))),
            _ => Err(ApiError::invalid("body", &"it must be one JSON object")),
        }
    }

    /// A text of at most `most` characters; an absent one is empty.
    pub(crate) fn text(&self, field: &'static str, most: usize) -> Result<String, ApiError> {
        match self.0.get(field) {
            None => Ok(String::new()),
            Some(Value::String(text)) if text.chars().count() <= most => Ok(text.clone()),
            Some(Value::String(_)) => {
                Err(ApiError::invalid(field, &format!("at most {most} characters are kept")))
            }
            Some(_) => Err(ApiError::invalid(field, &"it must be a text")),
        }
    }

    /// One of these names, or its number; an absent one is the first.
    pub(crate) fn choice(
        &self,
        field: &'static str,
        known: &[(&'static str, i64)],
    ) -> Result<&'static str, ApiError> {
        let Some(said) = self.0.get(field) else { return Ok(known.first().map_or("", |(name, _)| name)) };
        let found = known.iter().find(|(name, number)| said == name || said.as_i64() == Some(*number));
        found.map(|(name, _)| *name).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            ApiError::invalid(field, &format!("it must be one of {}", names.join(", ")))
        })
    }

    /// A time; none when absent.
    pub(crate) fn time(&self, field: &'static str) -> Result<Option<Timestamp>, ApiError> {
        let text = self.text(field, 64)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|e| ApiError::invalid(field, &e))
    }

    /// A whole number; none when absent.
    pub(crate) fn integer(&self, field: &'static str) -> Result<Option<i64>, ApiError> {
        let Some(said) = self.0.get(field) else { return Ok(None) };
        let number = said.as_i64().or_else(|| said.as_str().and_then(|text| text.parse().ok()));
        number.map(Some).ok_or_else(|| ApiError::invalid(field, &"it must be a whole number"))
    }

    /// An object; empty when absent.
    pub(crate) fn object(&self, field: &'static str) -> Result<Map<String, Value>, ApiError> {
        match self.0.get(field) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map.clone()),
            Some(_) => Err(ApiError::invalid(field, &"it must be an object")),
        }
    }
}

/// How JSON is larger than is read, if it is: each value costs many times its text.
fn excess(json: &[u8]) -> Option<String> {
    let (mut depth, mut values, mut in_text, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                values += 1;
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Some(format!("it is nested deeper than {DEPTH_MAX} levels"));
        }
        if values > VALUES_MAX {
            return Some(format!("it has more than {VALUES_MAX} values"));
        }
    }
    None
}

fn normal_fields(fields: Map<String, Value>, own_keys: bool) -> Map<String, Value> {
    let mut result = Map::new();
    for (key, value) in fields {
        if value.is_null() {
            continue;
        }
        let key = if own_keys { key } else { camel_case(&key) };
        let value =
            if WHOLE.contains(&key.as_str()) { value } else { normal(value, MAPS.contains(&key.as_str())) };
        result.insert(key, value);
    }
    result
}

fn normal(value: Value, own_keys: bool) -> Value {
    match value {
        Value::Object(fields) => Value::Object(normal_fields(fields, own_keys)),
        Value::Array(elements) => Value::Array(elements.into_iter().map(|e| normal(e, false)).collect()),
        other => other,
    }
}
