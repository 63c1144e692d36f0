//! What of a finding stands in columns of its own.

use finding::{FindingName, FindingResource, Timestamp};
use sqlx::Sqlite;
use sqlx::query_builder::Separated;
use store::{ChangeKind, StoreError, sql};

use crate::changes;

/// A finding, ready to be written.
pub(crate) struct Row {
    name: String,
    canonical_name: String,
    /// Parent, category, resource, module; then the source properties.
    texts: [String; 4],
    properties: [String; 3],
    /// State, severity, mute, class; time of the event and of creation.
    numbers: [i64; 6],
    document: String,
}

/// Where a finding is: its scope, that of its canonical name, its source and its location.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place(pub(crate) [String; 4]);

impl Place {
    pub(crate) fn of(name: &FindingName, item: &FindingResource) -> Self {
        Self(sql::place(name, &item.finding))
    }
}

impl Row {
    pub(crate) fn new(name: &FindingName, item: &FindingResource) -> Result<Self, StoreError> {
        let document = sql::document(name, item)?;
        let name = name.to_string();
        let finding = &item.finding;
        let canonical = &finding.canonical_name;
        let canonical_name = if *canonical == name { String::new() } else { canonical.clone() };
        let texts = [&finding.parent, &finding.category, &finding.resource_name, &finding.module_name];
        let properties = sql::properties(finding).map(str::to_owned);
        let numbers = sql::numbers(finding);
        Ok(Self { name, canonical_name, texts: texts.map(String::clone), properties, numbers, document })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// One row behind `VALUES`, in the order of [`INSERT`].
    pub(crate) fn bind(self, mut row: Separated<'_, Sqlite, &'static str>, written: &Written) {
        row.push_bind(self.name).push_bind(self.canonical_name).push_bind(written.place);
        for text in self.texts {
            row.push_bind(text);
        }
        for number in self.numbers {
            row.push_bind(number);
        }
        row.push_bind(written.now.nanos()).push_bind(written.order);
        for text in self.properties {
            row.push_bind(text);
        }
        row.push_bind(changes::number(written.change)).push_bind(self.document);
    }
}

/// What is stored beside a finding.
pub(crate) struct Written {
    pub(crate) place: i64,
    pub(crate) order: i64,
    pub(crate) change: ChangeKind,
    pub(crate) now: Timestamp,
}

/// Before the rows.
pub(crate) const INSERT: &str = "
    INSERT INTO findings (name, canonical_name, place, parent, category, resource_name, module_name, state, severity, mute,
        finding_class, event_time, create_time, update_time, delivered, pod_namespace, pod_name, container_id, change,
        document) ";

/// Behind the rows. The name never changes, and the order never falls.
pub(crate) const OR_UPDATE: &str = "
    ON CONFLICT (name) DO UPDATE SET canonical_name = excluded.canonical_name, place = excluded.place,
        parent = excluded.parent, category = excluded.category, resource_name = excluded.resource_name,
        module_name = excluded.module_name, state = excluded.state, severity = excluded.severity, mute = excluded.mute,
        finding_class = excluded.finding_class, event_time = excluded.event_time, create_time = excluded.create_time,
        update_time = excluded.update_time, delivered = max(delivered, excluded.delivered),
        pod_namespace = excluded.pod_namespace, pod_name = excluded.pod_name, container_id = excluded.container_id,
        change = excluded.change, document = excluded.document
    RETURNING id, name";
