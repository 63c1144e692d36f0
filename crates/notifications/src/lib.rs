//! Findings out of the house: outputs, each delivered at least once, signed, retried, and set aside when it cannot be delivered.
//!
//! `change feed → filter → message → send (again, with growing pauses) → progress, or a dead letter`
//!
//! An output is a notification config. Each has a reader of its own, so that a slow one delays no other, and of many servers
//! the one that holds the config's lease reads. What was sent is marked afterwards: after a crash the last message comes
//! again, under the same id.

mod address;
mod counts;
mod engine;
mod firing;
mod letters;
mod message;
mod network;
mod output;
mod reader;
mod retry;
mod secrets;
mod sender;
mod signature;
mod turn;

pub use counts::{Counts, metrics_label};
pub use engine::{Notifications, Replayed, SendError, Settings, Stores};
pub use network::{Network, NetworkError};
pub use output::{Kind, Output, OutputError, Shape, push_endpoint};
pub use retry::Retry;
pub use secrets::Secrets;
pub use signature::signature;
