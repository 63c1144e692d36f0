//! `vedette sensor`: findings on standard output, or to a server; nothing stored here.

use crate::arguments::SensorOnly;
use anyhow::Result;

pub(crate) fn run(options: SensorOnly) -> Result<()> {
    let watching = options.watching;
    Ok(sensor::alone::run(watching.config.as_deref(), watching.record_to().as_ref())?)
}
