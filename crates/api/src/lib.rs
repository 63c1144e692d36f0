//! The wire contract: REST in the shape of Security Command Center, v1 and v2.
//!
//! ```text
//! request → limits → host guard → token → path splitter → endpoint → store
//!                                                    ↓
//!                  {"error": {"code", "status", "message", "details"}} for everything that goes wrong
//! ```
//!
//! One endpoint is one file under `endpoint/`. Paths are split by hand, because a name spans several segments and
//! because Google's `:verb` suffixes are beyond the router's patterns. Everything here only reads.

mod endpoint {
    pub(crate) mod evidence_download;
    pub(crate) mod evidence_list;
    pub(crate) mod finding_get;
    pub(crate) mod findings_list;
    pub(crate) mod operations;
}
mod error;
mod guard;
mod parameters;
mod path;
mod service;
mod shape;
mod token;

pub use guard::Hosts;
pub use service::{Service, router};
pub use token::Token;
