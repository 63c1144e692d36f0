//! The sensor role: records → decode → enrich → detect → deliver.
//!
//! One thread owns all state (`Watch`); everything that may block runs in workers (`lookups`) that answer through a
//! channel. A recording goes through the same lines as the ring buffers.

pub mod alone;
mod causes;
pub mod configuration;
mod connections;
mod controls;
mod coverage;
mod delivery;
mod examinations;
mod link;
mod live;
mod lookups;
mod metrics;
mod open;
mod pipeline;
mod place;
mod recording;
mod redaction;
mod rehearsal;
mod replay;
mod sessions;
mod start;
mod told;
mod waiting;
mod watch;

#[cfg(test)]
mod tests;

pub use causes::with_causes;
pub use controls::Controls;
pub use delivery::{Delivery, EvidenceContent};
pub use examinations::Examined;
pub use metrics::Metrics;
pub use place::Named;
pub use recording::{Made, RecordTo, Recorder, Recording, RecordingError};
pub use rehearsal::{Rehearsal, RehearsalError, rehearse};
pub use replay::replay;
pub use start::{Config, Running, SensorError, start};
