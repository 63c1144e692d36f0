//! Characters that a terminal or an editor obeys instead of showing them.

use std::fmt::Write as _;
use std::io::{self, Write};

use event::is_obeyed;
use serde_json::ser::Formatter;

/// A cell of CSV: all of them but line feed and tab as `\x1b` or `\u{202e}`.
pub(crate) fn cell(text: String) -> String {
    let is_kept = |c: char| matches!(c, '\n' | '\t') || !is_obeyed(c);
    if text.chars().all(is_kept) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // writing to a text cannot fail
        let _ = match c {
            c if is_kept(c) => write!(shown, "{c}"),
            c if u32::from(c) < 0x100 => write!(shown, "\\x{:02x}", u32::from(c)),
            c => write!(shown, "\\u{{{:x}}}", u32::from(c)),
        };
    }
    shown
}

/// JSON on one line, in which all of them are escaped: the texts stay the same.
pub(crate) struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_obeyed(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            // each of them is one unit of UTF-16
            write!(writer, "\\u{:04x}", u32::from(c))?;
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}
