//! `vedette sensor`: findings on standard output, nothing stored.

use crate::arguments::SensorOnly;
use crate::configuration::Configuration;
use anyhow::Result;
use crossbeam_channel::bounded;
use sensor::Delivery;
use std::io::Write;

const QUEUE: usize = 1_024;

pub(crate) fn run(options: SensorOnly) -> Result<()> {
    let configuration = Configuration::load(options.watching.config.as_deref())?;
    let config = configuration.sensor(options.watching.record.as_deref())?;
    let (out, deliveries) = bounded(QUEUE);
    let running = sensor::start(config, out, sensor::Metrics::default())?;
    tracing::info!("watching; findings are printed as they come");
    let printer = std::thread::spawn(move || {
        deliveries.iter().for_each(|delivery| {
            let _ = print(&delivery);
        })
    });
    crate::up::wait_for_signal()?;
    running.stop();
    let _ = printer.join();
    Ok(())
}

/// Prints a finding as one line of JSON; evidence bytes are left out.
pub(crate) fn print(delivery: &Delivery) -> bool {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &*delivery.finding).is_ok()
        && out.write_all(b"\n").and_then(|()| out.flush()).is_ok()
}
