//! Hostile text on a terminal: shown, never obeyed.

use event::Text;

/// One line: control characters (line breaks too), bidirectional overrides and invisible characters become escapes.
pub(crate) fn line(text: &str) -> String {
    Text::from(text).to_string()
}

/// Begins a line that a text goes on in, so that no text begins a line as this program does.
const ON: &str = "\n  | ";

/// Several lines in one place: what follows a line break is marked.
pub(crate) fn told(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join(ON)
}

/// Several lines that stand alone or are indented: line breaks stay.
pub(crate) fn lines(text: &str) -> String {
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// What is [`told`], of unknown encoding; a carriage return before a line break goes.
pub(crate) fn bytes(text: &[u8]) -> String {
    let shown =
        text.split(|b| *b == b'\n').map(|l| Text::new(l.strip_suffix(b"\r").unwrap_or(l)).to_string());
    shown.collect::<Vec<_>>().join(ON)
}

/// Whether a terminal shows the character and nothing else.
pub(crate) fn is_harmless(c: char) -> bool {
    !event::is_obeyed(c)
}

#[cfg(test)]
mod tests {
    use super::{bytes, is_harmless, line, lines, told};

    #[test]
    fn nothing_that_a_terminal_obeys_comes_through() {
        let hostile = "a\u{1b}]0;title\u{7}b\u{9b}31mc\u{202e}txt\u{2066}\u{200b}\r\n\u{8}d\u{7f}";
        for shown in [line(hostile), lines(hostile), told(hostile), bytes(hostile.as_bytes())] {
            let shown = shown.replace('\n', "");
            assert!(shown.chars().all(is_harmless), "{shown:?}");
            assert!(shown.contains("\\u{1b}") && shown.contains("\\u{202e}") && shown.contains("\\u{9b}"));
        }
        assert!(!line(hostile).contains('\n'));
        assert_eq!(lines(hostile).matches('\n').count(), 1);
        assert_eq!(bytes(b"uid=0\xff\r\nx"), "uid=0\\xff\n  | x");
        assert_eq!(told("a\nvedette: all is well\n"), "a\n  | vedette: all is well\n  | ");
    }

    #[test]
    fn other_scripts_stay_readable() {
        assert_eq!(line("Größe 大小 é"), "Größe 大小 é");
    }
}
