//! `vedette findings`.

mod evidence;
mod filter;
mod list;
mod lookup;
mod processes;
mod show;

use crate::arguments::{Findings, Show, ShowForm};
use crate::client::Client;
use crate::encoding;
use anyhow::Result;
use std::io::{self, Write};

pub(crate) use filter::moment;
pub(crate) use show::{document, text};

pub(crate) fn run(command: Findings) -> Result<()> {
    match command {
        Findings::List(options) => list::run(&options),
        Findings::Show(options) => show_one(&options),
        Findings::Evidence(options) => evidence::run(&options),
    }
}

fn show_one(options: &Show) -> Result<()> {
    let client = Client::new(&options.server.url)?;
    let found = lookup::finding(&client, &options.name)?;
    let mut out = io::stdout().lock();
    match options.output {
        ShowForm::Text => write!(out, "{}", text(&document(&found)?))?,
        ShowForm::Json => writeln!(out, "{}", encoding::json(&found))?,
        ShowForm::Yaml => write!(out, "{}", encoding::yaml(&found))?,
    }
    out.flush()?;
    Ok(())
}
