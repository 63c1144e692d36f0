//! Which cloud the machine is in, and what that cloud's metadata server says of cluster, project and location.
//!
//! `firmware tables → Cloud → MetadataServer → Round (Facts, what was ignored, what failed)`
//!
//! Only names are asked for: never a credential, and never a document that could hold one where single keys can be
//! asked for instead. An answer is hostile until checked: bounded, no redirects, plain characters.

mod amazon;
mod azure;
mod error;
mod facts;
mod firmware;
mod google;
mod plausible;
mod round;
mod server;

pub use error::MetadataError;
pub use facts::Facts;
pub use firmware::Cloud;
pub use round::Round;
pub use server::MetadataServer;
