//! What the link counts, as metrics, and in the log when it changes.

use crate::link::keeping::Keeping;
use intake::{Losses, SenderCounters, Spool, SpoolState};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Everything that is counted between the sensor and the server.
#[derive(Clone)]
pub(crate) struct Figures {
    pub(crate) spool: Arc<Spool>,
    pub(crate) sender: Arc<SenderCounters>,
    pub(crate) keeping: Arc<Keeping>,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").field("sender", &self.sender).finish_non_exhaustive()
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self { sender, keeping, .. } = self;
        let SpoolState { bytes, oldest_ns, losses } = self.spool.status();
        let Losses { findings, evidence, torn, damaged, refused } = losses;
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        for (name, help, value) in [
            ("sensor_server_connects", "Connections to a server that were made", read(&sender.connects)),
            (
                "sensor_server_failures",
                "Connections to a server that failed or ended",
                read(&sender.failures),
            ),
            ("sensor_server_findings", "Findings that a server acknowledged", read(&sender.findings)),
            (
                "sensor_server_refused",
                "Findings and evidence that a server refused for good",
                read(&sender.refused),
            ),
            ("sensor_server_evidence", "Pieces of evidence that a server has whole", read(&sender.evidence)),
            (
                "sensor_server_evidence_bytes",
                "Bytes of evidence that were sent",
                read(&sender.evidence_bytes),
            ),
            ("sensor_server_heartbeats", "Heartbeats that were answered", read(&sender.heartbeats)),
            ("sensor_server_renewed", "Certificates that were renewed", read(&sender.renewed)),
            ("sensor_spool_evidence", "Pieces of evidence that the spool took", read(&keeping.evidence)),
            ("sensor_spool_lost_findings", "Findings that the spool lost, across restarts", findings),
            (
                "sensor_spool_lost_evidence",
                "Pieces of evidence that the spool lost, across restarts, and that never came to it",
                evidence.saturating_add(read(&keeping.evidence_lost)),
            ),
            ("sensor_spool_refused", "Findings and evidence that a server refused, across restarts", refused),
            ("sensor_spool_torn", "Ends of files that a crash tore, across restarts", torn),
            ("sensor_spool_damaged", "Files that were damaged, across restarts", damaged),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        for (name, help, value) in [
            (
                "sensor_server_connected",
                "A server is connected",
                i64::from(sender.connected.load(Ordering::Relaxed)),
            ),
            ("sensor_spool_bytes", "Bytes in the spool", i64::try_from(bytes).unwrap_or(i64::MAX)),
            (
                "sensor_spool_oldest_seconds",
                "When the oldest finding that waits came into the spool; 0 when none waits",
                oldest_ns / 1_000_000_000,
            ),
            (
                "sensor_spool_unkept",
                "Findings that wait in memory for the spool",
                i64::try_from(read(&keeping.waiting)).unwrap_or(i64::MAX),
            ),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}

/// What was said last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Saying {
    connected: bool,
    losses: Losses,
}

impl Saying {
    /// What was there before the sensor started is said at its start.
    pub(crate) fn begin(figures: &Figures) -> Self {
        let SpoolState { bytes, oldest_ns, losses } = figures.spool.status();
        if oldest_ns > 0 {
            let since = finding::Timestamp::from_nanos(oldest_ns);
            tracing::info!("the spool holds {bytes} bytes, findings since {since}; they go first");
        }
        Self { connected: false, losses }
    }

    /// Says what has changed.
    pub(crate) fn say(&mut self, figures: &Figures) {
        let connected = figures.sender.connected.load(Ordering::Relaxed);
        // that a connection ended is said by the sender, who knows why
        if connected && !self.connected {
            tracing::info!("connected to a server; findings go there");
        }
        let losses = figures.spool.status().losses;
        if losses != self.losses {
            let Losses { findings, evidence, torn, damaged, refused } = losses;
            tracing::warn!(
                "lost so far: {findings} findings and {evidence} pieces of evidence that the spool had no room for, \
                 {refused} that the server refused, {torn} that a crash tore, {damaged} damaged files"
            );
        }
        *self = Self { connected, losses };
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;
    use crate::Metrics;
    use intake::Spool;
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    #[test]
    fn what_is_counted_is_printed_as_it_is_then() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(folder.path(), 1 << 20).unwrap());
        let figures = Figures { spool, sender: Arc::default(), keeping: Arc::default() };
        let metrics = Metrics::default();
        metrics.also(Box::new(figures.clone()));
        let has = |line: &str| metrics.text().lines().any(|printed| printed == line);
        assert!(
            has("vedette_sensor_server_connected 0") && has("vedette_sensor_spool_lost_evidence_total 0")
        );
        figures.sender.connected.store(true, Ordering::Relaxed);
        figures.sender.findings.store(7, Ordering::Relaxed);
        figures.keeping.evidence_lost.store(2, Ordering::Relaxed);
        figures.spool.lost_findings(3);
        for line in [
            "vedette_sensor_server_connected 1",
            "vedette_sensor_server_findings_total 7",
            "vedette_sensor_spool_lost_evidence_total 2",
            "vedette_sensor_spool_lost_findings_total 3",
            "vedette_sensor_spool_oldest_seconds 0",
        ] {
            assert!(has(line), "{line}: {}", metrics.text());
        }
    }
}
