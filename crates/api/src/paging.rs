//! Page tokens of lists that are in the order of their names: the last name, in hexadecimal so that nobody builds on it.

use store::StoreError;

use crate::error::ApiError;

/// The token that leads on behind a name.
pub(crate) fn token(name: &str) -> String {
    name.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The name behind which a page begins; it must be one of the list.
pub(crate) fn after(token: Option<String>, prefix: &str) -> Result<Option<String>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    let name = decoded(&token).filter(|name| name.starts_with(prefix)).ok_or(StoreError::PageToken)?;
    Ok(Some(name))
}

fn decoded(token: &str) -> Option<String> {
    if !token.len().is_multiple_of(2) || !token.is_ascii() {
        return None;
    }
    let bytes = (0..token.len()).step_by(2).map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}
