//! Whether a command stands in a program's text.

/// Texts shorter than this occur everywhere and say nothing.
const SHORTEST: usize = 2;
/// How many string literals in a row may make up the command (`"a" "b"`, `"a" + "b"`).
const PIECES: usize = 8;

/// Whether a command string stands literally in a program's text: as the whole of a string literal, or of several that
/// are put together, its escapes and its quotes read as most languages write them, or as a line or a command of its
/// own. Blanks count as one. A program that runs such a command runs what its author wrote, not what it read.
///
/// A part of a longer string does not count, except to a blank or a separator: somebody who only finds `sh` in
/// `"push"` found nothing.
pub fn contains_command(text: &[u8], command: &[u8]) -> bool {
    let command = squeezed(command);
    if command.len() < SHORTEST || command.len() > super::LENGTH_LIMIT || text.len() > super::LENGTH_LIMIT {
        return false;
    }
    // As a command of its own, outside of strings or in them.
    let plain = squeezed(text);
    if occurs(&plain, &command) {
        return true;
    }
    let literals = literals(text);
    for (index, _) in literals.iter().enumerate() {
        let mut joined = Vec::new();
        for (pieces, literal) in literals[index..].iter().take(PIECES).enumerate() {
            if pieces > 0 && !literal.continues {
                break;
            }
            joined.extend_from_slice(&literal.value);
            let value = squeezed(&joined);
            if occurs(&value, &command) {
                return true;
            }
            if value.len() > command.len() * 2 + 64 {
                break;
            }
        }
    }
    false
}

/// Whether a string in a program's text begins with the command's first word and goes on: the author chose the program,
/// and what it works on comes from elsewhere (`"convert " + name`).
pub fn names_program(text: &[u8], command: &[u8]) -> bool {
    let word = command.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    // a shell or a wrapper is how anything is run
    if word.len() < SHORTEST || text.len() > super::LENGTH_LIMIT || crate::invocation::runs_text(word) {
        return false;
    }
    let opens = |b: &u8| matches!(b, b'"' | b'\'' | b'`' | b'|' | b'&' | b';');
    let mut from = 0;
    while let Some(found) = find(&text[from..], word) {
        let at = from + found;
        let before = text[..at].trim_ascii_end().last();
        if before.is_some_and(opens) && text.get(at + word.len()) == Some(&b' ') {
            return true;
        }
        from = at + 1;
    }
    false
}

/// Whether the command occurs between separators.
fn occurs(text: &[u8], command: &[u8]) -> bool {
    let separates = |b: &u8| {
        matches!(
            b,
            b'\n' | b';' | b'"' | b'\'' | b'`' | b'|' | b'&' | b'(' | b')' | b'{' | b'}' | b'[' | b']'
        )
    };
    let ends = |at: usize| {
        text.get(at).is_none_or(separates)
            || text.get(at) == Some(&b' ') && text.get(at + 1).is_none_or(separates)
    };
    let begins = |at: usize| {
        let before = text[..at].strip_suffix(b" ").unwrap_or(&text[..at]);
        before.last().is_none_or(separates)
    };
    let mut from = 0;
    while let Some(found) = find(&text[from..], command) {
        let at = from + found;
        if begins(at) && ends(at + command.len()) {
            return true;
        }
        from = at + 1;
    }
    false
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(offset) = text[from..].iter().position(|b| *b == first) {
        let at = from + offset;
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// Runs of blanks as one blank, none at the ends; lines stay apart.
fn squeezed(text: &[u8]) -> Vec<u8> {
    let mut squeezed: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text {
        match (byte, squeezed.last()) {
            (b' ' | b'\t' | b'\r', None | Some(b' ' | b'\n')) => {}
            (b' ' | b'\t' | b'\r', _) => squeezed.push(b' '),
            (b'\n', last) => {
                if last == Some(&b' ') {
                    squeezed.pop();
                }
                squeezed.push(b'\n');
            }
            (byte, _) => squeezed.push(*byte),
        }
    }
    while squeezed.last().is_some_and(u8::is_ascii_whitespace) {
        squeezed.pop();
    }
    let start = squeezed.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(squeezed.len());
    squeezed.split_off(start)
}

struct Literal {
    value: Vec<u8>,
    /// Nothing but blanks and an operator that joins stands between this one and the one before.
    continues: bool,
}

/// The string literals of a text, in any of the usual quotes, their escapes replaced.
fn literals(text: &[u8]) -> Vec<Literal> {
    let mut literals = Vec::new();
    let (mut at, mut last_end) = (0, 0);
    while let Some(byte) = text.get(at) {
        if !matches!(byte, b'"' | b'\'' | b'`') {
            at += if *byte == b'\\' { 2 } else { 1 };
            continue;
        }
        let between = &text[last_end.min(at)..at];
        let continues = !literals.is_empty()
            && between.len() < 16
            && between.iter().all(|b| b.is_ascii_whitespace() || matches!(b, b'+' | b'.' | b'\\'));
        match literal(&text[at + 1..], *byte) {
            Some((value, length)) => {
                literals.push(Literal { value, continues });
                at += 1 + length;
                last_end = at;
            }
            // A quote without a partner: an apostrophe.
            None => at += 1,
        }
    }
    literals
}

/// Longer literals are no commands.
const LITERAL: usize = 64 << 10;

/// Reads a literal behind its opening quote; how long it is with its closing one.
fn literal(text: &[u8], quote: u8) -> Option<(Vec<u8>, usize)> {
    let mut value = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at).filter(|_| at < LITERAL) {
        at += 1;
        match byte {
            byte if *byte == quote => return Some((value, at)),
            b'\\' => at += escape(&text[at..], &mut value),
            byte => value.push(*byte),
        }
    }
    None
}

/// Reads an escape behind its backslash; how long it is.
fn escape(text: &[u8], value: &mut Vec<u8>) -> usize {
    let digits = |from: usize, most: usize, radix: u32| {
        let end =
            text.iter().skip(from).take(most).take_while(|b| char::from(**b).is_digit(radix)).count() + from;
        let number =
            std::str::from_utf8(&text[from..end]).ok().and_then(|d| u32::from_str_radix(d, radix).ok());
        number.map(|number| (number, end))
    };
    let coded = match text.first() {
        None => return 0,
        Some(b'n') => return push(value, b"\n"),
        Some(b't') => return push(value, b"\t"),
        Some(b'r') => return push(value, b"\r"),
        Some(b'\n') => return 1,
        Some(b'x') if text.get(1) == Some(&b'{') => digits(2, 6, 16).map(|(number, end)| (number, end + 1)),
        Some(b'x') => digits(1, 2, 16),
        Some(b'u') if text.get(1) == Some(&b'{') => digits(2, 6, 16).map(|(number, end)| (number, end + 1)),
        Some(b'u') => digits(1, 4, 16),
        Some(b'U') => digits(1, 8, 16),
        Some(b'0'..=b'7') => digits(0, 3, 8),
        Some(other) => return push(value, &[*other]),
    };
    match coded {
        Some((number, length)) => {
            let single = u8::try_from(number).ok();
            match (single, char::from_u32(number)) {
                (Some(byte), _) if text[0] != b'u' && text[0] != b'U' => value.push(byte),
                (_, Some(character)) => {
                    value.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes())
                }
                _ => {}
            }
            length.min(text.len())
        }
        None => push(value, &text[..1]),
    }
}

fn push(value: &mut Vec<u8>, bytes: &[u8]) -> usize {
    value.extend_from_slice(bytes);
    1
}

#[cfg(test)]
mod tests {
    use super::{contains_command, names_program};
    use proptest::prelude::*;

    #[test]
    fn a_command_that_the_text_holds() {
        for (text, command) in [
            ("import os; os.popen('uname -p')", "uname -p"),
            ("subprocess.getoutput(\"uname -p\")", "uname -p"),
            ("s = \"hostname;  date\"", "hostname; date"),
            ("print $c `hostname; date`", "hostname; date"),
            ("os.system('echo \\'a b\\' | wc')", "echo 'a b' | wc"),
            ("os.system(\"printf \\\"%s\\\\n\\\" x\")", "printf \"%s\\n\" x"),
            ("os.system('a\\x62c \\u0064 \\145')", "abc d e"),
            ("os.system('uname'\n  ' -p')", "uname -p"),
            ("exec('una' + 'me -p')", "uname -p"),
            ("shell_exec('una' . 'me -p')", "uname -p"),
            ("os.system('''\n  set -e\n  date\n''')", "set -e\ndate"),
            ("date -u; uname -p", "uname -p"),
            ("sh -c 'uname -p'", "uname -p"),
            ("don't; system(\"uname -p\")", "uname -p"),
            ("os.system('uname \\\n -p')", "uname -p"),
        ] {
            assert!(contains_command(text.as_bytes(), command.as_bytes()), "{text}: {command}");
        }
    }

    #[test]
    fn a_command_that_the_text_does_not_hold() {
        for (text, command) in [
            ("os.system(input())", "uname -p"),
            ("os.system('push')", "sh"),
            ("os.system('ls -l /tmp')", "ls -l"),
            ("os.system('echo uname -p')", "uname -p"),
            ("x = 'uname'; y = ' -p'", "uname -p"),
            ("os.system('uname -p')", ""),
            ("os.system('uname -p')", "u"),
            ("os.system('uname' % -p)", "uname -p"),
            ("", "date"),
        ] {
            assert!(!contains_command(text.as_bytes(), command.as_bytes()), "{text}: {command}");
        }
    }

    #[test]
    fn a_program_that_the_text_names() {
        for (text, command, is_named) in [
            ("os.system('ping -c1 ' + host)", "ping -c1 h", true),
            ("os.popen(f\"git pull {branch}\")", "git pull main", true),
            ("run(\"cd /srv && make \" + target)", "make all", true),
            ("ping = 1\nos.system(line)", "ping -c1 h", false),
            ("d['id']; os.system(line)", "id", false),
            ("os.system('pings ' + host)", "ping h", false),
            ("os.system('a ' + host)", "a b", false),
            ("`sh -c '$line'`", "sh -c id", false),
            ("os.system('timeout 5 ' + line)", "timeout 5 id", false),
        ] {
            assert_eq!(names_program(text.as_bytes(), command.as_bytes()), is_named, "{text}: {command}");
        }
    }

    #[test]
    fn hostile_text_is_searched_in_linear_time() {
        for unit in ["'", "\"'", "'a'", "'' + ", "\\", "`'\"", "aaaaaaa", "\\x"] {
            let text = unit.repeat(1_000_000 / unit.len());
            let start = std::time::Instant::now();
            contains_command(text.as_bytes(), b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
            assert!(start.elapsed().as_secs() < 8, "{unit:?}: {:?}", start.elapsed());
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text in "[a\\\\'\"`ux{}0-9+ \n]{0,60}", command in "[a ]{0,4}") {
            contains_command(text.as_bytes(), command.as_bytes());
            names_program(text.as_bytes(), command.as_bytes());
            contains_command(&[text.as_bytes(), &[0xff, b'\\']].concat(), command.as_bytes());
        }
    }
}
