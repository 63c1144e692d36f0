//! What a server knows of a sensor: its last heartbeat and what changed over time. Pure: time is a parameter.

use std::collections::BTreeMap;

use finding::Timestamp;
use serde::{Deserialize, Serialize};

use crate::proto::HeartbeatRequest;

/// Starts that are remembered.
const STARTS: usize = 16;

/// Kinds of counters that are kept of one sensor, and characters of each text: what a node says is bounded here.
const KINDS: usize = 64;
const TEXT: usize = 512;

/// Something that a sensor said before and says differently now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When the server learnt of it.
    pub at: Timestamp,
    /// What was said before.
    pub from: String,
    /// What is said now.
    pub to: String,
}

/// What a sensor passed on and lost, since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// Went in.
    pub r#in: u64,
    /// Came out.
    pub out: u64,
    /// Lost.
    pub lost: u64,
}

/// What a detector has cost, since the sensor's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    /// Events that it looked at.
    pub events: u64,
    /// How long that took, nanoseconds.
    pub nanos: u64,
}

/// The body of a document of kind `Sensor`; its name is `CLUSTER/NODE`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SensorDocument {
    /// Cluster, as the caller proved.
    pub cluster: String,
    /// Node, as the caller proved.
    pub node: String,
    /// When the last heartbeat came, by the server's clock.
    pub received_at: Timestamp,
    /// By how many nanoseconds the sensor's clock is ahead of the server's.
    pub skew_ns: i64,
    /// Version.
    pub sensor_version: String,
    /// Kernel.
    pub kernel: String,
    /// What it works with.
    pub mode: String,
    /// When it started, by its own clock.
    pub start_time: Timestamp,
    /// When its last starts were noticed, by the server's clock; the newest last.
    pub starts: Vec<Timestamp>,
    /// Counters of its last heartbeat, by kind.
    pub counters: BTreeMap<String, Counts>,
    /// What its detectors have cost, by module.
    pub detectors: BTreeMap<String, Cost>,
    /// Bytes in its spool.
    pub spool_bytes: u64,
    /// When the oldest finding was accepted that waits in the spool.
    pub spool_oldest: Option<Timestamp>,
    /// Findings and evidence that its spool lost, in all.
    pub spool_lost: u64,
    /// Records, findings or pieces of evidence that were lost between its last two heartbeats.
    pub lost_lately: u64,
    /// When a loss was last noticed.
    pub lost_at: Option<Timestamp>,
    /// Every probe that it loaded is attached.
    pub probes_loaded: bool,
    /// Hash of its configuration.
    pub configuration_hash: String,
    /// Hash of its executable.
    pub binary_hash: String,
    /// Its configuration changed though it had not started anew.
    pub configuration_changed: Option<Change>,
    /// Its executable changed though its version had not.
    pub binary_changed: Option<Change>,
    /// Parent of findings about it.
    pub parent: String,
    /// Their resource.
    pub resource: serde_json::Value,
}

fn bounded(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

impl SensorDocument {
    /// Name of a node's document.
    pub fn name(cluster: &str, node: &str) -> String {
        format!("{cluster}/{node}")
    }

    /// What is known after a heartbeat that came at `now`.
    pub fn after(
        before: Option<&Self>,
        cluster: &str,
        node: &str,
        beat: &HeartbeatRequest,
        now: Timestamp,
    ) -> Self {
        let spool = beat.spool.unwrap_or_default();
        let counters: BTreeMap<String, Counts> = beat
            .counters
            .iter()
            .take(KINDS)
            .map(|c| (bounded(&c.kind), Counts { r#in: c.r#in, out: c.out, lost: c.lost }))
            .collect();
        let costs = beat.detectors.iter().take(KINDS);
        let mut next = Self {
            cluster: cluster.into(),
            node: node.into(),
            received_at: now,
            skew_ns: beat.now_ns.saturating_sub(now.nanos()),
            sensor_version: bounded(&beat.sensor_version),
            kernel: bounded(&beat.kernel),
            mode: bounded(&beat.mode),
            start_time: Timestamp::from_nanos(beat.start_time_ns),
            counters,
            detectors: costs
                .map(|c| (bounded(&c.module), Cost { events: c.events, nanos: c.nanos }))
                .collect(),
            spool_bytes: spool.bytes,
            spool_oldest: (spool.oldest_ns > 0).then(|| Timestamp::from_nanos(spool.oldest_ns)),
            spool_lost: spool.lost_findings.saturating_add(spool.lost_evidence),
            probes_loaded: beat.probes_loaded,
            configuration_hash: bounded(&beat.configuration_hash),
            binary_hash: bounded(&beat.binary_hash),
            parent: bounded(&beat.parent),
            resource: serde_json::from_slice(&beat.resource_json).unwrap_or_default(),
            ..Self::default()
        };
        match before {
            None => {
                next.starts = vec![now];
                next.lost_lately = next.lost(&BTreeMap::new()).saturating_add(next.spool_lost);
            }
            Some(before) => next.compare(before, now),
        }
        if next.lost_lately > 0 {
            next.lost_at = Some(now);
        }
        next
    }

    /// Records lost since a heartbeat with these counters; all of them when the counters began again.
    fn lost(&self, before: &BTreeMap<String, Counts>) -> u64 {
        self.counters
            .iter()
            .map(|(kind, now)| {
                let then = before.get(kind).map_or(0, |counts| counts.lost);
                now.lost.checked_sub(then).unwrap_or(now.lost)
            })
            .fold(0, u64::saturating_add)
    }

    fn compare(&mut self, before: &Self, now: Timestamp) {
        let restarted = self.start_time != before.start_time;
        self.starts.clone_from(&before.starts);
        if restarted {
            self.starts.push(now);
            let surplus = self.starts.len().saturating_sub(STARTS);
            self.starts.drain(..surplus);
        }
        let fresh = BTreeMap::new();
        let records = self.lost(if restarted { &fresh } else { &before.counters });
        self.lost_lately = records.saturating_add(self.spool_lost.saturating_sub(before.spool_lost));
        self.lost_at = before.lost_at;
        self.configuration_changed.clone_from(&before.configuration_changed);
        self.binary_changed.clone_from(&before.binary_changed);
        let change = |from: &str, to: &str| {
            (from != to && !from.is_empty()).then(|| Change { at: now, from: from.into(), to: to.into() })
        };
        if !restarted && let Some(one) = change(&before.configuration_hash, &self.configuration_hash) {
            self.configuration_changed = Some(one);
        }
        let same_version = self.sensor_version == before.sensor_version;
        if same_version && let Some(one) = change(&before.binary_hash, &self.binary_hash) {
            self.binary_changed = Some(one);
        }
    }
}
