//! What the sensor says of itself.

use crate::link::keeping::Keeping;
use crate::{Controls, Metrics};
use finding::Timestamp;
use host::Machine;
use intake::HeartbeatSource;
use intake::proto::{Counter, DetectorCost, HeartbeatRequest};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

/// The program that runs, whatever stands at its path by now.
const EXECUTABLE: &str = "/proc/self/exe";

/// SHA-256 of what the sensor is made of; empty where it cannot be read.
#[derive(Debug, Default, Clone)]
struct Hashes {
    configuration: String,
    executable: String,
}

/// The hashes as they were read last. Clones are of the same ones.
#[derive(Clone)]
pub(crate) struct Own {
    configuration: Option<PathBuf>,
    hashes: Arc<Mutex<Hashes>>,
}

impl Own {
    /// Nothing is read yet.
    pub(crate) fn new(configuration: Option<PathBuf>) -> Self {
        Self { configuration, hashes: Arc::default() }
    }

    /// Reads them, again. Blocks.
    pub(crate) fn read(&self) {
        let of = |path: &Path| {
            hash(path).unwrap_or_else(|error| {
                tracing::warn!(
                    "{} cannot be read, so the server is not told its hash: {error}",
                    path.display()
                );
                String::new()
            })
        };
        let read = Hashes {
            configuration: self.configuration.as_deref().map(of).unwrap_or_default(),
            executable: of(Path::new(EXECUTABLE)),
        };
        *self.hashes.lock().unwrap_or_else(PoisonError::into_inner) = read;
    }

    fn get(&self) -> Hashes {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn hash(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no plain file"));
    }
    host::hash(&file).map(|(hash, _)| hash)
}

/// Asked for every heartbeat; the sender adds the spool and the time.
pub(crate) fn source(
    controls: Controls,
    metrics: Metrics,
    keeping: Arc<Keeping>,
    own: Own,
    started: Timestamp,
) -> HeartbeatSource {
    let kernel = Machine::read().kernel;
    Arc::new(move || {
        let place = controls.place();
        let Hashes { configuration, executable } = own.get();
        let counts = metrics.counts().into_iter().map(|count| Counter {
            kind: count.kind.into(),
            r#in: count.r#in,
            out: count.out,
            lost: count.lost,
        });
        let (kept, lost) = (&keeping.evidence, &keeping.evidence_lost);
        let (out, lost) = (kept.load(Ordering::Relaxed), lost.load(Ordering::Relaxed));
        let evidence = Counter { kind: "evidence".into(), r#in: out.saturating_add(lost), out, lost };
        let costs = metrics.costs().into_iter().map(|(module, cost)| DetectorCost {
            module: module.into(),
            events: cost.events,
            nanos: cost.nanos,
        });
        HeartbeatRequest {
            detectors: costs.collect(),
            sensor_version: env!("CARGO_PKG_VERSION").into(),
            kernel: kernel.clone(),
            mode: "ebpf".into(),
            start_time_ns: started.nanos(),
            counters: counts.chain([evidence]).collect(),
            probes_loaded: metrics.has_all_probes(),
            configuration_hash: configuration,
            binary_hash: executable,
            parent: findings::parent(&place),
            resource_json: serde_json::to_vec(&findings::resource(&place)).unwrap_or_default(),
            ..HeartbeatRequest::default()
        }
    })
}
