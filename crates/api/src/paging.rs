//! Page tokens of lists that are in the order of their names: the last name, in hexadecimal so that nobody builds on it.

use serde_json::Value;
use store::StoreError;

use crate::call::Call;
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

/// One page of a list that is at hand whole: objects, in the order of their `name`. `list` says which list it is.
pub(crate) fn page_of(
    call: &mut Call,
    list: &str,
    mut all: Vec<Value>,
) -> Result<(Vec<Value>, Option<String>), ApiError> {
    let size = usize::from(call.page_size()?.get());
    let prefix = format!("{list}|");
    let after = after(call.parameters.take("pageToken"), &prefix)?;
    all.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    let from = match after.as_deref().and_then(|after| after.strip_prefix(&prefix)) {
        None => 0,
        Some(last) => {
            all.iter().take_while(|one| one["name"].as_str().is_some_and(|name| name <= last)).count()
        }
    };
    let page: Vec<Value> = all.iter().skip(from).take(size).cloned().collect();
    let name = page.last().and_then(|last| last["name"].as_str()).filter(|_| from + size < all.len());
    let next = name.map(|name| token(&format!("{prefix}{name}")));
    Ok((page, next))
}

fn decoded(token: &str) -> Option<String> {
    if !token.len().is_multiple_of(2) || !token.is_ascii() {
        return None;
    }
    let bytes = (0..token.len()).step_by(2).map(|at| u8::from_str_radix(token.get(at..at + 2)?, 16).ok());
    String::from_utf8(bytes.collect::<Option<Vec<u8>>>()?).ok()
}
