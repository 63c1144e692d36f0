//! Our source files as text with three views: as written, without comments and literals, without tests.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One Rust source file.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    /// As written.
    pub(crate) text: String,
    /// The same bytes with comments, strings and characters blanked, so that a word found here is code.
    pub(crate) code: String,
    /// Line numbers (from 0) that belong to a test.
    test_lines: Vec<bool>,
}

impl Source {
    fn read(path: PathBuf) -> Result<Self> {
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let code = blank(&text);
        let mut test_lines = vec![is_test_file(&path); text.lines().count()];
        mark_test_items(&code, &mut test_lines);
        Ok(Self { path, text, code, test_lines })
    }

    /// The file's name without `.rs`.
    pub(crate) fn stem(&self) -> &str {
        self.path.file_stem().and_then(|s| s.to_str()).unwrap_or_default()
    }

    /// Is this line (from 0) inside a test?
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.test_lines.get(line).copied().unwrap_or(false)
    }

    /// Lines that are not tests.
    pub(crate) fn product_lines(&self) -> usize {
        self.test_lines.iter().filter(|is_test| !**is_test).count()
    }
}

/// Every `.rs` file under `folder`, in a stable order; build output is not ours.
pub(crate) fn read_all(folder: &Path) -> Result<Vec<Source>> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    paths.sort();
    paths.into_iter().map(Source::read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, paths)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    stem == "tests" || stem.ends_with("_tests") || path.components().any(|part| part.as_os_str() == "tests")
}

/// Marks the lines of every item behind `#[cfg(test)]`: up to its closing brace, or its semicolon if it has no body.
fn mark_test_items(code: &str, test_lines: &mut [bool]) {
    let mut from = 0;
    while let Some(found) = code[from..].find("#[cfg(test)]") {
        let start = from + found;
        let mut depth = 0usize;
        let mut end = code.len();
        for (offset, byte) in code.as_bytes().iter().enumerate().skip(start) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b';' if depth == 0 => {}
                _ => continue,
            }
            if depth == 0 {
                end = offset;
                break;
            }
        }
        let line_of = |offset: usize| code.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count();
        let (first, last) = (line_of(start), line_of(end));
        for is_test in test_lines.iter_mut().take(last + 1).skip(first) {
            *is_test = true;
        }
        from = end.min(code.len()).max(start + 1);
    }
}

/// Replaces comments and the insides of literals by spaces; newlines and offsets stay.
fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => end_of_line(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => end_of_block(bytes, at),
            b'"' => end_of_string(bytes, at + 1),
            b'r' | b'b' | b'c' if !continues_word(bytes, at) => end_of_prefixed(bytes, at).unwrap_or(at),
            b'\'' => end_of_character(bytes, at).unwrap_or(at),
            _ => at,
        };
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    // Only whole literals and comments were replaced, byte by byte with ASCII.
    String::from_utf8_lossy(&out).into_owned()
}

fn continues_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn end_of_line(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn end_of_block(bytes: &[u8], start: usize) -> usize {
    let (mut depth, mut at) = (0usize, start);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// `at` is behind the opening quote; the result is behind the closing one.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Strings with a prefix: `b"…"`, `c"…"`, `r"…"`, `br#"…"#` and so on.
fn end_of_prefixed(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    while matches!(bytes.get(at), Some(b'b' | b'c' | b'r')) && at < start + 2 {
        at += 1;
    }
    let raw = bytes[start..at].contains(&b'r');
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') || (hashes > 0 && !raw) {
        return None;
    }
    let body = at + hashes + 1;
    if !raw {
        return Some(end_of_string(bytes, body));
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let length = bytes[body..].windows(close.len()).position(|window| window == close);
    Some(length.map_or(bytes.len(), |length| body + length + close.len()))
}

/// A character literal, as opposed to a lifetime.
fn end_of_character(bytes: &[u8], at: usize) -> Option<usize> {
    let close = if bytes.get(at + 1) == Some(&b'\\') {
        at + 3 + bytes.get(at + 3..)?.iter().take(10).position(|byte| *byte == b'\'')?
    } else {
        at + 2 + bytes.get(at + 2..)?.iter().take(4).position(|byte| *byte == b'\'')?
    };
    let one = std::str::from_utf8(bytes.get(at + 1..close)?).ok()?;
    (one.starts_with('\\') || one.chars().count() == 1).then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_nothing_else() {
        let text = "let a = \"unsafe \\\" x\"; // unsafe\n/* unsafe /* deep */ unsafe */ unsafe { r#\"unsafe \" \"# }";
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.matches("unsafe").count(), 1);
        assert!(code.contains("unsafe {"));
    }

    #[test]
    fn a_lifetime_is_not_a_character() {
        assert_eq!(blank("fn f<'a>(x: &'a str) { '\"'; '{' }"), "fn f<'a>(x: &'a str) {    ;     }");
        assert_eq!(blank(r"match c { '\'' => '\u{1f600}', b'x' => 'é' }").matches('\'').count(), 0);
    }

    #[test]
    fn lines_of_test_items_do_not_count() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { '}'; }\n}\nfn c() {}\n#[cfg(test)]\nmod more;\n";
        let mut lines = vec![false; text.lines().count()];
        mark_test_items(&blank(text), &mut lines);
        assert_eq!(lines, [false, true, true, true, true, false, true, true]);
    }
}
