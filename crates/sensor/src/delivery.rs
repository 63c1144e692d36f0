//! What leaves the sensor.

use finding::FindingResource;
use findings::EvidenceItem;

/// A piece of evidence with its bytes.
#[derive(Debug, Clone)]
pub struct EvidenceBytes {
    /// What it is.
    pub item: EvidenceItem,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A finding, new or with more known; the receiver stores it by name.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The finding.
    pub finding: Box<FindingResource>,
    /// Evidence that this delivery brings.
    pub evidence: Vec<EvidenceBytes>,
}
