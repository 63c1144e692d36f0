//! Starting and stopping the sensor's thread.

use crate::controls::{Order, PlaceSlot};
use crate::coverage::LossLog;
use crate::live::LiveReader;
use crate::lookups::Lookups;
use crate::open::OpenFindings;
use crate::watch::Watch;
use crate::{Controls, Delivery, Metrics, Named, Recorder, pipeline};
use cloud::{Facts, MetadataServer};
use container_runtime::Runtimes;
use crossbeam_channel::{Sender, unbounded};
use detection::{Engine, Settings};
use host::{Clock, Machine};
use probes::{LoadError, Probes};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// What the sensor is told.
pub struct Config {
    /// Names of the place.
    pub named: Named,
    /// Who is asked for the names that are not given, on a machine of a cloud.
    pub metadata: Option<MetadataServer>,
    /// Detector settings.
    pub settings: Settings,
    /// The only detectors to run from the start, until somebody says otherwise; `None`: those of the settings.
    pub modules: Option<BTreeSet<String>>,
    /// Ring buffer sizes.
    pub probes: probes::Settings,
    /// Container runtimes.
    pub runtimes: container_runtime::Config,
    /// `/proc` of the node.
    pub proc_root: PathBuf,
    /// Keeps every record, for `vedette replay`.
    pub recorder: Option<Recorder>,
}

/// The sensor could not start.
#[derive(Debug, thiserror::Error)]
pub enum SensorError {
    /// The probes could not be loaded.
    #[error(transparent)]
    Probes(#[from] LoadError),
    /// A thread or descriptor could not be had.
    #[error("the sensor could not start its workers: {0}")]
    Workers(#[from] std::io::Error),
}

/// A running sensor. Dropping it does not stop it; `stop` does, after what was read is delivered.
pub struct Running {
    stop: Arc<AtomicBool>,
    controls: Controls,
    thread: JoinHandle<()>,
}

impl Running {
    /// Detectors to run from now on; see [`Controls::set_modules`].
    pub fn set_modules(&self, modules: Option<BTreeSet<String>>) {
        self.controls.set_modules(modules);
    }

    /// A handle for others.
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Stops reading, delivers what was read, ends.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.controls.wake();
        if self.thread.join().is_err() {
            tracing::error!("the sensor's thread panicked");
        }
    }
}

/// Loads the probes, reads live state, starts watching. When this returns, nothing that happens is missed.
pub fn start(mut config: Config, out: Sender<Delivery>, metrics: Metrics) -> Result<Running, SensorError> {
    let stop = Arc::new(AtomicBool::new(false));
    let (ready, started) = crossbeam_channel::bounded(1);
    let (orders, ordered) = unbounded();
    if let Some(modules) = config.modules.take() {
        // obeyed before the first record is read
        let _ = orders.send(Order::Modules(Some(modules)));
    }
    let thread = std::thread::Builder::new().name("vedette-sensor".into()).spawn({
        let stop = Arc::clone(&stop);
        let shared = metrics.clone();
        move || match prepare(config, out, metrics) {
            Ok(Prepared { probes, watch, recorder, place }) => {
                let _watching = shared.watching();
                let wake = watch.lookups().map(Lookups::waker);
                let _ = ready.send(Ok(wake.zip(Some(place))));
                pipeline::run(&probes, watch, recorder, &ordered, &stop);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    })?;
    let gone = || std::io::Error::other("the sensor's thread ended while starting");
    let (wake, place) = started.recv().map_err(|_| gone())??.ok_or_else(gone)?;
    Ok(Running { stop, controls: Controls { orders, wake, place }, thread })
}

struct Prepared {
    probes: Probes,
    watch: Watch,
    recorder: Option<Recorder>,
    place: PlaceSlot,
}

fn prepare(config: Config, out: Sender<Delivery>, metrics: Metrics) -> Result<Prepared, SensorError> {
    let probes = Probes::load(config.probes)?;
    let live = LiveReader::new(probes.snapshotter()?);
    let runtimes = Runtimes::new(config.runtimes);
    let mount = host::mount_namespace(&config.proc_root);
    let mut lookups = Lookups::start(config.proc_root, runtimes, live, metrics.clone())?;
    let machine = Machine::read();
    let place = config.named.place(&machine, &Facts::default());
    let mut open = OpenFindings::new(out, place, machine.boot_id.clone(), metrics.clone());
    let place = open.place_slot();
    if let Some(server) = config.metadata {
        lookups.learn_place(server, config.named, machine)?;
        open.expect_place(Clock::now_ns());
    }
    let engine = Engine::new(detectors::catalogue(), config.settings).timed_by(Clock::now_ns);
    let losses = LossLog::new(Clock::now_ns());
    let mut watch = Watch::new(engine, open, losses, Clock::read(), Some(lookups), metrics);
    if let Some(mount) = mount {
        watch.know_mounts(mount);
    }
    Ok(Prepared { probes, watch, recorder: config.recorder, place })
}
