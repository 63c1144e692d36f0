//! What is wrong with a filter, and where.

/// A filter that means nothing. Nothing was done with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("character {position}: expected {expected}, found {found}")]
pub struct FilterError {
    /// Where, in characters; the first is 1.
    pub position: usize,
    /// What could have stood there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl FilterError {
    pub(crate) fn new(text: &str, at: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        let position = text.get(..at).map_or(0, |before| before.chars().count()) + 1;
        Self { position, expected: expected.into(), found: found.into() }
    }
}
