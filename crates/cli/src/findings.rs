//! `vedette findings`.

mod change;
mod evidence;
mod export;
mod filter;
pub(crate) mod form;
mod group;
mod list;
pub(crate) mod lookup;
mod processes;
mod show;

use crate::arguments::{Findings, Show, ShowForm};
use crate::client::Client;
use crate::encoding;
use anyhow::Result;
use std::io::{self, Write};
use std::process::ExitCode;

pub(crate) use change::print;
pub(crate) use filter::moment;
pub(crate) use show::{document, text};

pub(crate) fn run(command: Findings) -> Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        Findings::List(options) => list::run(&options),
        Findings::Group(options) => group::run(&options).map(done),
        Findings::Export(options) => export::run(&options).map(done),
        Findings::Show(options) => show_one(&options).map(done),
        Findings::Evidence(options) => evidence::run(&options).map(done),
        Findings::Update(options) => change::update(&options).map(done),
        Findings::SetMute(options) => change::set_mute(&options).map(done),
        Findings::BulkMute(options) => change::bulk_mute(&options).map(done),
        Findings::ListMarks(options) => change::list_marks(&options).map(done),
        Findings::UpdateMarks(options) => change::update_marks(&options).map(done),
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
