//! What can go wrong with a store, and what to do about it.

use std::error::Error;
use std::sync::Arc;

use finding::NameError;

use crate::OrderError;

/// How long a store works on one question at most, in seconds.
pub const PATIENCE_SECONDS: u64 = 10;

/// A store could not do what it was asked. Cloneable, because one failed commit answers every writer that waited
/// for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// No space left.
    #[error("{subject} is full; free some space there, writing goes on by itself as soon as there is room")]
    Full {
        /// The file or folder.
        subject: String,
        /// What the system said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// What is stored cannot be read.
    #[error(
        "{subject} is damaged ({detail}). It was left untouched. Move it aside (mv '{subject}' '{subject}.damaged') \
         and start again, or restore a backup"
    )]
    Corrupt {
        /// The file.
        subject: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Written by a newer version.
    #[error(
        "{subject} was written by a newer Vedette (schema {found}; this one knows up to {supported}). \
         Run that version or a later one; the file was left untouched"
    )]
    Newer {
        /// The file.
        subject: String,
        /// Schema of the file.
        found: i64,
        /// Newest schema this version knows.
        supported: i64,
    },
    /// The system refused.
    #[error("cannot {action} {subject}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        subject: String,
        /// What the system said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The writer is gone: the store is shutting down.
    #[error(
        "{subject} no longer accepts writes because it is shutting down; send it again after the restart"
    )]
    Closed {
        /// The store.
        subject: String,
    },
    /// Too big to keep.
    #[error(
        "{subject} has {size} bytes, more than the {limit} that are kept; cut it and say so before storing it"
    )]
    TooLarge {
        /// What is too big.
        subject: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Too much that is not finished.
    #[error(
        "the unfinished evidence of {subject} would take {bytes} bytes, more than its {quota}; send what was begun to its \
         end, or wait: what does not go on for a day is removed"
    )]
    Quota {
        /// Whose evidence.
        subject: String,
        /// What it would take.
        bytes: u64,
        /// What it may take.
        quota: u64,
    },
    /// Room is kept for findings.
    #[error(
        "{subject} has {free} bytes free, and evidence leaves {floor} to findings; make room there, or let old findings go \
         sooner: evidence is taken again as soon as there is room"
    )]
    Scarce {
        /// The folder, or the quota.
        subject: String,
        /// What is free there, in bytes.
        free: u64,
        /// What has to stay free.
        floor: u64,
    },
    /// Bytes are not what they were said to be.
    #[error(
        "the bytes received for evidence {subject} are others; they were dropped: send them again from the start"
    )]
    Mismatch {
        /// The hash.
        subject: String,
    },
    /// An edit does not fit what is stored.
    #[error(transparent)]
    Refused(#[from] crate::Refusal),
    /// The database cannot be reached.
    #[error(
        "{subject} cannot be reached ({source}); it is tried again, and nothing that was acknowledged is lost"
    )]
    Away {
        /// The database, without its password.
        subject: String,
        /// What the system said.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// Answering would take too long, or hold too much.
    #[error(
        "{subject} has too many findings for this question: {reason}. Ask for less: a filter on category, resource_name, a pod \
         or a shorter range of event_time narrows it; groups by category, state, severity, mute, finding_class and \
         module_name are counted already"
    )]
    TooMuch {
        /// The database.
        subject: String,
        /// What it would have been too much of.
        reason: String,
    },
    /// Not a finding's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not an order.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// A page token that this list did not give out.
    #[error(
        "the page token does not belong to this list; repeat the call with the parent, order, filter and time range that the \
         token came from, or without a token to start over"
    )]
    PageToken,
}

impl StoreError {
    /// A question that took longer than it may.
    pub fn took_too_long(subject: String) -> Self {
        Self::TooMuch { subject, reason: format!("the answer takes longer than {PATIENCE_SECONDS} seconds") }
    }
}
