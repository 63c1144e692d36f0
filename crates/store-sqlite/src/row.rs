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
    scope: String,
    canonical_scope: String,
    source: String,
    location: String,
    document: String,
}

/// Keys under which a sensor says the container's id: a source property or a fact of ours.
const CONTAINER_ID: [&str; 2] = ["Container_Id", "container_id"];

fn container_id(item: &FindingResource) -> &str {
    let finding = &item.finding;
    let of = |key: &str| finding.source_properties.get(key).or_else(|| finding.vedette.get(key));
    CONTAINER_ID.iter().find_map(|key| of(key)?.as_str()).unwrap_or_default()
}

impl Row {
    pub(crate) fn new(name: &FindingName, item: &FindingResource) -> Result<Self, StoreError> {
        let canonical: Option<FindingName> = item.finding.canonical_name.parse().ok();
        // A finding is made of strings, numbers and maps with string keys: it cannot fail to become JSON.
        let document = serde_json::to_string(item).unwrap_or_default();
        if document.len() > DOCUMENT_LIMIT {
            let (size, limit) = (document.len() as u64, DOCUMENT_LIMIT as u64);
            return Err(StoreError::TooLarge { subject: name.to_string(), size, limit });
        }
        Ok(Self {
            name: name.to_string(),
            scope: name.scope().to_string(),
            canonical_scope: canonical.map(|c| c.scope().to_string()).unwrap_or_default(),
            source: name.source().to_owned(),
            location: name.location().unwrap_or_default().to_owned(),
            document,
        })
    }

    /// In the order of [`UPSERT`].
    pub(crate) fn arguments(
        &self,
        item: &FindingResource,
        order: Option<i64>,
        now: Timestamp,
    ) -> Result<SqliteArguments, BoxDynError> {
        let finding = &item.finding;
        let pod = finding.kubernetes.pods.first();
        let property = |key: &str| finding.source_properties.get(key).and_then(Value::as_str);
        let namespace = pod.map(|p| p.ns.as_str()).or_else(|| property("Pod_Namespace")).unwrap_or_default();
        let pod_name = pod.map(|p| p.name.as_str()).or_else(|| property("Pod_Name")).unwrap_or_default();
        let time = |time: Option<finding::Timestamp>| time.map_or(0, finding::Timestamp::nanos);
        let mut arguments = SqliteArguments::default();
        for text in [
            &self.name,
            &finding.canonical_name,
            &self.scope,
            &self.canonical_scope,
            &self.source,
            &self.location,
            &finding.parent,
            &finding.category,
            &finding.resource_name,
        ] {
            arguments.add(text.clone())?;
        }
        for number in [finding.state.number(), finding.severity.number(), finding.mute.number()] {
            arguments.add(number)?;
        }
        arguments.add(time(finding.event_time))?;
        arguments.add(time(finding.create_time))?;
        for text in [namespace, pod_name, container_id(item)] {
            arguments.add(text.to_owned())?;
        }
        arguments.add(self.document.clone())?;
        arguments.add(finding.finding_class.number())?;
        arguments.add(finding.module_name.clone())?;
        // without one the stored order stays
        arguments.add(order)?;
        arguments.add(now.nanos())?;
        Ok(arguments)
    }
}

/// The name, its scope, source and location never change.
pub(crate) const UPSERT: &str = "
    INSERT INTO findings (name, canonical_name, scope, canonical_scope, source, location, parent, category,
        resource_name, state, severity, mute, event_time, create_time, pod_namespace, pod_name, container_id, document,
        finding_class, module_name, delivered, update_time)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, coalesce(?21, 0), ?22)
    ON CONFLICT (name) DO UPDATE SET canonical_name = ?2, canonical_scope = ?4, parent = ?7, category = ?8,
        resource_name = ?9, state = ?10, severity = ?11, mute = ?12, event_time = ?13, create_time = ?14,
        pod_namespace = ?15, pod_name = ?16, container_id = ?17, document = ?18,
        finding_class = ?19, module_name = ?20, delivered = coalesce(?21, delivered), update_time = ?22";
