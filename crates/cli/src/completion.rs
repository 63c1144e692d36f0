//! `vedette completion`.

use crate::arguments::{Arguments, Completion};
use anyhow::Result;
use clap::CommandFactory;
use std::io::{self, Write};

pub(crate) fn run(options: &Completion) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "vedette", &mut text);
    let mut out = io::stdout().lock();
    out.write_all(&text)?;
    out.flush()?;
    Ok(())
}
