//! Where findings and evidence are kept: traits, and the contract every backend passes.
//!
//! `FindingResource → FindingStore::upsert → (acknowledged: it survives a power cut) → list, get`
//!
//! The rules that every backend shares are pure functions here ([`merged`], [`MuteRules`], [`OrderBy`],
//! [`PagePosition`]); the contract itself is in `contract`, behind the feature of that name. Futures are boxed so
//! that a role can pick its backend when it starts; no executor is named here.

mod audit;
mod changes;
mod documents;
mod error;
mod evidence;
mod findings;
mod group;
mod hex;
mod histogram;
mod muting;
mod order;
mod page;
pub mod sql;
mod versions;

#[cfg(feature = "contract")]
pub mod contract;

pub use audit::{AuditEntry, AuditLog, AuditRecord};
pub use changes::{Change, ChangeCursor, ChangeFeed, ChangeKind};
pub use documents::{Document, DocumentKind, DocumentQuery, DocumentStore, Expectation};
pub use error::{PATIENCE_SECONDS, StoreError};
pub use evidence::{
    EvidenceItem, EvidenceKind, EvidenceMeta, EvidenceStore, NotADigest, Part, Received, SMALLEST_UNFINISHED,
    Sha256,
};
pub use findings::{Created, Edit, FindingStore, Pending, Refusal, Upserted, merged};
pub use group::{Group, GroupField, GroupPage, GroupQuery, Groups, default_of};
pub use histogram::{Clock, Histogram, HistogramError, HistogramQuery};
pub use muting::{MuteRule, MuteRules, say};
pub use order::{Direction, OrderBy, OrderError, OrderField};
pub use page::{
    Comparison, Key, ListQuery, Page, PagePosition, PageSize, PageSizeError, StateChange, TimeRange,
};
pub use versions::{Version, VersionFilling, VersionPage, VersionPlace, VersionQuery};
