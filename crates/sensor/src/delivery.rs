//! What leaves the sensor.

use finding::FindingResource;
use findings::EvidenceItem;
use host::Content;

/// A piece of evidence with its content.
#[derive(Debug)]
pub struct EvidenceContent {
    /// What it is.
    pub item: EvidenceItem,
    /// Its content.
    pub content: Content,
}

/// A finding, new or with more known; the receiver stores it by name.
#[derive(Debug)]
pub struct Delivery {
    /// The finding.
    pub finding: Box<FindingResource>,
    /// Evidence that this delivery brings.
    pub evidence: Vec<EvidenceContent>,
}
