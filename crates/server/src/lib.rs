//! What every server of findings does beside answering: its stores by their doors, and their upkeep.
//!
//! `one database → five doors → API, outputs; upkeep removes what is too old, under a lease`
//!
//! `vedette up` stands on it. The role that serves many sensors, with intake and identity, will.

mod clock;
mod credentials;
mod node_certificates;
mod output_metrics;
mod outputs;
mod stores;
mod upkeep;

pub use clock::now;
pub use credentials::Credentials;
pub use node_certificates::NodeCertificates;
pub use output_metrics::with_outputs;
pub use outputs::Outputs;
pub use stores::Stores;
pub use upkeep::{Retention, Upkeep};
