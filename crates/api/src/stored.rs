//! Findings by the names that clients know them by.

use std::io;
use std::sync::Arc;

use finding::{FindingName, FindingResource, Timestamp};
use store::{FindingStore, Refusal};

use crate::error::ApiError;

/// The location of what is named without one.
const GLOBAL: &str = "global";

/// The same finding's other name: v1 has no locations, and v2 says `global` for what is in none.
pub(crate) fn other_name(name: &FindingName) -> Option<FindingName> {
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

/// Bytes of JSON that one finding may grow to: as many as a body has.
const SIZE_MAX: usize = crate::body::LIMIT;

/// Counts what is written.
#[derive(Default)]
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn size(item: &FindingResource) -> usize {
    let mut counter = Counter::default();
    // strings, numbers and maps with string keys cannot fail to become JSON
    let _ = serde_json::to_writer(&mut counter, item);
    counter.0
}

/// An edit that does not let a finding grow without end: many small ones could.
fn bounded(
    item: &mut FindingResource,
    edit: impl Fn(&mut FindingResource) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let before = size(item);
    edit(item)?;
    let after = size(item);
    if after > SIZE_MAX && after > before {
        let reason = format!(
            "it would have {after} bytes of JSON, and at most {SIZE_MAX} bytes are kept; take something away first"
        );
        return Err(refused("finding", reason));
    }
    Ok(())
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
        if let Some(item) = store.amend(&name, Box::new(move |item| bounded(item, &*edit)), now).await? {
            return Ok(item);
        }
    }
    Err(missing(name))
}

/// Why an edit does not fit.
pub(crate) fn refused(field: impl Into<String>, reason: impl Into<String>) -> Refusal {
    Refusal { field: field.into(), reason: reason.into() }
}
