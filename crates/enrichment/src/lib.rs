//! Process tree, channel graph, container index and executable facts: pure state fed by events.
//!
//! `Exec → State::enrich → Enriched`. Nothing here performs I/O; what must be looked up is named as a `Need` and
//! told to this state when it arrives.

pub mod channel;
mod containers;
mod enriched;
mod executables;
#[cfg(test)]
mod fixture;
pub mod identity;
mod program;
mod reported;
mod tree;

pub use containers::{Containers, FIRST_PID_NAMESPACE, Known, NodeNamespaces, Told};
pub use enriched::{Enriched, State};
pub use executables::{ExecutableFacts, Executables, ImageKey, hashed};
pub use program::{Actor, Need, RecognisedBy, Started, script_takes_commands};
pub use tree::{Image, Process, Tree};
