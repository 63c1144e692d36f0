//! One output's reader: change by change, in order, under a lease.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use finding::{FindingName, FindingResource, Timestamp};
use finding_shapes::Happening;
use serde_json::json;
use store::{Change, ChangeCursor, DocumentKind, Expectation, StoreError};
use tokio::time::sleep;

use crate::counts::{Counters, one_more};
use crate::engine::{Settings, Stores, after, now};
use crate::firing::Firing;
use crate::letters::{self, Letter};
use crate::message::{Message, happening, message_id};
use crate::output::{Kind, Output};
use crate::retry::chance;
use crate::sender::{Outcome, Sender};

/// Changes that are read in one go.
const BATCH: u32 = 256;

/// Name of the lease and of the progress of a config's reader.
pub(crate) fn lease_name(config: &str) -> String {
    format!("notifications/{config}")
}

pub(crate) struct Reader {
    pub(crate) stores: Stores,
    pub(crate) settings: Arc<Settings>,
    pub(crate) counters: Arc<Counters>,
    /// When the config was made: it tells what changed since.
    pub(crate) since: Timestamp,
    pub(crate) output: Output,
    pub(crate) sender: Sender,
    /// Until when the lease is surely held.
    pub(crate) leased: Option<Instant>,
    /// Of an Alertmanager: what it must be told again.
    pub(crate) firing: Option<Firing>,
}

/// How far the reader has come.
struct Place {
    cursor: Option<ChangeCursor>,
    /// Of the document that says so.
    revision: Option<i64>,
}

/// Whether this server still is the one that delivers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Kept,
    Lost,
}

impl Reader {
    /// Delivers until it is dropped.
    pub(crate) async fn run(mut self) {
        loop {
            if let Err(error) = self.lead().await {
                tracing::warn!(%error, config = self.output.config, "delivery stopped; it goes on by itself");
            }
            // whoever leads next reads them again
            self.counters.waiting.store(0, Relaxed);
            sleep(self.settings.poll).await;
        }
    }

    /// Delivers as long as the lease is held.
    async fn lead(&mut self) -> Result<(), StoreError> {
        if self.hold().await? == Hold::Lost {
            return Ok(());
        }
        let mut place = self.place().await?;
        if self.output.kind == Kind::Alertmanager {
            self.firing = Some(Firing::load(&self.stores, &self.output.config).await?);
        }
        loop {
            self.repeat().await?;
            if self.hold().await? == Hold::Lost {
                return Ok(());
            }
            let changes = self.stores.changes.changes(place.cursor, BATCH).await?;
            if changes.is_empty() {
                sleep(self.settings.poll).await;
                continue;
            }
            let mut is_marked = true;
            for (left, change) in (1..=changes.len() as u64).rev().zip(&changes) {
                self.counters.waiting.store(left, Relaxed);
                let message = self.message(change).await?;
                if let Some(message) = &message
                    && self.deliver(message, change).await? == Hold::Lost
                {
                    return Ok(());
                }
                if let Some(message) = &message {
                    self.note(&change.finding, &message.item).await?;
                }
                place.cursor = Some(change.cursor);
                is_marked = message.is_some();
                if is_marked && self.mark(&mut place).await? == Hold::Lost {
                    return Ok(());
                }
            }
            self.counters.waiting.store(0, Relaxed);
            if !is_marked && self.mark(&mut place).await? == Hold::Lost {
                return Ok(());
            }
        }
    }

    /// Keeps in mind what fires and what no longer does.
    async fn note(&mut self, finding: &FindingName, item: &FindingResource) -> Result<(), StoreError> {
        let Some(firing) = &mut self.firing else { return Ok(()) };
        if self.output.is_over(item) {
            firing.end(&self.stores, finding).await
        } else {
            firing.begin(&self.stores, finding).await
        }
    }

    /// Tells again what still fires, when it is time. What fails is told the next time; the alerts last longer than that.
    async fn repeat(&mut self) -> Result<(), StoreError> {
        let Some(firing) = &mut self.firing else { return Ok(()) };
        if firing.told.elapsed() < self.settings.repeat {
            return Ok(());
        }
        firing.told = Instant::now();
        for name in firing.names() {
            let Some(item) = self.stores.findings.get(&name).await? else {
                if let Some(firing) = &mut self.firing {
                    firing.end(&self.stores, &name).await?;
                }
                continue;
            };
            if self.hold().await? == Hold::Lost {
                return Ok(());
            }
            let message = Message::new(String::new(), Happening::Updated, item, &self.settings);
            if self.sender.send(&message, &self.output, now()).await != Outcome::Delivered {
                one_more(&self.counters.retried);
                return Ok(());
            }
            self.note(&name, &message.item).await?;
        }
        Ok(())
    }

    /// Takes or keeps the lease; the store is asked only when half of it is over.
    async fn hold(&mut self) -> Result<Hold, StoreError> {
        let half = self.settings.lease / 2;
        if self.leased.is_some_and(|until| until > Instant::now() + half) {
            return Ok(Hold::Kept);
        }
        let asked = Instant::now();
        let time = now();
        let name = lease_name(&self.output.config);
        let until = after(time, self.settings.lease);
        let is_held = self.stores.documents.lease(&name, &self.settings.holder, time, until).await?;
        self.leased = is_held.then(|| asked + self.settings.lease);
        Ok(if is_held { Hold::Kept } else { Hold::Lost })
    }

    /// Waits, and keeps the lease meanwhile.
    async fn pause(&mut self, pause: Duration) -> Result<Hold, StoreError> {
        let end = Instant::now() + pause;
        loop {
            if self.hold().await? == Hold::Lost {
                return Ok(Hold::Lost);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Hold::Kept);
            }
            sleep(left.min(self.settings.lease / 3)).await;
        }
    }

    /// Where to go on. A config that was made anew under an old name does not go on where the old one was.
    async fn place(&self) -> Result<Place, StoreError> {
        let name = lease_name(&self.output.config);
        let Some(stored) = self.stores.documents.document(DocumentKind::Progress, &name).await? else {
            return Ok(Place { cursor: None, revision: None });
        };
        let number = |key: &str| stored.body.get(key)?.as_i64();
        let cursor = match (number("since"), number("transaction"), number("sequence")) {
            (Some(since), Some(transaction), Some(sequence)) if since == self.since.nanos() => {
                Some(ChangeCursor { transaction, sequence })
            }
            _ => None,
        };
        Ok(Place { cursor, revision: Some(stored.revision) })
    }

    /// Notes how far it is. Another server that did so meanwhile has the lease.
    async fn mark(&mut self, place: &mut Place) -> Result<Hold, StoreError> {
        let Some(cursor) = place.cursor else { return Ok(Hold::Kept) };
        let body = json!({
            "since": self.since.nanos(),
            "transaction": cursor.transaction,
            "sequence": cursor.sequence,
        });
        let expected = place.revision.map_or(Expectation::Absent, Expectation::Revision);
        let name = lease_name(&self.output.config);
        let written =
            self.stores.documents.put_document(DocumentKind::Progress, &name, body, expected, now()).await?;
        let Some(written) = written else {
            self.leased = None;
            return Ok(Hold::Lost);
        };
        place.revision = Some(written.revision);
        Ok(Hold::Kept)
    }

    /// What to say of a change, if anything.
    async fn message(&mut self, change: &Change) -> Result<Option<Message>, StoreError> {
        if change.time < self.since {
            return Ok(None);
        }
        let Some(item) = self.stores.findings.get(&change.finding).await? else { return Ok(None) };
        // An alert that no longer matches must be told its end.
        let is_firing = self.firing.as_ref().is_some_and(|firing| firing.contains(&change.finding));
        if !is_firing && !self.output.wants(&item) {
            return Ok(None);
        }
        let id = message_id(&self.output.config, change.cursor, &change.finding);
        let happening = happening(change.kind, &item);
        Ok(Some(Message::new(id, happening, item, &self.settings)))
    }

    /// Sends until it is taken, or sets it aside.
    async fn deliver(&mut self, message: &Message, change: &Change) -> Result<Hold, StoreError> {
        let mut attempts = 0;
        let reason = loop {
            if self.hold().await? == Hold::Lost {
                return Ok(Hold::Lost);
            }
            attempts += 1;
            match self.sender.send(message, &self.output, now()).await {
                Outcome::Delivered => {
                    one_more(&self.counters.delivered);
                    return Ok(Hold::Kept);
                }
                Outcome::Refused(reason) => break reason,
                Outcome::Failed { reason, .. } if attempts >= self.settings.retry.attempts => break reason,
                Outcome::Failed { reason, pause } => {
                    tracing::debug!(
                        config = self.output.config,
                        id = message.id,
                        reason,
                        attempts,
                        "trying again"
                    );
                    one_more(&self.counters.retried);
                    let own = self.settings.retry.pause(attempts, chance());
                    let asked = pause.unwrap_or_default().min(self.settings.retry.longest);
                    if self.pause(own.max(asked)).await? == Hold::Lost {
                        return Ok(Hold::Lost);
                    }
                }
            }
        };
        tracing::warn!(
            config = self.output.config,
            id = message.id,
            reason,
            attempts,
            "set aside as a dead letter"
        );
        let letter = Letter { id: &message.id, change, attempts, reason: &reason };
        letters::put(&self.stores, &self.output.config, letter, self.settings.letters, now()).await?;
        one_more(&self.counters.dead);
        Ok(Hold::Kept)
    }
}
