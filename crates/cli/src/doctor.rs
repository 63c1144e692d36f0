//! `vedette doctor`: what this machine offers, what is missing, what that costs and what to do.

mod cloud;
mod kernel;
mod node;
mod privileges;
mod reach;

use crate::arguments::{Doctor, DoctorForm};
use crate::encoding;
use crate::inert::{line, lines};
use anyhow::Result;
use comfy_table::{ContentArrangement, Table, presets};
use rustix::process::geteuid;
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
    /// The kernel's own words, where they help.
    #[serde(skip_serializing_if = "String::is_empty")]
    said: String,
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
        Self::new(what, Verdict::Ok, found, "", "")
    }

    /// Works with less.
    fn less(what: &'static str, found: impl Into<String>, cost: &str, remedy: &str) -> Self {
        Self::new(what, Verdict::Less, found, cost, remedy)
    }

    /// Does not work.
    fn missing(what: &'static str, found: impl Into<String>, cost: &str, remedy: &str) -> Self {
        Self::new(what, Verdict::Missing, found, cost, remedy)
    }

    fn new(
        what: &'static str,
        verdict: Verdict,
        found: impl Into<String>,
        cost: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let (found, cost, remedy) = (found.into(), cost.into(), remedy.into());
        Self { what, verdict, found, cost, remedy, said: String::new() }
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
                if !row.said.is_empty() {
                    let said = lines(row.said.trim()).replace('\n', "\n    ");
                    writeln!(out, "  the kernel's words:\n    {said}")?;
                }
            }
            let verdict = match missing {
                0 => "Vedette can watch this machine.".to_owned(),
                _ if !geteuid().is_root() => {
                    "This user cannot watch this machine; `sudo vedette doctor` looks at what root can do."
                        .to_owned()
                }
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
