//! From the sensor's deliveries into the store.

use crossbeam_channel::{Receiver, bounded};
use finding::{FindingName, Timestamp};
use host::Content;
use sensor::{Delivery, EvidenceContent};
use std::sync::Arc;
use std::time::Duration;
use store::{EvidenceStore, FindingStore, StoreError};

/// A store that cannot be written is tried again after this long; the delivery is kept meanwhile.
const RETRY: Duration = Duration::from_secs(1);

/// Deliveries whose evidence waits to be stored.
const EVIDENCE_QUEUE: usize = 256;

/// The sensor of this process is heard in the order in which it speaks: nothing arrives late, whatever the clock does.
pub(crate) const IN_ORDER: i64 = 0;

/// Stores deliveries until the sensor is gone. Blocks: runs on a thread of its own, with a second one for evidence:
/// somebody waits for the next finding while the executables of this one are copied.
pub(crate) fn run<S: FindingStore + EvidenceStore>(
    deliveries: &Receiver<Delivery>,
    store: &Arc<S>,
    runtime: &tokio::runtime::Handle,
) {
    let (pieces, waiting) = bounded::<(String, Vec<EvidenceContent>)>(EVIDENCE_QUEUE);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for (finding, evidence) in &waiting {
                for item in &evidence {
                    keep_trying("evidence", &item.item.sha256, || {
                        runtime.block_on(piece(&**store, &finding, item))
                    });
                }
            }
        });
        for delivery in deliveries {
            let name = &delivery.finding.finding.name;
            keep_trying("finding", name, || runtime.block_on(finding(&**store, &delivery)));
            if !delivery.evidence.is_empty() {
                // a store that takes no evidence must not hold up findings
                if pieces.try_send((name.clone(), delivery.evidence)).is_err() {
                    tracing::error!("the evidence of {name} is lost: too much of it waits for the store");
                }
            }
        }
        drop(pieces);
    });
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
    let stored = store.get(&name).await?;
    let Some(item) = findings::settle(stored.as_ref(), (*delivery.finding).clone()) else { return Ok(()) };
    let upserted = store.upsert(&item, IN_ORDER, now()).await?;
    if upserted == store::Upserted::Created {
        let finding = &item.finding;
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
    let meta = evidence.meta(finding);
    let EvidenceContent { item, content } = evidence;
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

fn now() -> Timestamp {
    Timestamp::from_nanos(host::Clock::read().wall_ns(host::Clock::now_ns()))
}
