//! `vedette doctor`: what this machine offers, what is missing, what that costs and what to do.

mod cloud;
mod kernel;
mod node;
mod privileges;
mod reach;

use crate::arguments::{Doctor, DoctorForm};
use crate::encoding;
use crate::inert::line;
use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::io::Write;
use std::process::ExitCode;

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    what: &'static str,
    verdict: Verdict,
    found: String,
    /// What is lost without it; empty when nothing is.
    cost: String,
    /// What to do; empty when nothing needs doing.
    remedy: String,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// As it should be.
    Ok,
    /// Vedette works without it, with less.
    Less,
    /// Vedette does not work without it.
    Missing,
}

impl Row {
    /// As it should be.
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, verdict: Verdict::Ok, found: found.into(), cost: String::new(), remedy: String::new() }
    }

    /// Works with less.
    fn less(what: &'static str, found: impl Into<String>, cost: &str, remedy: &str) -> Self {
        Self { what, verdict: Verdict::Less, found: found.into(), cost: cost.into(), remedy: remedy.into() }
    }

    /// Does not work.
    fn missing(what: &'static str, found: impl Into<String>, cost: &str, remedy: &str) -> Self {
        Self {
            what,
            verdict: Verdict::Missing,
            found: found.into(),
            cost: cost.into(),
            remedy: remedy.into(),
        }
    }
}

pub(crate) fn run(options: &Doctor) -> Result<ExitCode> {
    let mut rows = kernel::rows();
    rows.extend(privileges::rows());
    rows.extend(node::rows(options.config.as_deref())?);
    rows.extend(cloud::rows(options.config.as_deref())?);
    rows.extend(reach::rows(options));
    let missing = rows.iter().filter(|row| row.verdict == Verdict::Missing).count();
    let mut out = std::io::stdout().lock();
    match options.output {
        DoctorForm::Json => writeln!(out, "{}", encoding::json(&serde_json::to_value(&rows)?))?,
        DoctorForm::Table => {
            writeln!(out, "{}", table(&rows))?;
            for row in rows.iter().filter(|row| row.verdict != Verdict::Ok) {
                writeln!(out, "\n{}: {}", row.what, line(&row.found))?;
                writeln!(out, "  without it: {}", line(&row.cost))?;
                writeln!(out, "  to do:      {}", line(&row.remedy))?;
            }
            let verdict = match missing {
                0 => "Vedette can watch this machine.".to_owned(),
                n => format!(
                    "Vedette cannot watch this machine: {n} essential {} missing.",
                    if n == 1 { "thing is" } else { "things are" }
                ),
            };
            writeln!(out, "\n{verdict}")?;
        }
    }
    Ok(if missing == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(120);
    for row in rows {
        let mark = match row.verdict {
            Verdict::Ok => "ok",
            Verdict::Less => "less",
            Verdict::Missing => "MISSING",
        };
        table.add_row([mark.to_owned(), row.what.to_owned(), line(&row.found)]);
    }
    table
}
