//! What Vedette concludes: the Security Command Center v2 finding, as plain values.
//!
//! `Evidence → Finding → FindingResource`: this crate holds the last two stations. Values serialise to proto3 JSON
//! as a Security Command Center client expects it: lowerCamelCase keys, int64 as strings, enums as names, RFC 3339
//! times, empty fields left out. Reading accepts what proto3 JSON allows a writer: numbers for int64, numbers for
//! enums, unknown keys.
//!
//! Two keys are ours: `finding.vedette` (facts that the published model has no place for) and
//! `resource.project_display_name` (the spelling that the published playbook uses).
//!
//! Nothing here performs I/O or reads a clock.

mod access;
mod connection;
mod encoding;
mod enums;
mod external_system;
mod file;
mod indicator;
mod kubernetes;
mod log_entry;
mod lost_evidence;
mod mitre;
mod mute_info;
mod name;
mod process;
mod record;
mod resource;
mod spelling;
mod timestamp;
mod wire;

pub use access::{Access, Geolocation};
pub use connection::{Connection, Protocol};
pub use enums::{FindingClass, Mute, Severity, State};
pub use external_system::{Contact, ContactDetails, ExternalSystem, TicketInfo};
pub use file::{DiskPath, File, FileOperation, FileOperationKind};
pub use indicator::{Indicator, Signature, SignatureType, YaraRuleSignature};
pub use kubernetes::{Container, Kubernetes, Label, Node, Object, Pod};
pub use log_entry::{CloudLoggingEntry, LogEntry};
pub use lost_evidence::lose_evidence;
pub use mitre::{MitreAttack, Tactic, Technique};
pub use mute_info::{DynamicMuteRecord, MuteInfo, StaticMute};
pub use name::{ALL, Collection, FindingName, NameError, Parent, Scope};
pub use process::{EnvironmentVariable, Process};
pub use record::{Finding, FindingResource, SecurityMarks};
pub use resource::{CloudProvider, Folder, GcpMetadata, Resource, ResourcePath, ResourcePathNode};
pub use spelling::{camel_case, snake_case};
pub use timestamp::{Timestamp, TimestampError};
