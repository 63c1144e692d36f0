//! The sensor, top to bottom: records → decode → enrich → detect → deliver.

use crate::coverage::LossLog;
use crate::live::LiveReader;
use crate::lookups::Lookups;
use crate::open::OpenFindings;
use crate::watch::Watch;
use crate::{Delivery, Metrics, Recorder};
use container_runtime::Runtimes;
use crossbeam_channel::Sender;
use detection::{Engine, Settings};
use findings::Place;
use host::{Clock, Machine};
use probes::{Lane, LoadError, Probes};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Records taken from a lane before the other one gets its turn.
const DECIDING_BATCH: usize = 256;
const BULK_BATCH: usize = 1_024;
const LOSSES_EVERY_NS: u64 = 250_000_000;
const HOUSEKEEPING_EVERY_NS: u64 = 1_000_000_000;

/// What the sensor is told.
pub struct Config {
    /// Names of the place.
    pub place: Place,
    /// Detector settings.
    pub settings: Settings,
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
    wake: Arc<OwnedFd>,
    thread: JoinHandle<()>,
}

impl Running {
    /// Stops reading, delivers what was read, ends.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        if self.thread.join().is_err() {
            tracing::error!("the sensor's thread panicked");
        }
    }

    /// The sensor has ended by itself, which it never should.
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

/// Loads the probes, reads live state, starts watching. When this returns, nothing that happens is missed.
pub fn start(config: Config, out: Sender<Delivery>, metrics: Metrics) -> Result<Running, SensorError> {
    let stop = Arc::new(AtomicBool::new(false));
    let (ready, started) = crossbeam_channel::bounded(1);
    let thread = std::thread::Builder::new().name("vedette-sensor".into()).spawn({
        let stop = Arc::clone(&stop);
        move || match prepare(config, out, metrics) {
            Ok((probes, watch, recorder)) => {
                let wake = watch.lookups().map(Lookups::waker);
                let _ = ready.send(Ok(wake));
                run(&probes, watch, recorder, &stop);
            }
            Err(error) => {
                let _ = ready.send(Err(error));
            }
        }
    })?;
    let gone = || std::io::Error::other("the sensor's thread ended while starting");
    let wake = started.recv().map_err(|_| gone())??.ok_or_else(gone)?;
    Ok(Running { stop, wake, thread })
}

fn prepare(
    config: Config,
    out: Sender<Delivery>,
    metrics: Metrics,
) -> Result<(Probes, Watch, Option<Recorder>), SensorError> {
    let probes = Probes::load(config.probes)?;
    let live = LiveReader::new(probes.snapshotter()?);
    let runtimes = Runtimes::new(config.runtimes);
    let lookups = Lookups::start(config.proc_root, runtimes, live, metrics.clone())?;
    lookups.ask(crate::lookups::Request::Live);
    let boot_id = Machine::read().boot_id;
    let open = OpenFindings::new(out, config.place, boot_id, metrics.clone());
    let engine = Engine::new(detectors::catalogue(), config.settings);
    let losses = LossLog::new(Clock::now_ns());
    let watch = Watch::new(engine, open, losses, Clock::read(), Some(lookups), metrics);
    Ok((probes, watch, config.recorder))
}

fn run(probes: &Probes, mut watch: Watch, mut recorder: Option<Recorder>, stop: &AtomicBool) {
    let (reader, losses) = match (probes.reader(), probes.losses()) {
        (Ok(reader), Ok(losses)) => (reader, losses),
        (Err(error), _) | (_, Err(error)) => return tracing::error!("{error}"),
    };
    let (mut losses_due, mut housekeeping_due) = (0, 0);
    loop {
        let stopping = stop.load(Ordering::Acquire);
        let mut read = 0;
        for (lane, most) in [(Lane::Deciding, DECIDING_BATCH), (Lane::Bulk, BULK_BATCH)] {
            read += reader.drain(lane, most, |record| {
                if let Some(recorder) = &mut recorder
                    && let Err(error) = recorder.write(record)
                {
                    tracing::warn!("{error}");
                }
                watch.record(record, Clock::now_ns());
            });
        }
        let now = Clock::now_ns();
        if let Some(lookups) = watch.lookups() {
            for answer in lookups.answers().collect::<Vec<_>>() {
                watch.answer(answer, now);
            }
        }
        if now >= losses_due {
            watch.losses(&losses, now);
            losses_due = now + LOSSES_EVERY_NS;
        }
        watch.tick(now);
        if now >= housekeeping_due {
            watch.housekeeping(now);
            housekeeping_due = now + HOUSEKEEPING_EVERY_NS;
        }
        for key in std::mem::take(&mut watch.wishes) {
            if let Err(error) = probes.watch(key) {
                tracing::debug!("{error}");
            }
        }
        if read > 0 {
            continue;
        }
        if stopping {
            break;
        }
        let due = watch.next_due_ns().unwrap_or(u64::MAX).min(losses_due).min(housekeeping_due);
        wait(&reader, &watch, due.saturating_sub(Clock::now_ns()));
    }
    if let Some(Err(error)) = recorder.map(Recorder::finish) {
        tracing::warn!("{error}");
    }
}

fn wait(reader: &probes::Reader, watch: &Watch, nanoseconds: u64) {
    let [deciding, bulk] = reader.descriptors();
    let mut fds = vec![
        PollFd::from_borrowed_fd(deciding, PollFlags::IN),
        PollFd::from_borrowed_fd(bulk, PollFlags::IN),
    ];
    if let Some(lookups) = watch.lookups() {
        fds.push(PollFd::from_borrowed_fd(lookups.wake(), PollFlags::IN));
    }
    let timeout = Timespec {
        tv_sec: i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX),
        tv_nsec: i64::try_from(nanoseconds % 1_000_000_000).unwrap_or(0),
    };
    let _ = poll(&mut fds, Some(&timeout));
}
