//! Findings: who may change what, and the trait that keeps them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use finding::{FindingName, FindingResource, Mute, State, Timestamp};

use crate::{
    GroupPage, GroupQuery, Histogram, HistogramQuery, ListQuery, MuteRules, Page, StoreError, VersionPage,
    VersionQuery,
};

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// There was none of that name.
    Created,
    /// It was there and changed.
    Updated,
    /// It was there as it is, or newer.
    Unchanged,
}

/// A change of a stored finding, done inside the store's transaction. It may be called again when the transaction is
/// repeated, and must do the same again.
pub type Edit = Box<dyn Fn(&mut FindingResource) -> Result<(), Refusal> + Send + Sync>;

/// Why an edit does not fit the finding that is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct Refusal {
    /// The field of the request.
    pub field: String,
    /// Why, and what to do.
    pub reason: String,
}

/// What is stored after a sensor wrote `incoming` at `now`.
///
/// The sensor's facts replace the stored ones, but what belongs to users (state, mute, marks, external systems) and the
/// time of creation stay as they are. A new finding needs attention unless it says otherwise. `rules` then decide whether it
/// is hidden.
pub fn merged(
    stored: Option<&FindingResource>,
    incoming: &FindingResource,
    rules: &MuteRules,
    now: Timestamp,
) -> (FindingResource, Upserted) {
    let mut result = incoming.clone();
    let finding = &mut result.finding;
    let Some(stored) = stored else {
        finding.create_time = finding.create_time.or(Some(now));
        if finding.state == State::Unspecified {
            finding.state = State::Active;
        }
        if finding.mute == Mute::Unspecified {
            finding.mute = Mute::Undefined;
        }
        rules.settle(&mut result, true, now);
        return (result, Upserted::Created);
    };
    finding.create_time = stored.finding.create_time;
    finding.state = stored.finding.state;
    finding.mute = stored.finding.mute;
    finding.mute_info = stored.finding.mute_info.clone();
    finding.mute_update_time = stored.finding.mute_update_time;
    finding.mute_initiator = stored.finding.mute_initiator.clone();
    finding.external_systems = stored.finding.external_systems.clone();
    finding.security_marks = stored.finding.security_marks.clone();
    rules.settle(&mut result, false, now);
    let change = if result == *stored { Upserted::Unchanged } else { Upserted::Updated };
    (result, change)
}

/// What was decided when a finding was to be created.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It was, as it is now stored.
    Yes(Box<FindingResource>),
    /// There was one of that name.
    Exists,
}

/// Keeps findings.
pub trait FindingStore: Send + Sync {
    /// Writes a sensor's finding by its name; see [`merged`] for what an update leaves alone. An acknowledged finding
    /// survives a power cut, and the next [`get`](Self::get) or [`list`](Self::list) answers it.
    ///
    /// `order` grows with every version that one sensor sends of a finding: what comes with a smaller one than is stored
    /// arrived late and changes nothing. `now` becomes the time of creation of a new finding that has none.
    fn upsert(&self, item: &FindingResource, order: i64, now: Timestamp) -> Pending<'_, Upserted>;

    /// Writes a new finding of a source that is no sensor.
    fn create(&self, item: &FindingResource, now: Timestamp) -> Pending<'_, Created>;

    /// Changes a finding, found by its name or its canonical name. `None` when there is no such finding. The mute rules
    /// decide again afterwards. [`StoreError::Refused`] when the edit does not fit; nothing has changed then.
    fn amend(&self, name: &FindingName, edit: Edit, now: Timestamp) -> Pending<'_, Option<FindingResource>>;

    /// From now on these rules decide what is hidden. Findings that are stored change when they are written next.
    fn mute_by(&self, rules: Arc<MuteRules>);

    /// One finding, by its name or its canonical name; `None` when there is no such finding.
    fn get(&self, name: &FindingName) -> Pending<'_, Option<FindingResource>>;

    /// The same as [`get`](Self::get) for each of many names, in their order, in a few questions instead of one for each.
    fn get_many(&self, names: &[FindingName]) -> Pending<'_, Vec<Option<FindingResource>>>;

    /// One page of findings.
    fn list(&self, query: ListQuery) -> Pending<'_, Page>;

    /// How many findings there are of each kind that the fields tell apart.
    fn group(&self, query: GroupQuery) -> Pending<'_, GroupPage>;

    /// How many findings of each severity there are in each of some spans of time. Bounded work: what cannot be counted in
    /// time is left out, and the answer says so.
    fn histogram(&self, query: HistogramQuery) -> Pending<'_, Histogram>;

    /// What is kept of a finding's earlier states, the newest first; nothing of a finding that is not stored.
    fn versions(&self, query: VersionQuery) -> Pending<'_, VersionPage>;

    /// Removes findings that last changed before a time, with what was kept for them, at most about `limit` in one go; how
    /// many they were.
    fn expire(&self, before: Timestamp, limit: u32) -> Pending<'_, u64>;

    /// Whether reading works now.
    fn health(&self) -> Pending<'_, ()>;
}
