//! Counts, times and what went wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::case::Kind;

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// One finding, right in everything that was checked.
    Found,
    /// One finding, and something in it is wrong.
    Wrong(Vec<String>),
    /// More findings than one.
    Twice(Vec<String>),
    /// The shell worked and there is no finding.
    Missed,
    /// Rightly no finding.
    Quiet,
    /// A finding where none is due.
    False(Vec<String>),
    /// A finding for what is meant so; needs an allow-list.
    FoundByIntent,
    /// Could not be tried.
    Skipped(String),
    /// The shell did not work here and there is no finding.
    Unproven(String),
}

/// One case and what came of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Identity, with the variant.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The line that ran.
    pub line: String,
    /// What came of it.
    pub verdict: Verdict,
    /// From the shell's start until the finding could be read, milliseconds.
    pub delay_ms: Option<f64>,
    /// What is worth knowing besides.
    pub note: String,
}

/// All outcomes of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// In the order of their cases.
    pub outcomes: Vec<Outcome>,
    /// Findings that belong to no case.
    pub strays: Vec<String>,
}

impl Report {
    /// Nothing was missed, wrong, found twice or found where nothing is.
    pub fn is_clean(&self) -> bool {
        self.strays.is_empty() && !self.outcomes.iter().any(|outcome| self.is_failure(outcome))
    }

    /// The table, then every failure with its line, then what could not be tried.
    pub fn text(&self) -> String {
        let mut text = self.table();
        for outcome in &self.outcomes {
            let (word, details) = match &outcome.verdict {
                Verdict::Missed => ("MISSED", Vec::new()),
                Verdict::False(details) => ("FALSE", details.clone()),
                Verdict::Wrong(details) => ("WRONG", details.clone()),
                Verdict::Twice(details) => ("TWICE", details.clone()),
                _ => continue,
            };
            let _ = writeln!(text, "\n{word} {}: {}", outcome.id, outcome.line.escape_debug());
            for detail in details.iter().chain(Some(&outcome.note).filter(|note| !note.is_empty())) {
                let _ = writeln!(text, "    {detail}");
            }
        }
        for stray in &self.strays {
            let _ = writeln!(text, "\nFALSE, and nobody's: {stray}");
        }
        text.push('\n');
        for outcome in &self.outcomes {
            match &outcome.verdict {
                Verdict::Skipped(reason) => {
                    let _ = writeln!(text, "not tried: {}: {reason}", outcome.id);
                }
                Verdict::Unproven(reason) => {
                    let _ = writeln!(
                        text,
                        "unproven: {}: {reason} {}: {}",
                        outcome.id,
                        outcome.note,
                        outcome.line.escape_debug()
                    );
                }
                Verdict::FoundByIntent => {
                    let _ = writeln!(text, "by intent, needs an allow-list: {}", outcome.id);
                }
                _ if !outcome.note.is_empty() && !self.is_failure(outcome) => {
                    let _ = writeln!(text, "note: {}: {}", outcome.id, outcome.note);
                }
                _ => {}
            }
        }
        text
    }

    fn is_failure(&self, outcome: &Outcome) -> bool {
        matches!(outcome.verdict, Verdict::Wrong(_) | Verdict::Twice(_) | Verdict::Missed | Verdict::False(_))
    }

    fn table(&self) -> String {
        let mut rows: BTreeMap<Kind, Vec<&Outcome>> = BTreeMap::new();
        for outcome in &self.outcomes {
            rows.entry(outcome.kind).or_default().push(outcome);
        }
        let mut text = format!(
            "{:<17} {:>5} {:>5} {:>5} {:>5} {:>6} {:>5} {:>5} {:>7} {:>8} {:>7} {:>7} {:>7}\n",
            "kind",
            "cases",
            "found",
            "wrong",
            "twice",
            "missed",
            "quiet",
            "false",
            "untried",
            "unproven",
            "p50 ms",
            "p99 ms",
            "max ms"
        );
        for (kind, outcomes) in rows {
            let count =
                |is: fn(&Verdict) -> bool| outcomes.iter().filter(|outcome| is(&outcome.verdict)).count();
            let mut delays: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.delay_ms).collect();
            delays.sort_by(f64::total_cmp);
            let at = |part: f64| {
                let index = ((delays.len() as f64 * part).ceil() as usize).clamp(1, delays.len().max(1)) - 1;
                delays.get(index).map_or_else(|| "-".to_owned(), |delay| format!("{delay:.0}"))
            };
            let _ = writeln!(
                text,
                "{:<17} {:>5} {:>5} {:>5} {:>5} {:>6} {:>5} {:>5} {:>7} {:>8} {:>7} {:>7} {:>7}",
                kind.name(),
                outcomes.len(),
                count(|v| matches!(v, Verdict::Found | Verdict::FoundByIntent)),
                count(|v| matches!(v, Verdict::Wrong(_))),
                count(|v| matches!(v, Verdict::Twice(_))),
                count(|v| matches!(v, Verdict::Missed)),
                count(|v| matches!(v, Verdict::Quiet)),
                count(|v| matches!(v, Verdict::False(_))),
                count(|v| matches!(v, Verdict::Skipped(_))),
                count(|v| matches!(v, Verdict::Unproven(_))),
                at(0.5),
                at(0.99),
                at(1.0)
            );
        }
        text
    }
}
