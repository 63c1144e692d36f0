//! What each detector makes of a command line.
//!
//! `text → plain commands → a made-up world in which they run → the same conditions as at a real execution`
//!
//! A command line does not tell where it runs, what its files are and who answers. That is assumed, and said; what it leaves
//! open beyond that is unknown.

mod files;
mod relays;
mod scene;

use detection::{Condition, Settings, Truth, Verdict};
use scene::{Program, Scene};

/// What is assumed of every command line.
const ASSUMED: &str =
    "assumed: it runs in a container, each program is what its name says, and the other side answers";

/// What a detector makes of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The detector's name in settings.
    pub module: &'static str,
    /// What its conditions come to, for the program that they say most of.
    pub verdict: Verdict,
    /// What was assumed, then its conditions.
    pub conditions: Vec<Condition>,
}

/// Tries every detector of the catalogue on a command line.
pub fn attempt(command_line: &str) -> Vec<Tried> {
    let programs = Scene::of(command_line).programs();
    let settings = Settings::default();
    crate::catalogue()
        .iter()
        .map(|detector| {
            let module = detector.metadata().module;
            let all = programs.iter().map(|program| {
                let own = detector.conditions(&program.enriched, &settings).into_iter().map(without_numbers);
                let conditions: Vec<Condition> = premises(program).chain(own).collect();
                Tried { module, verdict: Verdict::of(&conditions), conditions }
            });
            all.reduce(|one, other| {
                let weight = |tried: &Tried| Verdict::weight(&tried.conditions);
                if weight(&other) > weight(&one) { other } else { one }
            })
            .unwrap_or_else(|| nothing(module))
        })
        .collect()
}

fn premises(program: &Program) -> impl Iterator<Item = Condition> {
    let Program { shown, starter, refused, .. } = program;
    let reason = format!("looked at: {shown}{starter}; {ASSUMED}");
    let situation = Condition { text: "It is run", truth: Truth::True, reason };
    let refused = refused.as_ref().map(|problem| Condition {
        text: "socat accepts its command line",
        truth: Truth::False,
        reason: problem.clone(),
    });
    std::iter::once(situation).chain(refused)
}

/// Processes of a made-up world have no numbers that mean something.
fn without_numbers(mut condition: Condition) -> Condition {
    const BEGINS: &str = " (pid ";
    let mut reason = String::new();
    let mut rest = condition.reason.as_str();
    while let Some((before, behind)) = rest.split_once(BEGINS) {
        reason += before;
        match behind.split_once(')').filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit())) {
            Some((_, behind)) => rest = behind,
            None => {
                reason += BEGINS;
                rest = behind;
            }
        }
    }
    reason += rest;
    condition.reason = reason;
    condition
}

fn nothing(module: &'static str) -> Tried {
    let reason = "there is no program in it".to_owned();
    let conditions = vec![Condition { text: "It is run", truth: Truth::False, reason }];
    Tried { module, verdict: Verdict::Quiet, conditions }
}

#[cfg(test)]
mod tests;
