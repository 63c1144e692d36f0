//! What leaves the sensor.

use finding::{FindingName, FindingResource, Timestamp};
use findings::EvidenceItem;
use host::Content;
use store::{EvidenceKind, EvidenceMeta};

/// A piece of evidence with its content.
#[derive(Debug)]
pub struct EvidenceContent {
    /// What it is.
    pub item: EvidenceItem,
    /// Its content.
    pub content: Content,
}

impl EvidenceContent {
    /// What a store keeps of it besides its content.
    pub fn meta(&self, finding: FindingName) -> EvidenceMeta {
        let item = &self.item;
        EvidenceMeta {
            finding,
            kind: EvidenceKind::from_name(item.kind),
            name: item.name.clone(),
            taken_at: Timestamp::from_nanos(item.taken_at_ns),
            original_size: item.original_size,
            truncated: item.truncated,
        }
    }
}

/// A finding, new or with more known; the receiver stores it by name.
#[derive(Debug)]
pub struct Delivery {
    /// The finding.
    pub finding: Box<FindingResource>,
    /// Evidence that this delivery brings.
    pub evidence: Vec<EvidenceContent>,
}
