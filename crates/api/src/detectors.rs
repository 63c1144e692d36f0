//! The detectors: what there is, what they cost, and a bench to try them on. They are behind a trait, because the interface
//! knows none of them.

use axum::body::Bytes;
use finding::FindingResource;
use serde_json::{Value, json};

use crate::administration::Answering;

/// What is said of a detector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetectorFacts {
    /// Its name in settings.
    pub module: String,
    /// Name of its findings.
    pub category: String,
    /// Severity of its findings.
    pub severity: &'static str,
    /// It runs unless settings say otherwise.
    pub on_by_default: bool,
    /// What it detects and how, in Markdown.
    pub description: String,
    /// ATT&CK tactic.
    pub tactic: &'static str,
    /// Further tactics.
    pub additional_tactics: Vec<&'static str>,
    /// ATT&CK ids of techniques.
    pub techniques: Vec<String>,
    /// What its evidence holds.
    pub evidence: Vec<String>,
    /// What it needs from the kernel.
    pub needs: Vec<String>,
    /// A harmless command that must produce its finding.
    pub reproduction: String,
}

/// What a detector has cost since its sensor started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetectorCost {
    /// Its name in settings.
    pub module: String,
    /// Events that it looked at.
    pub events: u64,
    /// How long that took, nanoseconds.
    pub nanos: u64,
}

/// A condition as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorCondition {
    /// What must be so.
    pub condition: String,
    /// `TRUE`, `FALSE` or `UNKNOWN`.
    pub state: &'static str,
    /// How that is known.
    pub reason: String,
}

/// What a detector makes of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectorVerdict {
    /// The detector's name in settings.
    pub module: String,
    /// `FOUND` where every condition holds, `QUIET` where one does not, else `UNDECIDED`.
    pub verdict: &'static str,
    /// Each condition.
    pub conditions: Vec<DetectorCondition>,
    /// Which process it is about, where there are several, and as what it was executed.
    pub program: Option<(u32, String)>,
}

/// What detectors make of a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rehearsal {
    /// Records that were read.
    pub records: u64,
    /// Findings, as far as they are told.
    pub findings: Vec<FindingResource>,
    /// Findings beyond those.
    pub findings_left_out: u64,
    /// What was made of programs, the most telling first.
    pub verdicts: Vec<DetectorVerdict>,
}

/// The detectors that there are.
pub trait Detectors: Send + Sync {
    /// What there is, the most specific first.
    fn catalogue(&self) -> Vec<DetectorFacts>;

    /// What they have cost in this very process; nothing where no sensor is in it.
    fn costs(&self) -> Vec<DetectorCost>;

    /// What each makes of a command line, by what that alone tells.
    fn attempt(&self, command_line: String) -> Answering<'_, Vec<DetectorVerdict>>;

    /// What each makes of a recording. It may hold anything.
    fn rehearse(&self, recording: Bytes) -> Answering<'_, Rehearsal>;
}

/// As the interface writes it.
pub(crate) fn written_verdict(verdict: &DetectorVerdict) -> Value {
    let conditions: Vec<Value> = verdict
        .conditions
        .iter()
        .map(|DetectorCondition { condition, state, reason }| {
            json!({"condition": condition, "state": state, "reason": reason})
        })
        .collect();
    let mut written = json!({"module": verdict.module, "verdict": verdict.verdict, "conditions": conditions});
    if let Some((pid, command_line)) = &verdict.program {
        written["pid"] = pid.to_string().into();
        written["commandLine"] = command_line.as_str().into();
    }
    written
}
