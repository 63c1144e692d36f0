//! One record of a segment: length, checksum, what was accepted.

use finding::Timestamp;
use prost::Message;
use sha2::Digest;
use store::{EvidenceKind, EvidenceMeta, Sha256};

/// First bytes of a segment: what it is and in which form.
pub(super) const HEADER: &[u8; 8] = b"VDSPOOL1";

/// Length and checksum before each record.
pub(super) const PREFIX: usize = 4 + 8;

/// What was accepted.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Record {
    #[prost(int64, tag = "1")]
    pub(crate) order: i64,
    #[prost(string, tag = "2")]
    pub(crate) finding: String,
    /// Empty when this is about evidence.
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) json: Vec<u8>,
    #[prost(message, optional, tag = "4")]
    pub(crate) evidence: Option<Piece>,
}

/// A piece of evidence; its bytes are kept beside the segments.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Piece {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) sha256: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub(crate) size: u64,
    #[prost(string, tag = "3")]
    pub(crate) kind: String,
    #[prost(string, tag = "4")]
    pub(crate) name: String,
    #[prost(int64, tag = "5")]
    pub(crate) taken_at_ns: i64,
    #[prost(uint64, tag = "6")]
    pub(crate) original_size: u64,
    #[prost(bool, tag = "7")]
    pub(crate) truncated: bool,
    /// It is announced together with its finding; another record follows when its bytes are here, or will never be.
    #[prost(bool, tag = "8")]
    pub(crate) is_promised: bool,
}

impl Record {
    /// About a piece of evidence.
    pub(super) fn of_piece(sha256: Sha256, size: u64, meta: &EvidenceMeta) -> Self {
        let evidence = Piece {
            sha256: sha256.bytes().to_vec(),
            size,
            kind: meta.kind.name().into(),
            name: meta.name.clone(),
            taken_at_ns: meta.taken_at.nanos(),
            original_size: meta.original_size,
            truncated: meta.truncated,
            is_promised: false,
        };
        Self { order: 0, finding: meta.finding.to_string(), json: Vec::new(), evidence: Some(evidence) }
    }

    /// The same, as a promise or as one no longer.
    pub(super) fn promised(mut self, is_promised: bool) -> Self {
        if let Some(piece) = &mut self.evidence {
            piece.is_promised = is_promised;
        }
        self
    }
}

impl Piece {
    /// Whether this is what `promised` announced: the same taking, or the same bytes taken again.
    pub(super) fn keeps(&self, promised: &Self) -> bool {
        let is_taken_then = self.kind == promised.kind && self.taken_at_ns == promised.taken_at_ns;
        self.name == promised.name && (is_taken_then || self.sha256 == promised.sha256)
    }

    /// `None` when it was damaged in a way that the checksum does not tell: it was written so.
    pub(crate) fn sha256(&self) -> Option<Sha256> {
        Some(Sha256::new(self.sha256.as_slice().try_into().ok()?))
    }

    pub(crate) fn wire(&self, finding: &str) -> crate::proto::EvidenceMeta {
        crate::proto::EvidenceMeta {
            finding: finding.into(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            taken_at_ns: self.taken_at_ns,
            original_size: self.original_size,
            truncated: self.truncated,
        }
    }
}

/// What is known of evidence, as the wire says it. `None` when it names no finding.
pub(crate) fn meta(wire: &crate::proto::EvidenceMeta) -> Option<EvidenceMeta> {
    Some(EvidenceMeta {
        finding: wire.finding.parse().ok()?,
        kind: EvidenceKind::from_name(&wire.kind),
        name: wire.name.clone(),
        taken_at: Timestamp::from_nanos(wire.taken_at_ns),
        original_size: wire.original_size,
        truncated: wire.truncated,
    })
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = sha2::Sha256::digest(bytes).into();
    [a, b, c, d, e, f, g, h]
}

/// Appends a record's bytes. A record that is longer than a length can say does not come here.
pub(super) fn write(record: &Record, out: &mut Vec<u8>) {
    let bytes = record.encode_to_vec();
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&checksum(&bytes));
    out.extend_from_slice(&bytes);
}

/// Cuts the first record off; `None` when it is not whole or not what was written.
pub(super) fn read(bytes: &[u8]) -> Option<(Record, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let content = rest.get(..length)?;
    if checksum(content) != *sum {
        return None;
    }
    Some((Record::decode(content).ok()?, PREFIX + length))
}
