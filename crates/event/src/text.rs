//! Text that an attacker may have written.

use std::fmt;

/// Bytes from a hostile source (argument, path, environment, name). May hold any byte but is never trusted to be
/// UTF-8. `Display` and serialisation show it inert: control characters, bidirectional overrides and invalid UTF-8
/// become escapes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// Wraps bytes as they were read.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes as they were read.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text with every invalid sequence replaced by U+FFFD; control characters are kept (JSON escapes them).
    pub fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The part after the last `/`.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|b| *b == b'/').next().unwrap_or_default()
    }
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self(value.as_bytes().to_vec())
    }
}

/// Characters that change how surrounding text is shown: bidirectional controls, zero-width and line separators.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() || is_deceptive(c) {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl serde::Serialize for Text {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn hostile_bytes_are_shown_inert() {
        let text = Text::new(b"a\x1b[31m\xff\n\xe2\x80\xaeb".to_vec());
        assert_eq!(text.to_string(), "a\\u{1b}[31m\\xff\\n\\u{202e}b");
        assert_eq!(text.bytes().len(), 12);
    }

    #[test]
    fn file_name_is_the_last_component() {
        assert_eq!(Text::from("/usr/bin/socat").file_name(), b"socat");
        assert_eq!(Text::from("socat").file_name(), b"socat");
    }
}
