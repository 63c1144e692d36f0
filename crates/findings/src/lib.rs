//! `Evidence → Finding → FindingResource`: writing the finding.
//!
//! Pure: time, place and what was taken are parameters.

mod compose;
mod confidence;
mod description;
mod descriptors;
mod extra;
mod next_steps;
mod place;
mod processes;
mod quote;
mod session;
mod settle;
mod story;

pub use compose::{Circumstances, Coverage, EvidenceItem, compose, parent, resource};
pub use place::{GKE, Place};
pub use quote::shell_quote;
pub use session::{Ended, duration, end, is_open};
pub use settle::settle;
