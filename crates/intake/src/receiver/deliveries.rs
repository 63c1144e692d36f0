//! Deliveries into the store.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;

use certificates::NodeIdentity;
use finding::{FindingName, FindingResource};
use store::StoreError;
use tokio::task::JoinSet;
use tonic::Status;

use super::Receiver;
use super::admission::{belongs, names, timely, unclaimed, unlocated, unreserved};
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
        // versions of one finding after one another, findings at once: the store puts writes that come at once into one
        // transaction
        let mut versions: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
        for delivery in batch.deliveries {
            versions.entry(delivery.finding.clone()).or_default().push(delivery);
        }
        let mut tasks = JoinSet::new();
        for mut versions in versions.into_values() {
            versions.sort_by_key(|delivery| delivery.order);
            let (receiver, sender) = (self.clone(), sender.clone());
            tasks.spawn(async move {
                let mut done = Vec::with_capacity(versions.len());
                for delivery in versions {
                    done.push((delivery.order, receiver.store_one(delivery, &sender).await));
                }
                done
            });
        }
        while let Some(done) = tasks.join_next().await {
            for (order, done) in done.map_err(|error| Status::internal(error.to_string()))? {
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
        let mut item: FindingResource = serde_json::from_slice(&delivery.json)
            .map_err(|error| for_good(format!("it cannot be read: {error}")))?;
        if delivery.finding != item.finding.name {
            let (as_, says) = (&delivery.finding, &item.finding.name);
            return Err(for_good(format!("it is delivered as {as_:?} and says {says:?}")));
        }
        belongs(&item, sender).map_err(wrong_node)?;
        let (name, canonical) = names(&item, sender, &self.tenancy).map_err(for_good)?;
        // another connection may bring another version now: what is read here holds until it is written
        let _turn = self.turn(&name).await;
        let stored = self.stores.findings.get(&name).await.map_err(Failure::Now)?;
        if let Some(stored) = &stored {
            if stored.finding.name != item.finding.name {
                return Err(wrong_node(format!("{name} is another finding's canonical name")));
            }
            belongs(stored, sender).map_err(|_| wrong_node(format!("{name} is another node's")))?;
        }
        let known = stored.as_ref().map(|stored| &stored.finding.canonical_name);
        if known != Some(&item.finding.canonical_name) {
            self.unshadowing(&name, &canonical).await?;
        }
        let now = (self.clock)();
        if stored.is_none() {
            unclaimed(&mut item);
        }
        timely(&mut item, stored.as_ref(), now);
        let item = match &self.settle {
            Some(settle) => match settle(stored.as_ref(), item) {
                Some(item) => item,
                None => return Ok(()),
            },
            None => item,
        };
        let written = self.stores.findings.upsert(&item, delivery.order, now).await;
        written.map(drop).map_err(|error| {
            if is_for_good(&error) { Failure::ForGood(error.to_string()) } else { Failure::Now(error) }
        })
    }

    /// Names are looked up in several spellings, and no new finding may answer to one that another finding has.
    async fn unshadowing(&self, name: &FindingName, canonical: &FindingName) -> Result<(), Failure> {
        let spellings = [unlocated(name), Some(canonical.clone()), unlocated(canonical)];
        for spelling in spellings.into_iter().flatten() {
            let found = self.stores.findings.get(&spelling).await.map_err(Failure::Now)?;
            if let Some(found) = found.filter(|found| found.finding.name != name.to_string()) {
                self.counters.wrong_node.fetch_add(1, Ordering::Relaxed);
                let other = found.finding.name;
                return Err(Failure::ForGood(format!("{name} would answer to {spelling}, which is {other}")));
            }
        }
        Ok(())
    }

    /// Waits until nobody else of this server is about to write the finding.
    async fn turn(&self, name: &FindingName) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let turns = self.turns.len().max(1) as u64;
        let at = usize::try_from(hasher.finish() % turns).unwrap_or_default();
        self.turns[at].lock().await
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

    /// Whether a node may add to a finding: it is there, and the node could write it now. What came before its finding would
    /// be found with whosesoever finding comes under that name.
    pub(super) async fn may_add(&self, name: &FindingName, sender: &NodeIdentity) -> Result<(), Status> {
        let refused = |reason: String| {
            self.counters.wrong_node.fetch_add(1, Ordering::Relaxed);
            Err(Status::permission_denied(format!("evidence of {name}: {reason}")))
        };
        if let Err(reason) = unreserved(name, "") {
            return refused(reason);
        }
        let stored = self.stores.findings.get(name).await.map_err(|error| status(&error))?;
        let Some(stored) = stored else {
            return Err(Status::failed_precondition(format!(
                "{name} is not here; deliver a finding before its evidence"
            )));
        };
        if belongs(&stored, sender).is_err() {
            return refused("the finding is another node's; a node adds to its own findings".into());
        }
        names(&stored, sender, &self.tenancy).map(drop).or_else(refused)
    }
}
