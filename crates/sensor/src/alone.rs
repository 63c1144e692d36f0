//! The sensor by itself: findings go to a server, or as lines of JSON to standard output.
//!
//! configuration → start → deliveries → spool and server, or standard output; until a signal or until output is refused

use crate::configuration::{Configuration, ConfigurationError};
use crate::link::Link;
use crate::{Delivery, Metrics, RecordTo, RecordingError, SensorError};
use crossbeam_channel::{Receiver, bounded};
use intake::SpoolError;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Deliveries that wait to be printed or kept.
const QUEUE: usize = 1_024;

/// The sensor could not start, or ended without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum AloneError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The file of the recording cannot be made.
    #[error(transparent)]
    Record(#[from] RecordingError),
    /// The probes or the workers could not be started.
    #[error(transparent)]
    Sensor(#[from] SensorError),
    /// The spool cannot be used.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// SIGTERM and SIGINT cannot be waited for.
    #[error("signals cannot be waited for")]
    Signals(#[source] io::Error),
    /// Nobody takes the findings.
    #[error("findings cannot be written to standard output; start the sensor again with a reader")]
    Output(#[source] io::Error),
    /// A thread of the sensor panicked.
    #[error("the sensor ended by itself; the log above says why, please report it")]
    Ended,
}

/// Watches this machine until SIGTERM or SIGINT; what was read by then is still printed, or kept for the server.
pub fn run(file: Option<&Path>, record: Option<&RecordTo>) -> Result<(), AloneError> {
    let configuration = Configuration::load(file)?;
    let link =
        configuration.server().map(|server| Link::open(server, file.map(Path::to_owned))).transpose()?;
    let mut config = configuration.sensor(record)?;
    config.modules = link.as_ref().and_then(Link::modules);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(AloneError::Signals)?;
    // before the probes are loaded: a signal that comes meanwhile must not leave a finding unprinted
    let mut asked = {
        let _within = runtime.enter();
        [SignalKind::terminate(), SignalKind::interrupt()].map(signal)
    };
    let [Ok(terminate), Ok(interrupt)] = &mut asked else {
        let refused = asked.into_iter().find_map(Result::err);
        return Err(AloneError::Signals(refused.unwrap_or_else(|| io::Error::other("no signal"))));
    };

    let began = Instant::now();
    let (out, deliveries) = bounded(QUEUE);
    let metrics = Metrics::default();
    let running = crate::start(config, out, metrics.clone())?;
    let whither = if link.is_some() { "sent to the server" } else { "printed as they come" };
    tracing::info!("watching, {} ms after the start; findings are {whither}", began.elapsed().as_millis());
    let (linked, mut taken) = match link {
        Some(link) => {
            let (linked, ended) =
                link.start(deliveries, running.controls(), &metrics).map_err(SensorError::Workers)?;
            (Some(linked), ended)
        }
        None => (None, print_in_thread(deliveries).map_err(SensorError::Workers)?),
    };
    let unasked = runtime.block_on(async {
        tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            outcome = &mut taken => Some(outcome),
        }
    });
    running.stop();
    if let Some(linked) = linked {
        linked.stop();
    }
    match unasked {
        None => outcome(taken.blocking_recv()),
        Some(ended) => outcome(ended).and(Err(AloneError::Ended)),
    }
}

/// Prints a finding as one line of JSON; evidence bytes are left out.
pub fn print(delivery: &Delivery) -> io::Result<()> {
    let mut line = serde_json::to_vec(&*delivery.finding)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// Prints until the sensor ends or output is refused, then says which.
fn print_in_thread(deliveries: Receiver<Delivery>) -> io::Result<oneshot::Receiver<io::Result<()>>> {
    let (ended, printed) = oneshot::channel();
    thread::Builder::new().name("vedette-printer".into()).spawn(move || {
        // nobody listens any more when the sensor has been stopped otherwise
        let _ = ended.send(deliveries.iter().try_for_each(|delivery| print(&delivery)));
    })?;
    Ok(printed)
}

fn outcome(taken: Result<io::Result<()>, oneshot::error::RecvError>) -> Result<(), AloneError> {
    taken.map_err(|_| AloneError::Ended)?.map_err(AloneError::Output)
}
