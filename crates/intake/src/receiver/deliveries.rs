//! Deliveries into the store.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use certificates::NodeIdentity;
use finding::{FindingName, FindingResource};
use store::StoreError;
use tokio::task::JoinSet;
use tonic::Status;

use super::Receiver;
use super::admission::{belongs, names, timely, unclaimed, unlocated, unreserved};
use super::turns::Glance;
use crate::proto::{DeliverRequest, DeliverResponse, Delivery, Refused};

/// More deliveries than this are no batch.
const LARGEST_BATCH: usize = 4096;

/// A delivery that was read and is its sender's to make.
struct Said {
    order: i64,
    item: FindingResource,
    name: FindingName,
    canonical: FindingName,
}

impl Said {
    /// Other names that clients would know it by.
    fn spellings(&self) -> impl Iterator<Item = FindingName> {
        let canonical = &self.canonical;
        [unlocated(&self.name), Some(canonical.clone()), unlocated(canonical)].into_iter().flatten()
    }
}

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
        let mut versions: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for delivery in batch.deliveries {
            tokio::task::coop::consume_budget().await;
            match self.read(&delivery, sender) {
                Ok(said) => versions.entry(delivery.finding).or_default().push(said),
                Err(failure) => self.count(delivery.order, Err(failure), sender, &mut answer)?,
            }
        }
        let glance = self.glance(versions.values().flatten()).await.map_err(|error| status(&error))?;
        let glance = Arc::new(glance);
        let mut tasks = JoinSet::new();
        for mut versions in versions.into_values() {
            versions.sort_by_key(|said| said.order);
            let (receiver, sender, glance) = (self.clone(), sender.clone(), Arc::clone(&glance));
            tasks.spawn(async move {
                let mut done = Vec::with_capacity(versions.len());
                for said in versions {
                    done.push((said.order, receiver.store_one(said, &sender, &glance).await));
                }
                done
            });
        }
        while let Some(done) = tasks.join_next().await {
            for (order, done) in done.map_err(|error| Status::internal(error.to_string()))? {
                self.count(order, done, sender, &mut answer)?;
            }
        }
        answer.refused.sort_by_key(|refused| refused.order);
        Ok(answer)
    }

    /// What became of a delivery, for its sender and for the counters; the error that ends the batch.
    fn count(
        &self,
        order: i64,
        done: Result<(), Failure>,
        sender: &NodeIdentity,
        answer: &mut DeliverResponse,
    ) -> Result<(), Status> {
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
        Ok(())
    }

    fn wrong_node(&self, reason: String) -> Failure {
        self.counters.wrong_node.fetch_add(1, Ordering::Relaxed);
        Failure::ForGood(reason)
    }

    fn read(&self, delivery: &Delivery, sender: &NodeIdentity) -> Result<Said, Failure> {
        let item: FindingResource = serde_json::from_slice(&delivery.json)
            .map_err(|error| Failure::ForGood(format!("it cannot be read: {error}")))?;
        if delivery.finding != item.finding.name {
            let (as_, says) = (&delivery.finding, &item.finding.name);
            return Err(Failure::ForGood(format!("it is delivered as {as_:?} and says {says:?}")));
        }
        belongs(&item, sender).map_err(|reason| self.wrong_node(reason))?;
        let (name, canonical) = names(&item, sender, &self.tenancy).map_err(Failure::ForGood)?;
        Ok(Said { order: delivery.order, item, name, canonical })
    }

    /// Everything that the store must be asked before a batch is written: two questions, however many findings.
    async fn glance(&self, batch: impl Iterator<Item = &Said> + Clone) -> Result<Glance, StoreError> {
        let (mut glance, store) = (Glance::default(), &*self.stores.findings);
        let names: HashSet<FindingName> = batch.clone().map(|said| said.name.clone()).collect();
        glance.add(&self.turns, store, names.into_iter().collect()).await?;
        let is_new = |said: &&Said| {
            let stored = glance.at_first(&said.name);
            stored.is_none_or(|stored| stored.finding.canonical_name != said.item.finding.canonical_name)
        };
        let spellings: HashSet<FindingName> = batch.filter(is_new).flat_map(Said::spellings).collect();
        glance.add(&self.turns, store, spellings.into_iter().collect()).await?;
        Ok(glance)
    }

    async fn store_one(&self, said: Said, sender: &NodeIdentity, glance: &Glance) -> Result<(), Failure> {
        // another connection may bring another version now: what is read here holds until it is written
        let _turn = self.turns.take(&said.name).await;
        let store = &*self.stores.findings;
        let stored = glance.look(&self.turns, store, &said.name).await.map_err(Failure::Now)?;
        let name = &said.name;
        if let Some(stored) = &stored {
            if stored.finding.name != said.item.finding.name {
                return Err(self.wrong_node(format!("{name} is another finding's canonical name")));
            }
            belongs(stored, sender).map_err(|_| self.wrong_node(format!("{name} is another node's")))?;
        }
        let known = stored.as_ref().map(|stored| &stored.finding.canonical_name);
        if known != Some(&said.item.finding.canonical_name) {
            self.unshadowing(&said, glance).await?;
        }
        let Said { order, mut item, name, canonical } = said;
        let now = (self.clock)();
        if stored.is_none() {
            unclaimed(&mut item);
        }
        timely(&mut item, stored.as_deref(), now);
        let item = match &self.settle {
            Some(settle) => match settle(stored.as_deref(), item) {
                Some(item) => item,
                None => return Ok(()),
            },
            None => item,
        };
        let written = store.upsert(&item, order, now).await;
        let before = stored.as_ref().and_then(|stored| stored.finding.canonical_name.parse().ok());
        for name in [Some(name), Some(canonical), before].into_iter().flatten() {
            self.turns.wrote(&name);
        }
        written.map(drop).map_err(|error| {
            if is_for_good(&error) { Failure::ForGood(error.to_string()) } else { Failure::Now(error) }
        })
    }

    /// Names are looked up in several spellings, and no new finding may answer to one that another finding has.
    async fn unshadowing(&self, said: &Said, glance: &Glance) -> Result<(), Failure> {
        let name = &said.name;
        for spelling in said.spellings() {
            let found = glance.look(&self.turns, &*self.stores.findings, &spelling).await;
            let found = found.map_err(Failure::Now)?;
            if let Some(found) = found.filter(|found| found.finding.name != name.to_string()) {
                let other = &found.finding.name;
                return Err(self.wrong_node(format!("{name} would answer to {spelling}, which is {other}")));
            }
        }
        Ok(())
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
