//! What is configured beside findings: one document each, found by its kind and name.

use finding::Timestamp;
use serde_json::Value;

use crate::Pending;

/// Declares the kinds with the name each has in a store.
macro_rules! kinds {
    ($( $(#[$meta:meta])* $kind:ident = $name:literal, )*) => {
        /// What a document is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DocumentKind { $( $(#[$meta])* $kind, )* }

        impl DocumentKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Name in a store.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$kind => $name, )* }
            }
        }
    };
}

kinds! {
    /// A source of findings.
    Source = "sources",
    /// A rule that hides findings.
    MuteConfig = "muteConfigs",
    /// Where findings are sent.
    NotificationConfig = "notificationConfigs",
    /// An export that goes on.
    BigQueryExport = "bigQueryExports",
    /// Which detectors are on, for one parent.
    ServiceSettings = "securityCenterServices",
    /// A static token; only its hash.
    Token = "tokens",
    /// A service account's public key.
    ServiceAccountKey = "serviceAccountKeys",
    /// What is known of a sensor: its last heartbeat.
    Sensor = "sensors",
    /// A node certificate that no longer counts.
    RevokedCertificate = "revokedCertificates",
    /// What could not be delivered.
    DeadLetter = "deadLetters",
    /// How far a reader of the change feed has come.
    Progress = "progress",
    /// A question that somebody saved.
    View = "views",
    /// Something that takes longer than an answer.
    Operation = "operations",
}

/// A stored document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its name, unique within its kind.
    pub name: String,
    /// Counts its changes, from 1; never used twice for one name while it exists.
    pub revision: i64,
    /// When it was first stored.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
    /// What it says.
    pub body: Value,
}

/// What must be true for a document to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Nothing.
    Any,
    /// There is none of that name.
    Absent,
    /// It is there and has this revision.
    Revision(i64),
}

/// One page of documents, in the order of their names' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentQuery {
    /// Of what kind.
    pub kind: DocumentKind,
    /// Only names that begin so.
    pub prefix: String,
    /// Only names behind this one.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// Keeps documents.
pub trait DocumentStore: Send + Sync {
    /// Writes one whole. `None` when the expectation does not hold; then nothing has changed.
    fn put_document(
        &self,
        kind: DocumentKind,
        name: &str,
        body: Value,
        expected: Expectation,
        now: Timestamp,
    ) -> Pending<'_, Option<Document>>;

    /// One of them.
    fn document(&self, kind: DocumentKind, name: &str) -> Pending<'_, Option<Document>>;

    /// Some of them.
    fn documents(&self, query: DocumentQuery) -> Pending<'_, Vec<Document>>;

    /// Removes one; whether it was there.
    fn remove_document(&self, kind: DocumentKind, name: &str) -> Pending<'_, bool>;

    /// Takes or keeps a lease, so that of many servers one does a thing. It is `holder`'s until `until` when the answer is
    /// true; another holder's lease is taken over only when its time is before `now`.
    fn lease(&self, name: &str, holder: &str, now: Timestamp, until: Timestamp) -> Pending<'_, bool>;
}
