//! Evidence: bytes kept by what they are, and what is known of each.

use std::fmt;
use std::fs::File;
use std::str::FromStr;

use finding::{FindingName, Timestamp};

use crate::{Pending, StoreError, hex};

/// SHA-256 of a piece of evidence: its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha256([u8; 32]);

/// Not a SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a SHA-256; write its 64 lower-case hexadecimal digits")]
pub struct NotADigest {
    /// What was written.
    pub text: String,
}

impl Sha256 {
    /// From the digest's bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Sha256 {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        hex::decode(text)
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| NotADigest { text: text.to_owned() })
    }
}

/// Declares the kinds with the name each has on the wire and in a store.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $kind:ident = $name:literal, )*) => {
        /// What a piece of evidence is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EvidenceKind { $( $(#[$meta])* $kind, )* }

        impl EvidenceKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Name on the wire and in a store.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$kind => $name, )* }
            }

            /// The kind of that name; one that this version does not know is [`Self::Other`].
            pub fn from_name(name: &str) -> Self {
                match name { $( $name => Self::$kind, )* _ => Self::Other }
            }
        }
    };
}

kinds! {
    /// An executable, read from the process itself.
    Executable = "EXECUTABLE",
    /// A script.
    Script = "SCRIPT",
    /// An environment, redacted.
    Environment = "ENVIRONMENT",
    /// Open descriptors.
    Descriptors = "DESCRIPTORS",
    /// Sockets of the network namespace.
    Sockets = "SOCKETS",
    /// Memory maps.
    MemoryMaps = "MEMORY_MAPS",
    /// The processes of the container.
    Processes = "PROCESSES",
    /// The state of a process: credentials, capabilities, memory.
    Status = "STATUS",
    /// Log lines.
    Log = "LOG",
    /// Something else.
    Other = "OTHER",
}

/// What is known of a piece of evidence besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceMeta {
    /// The finding it belongs to. Evidence may be stored before its finding is.
    pub finding: FindingName,
    /// What it is.
    pub kind: EvidenceKind,
    /// What it was called where it was taken. Hostile text: shown, never used as a path.
    pub name: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// How many bytes there were.
    pub original_size: u64,
    /// Fewer were kept than there were.
    pub truncated: bool,
}

/// A stored piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceItem {
    /// Its identity.
    pub sha256: Sha256,
    /// How many bytes were kept.
    pub size: u64,
    /// What is known of it.
    pub meta: EvidenceMeta,
}

/// How much of a piece of evidence has been received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// All of it.
    Whole,
    /// Its first bytes: this many.
    Until(u64),
}

/// A part of a piece of evidence, as whoever took it sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Who sends it: its unfinished pieces are nobody else's.
    pub holder: String,
    /// The piece.
    pub sha256: Sha256,
    /// What is known of the piece, and the finding it is for.
    pub meta: EvidenceMeta,
    /// How many bytes the piece has in all.
    pub total: u64,
    /// Where this part begins.
    pub offset: u64,
    /// Its bytes. None, of a piece that has some, only asks where to go on.
    pub bytes: Vec<u8>,
    /// The holder's unfinished pieces take at most so many bytes together.
    pub quota: u64,
}

/// An unfinished piece counts as so many bytes at least: many small ones fill a disk, too.
pub const SMALLEST_UNFINISHED: u64 = 64 << 10;

impl Part {
    /// Whether the holder may begin or go on, `others` being the sizes of its unfinished pieces besides this one.
    ///
    /// # Errors
    /// [`StoreError::Quota`].
    pub fn within_quota(&self, others: impl IntoIterator<Item = u64>) -> Result<(), StoreError> {
        let own = self.offset.saturating_add(self.bytes.len() as u64);
        let sizes = others.into_iter().chain([own]).map(|size| size.max(SMALLEST_UNFINISHED));
        let bytes = sizes.fold(0, u64::saturating_add);
        if bytes > self.quota {
            return Err(StoreError::Quota { subject: self.holder.clone(), bytes, quota: self.quota });
        }
        Ok(())
    }
}

/// Keeps evidence by its content: equal bytes are kept once.
pub trait EvidenceStore: Send + Sync {
    /// Keeps bytes and what is known of them. Acknowledged evidence survives a power cut. The same again changes
    /// nothing.
    fn put(&self, bytes: Vec<u8>, meta: EvidenceMeta) -> Pending<'_, Sha256>;

    /// Keeps the first `size` bytes of an open file without holding them in memory. `expected` is what they were when
    /// the evidence was taken: when that is kept already, nothing is read; when the file has changed since, what it is
    /// now is kept and answered.
    fn put_file(&self, file: File, size: u64, expected: Sha256, meta: EvidenceMeta) -> Pending<'_, Sha256>;

    /// Takes a part of a piece. What begins elsewhere than where the holder's own upload ends so far changes nothing; the
    /// answer says where to go on. With its last bytes the piece is checked and belongs to the finding:
    /// [`StoreError::Mismatch`] when it is not what its hash says, and then the upload is gone.
    ///
    /// A piece is whole without being sent only when the very finding has it: whoever knows a hash has not shown that it
    /// has the bytes, and does not learn whether others have them.
    fn receive(&self, part: Part) -> Pending<'_, Received>;

    /// Removes some of what nobody waits for any more, by the store's own clock: uploads that did not go on since
    /// `before`, and what was kept before it and belongs to no finding. How many things; ask again until there are none.
    fn sweep(&self, before: Timestamp) -> Pending<'_, u64>;

    /// The bytes, checked against their identity; `None` when there are none.
    fn open(&self, sha256: Sha256) -> Pending<'_, Option<Vec<u8>>>;

    /// Everything kept for a finding, in the order in which it was taken.
    fn evidence_of(&self, finding: &FindingName) -> Pending<'_, Vec<EvidenceItem>>;

    /// When each piece of a finding was recorded, by the store's own clock; a piece that has several names when it first was.
    fn stored_times(&self, finding: &FindingName) -> Pending<'_, Vec<(Sha256, Timestamp)>>;
}

#[cfg(test)]
mod tests {
    use super::{EvidenceKind, Sha256};

    #[test]
    fn a_digest_is_64_lower_case_digits_and_nothing_else() {
        let text = "0f".repeat(32);
        assert_eq!(text.parse::<Sha256>().unwrap().to_string(), text);
        for bad in ["", "0f", &"0F".repeat(32), &"0f".repeat(33), &"zz".repeat(32), "../../etc/passwd"] {
            assert!(bad.parse::<Sha256>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn kinds_lead_back_from_their_names() {
        for kind in EvidenceKind::ALL {
            assert_eq!(EvidenceKind::from_name(kind.name()), *kind);
        }
        assert_eq!(EvidenceKind::from_name("FROM_A_LATER_VERSION"), EvidenceKind::Other);
    }
}
