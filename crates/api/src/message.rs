//! Proto messages from the objects of a body, with the field named that cannot be read.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::Refusal;

use crate::stored::refused;

/// Reads a message; `what` stands in front of the name of a field that is wrong.
pub(crate) fn read<T: DeserializeOwned>(what: &str, fields: &Map<String, Value>) -> Result<T, Refusal> {
    match serde_json::from_value(Value::Object(fields.clone())) {
        Ok(message) => Ok(message),
        Err(error) => {
            // every field can be left out, so each can be tried alone
            let wrong = fields.iter().find_map(|(key, value)| {
                let alone = Map::from_iter([(key.clone(), value.clone())]);
                let error = serde_json::from_value::<T>(Value::Object(alone)).err()?;
                Some((key, error))
            });
            Err(match wrong {
                Some((key, error)) => refused(format!("{what}.{key}"), error.to_string()),
                None => refused(what, error.to_string()),
            })
        }
    }
}

/// The fields of a message.
pub(crate) fn write<T: Serialize>(message: &T) -> Map<String, Value> {
    // strings, numbers, lists and maps with string keys cannot fail to become JSON
    match serde_json::to_value(message) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
