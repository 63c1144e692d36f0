//! The server role: intake of many sensors, the API, notifications and upkeep.
//!
//! ```text
//! sensors → intake ─┐                    ┌→ API
//! other sources → API → store → change feed → notifications
//!                        ↑
//!                      upkeep: retention, mute rules, silent sensors
//! ```
//!
//! Any number of servers work on one PostgreSQL; what only one of them may do at a time is done under a lease.

mod clock;
mod stores;
mod upkeep;

pub use clock::now;
pub use stores::Stores;
pub use upkeep::{Retention, Upkeep};
