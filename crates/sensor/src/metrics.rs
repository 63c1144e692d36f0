//! One counter per arrow: in, out, lost.

use detection::Cost;
use event::LossKind;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Kind {
    /// What kind.
    pub kind: &'static str,
}

/// Labels of a finding counter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Module {
    /// Detector.
    pub module: &'static str,
}

/// What went in, came out and was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) kind: &'static str,
    pub(crate) r#in: u64,
    pub(crate) out: u64,
    pub(crate) lost: u64,
}

/// The sensor's metrics. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Metrics {
    /// Records read, by kind.
    pub events: Family<Kind, Counter>,
    /// Records lost, by kind.
    pub lost: Family<Kind, Counter>,
    /// Findings delivered for the first time.
    pub findings: Family<Module, Counter>,
    /// Findings given up because too many waited to be delivered, by module.
    pub findings_lost: Family<Module, Counter>,
    /// Events that a detector looked at, by module.
    pub detector_events: Family<Module, Counter>,
    /// How long that took, nanoseconds, by module.
    pub detector_nanos: Family<Module, Counter>,
    /// Deliveries (new findings and updates).
    pub deliveries: Counter,
    /// Lookups by what was looked up.
    pub lookups: Family<Kind, Counter>,
    /// Lookups that were left out because the queue was full.
    pub lookups_dropped: Family<Kind, Counter>,
    /// Lookups that were not answered in time, by what was looked up.
    pub lookups_unread: Family<Kind, Counter>,
    /// Threads that still wait for such an answer, by lane.
    pub lookups_stuck: Family<Kind, Gauge>,
    /// Live state read again.
    pub snapshots: Counter,
    /// Processes kept.
    pub processes: Gauge,
    /// Processes forgotten because there were too many.
    pub processes_forgotten: Counter,
    /// Containers kept.
    pub containers: Gauge,
    /// Programs waiting to be found on the network.
    pub candidates: Gauge,
    /// Events waiting for facts.
    pub waiting: Gauge,
    /// Probes that were attached and no longer are.
    pub probes_detached: Gauge,
    registry: Arc<Mutex<Registry>>,
    watches: Arc<AtomicBool>,
}

/// Counters of events, looked up once: there may be tens of thousands a second.
pub(crate) struct EventCounters {
    pub(crate) exec: Counter,
    pub(crate) fork: Counter,
    pub(crate) exit: Counter,
    pub(crate) socket: Counter,
}

/// The sensor watches for as long as this lives.
pub(crate) struct Watching(Arc<AtomicBool>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("vedette");
        let this = Self {
            events: Family::default(),
            lost: Family::default(),
            findings: Family::default(),
            findings_lost: Family::default(),
            detector_events: Family::default(),
            detector_nanos: Family::default(),
            deliveries: Counter::default(),
            lookups: Family::default(),
            lookups_dropped: Family::default(),
            lookups_unread: Family::default(),
            lookups_stuck: Family::default(),
            snapshots: Counter::default(),
            processes: Gauge::default(),
            processes_forgotten: Counter::default(),
            containers: Gauge::default(),
            candidates: Gauge::default(),
            waiting: Gauge::default(),
            probes_detached: Gauge::default(),
            registry: Arc::default(),
            watches: Arc::default(),
        };
        // a series that is not there yet cannot be watched for its first increase
        for kind in LossKind::RECORDS {
            drop(this.lost.get_or_create(&Kind { kind: kind.name() }));
        }
        registry.register("sensor_events", "Records read from the kernel, by kind", this.events.clone());
        registry.register(
            "sensor_ringbuf_lost",
            "Records lost before they were read, by kind",
            this.lost.clone(),
        );
        registry.register("findings", "Findings detected, by module", this.findings.clone());
        registry.register(
            "sensor_findings_lost",
            "Findings given up because too many waited to be delivered, by module",
            this.findings_lost.clone(),
        );
        registry.register(
            "sensor_detector_events",
            "Events that a detector looked at, by module",
            this.detector_events.clone(),
        );
        registry.register(
            "sensor_detector_nanoseconds",
            "How long detectors looked at events, by module",
            this.detector_nanos.clone(),
        );
        registry.register("sensor_deliveries", "Findings and updates delivered", this.deliveries.clone());
        registry.register("sensor_lookups", "Facts looked up, by what", this.lookups.clone());
        registry.register(
            "sensor_lookups_dropped",
            "Facts not looked up: queue full",
            this.lookups_dropped.clone(),
        );
        registry.register(
            "sensor_lookups_unread",
            "Facts not looked up: could not be read in time",
            this.lookups_unread.clone(),
        );
        registry.register(
            "sensor_lookups_stuck",
            "Threads that wait for a file system that does not answer",
            this.lookups_stuck.clone(),
        );
        registry.register("sensor_snapshots", "Live state read again", this.snapshots.clone());
        registry.register("sensor_process_cache_size", "Processes kept", this.processes.clone());
        registry.register(
            "sensor_process_cache_forgotten",
            "Processes forgotten: too many",
            this.processes_forgotten.clone(),
        );
        registry.register("sensor_containers", "Containers kept", this.containers.clone());
        registry.register(
            "sensor_candidates",
            "Programs waiting to be found on the network",
            this.candidates.clone(),
        );
        registry.register("sensor_waiting", "Events waiting for facts", this.waiting.clone());
        registry.register(
            "sensor_probes_detached",
            "Probes that somebody else has removed from the kernel",
            this.probes_detached.clone(),
        );
        Self { registry: Arc::new(Mutex::new(registry)), ..this }
    }
}

impl Metrics {
    pub(crate) fn watching(&self) -> Watching {
        self.watches.store(true, Ordering::Release);
        Watching(Arc::clone(&self.watches))
    }

    pub(crate) fn event_counters(&self) -> EventCounters {
        let of = |kind| self.events.get_or_create(&Kind { kind }).clone();
        EventCounters { exec: of("exec"), fork: of("fork"), exit: of("exit"), socket: of("socket") }
    }

    /// Whether the sensor's thread is at work; false also after it ended by itself, which it never should.
    pub fn is_watching(&self) -> bool {
        self.watches.load(Ordering::Acquire)
    }

    /// Whether every probe that was loaded is still at its place.
    pub fn has_all_probes(&self) -> bool {
        self.is_watching() && self.probes_detached.get() == 0
    }

    /// What went in, came out and was lost since the start, by kind.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let read = |kind| self.events.get(&Kind { kind }).map_or(0, |counter| counter.get());
        let lost = |kind| self.lost.get(&Kind { kind }).map_or(0, |counter| counter.get());
        let of = |kind, out: u64, lost: u64| Count { kind, r#in: out.saturating_add(lost), out, lost };
        let records = LossKind::RECORDS.map(|kind| of(kind.name(), read(kind.name()), lost(kind.name())));
        let (mut found, mut given_up) = (0, 0);
        for detector in detectors::catalogue() {
            let module = Module { module: detector.metadata().module };
            found += self.findings.get(&module).map_or(0, |counter| counter.get());
            given_up += self.findings_lost.get(&module).map_or(0, |counter| counter.get());
        }
        let findings =
            Count { kind: "finding", r#in: found, out: found.saturating_sub(given_up), lost: given_up };
        records.into_iter().chain([findings]).collect()
    }

    /// What detectors have cost by now.
    pub(crate) fn note_costs(&self, costs: impl Iterator<Item = (&'static str, Cost)>) {
        for (module, cost) in costs {
            for (family, now) in [(&self.detector_events, cost.events), (&self.detector_nanos, cost.nanos)] {
                let counter = family.get_or_create(&Module { module }).clone();
                counter.inc_by(now.saturating_sub(counter.get()));
            }
        }
    }

    /// What each detector has cost since the start, as of the last second.
    pub fn costs(&self) -> Vec<(&'static str, Cost)> {
        let read = |family: &Family<Module, Counter>, module| {
            family.get(&Module { module }).map_or(0, |counter| counter.get())
        };
        let cost = |module| Cost {
            events: read(&self.detector_events, module),
            nanos: read(&self.detector_nanos, module),
        };
        let modules = detectors::catalogue().into_iter().map(|detector| detector.metadata().module);
        modules.map(|module| (module, cost(module))).collect()
    }

    /// Prints these, too.
    pub(crate) fn also(&self, collector: Box<dyn Collector>) {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner).register_collector(collector);
    }

    /// OpenMetrics text.
    pub fn text(&self) -> String {
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        match encode(&mut out, &registry) {
            Ok(()) => out,
            Err(_) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn a_loss_is_a_series_before_the_first_one() {
        let text = Metrics::default().text();
        for kind in ["exec", "fork", "exit", "socket", "malformed"] {
            let line = format!("vedette_sensor_ringbuf_lost_total{{kind=\"{kind}\"}} 0");
            assert!(text.lines().any(|l| l == line), "{kind}: {text}");
        }
        assert!(text.contains("vedette_sensor_process_cache_forgotten_total 0"), "{text}");
    }
}
