//! From sensors to a server: the gRPC contract, the spool on a node, the sender and the receiver.
//!
//! ```text
//! node:   finding, evidence → Spool (fsync: accepted) → Sender ─┐ at least once, in order
//! server:                 stored (acknowledged) ← Receiver ←────┘ one upsert per order number
//!         Sensor documents ← heartbeats; Sensor documents → watchers::watch → findings about sensors
//! ```

mod connection;
mod receiver;
mod sender;
mod sensor_document;
mod spool;
mod tenancy;
pub mod watchers;

/// The contract as Rust, printed from `proto/vedette/intake/v1/intake.proto`.
pub mod proto {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::allow_attributes,
        clippy::allow_attributes_without_reason,
        reason = "generated"
    )]
    tonic::include_proto!("vedette.intake.v1");
}

/// Largest message in bytes, either way.
pub const LARGEST_MESSAGE: usize = 8 << 20;

pub use receiver::{
    Receiver, ReceiverCounters, ReceiverLimits, SettingsOf, SettingsPending, Settle, Stores, TokenCheck,
    TokenHolder, TokenPending, serve,
};
pub use sender::{HeartbeatSource, Sender, SenderCounters, SenderOptions};
pub use sensor_document::{Change, SensorDocument};
pub use spool::{Losses, Spool, SpoolError, SpoolState};
pub use tenancy::Tenancy;
