//! Hostile text in commands that a person will paste.

/// Quotes for a POSIX shell. Control characters and invalid UTF-8 are written in the `$'…'` form, so that what is
/// pasted is what is meant and nothing happens before Enter is pressed.
pub fn shell_quote(text: &[u8]) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"/._-:@%+=,".contains(b);
    if !text.is_empty() && text.iter().all(plain) {
        return String::from_utf8_lossy(text).into_owned();
    }
    // a grave accent would end the code span of the Markdown around it
    if text.iter().all(|b| (0x20..0x7f).contains(b) && *b != b'`') {
        return format!("'{}'", String::from_utf8_lossy(text).replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for byte in text {
        match byte {
            b'\'' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            0x20..0x7f if *byte != b'`' => out.push(char::from(*byte)),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::shell_quote;

    #[test]
    fn nothing_escapes_the_quotes() {
        assert_eq!(shell_quote(b"/usr/bin/socat"), "/usr/bin/socat");
        assert_eq!(shell_quote(b""), "''");
        assert_eq!(shell_quote(b"a b;$(id)"), "'a b;$(id)'");
        assert_eq!(shell_quote(b"it's"), r"'it'\''s'");
        assert_eq!(shell_quote(b"a\nb'\xff"), r"$'a\x0ab\'\xff'");
        assert_eq!(shell_quote(b"`id`"), r"$'\x60id\x60'");
        assert_eq!(shell_quote("\u{202e}".as_bytes()), r"$'\xe2\x80\xae'");
    }
}
