//! How sure a finding is, and why: what was seen, what was concluded, what was missing.

use crate::Coverage;
use detection::Evidence;
use enrichment::{Actor, RecognisedBy};
use event::{Direction, Origin};
use serde_json::{Value, json};

/// The facts behind a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Confidence {
    /// What the kernel or the file itself said.
    pub(crate) seen: Vec<String>,
    /// What was concluded from something else.
    pub(crate) inferred: Vec<String>,
    /// What was not to be had.
    pub(crate) missing: Vec<String>,
    /// How many of the facts that decide were not seen.
    doubts: usize,
}

impl Confidence {
    pub(crate) fn of(evidence: &Evidence, coverage: &Coverage) -> Self {
        let mut this = Self::default();
        this.beginning(evidence);
        this.route(evidence);
        this.program("the program", &evidence.enriched.actor, true);
        if let Some(opener) = &evidence.opener {
            let decides = opener.is_socat();
            this.program("its opener", opener, decides);
        }
        this.connection(evidence);
        for (kind, count) in &coverage.lost {
            this.lacks(format!("{count} {kind} records were lost in the window"));
        }
        this
    }

    /// No doubt, one, or more.
    pub(crate) const fn level(&self) -> &'static str {
        match self.doubts {
            0 => "HIGH",
            1 => "MEDIUM",
            _ => "LOW",
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "level": self.level(), "seen": self.seen, "inferred": self.inferred, "missing": self.missing,
        })
    }

    /// Why it is not higher; empty when nothing is in doubt.
    pub(crate) fn reservations(&self) -> String {
        if self.doubts == 0 {
            return String::new();
        }
        let all: Vec<&str> = self.inferred.iter().chain(&self.missing).map(String::as_str).collect();
        format!(" Not seen for certain: {}.", all.join("; "))
    }

    fn concluded(&mut self, what: String) {
        self.doubts += 1;
        self.inferred.push(what);
    }

    fn lacks(&mut self, what: String) {
        self.doubts += 1;
        self.missing.push(what);
    }

    fn beginning(&mut self, evidence: &Evidence) {
        let exec = &evidence.enriched.exec;
        match exec.origin {
            Origin::Probe => self.seen.push("the kernel reported the execution as it happened".into()),
            // that it is there now is certain all the same
            Origin::Snapshot | Origin::Copy => {
                self.missing.push("how it began: it was there before the sensor looked".into());
            }
        }
        if exec.arguments.truncated {
            self.missing.push("the end of the arguments, which are longer than a record".into());
        }
    }

    fn route(&mut self, evidence: &Evidence) {
        let enriched = &evidence.enriched;
        let Some(route) = enriched.input.as_ref().or(enriched.output.as_ref()) else {
            return self.lacks("where the input comes from".into());
        };
        let actor = &enriched.actor;
        let takes = actor.takes_commands() || actor.reads_commands_from_network();
        match route.hops.len() {
            0 if actor.reads_commands_from_network() && !actor.takes_commands() => {
                self.seen.push("the connection is the program's own".into());
            }
            0 => self.seen.push("the program's input is the connection itself".into()),
            n => self.seen.push(format!(
                "the program's {} leads over {n} other process{} to the connection, both ends of each channel held",
                if enriched.input.is_some() { "input" } else { "output" },
                if n == 1 { "" } else { "es" },
            )),
        }
        if takes {
            self.seen.push("the program executes what it is sent".into());
        } else {
            self.concluded("that the program does what the other end says: it was not started as one that executes what it reads".into());
        }
    }

    fn program(&mut self, who: &str, actor: &Actor, decides: bool) {
        let known = match actor.by {
            Some(RecognisedBy::Content) => {
                return self.seen.push(format!("what {who} is, by {}", RecognisedBy::Content.name()));
            }
            Some(by) => format!("what {who} is, by its {} only", by.name()),
            None => format!(
                "what {who} is: its file was not to be had or is not known, its name and arguments speak for it"
            ),
        };
        self.inferred.push(known);
        self.doubts += usize::from(decides);
    }

    fn connection(&mut self, evidence: &Evidence) {
        let Some(socket) = &evidence.endpoint else { return self.lacks("the other end".into()) };
        if socket.remote.port == 0 {
            self.missing.push("the other end of the connection".into());
        }
        if socket.is_being_made() {
            return self.lacks("whether the connection was established: it was being made".into());
        }
        let way = evidence.direction.name();
        match socket.direction {
            Direction::Unknown => {
                self.inferred.push(format!("the direction ({way}), from ports or arguments"));
            }
            _ => self.seen.push(format!("the direction ({way})")),
        }
    }
}
