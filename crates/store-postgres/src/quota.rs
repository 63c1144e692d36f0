//! How much finished evidence is kept in all. What is unfinished is bounded for each holder.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use store::StoreError;

use crate::{PostgresStore, failure};

/// How long what was counted holds: adding up all pieces takes longer than keeping one. What this server adds meanwhile counts,
/// what others add does so after this.
const COUNTED: Duration = Duration::from_secs(10);

/// A bound on all finished evidence.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    bytes: Option<u64>,
    /// What there was when it was counted last, and what this server has let in since.
    counted: Mutex<Option<(Instant, u64)>>,
}

impl Quota {
    fn known(&self) -> Option<u64> {
        let counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        counted.filter(|(at, _)| at.elapsed() < COUNTED).map(|(_, bytes)| bytes)
    }

    fn know(&self, bytes: u64) {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), bytes));
    }

    fn add(&self, bytes: u64) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = &mut *counted {
            *known = known.saturating_add(bytes);
        }
    }
}

impl PostgresStore {
    /// Keeps so many bytes of finished evidence at most, whoever sends it; findings go on.
    #[must_use]
    pub fn with_evidence_quota(mut self, bytes: u64) -> Self {
        self.quota.bytes = Some(bytes);
        self
    }

    /// Whether so many more bytes of evidence may be kept.
    pub(crate) async fn room_for(&self, bytes: u64) -> Result<(), StoreError> {
        let Some(quota) = self.quota.bytes else { return Ok(()) };
        let kept = match self.quota.known() {
            Some(kept) => kept,
            None => {
                let kept = self.kept().await?;
                self.quota.know(kept);
                kept
            }
        };
        let free = quota.saturating_sub(kept);
        if bytes > free {
            let subject = format!("the quota of evidence in {}", self.database.subject);
            return Err(StoreError::Scarce { subject, free, floor: 0 });
        }
        self.quota.add(bytes);
        Ok(())
    }

    async fn kept(&self) -> Result<u64, StoreError> {
        let _turn = self.database.turn().await;
        let sum = "SELECT coalesce(sum(received), 0)::bigint FROM evidence_pieces WHERE whole";
        let kept: i64 = sqlx::query_scalar(sum)
            .fetch_one(&mut *self.database.connection().await?)
            .await
            .map_err(|e| failure::postgres("read", &self.database.subject, e))?;
        Ok(u64::try_from(kept).unwrap_or_default())
    }
}
