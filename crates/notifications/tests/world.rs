//! Outputs against real counterparts on loopback.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "world/engine.rs"]
mod engine;
#[path = "world/kinds.rs"]
mod kinds;
#[path = "world/nats.rs"]
mod nats;
#[path = "world/receiver.rs"]
mod receiver;
#[path = "world/scopes.rs"]
mod scopes;
#[path = "world/tls.rs"]
mod tls;
