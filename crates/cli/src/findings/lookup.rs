//! A finding by its full name, or by its id alone.

use crate::client::{Client, ClientError};
use anyhow::Result;
use finding::{FindingName, Parent};
use serde_json::Value;

/// Findings looked at in one go while an id is searched.
const PAGE: u16 = 1000;

/// `{"finding": …, "resource": …}`.
pub(crate) fn finding(client: &Client, wanted: &str) -> Result<Value> {
    if wanted.contains('/') {
        return Ok(client.finding(&wanted.parse()?)?);
    }
    let missing = || ClientError::NotFound {
        what: format!("finding {wanted:?} does not exist at {}", client.server()),
    };
    // what is no id would be a filter of its own
    if wanted.is_empty() || !wanted.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(missing().into());
    }
    let parent: Parent = "organizations/-/sources/-".parse()?;
    let filter = format!("name:\"/findings/{wanted}\"");
    let mut token: Option<String> = None;
    loop {
        let page = client.page(&parent, PAGE, "", &filter, token.as_deref())?;
        if let Some(found) = page.results.into_iter().find(|result| id(result) == Some(wanted)) {
            return Ok(found);
        }
        token = Some(page.next.ok_or_else(missing)?);
    }
}

/// The name of a finding that was found.
pub(crate) fn name(found: &Value) -> Result<FindingName> {
    Ok(found.pointer("/finding/name").and_then(Value::as_str).unwrap_or_default().parse()?)
}

/// The last part of a finding's name.
pub(crate) fn id(found: &Value) -> Option<&str> {
    found.pointer("/finding/name")?.as_str()?.rsplit('/').next()
}
