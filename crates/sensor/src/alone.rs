//! The sensor by itself: findings as lines of JSON on standard output, nothing stored.
//!
//! configuration → start → deliveries → standard output, until a signal or until output is refused

use crate::configuration::{Configuration, ConfigurationError};
use crate::{Delivery, Metrics, RecordTo, RecordingError, SensorError};
use crossbeam_channel::{Receiver, bounded};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Deliveries that wait to be printed.
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

/// Watches this machine until SIGTERM or SIGINT; what was read by then is still printed.
pub fn run(config: Option<&Path>, record: Option<&RecordTo>) -> Result<(), AloneError> {
    let config = Configuration::load(config)?.sensor(record)?;
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
    let running = crate::start(config, out, Metrics::default())?;
    tracing::info!(
        "watching, {} ms after the start; findings are printed as they come",
        began.elapsed().as_millis()
    );
    let mut printed = print_in_thread(deliveries).map_err(SensorError::Workers)?;
    let unasked = runtime.block_on(async {
        tokio::select! {
            _ = terminate.recv() => None,
            _ = interrupt.recv() => None,
            outcome = &mut printed => Some(outcome),
        }
    });
    running.stop();
    match unasked {
        None => outcome(printed.blocking_recv()),
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

fn outcome(printed: Result<io::Result<()>, oneshot::error::RecvError>) -> Result<(), AloneError> {
    printed.map_err(|_| AloneError::Ended)?.map_err(AloneError::Output)
}
