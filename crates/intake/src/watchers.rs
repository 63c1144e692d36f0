//! Findings about sensors: which node is silent, loses records or was tampered with.
//!
//! [`watch`] is pure: documents, what is open and the time go in, what is to be opened and closed comes out.
//! [`watch_once`] does it on a store.

mod round;

use std::collections::{BTreeMap, BTreeSet};

use finding::{Finding, FindingClass, FindingResource, Kubernetes, Mute, Node, Severity, State, Timestamp};
use serde_json::json;
use sha2::Digest;

pub use round::watch_once;

use crate::{SensorDocument, Tenancy};

/// Ids of the watchers' findings begin so; a sensor's own are hexadecimal digits.
const RESERVED: &str = "sensor";

const SECOND: i64 = 1_000_000_000;

/// What is wrong with a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// No heartbeat for several intervals.
    Silent,
    /// It or its spool lost something.
    Losing,
    /// A probe that it loaded is no longer attached.
    ProbesGone,
    /// Its executable or its configuration changed under it.
    Changed,
    /// It started too often.
    Restarting,
    /// Its clock is far from the server's.
    ClockSkewed,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Silent, Self::Losing, Self::ProbesGone, Self::Changed, Self::Restarting, Self::ClockSkewed];

    /// Category of its findings.
    pub const fn category(self) -> &'static str {
        match self {
            Self::Silent => "Vedette: Sensor Silent",
            Self::Losing => "Vedette: Sensor Losing Records",
            Self::ProbesGone => "Vedette: Sensor Probes Removed",
            Self::Changed => "Vedette: Sensor Changed",
            Self::Restarting => "Vedette: Sensor Restarting",
            Self::ClockSkewed => "Vedette: Sensor Clock Skewed",
        }
    }

    /// Evidence of tampering is a threat; what may as well be a fault is an error.
    pub const fn class(self) -> FindingClass {
        match self {
            Self::ProbesGone | Self::Changed => FindingClass::Threat,
            _ => FindingClass::SccError,
        }
    }

    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Silent => {
                "See whether the node runs and reaches the server. On the node, as root: `vedette doctor`; then its log \
                 (its pod's, or `journalctl -u vedette`)."
            }
            Self::Losing => {
                "On the node, as root: `vedette doctor`. The kind that is lost says where: records of the kernel, findings \
                 or evidence in the spool. Give the sensor more CPU time, or its spool more room."
            }
            Self::ProbesGone | Self::Changed => {
                "If nobody on your side changed or stopped it, treat the node as compromised: keep what is on it, and \
                 replace it."
            }
            Self::Restarting => "Read the sensor's log: its pod's, or `journalctl -u vedette` on the node.",
            Self::ClockSkewed => "Synchronise the node's clock (NTP), then see whether it stays right.",
        }
    }

    const fn severity(self) -> Severity {
        match self {
            Self::ProbesGone | Self::Changed => Severity::High,
            Self::Silent | Self::Losing => Severity::Medium,
            Self::Restarting | Self::ClockSkewed => Severity::Low,
        }
    }
}

/// When a sensor is in trouble. Durations are nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchRules {
    /// Between heartbeats.
    pub interval_ns: i64,
    /// So many intervals without one are silence.
    pub silent_after: i64,
    /// A loss is open for so long after the last one.
    pub lost_for_ns: i64,
    /// A change is open for so long.
    pub changed_for_ns: i64,
    /// More starts than this within [`Self::starts_within_ns`] are too many.
    pub starts: usize,
    /// See [`Self::starts`].
    pub starts_within_ns: i64,
    /// A clock may differ by this much.
    pub skew_ns: i64,
    /// A node that was silent for so long is gone: its findings are closed and it is forgotten.
    pub forget_after_ns: i64,
}

impl Default for WatchRules {
    fn default() -> Self {
        Self {
            interval_ns: 30 * SECOND,
            silent_after: 4,
            lost_for_ns: 600 * SECOND,
            changed_for_ns: 24 * 3600 * SECOND,
            starts: 5,
            starts_within_ns: 3600 * SECOND,
            skew_ns: 300 * SECOND,
            forget_after_ns: 14 * 24 * 3600 * SECOND,
        }
    }
}

/// What is to be done after a look at all sensors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Watched {
    /// To be written and made active.
    pub open: Vec<FindingResource>,
    /// Names of findings to be made inactive.
    pub close: Vec<String>,
    /// Sensors whose document is to be removed: cluster and node.
    pub forget: Vec<(String, String)>,
}

/// Looks at all sensors. `tenancy` says where findings about one belong that says nothing usable itself. `open` are the names of findings that the last look left open; `since` is when this server began to
/// listen: before, nobody could be heard.
pub fn watch(
    sensors: &[SensorDocument],
    open: &BTreeSet<String>,
    rules: &WatchRules,
    tenancy: &Tenancy,
    since: Timestamp,
    now: Timestamp,
) -> Watched {
    let mut watched = Watched::default();
    let mut active = BTreeSet::new();
    for sensor in sensors {
        let silence = silence(sensor, since, now);
        if silence > rules.forget_after_ns {
            watched.forget.push((sensor.cluster.clone(), sensor.node.clone()));
            continue;
        }
        for (trouble, says) in troubles(sensor, rules, silence, now) {
            let item = finding(sensor, trouble, says, tenancy, now);
            active.insert(item.finding.name.clone());
            if !open.contains(&item.finding.name) {
                watched.open.push(item);
            }
        }
    }
    watched.close = open.difference(&active).cloned().collect();
    watched
}

/// What is wrong with one sensor, as [`watch`] finds it: each trouble with a sentence or more.
pub fn look(
    sensor: &SensorDocument,
    rules: &WatchRules,
    since: Timestamp,
    now: Timestamp,
) -> BTreeMap<Trouble, String> {
    troubles(sensor, rules, silence(sensor, since, now), now)
}

/// For how long it was not heard, in nanoseconds.
fn silence(sensor: &SensorDocument, since: Timestamp, now: Timestamp) -> i64 {
    now.nanos().saturating_sub(sensor.received_at.max(since).nanos())
}

fn seconds(nanos: i64) -> i64 {
    nanos / SECOND
}

fn troubles(
    sensor: &SensorDocument,
    rules: &WatchRules,
    silence: i64,
    now: Timestamp,
) -> BTreeMap<Trouble, String> {
    let mut found = BTreeMap::new();
    let within = |at: Timestamp, nanos: i64| now.nanos().saturating_sub(at.nanos()) <= nanos;
    if silence > rules.interval_ns.saturating_mul(rules.silent_after) {
        let last = sensor.received_at;
        found.insert(
            Trouble::Silent,
            format!("It was last heard at {last}. Attacks on the node are not seen now."),
        );
    }
    if let Some(at) = sensor.lost_at.filter(|at| within(*at, rules.lost_for_ns)) {
        let lost = sensor.lost_lately;
        let text = format!(
            "It lost records, findings or evidence, last noticed at {at} ({lost} between its last two heartbeats). \
             Attacks on the node may be missed, or their evidence incomplete."
        );
        found.insert(Trouble::Losing, text);
    }
    if !sensor.probes_loaded {
        let text = "A probe that it had attached to the kernel is no longer there; whoever removed it had root on the node.";
        found.insert(Trouble::ProbesGone, text.into());
    }
    let changes = [("executable", &sensor.binary_changed), ("configuration", &sensor.configuration_changed)];
    let said: Vec<String> = changes
        .into_iter()
        .filter_map(|(what, change)| Some((what, change.as_ref()?)))
        .filter(|(_, change)| within(change.at, rules.changed_for_ns))
        .map(|(what, change)| {
            format!("Its {what} changed at {} from {:?} to {:?}.", change.at, change.from, change.to)
        })
        .collect();
    if !said.is_empty() {
        found.insert(Trouble::Changed, said.join(" "));
    }
    let starts = sensor.starts.iter().filter(|at| within(**at, rules.starts_within_ns)).count();
    if starts > rules.starts {
        let text = format!("It started {starts} times within {} seconds.", seconds(rules.starts_within_ns));
        found.insert(Trouble::Restarting, text);
    }
    if sensor.skew_ns.saturating_abs() > rules.skew_ns {
        let direction = if sensor.skew_ns > 0 { "ahead of" } else { "behind" };
        let by = seconds(sensor.skew_ns.saturating_abs());
        let text = format!(
            "Its clock is {by} seconds {direction} the server's; the times of its findings are wrong."
        );
        found.insert(Trouble::ClockSkewed, text);
    }
    found
}

/// The same for one node and one trouble, whichever server writes it.
fn id(cluster: &str, node: &str, trouble: Trouble) -> String {
    let text = format!("{cluster}\n{node}\n{}", trouble.category());
    let digest: [u8; 32] = sha2::Sha256::digest(text).into();
    let digits = digest.iter().take(13).map(|byte| format!("{byte:02x}"));
    std::iter::once(RESERVED.to_owned()).chain(digits).collect()
}

/// Whether a finding's id is one of the watchers', which no node may write.
pub(crate) fn is_reserved_id(id: &str) -> bool {
    id.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED))
}

/// Whether a category is one of the watchers', or looks like one.
pub(crate) fn is_reserved_category(category: &str) -> bool {
    let visible: String = category.chars().filter(|c| c.is_alphanumeric() || *c == ':').collect();
    visible.to_ascii_lowercase().starts_with("vedette:")
}

fn finding(
    sensor: &SensorDocument,
    trouble: Trouble,
    says: String,
    tenancy: &Tenancy,
    now: Timestamp,
) -> FindingResource {
    let SensorDocument { cluster, node, .. } = sensor;
    // what a node says of itself must not make its silence invisible, nor somebody else's
    let parent = if tenancy.is_usable(&sensor.parent) { sensor.parent.clone() } else { tenancy.fallback() };
    let name = format!("{parent}/findings/{}", id(cluster, node, trouble));
    let resource = tenancy.resource_of(cluster, &sensor.resource);
    let mut vedette = serde_json::Map::new();
    vedette.insert("sensor".into(), serde_json::to_value(sensor).unwrap_or_default());
    let finding = Finding {
        canonical_name: name.clone(),
        name,
        parent,
        parent_display_name: "Vedette".into(),
        resource_name: resource.name.clone(),
        state: State::Active,
        category: trouble.category().into(),
        source_properties: [("VM_Instance_Name".to_owned(), json!(node))].into(),
        event_time: Some(now),
        severity: trouble.severity(),
        mute: Mute::Undefined,
        finding_class: trouble.class(),
        kubernetes: Kubernetes { nodes: vec![Node { name: node.clone() }], ..Kubernetes::default() },
        description: format!("The sensor of node {node} of cluster {cluster} is in trouble. {says}"),
        next_steps: format!(
            "1. On node {node}, as root: `vedette doctor`.\n2. Read what the sensor says: its pod's log, or \
             `journalctl -u vedette`.\n3. If nobody on your side stopped or changed it, treat the node as compromised."
        ),
        vedette,
        ..Finding::default()
    };
    FindingResource { finding, resource }
}

#[cfg(test)]
mod tests;
