//! What can go wrong with a metadata server.

/// A key was not learned. The value itself is never part of the message: it may be anything.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// Nobody answered, or not in time.
    #[error("{key}: no answer ({reason})")]
    Silent {
        /// What was asked for.
        key: String,
        /// Why not.
        reason: String,
    },
    /// The server refused.
    #[error("{key}: the server answers with status {status}")]
    Status {
        /// What was asked for.
        key: String,
        /// HTTP status.
        status: u16,
    },
    /// Something else than a metadata server answers at its address.
    #[error("{key}: the answer does not come from {cloud}'s metadata server")]
    Foreign {
        /// What was asked for.
        key: String,
        /// Whose server it should be.
        cloud: &'static str,
    },
    /// Every key is missing.
    #[error("the server knows none of the names that were asked for")]
    Nothing,
    /// Too long to be what was asked for.
    #[error("{key}: the answer is longer than {limit} bytes")]
    TooLong {
        /// What was asked for.
        key: String,
        /// Bytes read at most.
        limit: u64,
    },
    /// The document cannot be read.
    #[error("{key}: the answer is not the document it should be")]
    Malformed {
        /// What was asked for.
        key: String,
    },
    /// Not a name.
    #[error("{key}: the value is not {rule}")]
    Implausible {
        /// What was asked for.
        key: String,
        /// What it should be.
        rule: &'static str,
    },
}

impl MetadataError {
    /// Asking again later may help: a node's metadata server may come up after its kernel.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Status { .. } | Self::Foreign { .. } | Self::Nothing)
    }

    /// There is nobody at that address to ask for anything else.
    pub(crate) const fn ends_the_round(&self) -> bool {
        matches!(self, Self::Silent { .. } | Self::Foreign { .. })
    }
}
