//! Program text of scripting languages, cut into tokens: enough to tell names, strings and statements apart.

use super::Language;

/// A piece of program text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Names joined by `.`, `->` or `::`, their sigils removed.
    Name(Vec<Vec<u8>>),
    /// A string; `expands` says that names in it are replaced by their values.
    Text { bytes: Vec<u8>, expands: bool },
    /// A string that is executed (`` `…` ``, `qx(…)`, `%x(…)`).
    Command(Vec<u8>),
    /// `=`, `+=`, `:=` and their like, not comparisons.
    Assign,
    /// An arrow of a function without a name.
    Arrow,
    /// Any other character that is no blank.
    Mark(u8),
    /// The end of a statement.
    Break,
}

/// More tokens than this are not looked at.
pub(super) const TOKENS: usize = 200_000;

struct Lexer<'a> {
    language: Language,
    text: &'a [u8],
    at: usize,
    tokens: Vec<Token>,
    /// Open brackets in which the end of a line ends no statement.
    open: usize,
    braces: Vec<usize>,
}

/// Cuts program text into tokens; says whether all of it was.
pub(super) fn tokens(language: Language, text: &[u8]) -> (Vec<Token>, bool) {
    let mut lexer = Lexer { language, text, at: 0, tokens: Vec::new(), open: 0, braces: Vec::new() };
    while lexer.at < text.len() && lexer.tokens.len() < TOKENS {
        lexer.step();
    }
    (lexer.tokens, lexer.at >= text.len())
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Lexer<'_> {
    fn starts(&self, with: &[u8]) -> bool {
        self.text[self.at..].starts_with(with)
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn skip_past(&mut self, end: &[u8]) {
        let rest = &self.text[self.at..];
        let offset = memchr_like(rest, end);
        self.at = offset.map_or(self.text.len(), |offset| self.at + offset + end.len());
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push(token);
        self.at += length;
    }

    fn step(&mut self) {
        use Language::{Lua, Node, Perl, Php, Python, Ruby, Tcl};
        let byte = self.text[self.at];
        match byte {
            b'\n' => {
                let breaks = self.open == 0;
                if breaks { self.push(Token::Break, 1) } else { self.at += 1 }
            }
            b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
            b' ' | b'\t' | b'\r' | b'\\' => self.at += 1,
            b'#' if !matches!(self.language, Node | Lua) && self.is_comment() => self.line(),
            b'/' if matches!(self.language, Node | Php) && self.starts(b"//") => self.line(),
            b'/' if matches!(self.language, Node | Php) && self.starts(b"/*") => self.skip_past(b"*/"),
            b'-' if self.language == Lua && self.starts(b"--[[") => self.skip_past(b"]]"),
            b'-' if self.language == Lua && self.starts(b"--") => self.line(),
            b'[' if self.language == Lua && self.starts(b"[[") => {
                let start = self.at + 2;
                self.skip_past(b"]]");
                let end = self.at.saturating_sub(2).max(start).min(self.text.len());
                self.tokens
                    .push(Token::Text { bytes: self.text[start.min(end)..end].to_vec(), expands: false });
            }
            b'"' | b'\'' if self.language == Python && (self.starts(b"\"\"\"") || self.starts(b"'''")) => {
                let (start, quotes) = (self.at + 3, [byte; 3]);
                let expands = self.is_format();
                self.at = start;
                self.skip_past(&quotes);
                let end = self.at.saturating_sub(3).max(start).min(self.text.len());
                self.tokens.push(Token::Text { bytes: self.text[start.min(end)..end].to_vec(), expands });
            }
            b'\'' if self.language == Tcl => self.push(Token::Mark(byte), 1),
            b'"' | b'\'' => {
                let expands = match self.language {
                    Python => self.is_format(),
                    Node | Lua => false,
                    _ => byte == b'"',
                };
                let bytes = self.quoted(byte);
                self.tokens.push(Token::Text { bytes, expands });
            }
            b'`' if self.language == Node => {
                let bytes = self.quoted(byte);
                self.tokens.push(Token::Text { bytes, expands: true });
            }
            b'`' if matches!(self.language, Perl | Ruby | Php) => {
                let bytes = self.quoted(byte);
                self.tokens.push(Token::Command(bytes));
            }
            b'%' if self.language == Ruby
                && self.starts(b"%x")
                && self.peek(2).is_some_and(|b| !is_name(b)) =>
            {
                self.at += 2;
                let bytes = self.delimited();
                self.tokens.push(Token::Command(bytes));
            }
            b'=' => self.equals(),
            b':' if self.starts(b":=") => self.push(Token::Assign, 2),
            b'!' | b'<' | b'>' if self.peek(1) == Some(b'=') => self.push(Token::Mark(byte), 2),
            b';' => self.push(Token::Break, 1),
            b'(' | b'[' => {
                self.open += 1;
                self.push(Token::Mark(byte), 1);
            }
            b')' | b']' => {
                self.open = self.open.saturating_sub(1);
                self.push(Token::Mark(byte), 1);
            }
            // Within braces statements end again.
            b'{' => {
                self.braces.push(self.open);
                self.open = 0;
                self.push(Token::Mark(byte), 1);
            }
            b'}' => {
                self.open = self.braces.pop().unwrap_or(0);
                self.push(Token::Mark(byte), 1);
            }
            b'$' | b'@' if matches!(self.peek(1), Some(b'<')) && self.language == Ruby => {
                self.push(Token::Name(vec![b"ARGF".to_vec()]), 2);
            }
            b'$' | b'@' => self.at += 1,
            byte if is_name(byte) => self.name(),
            _ => self.push(Token::Mark(byte), 1),
        }
    }

    fn is_comment(&self) -> bool {
        // `$#array` in Perl; in Tcl only where a command may begin.
        let before = self.at.checked_sub(1).map(|at| self.text[at]);
        match self.language {
            Language::Tcl => before.is_none_or(|b| matches!(b, b'\n' | b';' | b' ' | b'\t' | b'{')),
            _ => before.is_none_or(|b| !matches!(b, b'$' | b'{')),
        }
    }

    fn line(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }

    /// Whether the letters in front of a quote make it a format string.
    fn is_format(&mut self) -> bool {
        let Some(Token::Name(parts)) = self.tokens.last() else { return false };
        let touches = self.at > 0 && is_name(self.text[self.at - 1]);
        let prefix = matches!(parts.as_slice(), [only] if only.len() <= 2 && only.iter().all(|b| b"rRbBuUfF".contains(b)));
        if !touches || !prefix {
            return false;
        }
        let format = parts[0].iter().any(|b| matches!(b, b'f' | b'F'));
        self.tokens.pop();
        format
    }

    fn quoted(&mut self, quote: u8) -> Vec<u8> {
        // A quote that is no string's (an apostrophe, one in a pattern) ends with its line.
        let lines = quote == b'`'
            || matches!(self.language, Language::Perl | Language::Ruby | Language::Php | Language::Tcl);
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'\n' if !lines => break,
                byte if byte == quote => {
                    self.at += 1;
                    return self.text[start..self.at - 1].to_vec();
                }
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.text.len());
        self.text[start..self.at].to_vec()
    }

    /// Text between a delimiter and its partner.
    fn delimited(&mut self) -> Vec<u8> {
        let Some(open) = self.peek(0) else { return Vec::new() };
        let close = match open {
            b'(' => b')',
            b'{' => b'}',
            b'[' => b']',
            b'<' => b'>',
            other => other,
        };
        self.at += 1;
        let (start, mut depth) = (self.at, 1);
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            match byte {
                b'\\' => self.at = (self.at + 1).min(self.text.len()),
                byte if byte == close => depth -= 1,
                byte if byte == open => depth += 1,
                _ => {}
            }
            if depth == 0 {
                return self.text[start..self.at - 1].to_vec();
            }
        }
        self.text[start.min(self.text.len())..].to_vec()
    }

    fn equals(&mut self) {
        match self.peek(1) {
            Some(b'=') => self.push(Token::Mark(b'='), if self.peek(2) == Some(b'=') { 3 } else { 2 }),
            Some(b'>') => self.push(Token::Arrow, 2),
            Some(b'~') => self.push(Token::Mark(b'~'), 2),
            _ => self.push(Token::Assign, 1),
        }
    }

    fn name(&mut self) {
        let mut parts = Vec::new();
        loop {
            let start = self.at;
            while self.peek(0).is_some_and(is_name) {
                self.at += 1;
            }
            parts.push(self.text[start..self.at].to_vec());
            let joint = [b"->".as_slice(), b"::", b".", b":"].into_iter().find(|joint| self.starts(joint));
            let Some(joint) = joint else { break };
            // A single colon joins in Lua only; a dot joins no strings (Perl, PHP) and ends no number.
            let joins = match joint {
                b":" => self.language == Language::Lua,
                b"." => !matches!(self.language, Language::Perl | Language::Php | Language::Tcl),
                _ => true,
            };
            let next = self.peek(joint.len());
            if !joins || parts.len() >= 16 || !next.is_some_and(|b| is_name(b) && !b.is_ascii_digit()) {
                break;
            }
            self.at += joint.len();
        }
        self.perl_quote(&mut parts);
        if !parts.is_empty() {
            self.tokens.push(Token::Name(parts));
        }
    }

    /// `q(…)`, `qq{…}`, `qx/…/`: the name just read begins a string.
    fn perl_quote(&mut self, parts: &mut Vec<Vec<u8>>) {
        let [only] = parts.as_slice() else { return };
        let delimiter = self
            .peek(0)
            .is_some_and(|b| b.is_ascii_punctuation() && !matches!(b, b',' | b';' | b')' | b'=' | b'_'));
        if self.language != Language::Perl || !delimiter {
            return;
        }
        let kind = match only.as_slice() {
            b"q" => 0,
            b"qq" => 1,
            b"qx" => 2,
            _ => return,
        };
        parts.clear();
        let bytes = self.delimited();
        self.tokens.push(match kind {
            2 => Token::Command(bytes),
            kind => Token::Text { bytes, expands: kind == 1 },
        });
    }
}

fn memchr_like(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|w| w == needle)
}
