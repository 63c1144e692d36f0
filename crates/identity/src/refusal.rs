//! Why somebody is not let in, or a token not made.

use store::StoreError;

/// Why nobody is known to ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was sent.
    #[error("nothing says who asks; send the header `Authorization: Bearer TOKEN`")]
    Missing,
    /// What was sent is no bearer token.
    #[error("the Authorization header {reason}; send `Authorization: Bearer TOKEN`")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What was sent does not count.
    #[error("the {credential} is refused: {reason}")]
    Denied {
        /// Of what kind it is.
        credential: &'static str,
        /// Why, and what to do.
        reason: String,
    },
    /// One address failed too often.
    #[error("too many refused attempts from this address; try again in {retry_seconds} s")]
    TooMany {
        /// After how many seconds it may try again.
        retry_seconds: u32,
    },
    /// Whom to ask cannot be asked now.
    #[error("who asks cannot be found out now: {reason}")]
    Unavailable {
        /// Why, and what to do.
        reason: String,
    },
}

impl Refusal {
    pub(crate) fn denied(credential: &'static str, reason: impl Into<String>) -> Self {
        Self::Denied { credential, reason: reason.into() }
    }

    /// Whether it counts against the address it came from: only what somebody chose to send does.
    pub(crate) const fn counts(&self) -> bool {
        matches!(self, Self::Malformed { .. } | Self::Denied { .. })
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "tokens cannot be read");
        Self::Unavailable { reason: "the store of tokens does not answer; try again".to_owned() }
    }
}

/// Why a token or key was not made.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// What was asked for cannot be.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong, and what it takes.
        reason: String,
    },
    /// One of that name is there.
    #[error("there is a token named {name:?} already; revoke it first or choose another name")]
    Exists {
        /// The name.
        name: String,
    },
    /// The system gives no randomness.
    #[error("the system gave no random bytes; nothing was made, try again")]
    Randomness,
    /// It cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AdminError {
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }
}
