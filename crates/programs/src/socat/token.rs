//! Cutting an address into tokens, as socat's own reader does.

use std::ops::Range;

use super::Wrong;

/// A decoded part of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) value: Vec<u8>,
    /// Where it stands in the argument, quotes and escapes included.
    pub(super) range: Range<usize>,
    pub(super) wrong: Option<Wrong>,
}

/// The longest keyword or parameter (512 bytes with its end).
pub(super) const PARAMETER_LIMIT: usize = 511;
/// The longest option name or value.
pub(super) const OPTION_LIMIT: usize = 2047;
/// Nesting deeper than this is read as plain text; socat itself would run out of its token long before.
const DEPTH_LIMIT: usize = 128;

/// Which marks are special at a level.
#[derive(Clone, Copy)]
struct Special {
    hard_quotes: bool,
    soft_quotes_and_brackets: bool,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    value: Vec<u8>,
    unclosed: bool,
}

/// Reads from `at` up to an unquoted, unnested end mark, or the end of the text.
pub(super) fn read(text: &[u8], at: usize, ends: &[&[u8]], limit: usize) -> Token {
    let mut reader = Reader { text, at, value: Vec::new(), unclosed: false };
    let all = Special { hard_quotes: true, soft_quotes_and_brackets: true };
    reader.level(ends, all, true, 0);
    let wrong = match (reader.unclosed, reader.value.len() > limit) {
        (true, _) => Some(Wrong::Unclosed),
        (_, true) => Some(Wrong::TooLong),
        _ => None,
    };
    Token { value: reader.value, range: at..reader.at, wrong }
}

impl Reader<'_> {
    /// Reads one level; returns whether its end mark was found (it is not consumed).
    fn level(&mut self, ends: &[&[u8]], special: Special, drop_quotes: bool, depth: usize) -> bool {
        while let Some(byte) = self.text.get(self.at).copied() {
            if ends.iter().any(|end| self.text[self.at..].starts_with(end)) {
                return true;
            }
            let deeper = depth < DEPTH_LIMIT;
            match byte {
                b'\'' if special.hard_quotes && deeper => {
                    let nothing = Special { hard_quotes: false, soft_quotes_and_brackets: false };
                    self.nested(b"'", nothing, !drop_quotes, depth);
                }
                b'"' if special.soft_quotes_and_brackets && deeper => {
                    self.nested(b"\"", special, !drop_quotes, depth);
                }
                b'(' | b'[' | b'{' if special.soft_quotes_and_brackets && deeper => {
                    let end: &[u8] = match byte {
                        b'(' => b")",
                        b'[' => b"]",
                        _ => b"}",
                    };
                    self.nested(end, special, true, depth);
                }
                b'\\' => {
                    let escaped = self.text.get(self.at + 1).copied();
                    self.at = (self.at + 2).min(self.text.len());
                    self.value.extend(escaped.map(unescaped));
                }
                _ => {
                    self.value.push(byte);
                    self.at += 1;
                }
            }
        }
        false
    }

    /// Reads a quoted or bracketed part up to and with its end.
    fn nested(&mut self, end: &[u8], special: Special, keep_marks: bool, depth: usize) {
        if keep_marks {
            self.value.push(self.text[self.at]);
        }
        self.at += 1;
        if !self.level(&[end], special, false, depth + 1) {
            self.unclosed = true;
            return;
        }
        if keep_marks {
            self.value.extend_from_slice(end);
        }
        self.at += end.len();
    }
}

fn unescaped(byte: u8) -> u8 {
    match byte {
        b'0' => 0,
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        other => other,
    }
}
