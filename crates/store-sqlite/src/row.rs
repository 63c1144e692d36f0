//! What of a finding stands in columns of its own.

use finding::{FindingName, FindingResource, Timestamp};
use serde_json::Value;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, error::BoxDynError};
use store::StoreError;

/// The largest document that is kept. Sensors cut arguments and environments long before.
const DOCUMENT_LIMIT: usize = 16 << 20;

/// A finding, ready to be written.
pub(crate) struct Row {
    name: String,
    canonical_name: String,
    document: String,
}

/// Where a finding is: its scope, that of its canonical name, its source and its location.
pub(crate) struct Place(pub(crate) [String; 4]);

impl Place {
    pub(crate) fn of(name: &FindingName, item: &FindingResource) -> Self {
        let canonical: Option<FindingName> = item.finding.canonical_name.parse().ok();
        Self([
            name.scope().to_string(),
            canonical.map(|c| c.scope().to_string()).unwrap_or_default(),
            name.source().to_owned(),
            name.location().unwrap_or_default().to_owned(),
        ])
    }
}

/// Source properties with a column of their own; the filter language reaches them by these keys.
pub(crate) const PROPERTY_COLUMNS: [(&str, &str); 3] =
    [("Pod_Namespace", "pod_namespace"), ("Pod_Name", "pod_name"), ("Container_Id", "container_id")];

impl Row {
    pub(crate) fn new(name: &FindingName, item: &FindingResource) -> Result<Self, StoreError> {
        // A finding is made of strings, numbers and maps with string keys: it cannot fail to become JSON.
        let document = serde_json::to_string(item).unwrap_or_default();
        if document.len() > DOCUMENT_LIMIT {
            let (size, limit) = (document.len() as u64, DOCUMENT_LIMIT as u64);
            return Err(StoreError::TooLarge { subject: name.to_string(), size, limit });
        }
        let name = name.to_string();
        let canonical = &item.finding.canonical_name;
        let canonical_name = if *canonical == name { String::new() } else { canonical.clone() };
        Ok(Self { name, canonical_name, document })
    }

    /// In the order of [`UPSERT`].
    pub(crate) fn arguments(
        &self,
        item: &FindingResource,
        place: i64,
        order: Option<i64>,
        now: Timestamp,
    ) -> Result<SqliteArguments, BoxDynError> {
        let finding = &item.finding;
        let time = |time: Option<Timestamp>| time.map_or(0, Timestamp::nanos);
        let mut arguments = SqliteArguments::default();
        arguments.add(self.name.clone())?;
        arguments.add(self.canonical_name.clone())?;
        arguments.add(place)?;
        for text in [&finding.parent, &finding.category, &finding.resource_name, &finding.module_name] {
            arguments.add(text.clone())?;
        }
        let (state, severity) = (finding.state.number(), finding.severity.number());
        for number in [state, severity, finding.mute.number(), finding.finding_class.number()] {
            arguments.add(number)?;
        }
        arguments.add(time(finding.event_time))?;
        arguments.add(time(finding.create_time))?;
        arguments.add(now.nanos())?;
        // without one the stored order stays
        arguments.add(order)?;
        for (key, _) in PROPERTY_COLUMNS {
            let text = finding.source_properties.get(key).and_then(Value::as_str);
            arguments.add(text.unwrap_or_default().to_owned())?;
        }
        arguments.add(self.document.clone())?;
        Ok(arguments)
    }
}

/// The name never changes.
pub(crate) const UPSERT: &str = "
    INSERT INTO findings (name, canonical_name, place, parent, category, resource_name, module_name, state, severity, mute,
        finding_class, event_time, create_time, update_time, delivered, pod_namespace, pod_name, container_id, document)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, coalesce(?15, 0), ?16, ?17, ?18, ?19)
    ON CONFLICT (name) DO UPDATE SET canonical_name = ?2, place = ?3, parent = ?4, category = ?5, resource_name = ?6,
        module_name = ?7, state = ?8, severity = ?9, mute = ?10, finding_class = ?11, event_time = ?12, create_time = ?13,
        update_time = ?14, delivered = coalesce(?15, delivered), pod_namespace = ?16, pod_name = ?17, container_id = ?18,
        document = ?19";
