//! From the sensor's deliveries into the store.

use crossbeam_channel::Receiver;
use finding::{FindingName, Timestamp};
use host::Content;
use sensor::{Delivery, EvidenceContent};
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
    evidence: &EvidenceContent,
) -> Result<(), StoreError> {
    let Ok(finding) = finding.parse() else { return Ok(()) };
    let EvidenceContent { item, content } = evidence;
    let meta = EvidenceMeta {
        finding,
        kind: EvidenceKind::from_name(item.kind),
        name: item.name.clone(),
        taken_at: Timestamp::from_nanos(item.taken_at_ns),
        original_size: item.original_size,
        truncated: item.truncated,
    };
    match content {
        Content::Bytes(bytes) => store.put(bytes.clone(), meta).await.map(drop),
        Content::File(file) => {
            let (Ok(file), Ok(expected)) = (file.try_clone(), item.sha256.parse()) else {
                tracing::error!("evidence {} could not be read again; it was not stored", item.name);
                return Ok(());
            };
            store.put_file(file, item.size, expected, meta).await.map(drop)
        }
    }
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
