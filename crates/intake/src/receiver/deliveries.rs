//! Deliveries into the store.

use std::sync::atomic::Ordering;

use certificates::NodeIdentity;
use finding::{FindingName, FindingResource};
use serde_json::Value;
use store::StoreError;
use tokio::task::JoinSet;
use tonic::Status;

use super::Receiver;
use crate::proto::{DeliverRequest, DeliverResponse, Delivery, Refused};

/// More deliveries than this are no batch.
const LARGEST_BATCH: usize = 4096;

/// Why a delivery was not stored.
enum Failure {
    /// It will not be better next time.
    ForGood(String),
    /// The store could not.
    Now(StoreError),
}

/// What a store's error means to a caller.
pub(super) fn status(error: &StoreError) -> Status {
    match error {
        StoreError::Full { .. } | StoreError::Quota { .. } | StoreError::Scarce { .. } => {
            Status::resource_exhausted(error.to_string())
        }
        StoreError::Mismatch { .. } => Status::data_loss(error.to_string()),
        StoreError::TooLarge { .. } | StoreError::Name(_) | StoreError::Refused(_) => {
            Status::invalid_argument(error.to_string())
        }
        _ => Status::unavailable(error.to_string()),
    }
}

fn is_for_good(error: &StoreError) -> bool {
    matches!(error, StoreError::TooLarge { .. } | StoreError::Name(_) | StoreError::Refused(_))
}

/// The node that a finding speaks of.
fn node_of(item: &FindingResource) -> Option<&str> {
    item.finding.source_properties.get("VM_Instance_Name").and_then(Value::as_str)
}

/// What a finding says of where it was made, against who sends it.
fn belongs(item: &FindingResource, sender: &NodeIdentity) -> Result<(), String> {
    let (cluster, node) = (&item.resource.display_name, node_of(item).unwrap_or_default());
    if cluster != sender.cluster() || node != sender.node() {
        let sender = (sender.cluster(), sender.node());
        return Err(format!(
            "it speaks of node {node:?} of cluster {cluster:?}, but {sender:?} sent it; a node writes findings about itself"
        ));
    }
    Ok(())
}

impl Receiver {
    /// Stores a batch and says what became of it.
    pub(super) async fn store(
        &self,
        batch: DeliverRequest,
        sender: &NodeIdentity,
    ) -> Result<DeliverResponse, Status> {
        if batch.deliveries.len() > LARGEST_BATCH {
            return Err(Status::invalid_argument(format!(
                "a batch has {} deliveries; send at most {LARGEST_BATCH}",
                batch.deliveries.len()
            )));
        }
        let _place = self.place().await?;
        let order = batch.deliveries.iter().map(|delivery| delivery.order).max().unwrap_or_default();
        let mut answer = DeliverResponse { batch: batch.batch, order, refused: Vec::new() };
        let mut tasks = JoinSet::new();
        for delivery in batch.deliveries {
            let (receiver, sender) = (self.clone(), sender.clone());
            // the store puts writes that come at once into one transaction
            tasks.spawn(async move { (delivery.order, receiver.store_one(delivery, &sender).await) });
        }
        while let Some(done) = tasks.join_next().await {
            let (order, done) = done.map_err(|error| Status::internal(error.to_string()))?;
            match done {
                Ok(()) => {
                    self.counters.stored.fetch_add(1, Ordering::Relaxed);
                }
                Err(Failure::Now(error)) => return Err(status(&error)),
                Err(Failure::ForGood(reason)) => {
                    self.counters.refused.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!("{sender}: a finding was refused: {reason}");
                    answer.refused.push(Refused { order, reason });
                }
            }
        }
        answer.refused.sort_by_key(|refused| refused.order);
        Ok(answer)
    }

    async fn store_one(&self, delivery: Delivery, sender: &NodeIdentity) -> Result<(), Failure> {
        let for_good = |reason: String| Failure::ForGood(reason);
        let wrong_node = |reason: String| {
            self.counters.wrong_node.fetch_add(1, Ordering::Relaxed);
            Failure::ForGood(reason)
        };
        let item: FindingResource = serde_json::from_slice(&delivery.json)
            .map_err(|error| for_good(format!("it cannot be read: {error}")))?;
        let name: FindingName =
            item.finding.name.parse().map_err(|e: finding::NameError| for_good(e.to_string()))?;
        if delivery.finding != item.finding.name {
            return Err(for_good(format!("it is delivered as {:?} and says {name}", delivery.finding)));
        }
        belongs(&item, sender).map_err(wrong_node)?;
        let stored = self.stores.findings.get(&name).await.map_err(Failure::Now)?;
        if let Some(stored) = &stored {
            belongs(stored, sender).map_err(|_| wrong_node(format!("{name} is another node's")))?;
        }
        let item = match &self.settle {
            Some(settle) => match settle(stored.as_ref(), item) {
                Some(item) => item,
                None => return Ok(()),
            },
            None => item,
        };
        let written = self.stores.findings.upsert(&item, delivery.order, (self.clock)()).await;
        written.map(drop).map_err(|error| {
            if is_for_good(&error) { Failure::ForGood(error.to_string()) } else { Failure::Now(error) }
        })
    }

    /// Waits for a place among those that write, for some time.
    pub(super) async fn place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Status> {
        match tokio::time::timeout(self.limits.wait, self.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => {
                self.counters.turned_away.fetch_add(1, Ordering::Relaxed);
                Err(Status::resource_exhausted(
                    "the server has more to store than it can; send it again later",
                ))
            }
        }
    }

    /// Whether a node may add to a finding: it is its own, or is not there yet.
    pub(super) async fn may_add(&self, name: &FindingName, sender: &NodeIdentity) -> Result<(), Status> {
        let stored = self.stores.findings.get(name).await.map_err(|error| status(&error))?;
        match stored {
            Some(stored) if belongs(&stored, sender).is_err() => {
                self.counters.wrong_node.fetch_add(1, Ordering::Relaxed);
                Err(Status::permission_denied(format!(
                    "{name} is another node's; a node adds to its own findings"
                )))
            }
            _ => Ok(()),
        }
    }
}
