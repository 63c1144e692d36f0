//! What detectors made of each program on the bench: every condition, as it stood when it stood best.

use detection::{Condition, Detector, Settings, Verdict};
use enrichment::Enriched;
use event::{Descriptor, ProcessKey};
use findings::shell_quote;
use programs::executable::Kind;
use programs::invocation::{kind_of_name, relay_of_name};
use std::cmp::Reverse;
use std::collections::HashMap;

/// What is told at the end.
const TOLD_MAX: usize = 100;
/// What is kept until then: of more, the least telling half is forgotten.
const KEPT_MAX: usize = 2_000;
/// Bytes of a command line that are told.
const COMMAND_LINE_MAX: usize = 4 << 10;

/// What a detector made of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The process, by its number on the node.
    pub pid: u32,
    /// As what it was executed, quoted for a shell; one that was shortened ends with ` …`.
    pub command_line: String,
    /// The detector.
    pub module: &'static str,
    /// What its conditions come to.
    pub verdict: Verdict,
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// When it was executed, nanoseconds since boot.
    executed_ns: u64,
}

impl Examined {
    /// How telling it is: the verdict, then how much holds; of two alike, the first.
    fn weight(&self) -> (Verdict, usize, Reverse<u64>) {
        let (verdict, holds) = Verdict::weight(&self.conditions);
        (verdict, holds, Reverse(self.executed_ns))
    }
}

/// All that were examined.
pub(crate) struct Examinations {
    detectors: Vec<Box<dyn Detector>>,
    settings: Settings,
    kept: HashMap<(ProcessKey, u64, &'static str), Examined>,
}

impl Examinations {
    pub(crate) fn new(detectors: Vec<Box<dyn Detector>>, settings: Settings) -> Self {
        Self { detectors, settings, kept: HashMap::new() }
    }

    /// A program as it stands now.
    pub(crate) fn note(&mut self, enriched: &Enriched) {
        if !is_of_interest(enriched) {
            return;
        }
        let exec = &enriched.exec;
        for detector in &self.detectors {
            let module = detector.metadata().module;
            let conditions = detector.conditions(enriched, &self.settings);
            let examined = Examined {
                pid: exec.process.pid,
                command_line: String::new(),
                module,
                verdict: Verdict::of(&conditions),
                conditions,
                executed_ns: exec.time_ns,
            };
            let key = (exec.process, exec.time_ns, module);
            let known = self.kept.get(&key).map(Examined::weight);
            if known.is_none_or(|known| examined.weight() >= known) {
                self.kept.insert(key, Examined { command_line: command_line(enriched), ..examined });
            }
        }
        if self.kept.len() > KEPT_MAX {
            let mut weights: Vec<_> = self.kept.iter().map(|(key, e)| (Reverse(e.weight()), *key)).collect();
            weights.sort_unstable();
            for (_, key) in weights.into_iter().skip(KEPT_MAX / 2) {
                self.kept.remove(&key);
            }
        }
    }

    /// The most telling first.
    pub(crate) fn told(self) -> Vec<Examined> {
        let mut all: Vec<Examined> = self.kept.into_values().collect();
        all.sort_by(|one, other| {
            other
                .weight()
                .cmp(&one.weight())
                .then_with(|| (one.pid, one.module).cmp(&(other.pid, other.module)))
        });
        all.truncate(TOLD_MAX);
        all
    }
}

/// A shell, an interpreter, or a program of the network.
fn is_of_interest(enriched: &Enriched) -> bool {
    const CLIENTS: [&[u8]; 2] = [b"telnet", b"websocat"];
    let actor = &enriched.actor;
    let name = enriched.exec.executable.path.file_name();
    let is_known = matches!(
        actor.kind,
        Kind::Shell(_) | Kind::Interpreter(_) | Kind::Socat { .. } | Kind::Relay(_) | Kind::Script { .. }
    );
    is_known
        || actor.takes_commands()
        || enriched.input.is_some()
        || kind_of_name(name).is_some()
        || relay_of_name(name).is_some()
        || CLIENTS.contains(&name)
        || enriched.exec.descriptors.iter().any(Descriptor::is_internet)
}

fn command_line(enriched: &Enriched) -> String {
    let arguments = &enriched.exec.arguments;
    let mut line = String::new();
    let mut is_whole = !arguments.truncated;
    for argument in &arguments.values {
        if line.len() >= COMMAND_LINE_MAX {
            is_whole = false;
            break;
        }
        let separator = if line.is_empty() { "" } else { " " };
        line = line + separator + &shell_quote(argument.bytes());
    }
    if line.len() > COMMAND_LINE_MAX {
        is_whole = false;
        let end = line.floor_char_boundary(COMMAND_LINE_MAX);
        line.truncate(end);
    }
    if is_whole { line } else { line + " …" }
}
