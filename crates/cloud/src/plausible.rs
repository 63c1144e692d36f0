//! What a name from outside may look like.

/// Longer than any cloud's names, and as long as a part of a finding's name may be.
const LONGEST: usize = 128;

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A name or an id; nothing that means something in a path, a URL, a shell or a terminal.
    Name,
    /// A number, of any length that ids have.
    Number,
}

impl Rule {
    /// The rule for a reader.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Name => "1 to 128 letters, digits, '-', '_', '.' or ':', a letter or digit first",
            Self::Number => "1 to 128 digits",
        }
    }

    /// Whether the value may be used.
    pub(crate) fn admits(self, value: &str) -> bool {
        let inner = |b: u8| match self {
            Self::Name => b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'),
            Self::Number => b.is_ascii_digit(),
        };
        value.len() <= LONGEST
            && value.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
            && value.bytes().all(inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Rule;

    #[test]
    fn only_plain_names_and_numbers_pass() {
        for good in
            ["shop", "europe-west1-b", "example.org:shop", "i-0af01c0123456789a", "7", &"a".repeat(128)]
        {
            assert!(Rule::Name.admits(good), "{good}");
        }
        for bad in
            ["", "-shop", "a b", "a/b", "..", "a\u{1b}[31m", "a\nb", "größe", "$(id)", &"a".repeat(129)]
        {
            assert!(!Rule::Name.admits(bad), "{bad:?}");
        }
        assert!(Rule::Number.admits("424242"));
        assert!(!Rule::Number.admits("-7") && !Rule::Number.admits("7a") && !Rule::Number.admits(""));
    }
}
