//! One look at the sensors of a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use finding::{FindingName, State, Timestamp};
use store::{DocumentKind, DocumentQuery, DocumentStore, Expectation, FindingStore, StoreError};

use super::{WatchRules, Watched, watch};
use crate::{SensorDocument, Tenancy};

/// Document and lease of the watchers.
const NAME: &str = "sensor-watchers";

const PAGE: u32 = 500;

/// Looks at all sensors and writes what is to be written. Of many servers one does it at a time, the one that has the lease:
/// `None` when it is another one than `holder`. Call it once per heartbeat interval.
///
/// # Errors
/// [`StoreError`]; the next call does what this one could not.
pub async fn watch_once(
    findings: &Arc<dyn FindingStore>,
    documents: &Arc<dyn DocumentStore>,
    holder: &str,
    rules: &WatchRules,
    tenancy: &Tenancy,
    since: Timestamp,
    now: Timestamp,
) -> Result<Option<Watched>, StoreError> {
    let until = Timestamp::from_nanos(now.nanos().saturating_add(rules.interval_ns.saturating_mul(2)));
    if !documents.lease(NAME, holder, now, until).await? {
        return Ok(None);
    }
    let sensors = sensors(documents).await?;
    let known = documents.document(DocumentKind::Progress, NAME).await?;
    let open: BTreeSet<String> =
        known.and_then(|known| serde_json::from_value(known.body).ok()).unwrap_or_default();
    let watched = watch(&sensors, &open, rules, tenancy, since, now);
    let mut left = open.clone();
    for item in &watched.open {
        findings.upsert(item, now.nanos() / 1_000, now).await?;
        set_state(findings, &item.finding.name, State::Active, now).await?;
        left.insert(item.finding.name.clone());
    }
    for name in &watched.close {
        set_state(findings, name, State::Inactive, now).await?;
        left.remove(name);
    }
    if left != open {
        let body = serde_json::to_value(&left).unwrap_or_default();
        documents.put_document(DocumentKind::Progress, NAME, body, Expectation::Any, now).await?;
    }
    for (cluster, node) in &watched.forget {
        documents.remove_document(DocumentKind::Sensor, &SensorDocument::name(cluster, node)).await?;
    }
    Ok(Some(watched))
}

async fn sensors(documents: &Arc<dyn DocumentStore>) -> Result<Vec<SensorDocument>, StoreError> {
    let mut sensors = Vec::new();
    let mut after = None;
    loop {
        let query = DocumentQuery { kind: DocumentKind::Sensor, prefix: String::new(), after, limit: PAGE };
        let page = documents.documents(query).await?;
        let Some(last) = page.last() else { return Ok(sensors) };
        after = Some(last.name.clone());
        for document in page {
            match serde_json::from_value(document.body) {
                Ok(sensor) => sensors.push(sensor),
                Err(error) => {
                    tracing::warn!("what is known of sensor {} is unreadable: {error}", document.name)
                }
            }
        }
    }
}

/// The store leaves the state of a known finding alone when a sensor writes it, so it is set here.
async fn set_state(
    findings: &Arc<dyn FindingStore>,
    name: &str,
    state: State,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name: FindingName = name.parse()?;
    let edit = move |item: &mut finding::FindingResource| {
        item.finding.state = state;
        Ok(())
    };
    findings.amend(&name, Box::new(edit), now).await.map(drop)
}
