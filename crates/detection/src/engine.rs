//! Running the catalogue: one finding per session, no panic beyond the detector that caused it.

use crate::{Detector, Evidence, Session};
use enrichment::Enriched;
use event::ProcessKey;
use std::collections::{BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Sessions remembered.
const SESSIONS_MAX: usize = 4_096;

/// What a user may choose.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Modules switched on or off; the others keep their default.
    pub modules: HashMap<String, bool>,
    /// Only the literal published rules: a shell whose parent is socat; standard input bound to a remote socket.
    pub parity: bool,
}

/// What the engine concluded.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Nothing.
    Quiet,
    /// Another program of a session that is known already: what the finding would say if this were the first.
    Known(Box<Evidence>),
    /// A new session.
    Detected(Box<Evidence>),
}

/// A session that was met.
struct Met {
    last: u64,
    /// The session under which it was reported first: itself, unless it continues attempts to connect.
    reported: Session,
}

/// What a detector has cost since the engine was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Events that it looked at.
    pub events: u64,
    /// How long that took, nanoseconds; 0 without a clock.
    pub nanos: u64,
}

struct Slot {
    detector: Box<dyn Detector>,
    enabled: bool,
    panics: u64,
    cost: Cost,
}

/// The catalogue at work.
pub struct Engine {
    slots: Vec<Slot>,
    settings: Settings,
    sessions: HashMap<Session, Met>,
    /// Programs whose connection is still being made: what they were reported under. Each attempt of a relay that
    /// tries again has a socket of its own, and none of them is another session.
    attempts: HashMap<ProcessKey, Session>,
    clock: u64,
    /// Says how many nanoseconds have passed since some moment.
    now: Option<fn() -> u64>,
}

impl Engine {
    /// Detectors in order of precedence: the first that fires names the finding.
    pub fn new(catalogue: Vec<Box<dyn Detector>>, settings: Settings) -> Self {
        let slot = |detector| Slot { detector, enabled: false, panics: 0, cost: Cost::default() };
        let slots = catalogue.into_iter().map(slot).collect();
        let (sessions, attempts) = (HashMap::new(), HashMap::new());
        let mut engine = Self { slots, settings, sessions, attempts, clock: 0, now: None };
        engine.run_only(None);
        engine
    }

    /// Measures what each detector costs by a clock that says how many nanoseconds have passed since some moment.
    #[must_use]
    pub fn timed_by(mut self, now: fn() -> u64) -> Self {
        self.now = Some(now);
        self
    }

    /// What each detector has cost.
    pub fn costs(&self) -> impl Iterator<Item = (&'static str, Cost)> {
        self.slots.iter().map(|slot| (slot.detector.metadata().module, slot.cost))
    }

    /// From now on these modules run and no others; without a list, those of the settings. One that panicked stays off.
    pub fn run_only(&mut self, modules: Option<&BTreeSet<String>>) {
        for slot in &mut self.slots {
            let metadata = slot.detector.metadata();
            let wanted = match modules {
                Some(modules) => modules.contains(metadata.module),
                None => self.settings.modules.get(metadata.module).copied().unwrap_or(metadata.on_by_default),
            };
            slot.enabled = wanted && slot.panics == 0;
        }
    }

    /// Modules that run.
    pub fn running(&self) -> impl Iterator<Item = &'static str> {
        self.slots.iter().filter(|slot| slot.enabled).map(|slot| slot.detector.metadata().module)
    }

    /// Runs the catalogue on one event.
    pub fn evaluate(&mut self, enriched: &Arc<Enriched>) -> Outcome {
        let read = |now: Option<fn() -> u64>| now.map_or(0, |now| now());
        let mut before = read(self.now);
        for slot in self.slots.iter_mut().filter(|s| s.enabled) {
            let run = catch_unwind(AssertUnwindSafe(|| slot.detector.detect(enriched, &self.settings)));
            let after = read(self.now);
            slot.cost.events += 1;
            slot.cost.nanos += after.saturating_sub(before);
            before = after;
            match run {
                Ok(None) => {}
                Ok(Some(mut evidence)) => {
                    let before = self.meet(&evidence);
                    return match before {
                        Some(reported) => {
                            evidence.session = reported;
                            Outcome::Known(Box::new(evidence))
                        }
                        None => Outcome::Detected(Box::new(evidence)),
                    };
                }
                Err(_) => {
                    slot.panics += 1;
                    slot.enabled = false;
                }
            }
        }
        Outcome::Quiet
    }

    /// Remembers a session; returns under which it was reported before.
    fn meet(&mut self, evidence: &Evidence) -> Option<Session> {
        self.clock += 1;
        let process = evidence.enriched.exec.process;
        let attempted = self.attempts.remove(&process);
        let before = self.sessions.get(&evidence.session).map(|met| met.reported).or(attempted);
        let reported = before.unwrap_or(evidence.session);
        if evidence.endpoint.is_some_and(|socket| socket.is_being_made()) {
            self.attempts.insert(process, reported);
        }
        self.sessions.insert(evidence.session, Met { last: self.clock, reported });
        self.bound();
        before
    }

    /// Modules that panicked and are switched off, with how often.
    pub fn disabled(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.slots.iter().filter(|s| s.panics > 0).map(|s| (s.detector.metadata().module, s.panics))
    }

    fn bound(&mut self) {
        if self.sessions.len() > SESSIONS_MAX {
            let clock = self.clock;
            self.sessions.retain(|_, met| clock - met.last < (SESSIONS_MAX / 2) as u64);
            self.attempts.retain(|_, reported| self.sessions.contains_key(reported));
        }
    }
}
