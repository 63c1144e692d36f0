//! Running the catalogue: one finding per session, no panic beyond the detector that caused it.

use crate::{Detector, Evidence, Session};
use enrichment::Enriched;
use std::collections::HashMap;
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

struct Slot {
    detector: Box<dyn Detector>,
    enabled: bool,
    panics: u64,
}

/// The catalogue at work.
pub struct Engine {
    slots: Vec<Slot>,
    settings: Settings,
    sessions: HashMap<Session, u64>,
    clock: u64,
}

impl Engine {
    /// Detectors in order of precedence: the first that fires names the finding.
    pub fn new(catalogue: Vec<Box<dyn Detector>>, settings: Settings) -> Self {
        let slots = catalogue
            .into_iter()
            .map(|detector| {
                let metadata = detector.metadata();
                let enabled =
                    settings.modules.get(metadata.module).copied().unwrap_or(metadata.on_by_default);
                Slot { detector, enabled, panics: 0 }
            })
            .collect();
        Self { slots, settings, sessions: HashMap::new(), clock: 0 }
    }

    /// Runs the catalogue on one event.
    pub fn evaluate(&mut self, enriched: &Arc<Enriched>) -> Outcome {
        for slot in self.slots.iter_mut().filter(|s| s.enabled) {
            let run = catch_unwind(AssertUnwindSafe(|| slot.detector.detect(enriched, &self.settings)));
            match run {
                Ok(None) => {}
                Ok(Some(evidence)) => {
                    self.clock += 1;
                    if let Some(last) = self.sessions.get_mut(&evidence.session) {
                        *last = self.clock;
                        return Outcome::Known(Box::new(evidence));
                    }
                    self.sessions.insert(evidence.session, self.clock);
                    self.bound();
                    return Outcome::Detected(Box::new(evidence));
                }
                Err(_) => {
                    slot.panics += 1;
                    slot.enabled = false;
                }
            }
        }
        Outcome::Quiet
    }

    /// Modules that panicked and are switched off, with how often.
    pub fn disabled(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.slots.iter().filter(|s| s.panics > 0).map(|s| (s.detector.metadata().module, s.panics))
    }

    fn bound(&mut self) {
        if self.sessions.len() > SESSIONS_MAX {
            let clock = self.clock;
            self.sessions.retain(|_, last| clock - *last < (SESSIONS_MAX / 2) as u64);
        }
    }
}
