//! Findings: who may change what, and the trait that keeps them.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use finding::{Finding, FindingName, FindingResource, Mute, State, Timestamp};

use crate::{ListQuery, Page, StoreError};

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    /// There was none of that name.
    Created,
    /// It was there and changed.
    Updated,
    /// It was there as it is.
    Unchanged,
}

/// What users change. `None` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Amendment {
    /// Needs attention or not.
    pub state: Option<State>,
    /// Hidden or not.
    pub mute: Option<Mute>,
    /// Marks: all of them at once.
    pub marks: Option<BTreeMap<String, String>>,
}

impl Amendment {
    /// The finding as amended.
    pub fn apply(&self, finding: &mut Finding) {
        if let Some(state) = self.state {
            finding.state = state;
        }
        if let Some(mute) = self.mute {
            finding.mute = mute;
        }
        if let Some(marks) = &self.marks {
            finding.security_marks.marks.clone_from(marks);
            finding.security_marks.name = format!("{}/securityMarks", finding.name);
        }
    }
}

/// What is stored after a sensor wrote `incoming` at `now`.
///
/// The sensor's facts replace the stored ones, but what belongs to users (state, mute, marks) and the time of
/// creation stay as they are. A new finding needs attention and was never muted unless it says otherwise.
pub fn merged(
    stored: Option<&FindingResource>,
    incoming: &FindingResource,
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
        return (result, Upserted::Created);
    };
    finding.create_time = stored.finding.create_time;
    finding.state = stored.finding.state;
    finding.mute = stored.finding.mute;
    finding.security_marks = stored.finding.security_marks.clone();
    let change = if result == *stored { Upserted::Unchanged } else { Upserted::Updated };
    (result, change)
}

/// Keeps findings.
pub trait FindingStore: Send + Sync {
    /// Writes a finding by its name; see [`merged`] for what an update leaves alone. An acknowledged finding survives
    /// a power cut, and the next [`get`](Self::get) or [`list`](Self::list) answers it.
    ///
    /// `now` becomes the time of creation of a new finding that has none.
    fn upsert(&self, item: &FindingResource, now: Timestamp) -> Pending<'_, Upserted>;

    /// Writes what users change. `None` when there is no such finding.
    fn amend(&self, name: &FindingName, amendment: Amendment) -> Pending<'_, Option<FindingResource>>;

    /// One finding, by its name or its canonical name; `None` when there is no such finding.
    fn get(&self, name: &FindingName) -> Pending<'_, Option<FindingResource>>;

    /// One page of findings.
    fn list(&self, query: ListQuery) -> Pending<'_, Page>;

    /// Whether reading works now.
    fn health(&self) -> Pending<'_, ()>;
}
