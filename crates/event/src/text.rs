//! Text that an attacker may have written.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// Bytes from a hostile source (argument, path, environment, name). May hold any byte but is never trusted to be
/// UTF-8. `Display` and serialisation show it inert: control characters, bidirectional overrides and invalid UTF-8
/// become escapes.
#[derive(Clone)]
pub struct Text(Bytes);

/// Most names and arguments are short, and a node executes thousands of programs a second: those need no allocation.
const INLINE_MAX: usize = 22;

#[derive(Clone)]
enum Bytes {
    Inline { length: u8, bytes: [u8; INLINE_MAX] },
    Heap(Box<[u8]>),
}

impl Text {
    /// Wraps bytes as they were read.
    pub fn new(bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let mut inline = [0; INLINE_MAX];
        match (u8::try_from(bytes.len()), inline.get_mut(..bytes.len())) {
            (Ok(length), Some(room)) => {
                room.copy_from_slice(bytes);
                Self(Bytes::Inline { length, bytes: inline })
            }
            _ => Self(Bytes::Heap(bytes.into())),
        }
    }

    /// The bytes as they were read.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bytes::Heap(bytes) => bytes,
        }
    }

    /// The text if it is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }

    /// The text with every invalid sequence replaced by U+FFFD; control characters are kept (JSON escapes them).
    pub fn lossy(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.bytes().is_empty()
    }

    /// The part after the last `/`.
    pub fn file_name(&self) -> &[u8] {
        self.bytes().rsplit(|b| *b == b'/').next().unwrap_or_default()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self(Bytes::Inline { length: 0, bytes: [0; INLINE_MAX] })
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().hash(state);
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

/// Whether a terminal or an editor obeys the character instead of showing it: control characters (C0, DEL, C1), bidirectional
/// controls, zero-width characters and line separators.
pub fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_obeyed(c) {
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
        let text = Text::new(b"a\x1b[31m\xff\n\xe2\x80\xaeb");
        assert_eq!(text.to_string(), "a\\u{1b}[31m\\xff\\n\\u{202e}b");
        assert_eq!(text.bytes().len(), 12);
    }

    #[test]
    fn short_and_long_text_is_kept_whole() {
        for length in [0, 1, 21, 22, 23, 255, 256, 5_000] {
            let bytes = vec![b'x'; length];
            assert_eq!(Text::new(&bytes).bytes(), bytes);
            assert_eq!(Text::new(&bytes), Text::new(bytes.clone()));
        }
        assert!(Text::from("abc") < Text::from("abd") && Text::from("ab") < Text::new([b'b'; 40]));
        assert_eq!(size_of::<Text>(), 24);
    }

    #[test]
    fn file_name_is_the_last_component() {
        assert_eq!(Text::from("/usr/bin/socat").file_name(), b"socat");
        assert_eq!(Text::from("socat").file_name(), b"socat");
    }
}
