//! The engine: `Enriched → Evidence`.
//!
//! Detectors are pure functions; the engine runs them, keeps one finding per session, and switches off a detector
//! that panics.

mod candidates;
mod condition;
mod detector;
mod engine;
mod evidence;

pub use candidates::{Candidate, Candidates};
pub use condition::{Condition, Conditions, Truth, Verdict};
pub use detector::{Detector, Metadata, Need as ProbeNeed};
pub use engine::{Cost, Engine, Outcome, Settings};
pub use evidence::{Direction, Evidence, Session, direction};
