//! Findings by the names that clients know them by.

use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use store::{FindingStore, Refusal};

use crate::error::ApiError;

/// The location of what is named without one.
const GLOBAL: &str = "global";

/// The same finding's other name: v1 has no locations, and v2 says `global` for what is in none.
fn other_name(name: &FindingName) -> Option<FindingName> {
    let location = match name.location() {
        None => Some(GLOBAL),
        Some(GLOBAL) => None,
        Some(_) => return None,
    };
    FindingName::new(name.scope().clone(), name.source(), location, name.finding()).ok()
}

fn missing(name: &FindingName) -> ApiError {
    ApiError::NotFound { what: format!("finding {name}") }
}

/// One finding, if there is one.
pub(crate) async fn find(
    store: &dyn FindingStore,
    name: &FindingName,
) -> Result<Option<FindingResource>, ApiError> {
    if let Some(item) = store.get(name).await? {
        return Ok(Some(item));
    }
    match other_name(name) {
        Some(other) => Ok(store.get(&other).await?),
        None => Ok(None),
    }
}

/// One finding.
pub(crate) async fn get(store: &dyn FindingStore, name: &FindingName) -> Result<FindingResource, ApiError> {
    find(store, name).await?.ok_or_else(|| missing(name))
}

/// Changes a finding.
pub(crate) async fn amend(
    store: &dyn FindingStore,
    name: &FindingName,
    now: Timestamp,
    edit: impl Fn(&mut FindingResource) -> Result<(), Refusal> + Send + Sync + 'static,
) -> Result<FindingResource, ApiError> {
    let edit = Arc::new(edit);
    let names = std::iter::once(name.clone()).chain(other_name(name));
    for name in names {
        let edit = Arc::clone(&edit);
        if let Some(item) = store.amend(&name, Box::new(move |item| edit(item)), now).await? {
            return Ok(item);
        }
    }
    Err(missing(name))
}

/// Why an edit does not fit.
pub(crate) fn refused(field: impl Into<String>, reason: impl Into<String>) -> Refusal {
    Refusal { field: field.into(), reason: reason.into() }
}
