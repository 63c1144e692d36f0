//! Outputs, as administrators ask for them through the API.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use api::{AdministrationError, Answering, OutputCounts, Replayed};
use notifications::{Notifications, OutputError, SendError};
use serde_json::Value;

/// How long dead letters are sent for one answer. The last of them may take as long as an attempt may (10 s), and the API
/// waits for 15 s.
const REPLAY: Duration = Duration::from_secs(4);

/// Those of the running notifications.
pub struct Outputs(Arc<Notifications>);

impl Outputs {
    /// Those of these.
    pub const fn new(notifications: Arc<Notifications>) -> Self {
        Self(notifications)
    }
}

impl api::Outputs for Outputs {
    fn send_test<'a>(&'a self, config: &'a str, body: &'a Value) -> Answering<'a, ()> {
        Box::pin(async move { self.0.send_test(config, body).await.map_err(failed) })
    }

    fn replay<'a>(&'a self, config: &'a str) -> Answering<'a, Replayed> {
        Box::pin(async move {
            let replayed = self.0.replay(config, REPLAY).await.map_err(failed)?;
            let notifications::Replayed { delivered, remaining, stopped } = replayed;
            Ok(Replayed { delivered, remaining, stopped })
        })
    }

    fn counts(&self) -> BTreeMap<String, OutputCounts> {
        let counts = self.0.counts().into_iter();
        let same = |counts: notifications::Counts| OutputCounts {
            delivered: counts.delivered,
            failed: counts.retried,
            dead_lettered: counts.dead,
            waiting: counts.waiting,
        };
        counts.map(|(config, counts)| (config, same(counts))).collect()
    }
}

fn failed(error: SendError) -> AdministrationError {
    match error {
        SendError::Output(OutputError { field, reason }) => {
            AdministrationError::Invalid { field: format!("notificationConfig.{field}"), reason }
        }
        SendError::Store(error) => error.into(),
        SendError::Undelivered { .. }
        | SendError::Busy { .. }
        | SendError::Unknown { .. }
        | SendError::Client(_) => AdministrationError::Refused { reason: error.to_string() },
    }
}
