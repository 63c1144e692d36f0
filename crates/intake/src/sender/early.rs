//! Evidence that comes to the server before its finding: the two lanes go at their own pace.

use std::time::Duration;

use super::session::now_ns;
use super::{Ended, Sender};
use crate::spool::Record;

/// A finding may come later than its evidence by so many of the sender's first pauses: a minute, as a rule.
const PATIENCE: u32 = 128;

impl Sender {
    /// Waits, and says whether the finding of a piece that the server does not know may still be on its way. `times` is how
    /// often this was asked of the piece.
    ///
    /// Once everything is delivered that was accepted for some time after the evidence, the finding was refused, lost or has
    /// been removed: nobody waits for its evidence.
    pub(super) async fn finding_may_come(&self, record: &Record, times: u32) -> Result<bool, Ended> {
        let patience = self.options.pause.saturating_mul(PATIENCE);
        let nanos = i64::try_from(patience.as_nanos()).unwrap_or(i64::MAX);
        let latest = record.order.saturating_mul(1_000).saturating_add(nanos);
        let spool = self.spool.clone();
        let oldest = tokio::task::spawn_blocking(move || spool.status().oldest_ns).await?;
        let is_passed = oldest == 0 || oldest > latest;
        // a clock that was set back says nothing about how long it waited
        let is_late = now_ns() > latest || self.waited(times) >= patience;
        if is_passed && is_late {
            return Ok(false);
        }
        tokio::time::sleep(self.pause(times)).await;
        Ok(true)
    }

    fn pause(&self, times: u32) -> Duration {
        self.options.pause.saturating_mul(1 << times.min(5))
    }

    /// How long the pauses before this one were together.
    fn waited(&self, times: u32) -> Duration {
        (0..times).map(|earlier| self.pause(earlier)).fold(Duration::ZERO, Duration::saturating_add)
    }
}
