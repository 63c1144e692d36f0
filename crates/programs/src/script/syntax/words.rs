//! Words, quotes, expansions and redirections.

use super::{Direction, NESTING_LIMIT, Paren, Parser, Part, Redirect, Word};

impl Parser<'_> {
    pub(super) fn redirect(&mut self) -> Option<Redirect> {
        let start = self.at;
        let mut descriptor = None;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) && self.at - start < 9 {
            let digit = u32::from(self.text[self.at] - b'0');
            descriptor = Some(descriptor.unwrap_or(0) * 10 + digit);
            self.at += 1;
        }
        let operators: [(&[u8], Direction); 13] = [
            (b"<<<", Direction::Here),
            (b"<<-", Direction::Here),
            (b"<<", Direction::Here),
            (b"<>", Direction::Both),
            (b"<&", Direction::Duplicate),
            (b"<", Direction::In),
            (b">>", Direction::Out),
            (b">|", Direction::Out),
            (b">!", Direction::Out),
            (b">&", Direction::Duplicate),
            (b">", Direction::Out),
            (b"&>>", Direction::OutAndErrors),
            (b"&>", Direction::OutAndErrors),
        ];
        let process = descriptor.is_none() && (self.starts(b"<(") || self.starts(b">("));
        let operator = operators.iter().find(|(text, _)| self.starts(text));
        let Some((text, direction)) = operator.filter(|_| !process) else {
            self.at = start;
            return None;
        };
        self.at += text.len();
        self.blanks();
        let mut direction = *direction;
        let target = if matches!(*text, b"<<" | b"<<-") { self.here_document() } else { self.word() };
        // `>&word` with a word that is no descriptor sends output and errors to a file.
        if direction == Direction::Duplicate
            && *text == b">&"
            && target
                .literal()
                .is_some_and(|t| !t.is_empty() && !t.iter().all(|b| b.is_ascii_digit() || *b == b'-'))
        {
            direction = Direction::OutAndErrors;
        }
        let descriptor = descriptor.unwrap_or(if text.starts_with(b"<") { 0 } else { 1 });
        Some(Redirect { descriptor, variable: None, direction, target })
    }

    /// Reads the delimiter here and the document from the next line on.
    fn here_document(&mut self) -> Word {
        let start = self.at;
        let delimiter = self.word().shown(|_| None);
        let quoted = self.text[start..self.at].iter().any(|b| matches!(b, b'\'' | b'"' | b'\\'));
        let from = self.after_line.or_else(|| {
            self.text[self.at..].iter().position(|b| *b == b'\n').map(|offset| self.at + offset + 1)
        });
        let Some(body_start) = from else {
            // Remember that no line follows, so that nobody looks for one again.
            self.after_line = Some(self.text.len());
            return Word::default();
        };
        let (mut line, mut body_end) = (body_start, self.text.len());
        let mut next = self.text.len();
        while line < self.text.len() {
            let end =
                self.text[line..].iter().position(|b| *b == b'\n').map_or(self.text.len(), |o| line + o);
            if self.text[line..end].trim_ascii() == delimiter.trim_ascii() {
                (body_end, next) = (line, (end + 1).min(self.text.len()));
                break;
            }
            line = end + 1;
        }
        self.after_line = Some(next);
        let body = &self.text[body_start.min(body_end)..body_end];
        if quoted {
            return Word(vec![Part::Literal(body.to_vec())]);
        }
        let mut inner =
            Parser { text: body, at: 0, nesting: self.nesting + 1, too_deep: false, after_line: None };
        if inner.nesting > NESTING_LIMIT {
            self.too_deep = true;
            return Word::default();
        }
        let mut word = Word::default();
        inner.quoted(&mut word, None);
        self.too_deep |= inner.too_deep;
        word
    }

    pub(super) fn word(&mut self) -> Word {
        let mut word = Word::default();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'<' | b'>' if self.text.get(self.at + 1) == Some(&b'(') => {
                    self.at += 2;
                    let list = self.list(&[], Paren::Closes);
                    word.0.push(Part::Process(list));
                }
                b'<' | b'>' => break,
                // A function's name.
                b'(' if !word.0.is_empty() && self.starts(b"()") => break,
                // fish writes command substitution so; elsewhere this is an error.
                b'(' => {
                    self.at += 1;
                    let list = self.list(&[], Paren::Closes);
                    word.0.push(Part::Output(list));
                }
                b'\'' => {
                    self.at += 1;
                    let end = self.text[self.at..].iter().position(|b| *b == b'\'');
                    let end = end.map_or(self.text.len(), |offset| self.at + offset);
                    push(&mut word, &self.text[self.at..end]);
                    self.at = (end + 1).min(self.text.len());
                }
                b'"' => {
                    self.at += 1;
                    self.quoted(&mut word, Some(b'"'));
                }
                b'\\' => {
                    if let Some(next) = self.text.get(self.at + 1)
                        && *next != b'\n'
                    {
                        push(&mut word, &[*next]);
                    }
                    self.at = (self.at + 2).min(self.text.len());
                }
                b'$' | b'`' => self.expansion(&mut word),
                _ => {
                    push(&mut word, &[byte]);
                    self.at += 1;
                }
            }
        }
        word
    }

    /// Text in which only expansions and backslashes count, up to the closing quote or the end.
    fn quoted(&mut self, word: &mut Word, end: Option<u8>) {
        while let Some(byte) = self.peek() {
            match byte {
                byte if Some(byte) == end => {
                    self.at += 1;
                    return;
                }
                b'\\' => {
                    match self.text.get(self.at + 1) {
                        Some(next @ (b'"' | b'\\' | b'$' | b'`')) => push(word, &[*next]),
                        Some(b'\n') => {}
                        Some(next) => push(word, &[b'\\', *next]),
                        None => {}
                    }
                    self.at = (self.at + 2).min(self.text.len());
                }
                b'$' | b'`' => self.expansion(word),
                _ => {
                    push(word, &[byte]);
                    self.at += 1;
                }
            }
        }
    }

    fn expansion(&mut self, word: &mut Word) {
        if self.peek() == Some(b'`') {
            self.at += 1;
            return self.backticks(word);
        }
        self.at += 1;
        match self.peek() {
            Some(b'(') if let Some(end) = self.arithmetic() => {
                word.0.push(Part::Arithmetic(self.names(end)));
                self.at = end;
            }
            Some(b'(') => {
                self.at += 1;
                let list = self.list(&[], Paren::Closes);
                word.0.push(Part::Output(list));
            }
            Some(b'{') => {
                self.at += 1;
                self.braced(word);
            }
            Some(b'<') => {
                self.at += 1;
                word.0.push(Part::InputLine);
            }
            // `$'…'` with C escapes: decoded enough for names of commands.
            Some(b'\'') => {
                self.at += 1;
                while let Some(byte) = self.peek() {
                    self.at += 1;
                    match byte {
                        b'\'' => break,
                        b'\\' => self.c_escape(word),
                        _ => push(word, &[byte]),
                    }
                }
            }
            Some(byte) if byte.is_ascii_alphanumeric() || byte == b'_' => {
                let start = self.at;
                if byte.is_ascii_digit() {
                    self.at += 1;
                } else {
                    while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
                        self.at += 1;
                    }
                }
                word.0.push(Part::Variable(self.text[start..self.at].to_vec()));
            }
            Some(byte @ (b'@' | b'*' | b'?' | b'#' | b'$' | b'!' | b'-')) => {
                self.at += 1;
                word.0.push(Part::Variable(vec![byte]));
            }
            _ => push(word, b"$"),
        }
    }

    /// After `${`: the variable, and whatever its default value expands.
    fn braced(&mut self, word: &mut Word) {
        self.nesting += 1;
        if self.nesting > NESTING_LIMIT {
            self.too_deep = true;
            self.at = self.text.len();
        }
        let indirect = self.peek() == Some(b'!');
        while matches!(self.peek(), Some(b'!' | b'#')) {
            self.at += 1;
        }
        let start = self.at;
        if matches!(self.peek(), Some(b'@' | b'*')) {
            self.at += 1;
        } else {
            while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
                self.at += 1;
            }
        }
        let name = self.text[start..self.at].to_vec();
        word.0.push(match indirect {
            true if self.starts(b"}") => Part::Indirect(name),
            _ if self.starts(b"@P}") => Part::Prompt(name),
            _ => Part::Variable(name),
        });
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => {
                    self.at += 1;
                    break;
                }
                b'$' | b'`' => self.expansion(word),
                b'\\' => self.at = (self.at + 2).min(self.text.len()),
                _ => self.at += 1,
            }
        }
        self.nesting -= 1;
    }

    fn c_escape(&mut self, word: &mut Word) {
        let Some(byte) = self.peek() else { return };
        self.at += 1;
        let number = |parser: &mut Self, radix: u32, most: usize, start: usize| {
            parser.at = start;
            let mut value = 0u32;
            while parser.at < start + most
                && let Some(digit) = parser.peek().and_then(|b| char::from(b).to_digit(radix))
            {
                value = value * radix + digit;
                parser.at += 1;
            }
            value.to_le_bytes()[0]
        };
        let decoded = match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'x' => number(self, 16, 2, self.at),
            b'0'..=b'7' => number(self, 8, 3, self.at - 1),
            other => other,
        };
        push(word, &[decoded]);
    }

    fn backticks(&mut self, word: &mut Word) {
        let mut inside = Vec::new();
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'`' => break,
                b'\\' if matches!(self.peek(), Some(b'`' | b'\\' | b'$')) => {
                    inside.push(self.text[self.at]);
                    self.at += 1;
                }
                _ => inside.push(byte),
            }
        }
        let mut inner =
            Parser { text: &inside, at: 0, nesting: self.nesting + 1, too_deep: false, after_line: None };
        let list = inner.list(&[], Paren::Stray);
        self.too_deep |= inner.too_deep;
        word.0.push(Part::Output(list));
    }
}

fn push(word: &mut Word, bytes: &[u8]) {
    if let Some(Part::Literal(text)) = word.0.last_mut() {
        text.extend_from_slice(bytes);
    } else {
        word.0.push(Part::Literal(bytes.to_vec()));
    }
}
