//! Where findings and evidence are kept: traits, and the contract every backend passes.
//!
//! `FindingResource → FindingStore::upsert → (acknowledged: it survives a power cut) → list, get`
//!
//! The rules that every backend shares are pure functions here ([`merged`], [`Amendment::apply`], [`OrderBy`],
//! [`PagePosition`]); the contract itself is in `contract`, behind the feature of that name. Futures are boxed so
//! that a role can pick its backend when it starts; no executor is named here.

mod error;
mod evidence;
mod findings;
mod hex;
mod order;
mod page;

#[cfg(feature = "contract")]
pub mod contract;

pub use error::StoreError;
pub use evidence::{EvidenceItem, EvidenceKind, EvidenceMeta, EvidenceStore, NotADigest, Sha256};
pub use findings::{Amendment, FindingStore, Pending, Upserted, merged};
pub use order::{Direction, OrderBy, OrderError, OrderField};
pub use page::{Key, ListQuery, Page, PagePosition, PageSize, PageSizeError, TimeRange};
