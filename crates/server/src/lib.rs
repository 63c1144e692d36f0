//! The server role: findings from sensors, kept, given to whoever may see them, sent on.
//!
//! `configuration → stores → serve: API, intake, outputs; upkeep removes what is too old, under a lease`
//!
//! `vedette server` and `vedette up` stand on it; the latter has no intake, because its sensor is in the same process.

mod access;
mod certificate;
mod clock;
pub mod configuration;
mod credentials;
mod described;
mod forwarded;
mod intake;
mod listen;
mod metrics;
mod node_certificates;
mod outputs;
mod pages;
mod role;
mod sensor_health;
mod serve;
mod stores;
mod upkeep;
mod waiting;

pub use access::Doorkeeper;
pub use certificate::{Nodes, OwnCertificate};
pub use clock::now;
pub use credentials::Credentials;
pub use intake::{Ancestors, IntakeError, IntakeSettings, places};
pub use node_certificates::NodeCertificates;
pub use outputs::Outputs;
pub use role::{Opened, RoleError, prepare};
pub use serve::{Door, ServeError, Settings, serve};
pub use stores::Stores;
pub use upkeep::{Retention, Upkeep};
pub use waiting::{OpenError, open};
