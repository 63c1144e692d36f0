//! From the sensor's deliveries into the store.

use crossbeam_channel::Receiver;
use finding::{FindingName, Timestamp};
use sensor::{Delivery, EvidenceBytes};
use std::sync::Arc;
use std::time::Duration;
use store::{EvidenceKind, EvidenceMeta, EvidenceStore, FindingStore, StoreError};

/// A store that cannot be written is tried again after this long; the delivery is kept meanwhile.
const RETRY: Duration = Duration::from_secs(1);

/// Stores deliveries until the sensor is gone. Blocks: runs on a thread of its own.
pub(crate) fn run<S: FindingStore + EvidenceStore>(
    deliveries: &Receiver<Delivery>,
    store: &Arc<S>,
    runtime: &tokio::runtime::Handle,
) {
    for delivery in deliveries {
        // the finding first: it is what somebody waits for
        keep_trying("finding", &delivery.finding.finding.name, || {
            runtime.block_on(finding(&**store, &delivery))
        });
        for evidence in &delivery.evidence {
            keep_trying("evidence", &evidence.item.sha256, || {
                runtime.block_on(piece(&**store, &delivery.finding.finding.name, evidence))
            });
        }
    }
}

fn keep_trying(what: &str, name: &str, mut store: impl FnMut() -> Result<(), StoreError>) {
    let mut said = false;
    while let Err(error) = store() {
        if matches!(error, StoreError::TooLarge { .. } | StoreError::Name { .. }) {
            tracing::error!("{what} {name} was not stored: {error}");
            return;
        }
        if !std::mem::replace(&mut said, true) {
            tracing::error!("{what} {name} is kept in memory and tried again: {error}");
        }
        std::thread::sleep(RETRY);
    }
}

async fn finding(store: &impl FindingStore, delivery: &Delivery) -> Result<(), StoreError> {
    let name: FindingName = match delivery.finding.finding.name.parse() {
        Ok(name) => name,
        Err(error) => {
            tracing::error!("a finding's name is not valid ({error}); it was not stored");
            return Ok(());
        }
    };
    // live state read after a restart knows less than what was seen as it happened
    if from_snapshot(&delivery.finding)
        && store.get(&name).await?.is_some_and(|stored| !from_snapshot(&stored))
    {
        return Ok(());
    }
    let upserted = store.upsert(&delivery.finding, now()).await?;
    if upserted == store::Upserted::Created {
        let finding = &delivery.finding.finding;
        tracing::info!("{}: {}", finding.category, finding.description);
    }
    Ok(())
}

async fn piece(
    store: &impl EvidenceStore,
    finding: &str,
    evidence: &EvidenceBytes,
) -> Result<(), StoreError> {
    let Ok(finding) = finding.parse() else { return Ok(()) };
    let meta = EvidenceMeta {
        finding,
        kind: EvidenceKind::from_name(evidence.item.kind),
        name: evidence.item.name.clone(),
        taken_at: Timestamp::from_nanos(evidence.item.taken_at_ns),
        original_size: evidence.item.original_size,
        truncated: evidence.item.truncated,
    };
    store.put(evidence.bytes.clone(), meta).await.map(drop)
}

fn from_snapshot(item: &finding::FindingResource) -> bool {
    item.finding
        .vedette
        .get("coverage")
        .and_then(|c| c.get("fromSnapshot"))
        .and_then(serde_json::Value::as_bool)
        == Some(true)
}

fn now() -> Timestamp {
    Timestamp::from_nanos(host::Clock::read().wall_ns(host::Clock::now_ns()))
}
