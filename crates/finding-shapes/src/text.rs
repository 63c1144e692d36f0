//! Hostile text made harmless for readers that interpret it.

/// What stands where a character was that a reader must not obey.
const REPLACED: char = '\u{fffd}';

/// What ends a text that was cut.
pub(crate) const CUT: char = '…';

/// Characters that change how their neighbours look: directions, joiners, invisible ones, separators of lines.
const fn is_treacherous(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// One line: line breaks and tabs become spaces, other control characters and those that change directions U+FFFD.
/// At most `limit` characters; a text that was cut ends in `…`.
pub fn shown(text: &str, limit: usize) -> String {
    escaped(text, limit, |c, out| out.push(c))
}

/// As [`shown`], with each character written by `write`; `limit` counts what is written, and nothing that `write` writes for
/// one character is torn apart.
pub(crate) fn escaped(text: &str, limit: usize, write: impl Fn(char, &mut String)) -> String {
    let mut result = String::new();
    let mut length = 0;
    // Where to cut if the next character is one too many: the last place that leaves room for the mark.
    let mut room = 0;
    let mut piece = String::new();
    for c in text.chars() {
        let c = match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() || is_treacherous(c) => REPLACED,
            c => c,
        };
        piece.clear();
        write(c, &mut piece);
        let more = piece.chars().count();
        if length + more > limit {
            result.truncate(room);
            if limit > 0 {
                result.push(CUT);
            }
            return result;
        }
        result.push_str(&piece);
        length += more;
        if length < limit {
            room = result.len();
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{escaped, shown};

    #[test]
    fn text_is_one_harmless_bounded_line() {
        assert_eq!(shown("a\r\nb\u{1b}[2J\u{202e}c", 99), "a  b\u{fffd}[2J\u{fffd}c");
        assert_eq!(shown("abcdef", 6), "abcdef");
        assert_eq!(shown("abcdefg", 6), "abcde…");
        assert_eq!(shown("äöü", 2), "ä…");
        assert_eq!(shown("abc", 0), "");
    }

    #[test]
    fn an_entity_is_never_torn() {
        let write = |c, out: &mut String| if c == '<' { out.push_str("&lt;") } else { out.push(c) };
        assert_eq!(escaped("<<<", 12, write), "&lt;&lt;&lt;");
        assert_eq!(escaped("<<<", 11, write), "&lt;&lt;…");
        assert_eq!(escaped("<<<", 8, write), "&lt;…");
        assert_eq!(escaped("<", 3, write), "…");
    }
}
