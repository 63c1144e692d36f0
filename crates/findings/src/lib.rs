//! `Evidence → Finding → FindingResource`: writing the finding.
//!
//! Pure: time, place and what was taken are parameters.

mod compose;
mod next_steps;
mod place;
mod processes;
mod quote;

pub use compose::{Circumstances, Coverage, EvidenceItem, compose};
pub use place::Place;
pub use quote::shell_quote;
