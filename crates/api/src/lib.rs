//! The wire contract: REST in the shape of Security Command Center, v1 and v2.
//!
//! ```text
//! request → limits → host guard → table of routes → who asks, may it → endpoint → store
//!                                                                         ↓
//!           changes and downloads → audit log; {"error": {"code", "status", "message", "details"}} for what goes wrong
//! ```
//!
//! One endpoint is one file under `endpoint/`. Paths are split by hand, because a name spans several segments and
//! because Google's `:verb` suffixes are beyond the router's patterns. The table of routes is also what the OpenAPI document
//! is printed from.

mod access;
mod administration;
mod away;
mod body;
mod call;
mod config;
mod custody;
mod denials;
mod detectors;
mod elf_facts;
mod endpoint;
mod error;
mod grant;
mod guard;
mod mask;
mod message;
mod method;
mod mutes;
mod openapi;
mod paging;
mod parameters;
mod partial;
mod past;
mod path;
mod routes;
mod service;
mod settings;
mod shape;
mod sources;
mod stored;
mod token;
mod upload;
mod written_finding;

pub use access::{Access, Decision, Denied, Grant, GrantKey, Granting, Principal, Request};
pub use administration::{
    Administration, AdministrationError, Answering, Binding, Credential, Credentials, IssuedCertificate,
    NewCredential, NodeCertificates, OutputCounts, Outputs, Replayed, SensorHealth, SensorProblem,
    SensorState, Sensors,
};
pub use away::away;
pub use detectors::{DetectorCondition, DetectorCost, DetectorFacts, DetectorVerdict, Detectors, Rehearsal};
pub use endpoint::revoked_until;
pub use guard::Hosts;
pub use method::{ApiMethod, Permission};
pub use mutes::{apply as apply_mutes, mute_rules, settle};
pub use openapi::text as openapi_document;
pub use service::{CheckNotification, Service, router};
pub use settings::{Ancestors, Module, modules_along};
pub use token::Token;
