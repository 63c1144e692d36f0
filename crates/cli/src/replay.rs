//! `vedette replay`.

use crate::arguments::Replay;
use anyhow::Result;
use crossbeam_channel::bounded;
use sensor::alone::print;
use sensor::configuration::Configuration;

/// Findings that wait to be printed.
const QUEUE: usize = 1_024;

pub(crate) fn run(options: Replay) -> Result<()> {
    let configuration = Configuration::load(options.config.as_deref())?;
    let recording = sensor::Recording::open(&options.file)?;
    let (out, deliveries) = bounded(QUEUE);
    let printer = std::thread::spawn(move || deliveries.iter().filter(|d| print(d).is_ok()).count());
    let records = sensor::replay(recording, configuration.place(), configuration.settings(), out)?;
    let findings = printer.join().unwrap_or(0);
    eprintln!("{records} records, {findings} findings");
    Ok(())
}
