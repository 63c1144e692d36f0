//! A forgiving parser for shell text: enough structure to follow what is read and what is executed. Whatever it
//! cannot make sense of it reads as plain words; it never fails and never looks at a byte more than a few times.

/// Part of a word.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands after quotes are removed.
    Literal(Vec<u8>),
    /// The value of a variable.
    Variable(Vec<u8>),
    /// A line of standard input (csh's `$<`).
    InputLine,
    /// The output of commands.
    Output(List),
    /// A file that holds the output of commands (`<(…)`), or takes their input (`>(…)`).
    Process(List),
}

/// A word: its parts one after the other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word(pub(super) Vec<Part>);

impl Word {
    /// The text, if nothing in the word is expanded.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => text.extend_from_slice(bytes),
                _ => return None,
            }
        }
        Some(text)
    }

    /// The text with variables as `$name` and everything else that is expanded left out.
    pub(super) fn shown(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => text.extend_from_slice(bytes),
                Part::Variable(name) => {
                    text.push(b'$');
                    text.extend_from_slice(name);
                }
                Part::InputLine | Part::Output(_) | Part::Process(_) => {}
            }
        }
        text
    }
}

/// How a redirection connects its descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// `<`
    In,
    /// `>` and its kin.
    Out,
    /// `<>`
    Both,
    /// `<&`, `>&` to a descriptor.
    Duplicate,
    /// `&>`, `>&` to a file: output and errors.
    OutAndErrors,
    /// `<<`, `<<<`: the target is the text itself.
    Here,
}

/// One redirection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) descriptor: u32,
    pub(super) direction: Direction,
    pub(super) target: Word,
}

/// A command with its words, or a group of commands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Assignments, words and redirections in front of one command.
    Simple { assignments: Vec<(Vec<u8>, Word)>, words: Vec<Word>, redirects: Vec<Redirect> },
    /// A loop, a condition, a function's body, a group: its commands in the order of the text.
    Group { list: List, redirects: Vec<Redirect> },
}

/// Commands joined by pipes.
pub(super) type Pipeline = Vec<Node>;
/// Pipelines one after the other.
pub(super) type List = Vec<Pipeline>;

/// What was parsed.
pub(super) struct Parsed {
    pub(super) list: List,
    /// The text nests deeper than is followed.
    pub(super) too_deep: bool,
}

const NESTING_LIMIT: u32 = 48;

/// Parses shell text.
pub(super) fn parse(text: &[u8]) -> Parsed {
    let mut parser = Parser { text, at: 0, nesting: 0, too_deep: false, after_line: None };
    let mut list = List::new();
    while parser.at < parser.text.len() {
        let before = parser.at;
        list.extend(parser.list(&[], Paren::Stray));
        // A closing word or bracket without an opening one: step over it.
        if parser.at == before {
            parser.at += 1;
        }
    }
    Parsed { list, too_deep: parser.too_deep }
}

/// What a closing bracket means to the list being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paren {
    Closes,
    Stray,
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    nesting: u32,
    too_deep: bool,
    /// Where the next line begins if here-documents lie between.
    after_line: Option<usize>,
}

/// Words that only separate the parts of a compound command.
const SEPARATORS: [&[u8]; 4] = [b"then", b"else", b"elif", b"do"];
/// Words in front of a command that leave it what it is.
const PREFIXES: [&[u8]; 6] = [b"!", b"time", b"coproc", b"not", b"and", b"or"];
/// Every word that closes something.
const CLOSERS: [&[u8]; 6] = [b"}", b"fi", b"done", b"esac", b"end", b";;"];

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.text[self.at.min(self.text.len())..].starts_with(with)
    }

    fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.starts(b"\\\n") => self.at += 2,
                Some(b'#')
                    if self.at == 0
                        || matches!(
                            self.text[self.at - 1],
                            b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'('
                        ) =>
                {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn newline(&mut self) {
        self.at = self.after_line.take().unwrap_or(self.at + 1);
    }

    /// Reads pipelines until a closing word of `closers`, a closing bracket or the end. The closer is consumed.
    fn list(&mut self, closers: &[&[u8]], paren: Paren) -> List {
        let mut list = List::new();
        self.nesting += 1;
        if self.nesting > NESTING_LIMIT {
            self.too_deep = true;
            self.at = self.text.len();
        }
        loop {
            self.blanks();
            match self.peek() {
                None => break,
                Some(b'\n') => self.newline(),
                Some(b';')
                    if closers.contains(&b";;".as_slice()) && (self.starts(b";;") || self.starts(b";&")) =>
                {
                    self.at += 2;
                    break;
                }
                Some(b';' | b'&') if !self.starts(b"&>") => self.at += 1,
                Some(b'|') => self.at += 1,
                Some(b')') => {
                    if paren == Paren::Closes {
                        self.at += 1;
                    }
                    break;
                }
                _ => {
                    if let Some(closer) = self.keyword(&CLOSERS) {
                        let closes = closers.contains(&closer.as_slice());
                        if closes && closer == b"esac" && closers.len() == 2 {
                            // The case statement itself reads its closer.
                            break;
                        }
                        self.at += closer.len();
                        if closes {
                            break;
                        }
                        continue;
                    }
                    if let Some(separator) = self.keyword(&SEPARATORS) {
                        self.at += separator.len();
                        continue;
                    }
                    list.push(self.pipeline());
                }
            }
        }
        self.nesting -= 1;
        list
    }

    /// The unquoted word at this place if it is one of these.
    fn keyword(&self, of: &[&[u8]]) -> Option<Vec<u8>> {
        let rest = &self.text[self.at..];
        let end = rest
            .iter()
            .position(|b| {
                matches!(b, b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
            })
            .unwrap_or(rest.len());
        of.contains(&&rest[..end]).then(|| rest[..end].to_vec())
    }

    fn pipeline(&mut self) -> Pipeline {
        let mut pipeline = vec![self.command()];
        loop {
            self.blanks();
            if !self.starts(b"|") || self.starts(b"||") {
                return pipeline;
            }
            self.at += if self.starts(b"|&") { 2 } else { 1 };
            self.blanks();
            while self.peek() == Some(b'\n') {
                self.newline();
                self.blanks();
            }
            pipeline.push(self.command());
        }
    }

    fn command(&mut self) -> Node {
        self.blanks();
        while let Some(prefix) = self.keyword(&PREFIXES) {
            self.at += prefix.len();
            self.blanks();
        }
        if let Some(end) = self.arithmetic() {
            self.at = end;
            return self.group(List::new());
        }
        if self.peek() == Some(b'(') {
            self.at += 1;
            let list = self.list(&[], Paren::Closes);
            return self.group(list);
        }
        const COMPOUND: [&[u8]; 10] =
            [b"{", b"if", b"while", b"until", b"for", b"foreach", b"select", b"case", b"begin", b"function"];
        let Some(keyword) = self.keyword(&COMPOUND) else {
            if self.keyword(&[b"[["]).is_some() {
                self.skip_to(b"]]");
                return self.group(List::new());
            }
            return self.simple();
        };
        self.at += keyword.len();
        let list = match keyword.as_slice() {
            b"{" => self.list(&[b"}"], Paren::Stray),
            b"if" => self.list(&[b"fi", b"end"], Paren::Stray),
            b"begin" => self.list(&[b"end"], Paren::Stray),
            b"for" | b"foreach" | b"select" => self.counted(),
            b"case" => self.case(),
            b"function" => {
                self.blanks();
                self.word();
                self.blanks();
                if self.starts(b"()") {
                    self.at += 2;
                }
                return self.body();
            }
            _ => self.list(&[b"done", b"end"], Paren::Stray),
        };
        self.group(list)
    }

    /// A function's body.
    fn body(&mut self) -> Node {
        self.nesting += 1;
        self.blanks();
        while self.peek() == Some(b'\n') {
            self.newline();
            self.blanks();
        }
        let node = if self.nesting > NESTING_LIMIT {
            self.too_deep = true;
            self.at = self.text.len();
            self.group(List::new())
        } else {
            self.command()
        };
        self.nesting -= 1;
        node
    }

    /// `NAME in WORDS; do …; done`: the loop's variable is assigned each word.
    fn counted(&mut self) -> List {
        self.blanks();
        if self.starts(b"((") {
            self.skip_to(b"))");
            return self.list(&[b"done", b"end"], Paren::Stray);
        }
        let name = self.word().literal().unwrap_or_default();
        self.blanks();
        let mut all = Word::default();
        if self.keyword(&[b"in"]).is_some() {
            self.at += 2;
        }
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'\n' | b';' | b'&' | b'|' | b')' | b'<' | b'>') => break,
                _ if self.keyword(&[b"do"]).is_some() => break,
                _ => {
                    let before = self.at;
                    all.0.extend(self.word().0);
                    if self.at == before {
                        self.at += 1;
                    }
                }
            }
        }
        let assign =
            Node::Simple { assignments: vec![(name, all)], words: Vec::new(), redirects: Vec::new() };
        let mut list = vec![vec![assign]];
        list.extend(self.list(&[b"done", b"end"], Paren::Stray));
        list
    }

    /// `WORD in PATTERN) …;; … esac`.
    fn case(&mut self) -> List {
        self.blanks();
        self.word();
        let mut list = List::new();
        loop {
            self.blanks();
            match self.peek() {
                None => return list,
                Some(b'\n') => self.newline(),
                Some(b';' | b'&') => self.at += 1,
                _ if self.keyword(&[b"in"]).is_some() => self.at += 2,
                _ if self.keyword(&[b"esac"]).is_some() => {
                    self.at += 4;
                    return list;
                }
                _ => {
                    self.pattern();
                    list.extend(self.list(&[b";;", b"esac"], Paren::Stray));
                    if self.peek() == Some(b')') {
                        self.at += 1;
                    }
                }
            }
        }
    }

    /// Steps over a pattern and its closing bracket.
    fn pattern(&mut self) {
        if self.peek() == Some(b'(') {
            self.at += 1;
        }
        while let Some(byte) = self.peek() {
            match byte {
                b')' => {
                    self.at += 1;
                    return;
                }
                b'\n' => self.newline(),
                b' ' | b'\t' | b'|' | b';' | b'&' | b'<' | b'>' | b'(' => self.at += 1,
                _ => {
                    let before = self.at;
                    self.word();
                    if self.at == before {
                        self.at += 1;
                    }
                }
            }
        }
    }

    /// Where `((…))` ends; nothing where the brackets are a group within a group.
    fn arithmetic(&self) -> Option<usize> {
        if !self.starts(b"((") {
            return None;
        }
        let mut open = 0usize;
        for (at, byte) in self.text.iter().enumerate().skip(self.at) {
            match byte {
                b'(' => open += 1,
                b')' if open == 2 => return (self.text.get(at + 1) == Some(&b')')).then_some(at + 2),
                b')' => open -= 1,
                _ => {}
            }
        }
        None
    }

    fn skip_to(&mut self, end: &[u8]) {
        while self.at < self.text.len() && !self.starts(end) {
            self.at += 1;
        }
        self.at = (self.at + end.len()).min(self.text.len());
    }

    fn group(&mut self, list: List) -> Node {
        let mut redirects = Vec::new();
        loop {
            self.blanks();
            match self.redirect() {
                Some(redirect) => redirects.push(redirect),
                None => return Node::Group { list, redirects },
            }
        }
    }

    fn simple(&mut self) -> Node {
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::<Word>::new(), Vec::new());
        loop {
            self.blanks();
            if let Some(redirect) = self.redirect() {
                redirects.push(redirect);
                continue;
            }
            match self.peek() {
                None | Some(b'\n' | b';' | b'&' | b'|' | b')') => break,
                // `name()`: what follows is the function's body.
                Some(b'(') if words.len() == 1 && self.starts(b"()") => {
                    self.at += 2;
                    return self.body();
                }
                _ => {}
            }
            if words.is_empty()
                && let Some((name, value)) = self.assignment()
            {
                assignments.push((name, value));
                continue;
            }
            let before = self.at;
            let word = self.word();
            if self.at == before {
                self.at += 1;
            } else {
                words.push(word);
            }
        }
        Node::Simple { assignments, words, redirects }
    }

    /// `NAME=value`, `NAME+=value`, `NAME[i]=value`, `NAME=(…)`.
    fn assignment(&mut self) -> Option<(Vec<u8>, Word)> {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))?;
        if end == 0 || rest[0].is_ascii_digit() {
            return None;
        }
        let mut after = end;
        if rest.get(after) == Some(&b'[') {
            after += rest[after..].iter().take(64).position(|b| *b == b']')? + 1;
        }
        if rest.get(after) == Some(&b'+') {
            after += 1;
        }
        if rest.get(after) != Some(&b'=') {
            return None;
        }
        let name = rest[..end].to_vec();
        self.at += after + 1;
        if self.peek() == Some(b'(') {
            self.at += 1;
            let mut all = Word::default();
            loop {
                self.blanks();
                match self.peek() {
                    None => break,
                    Some(b')') => {
                        self.at += 1;
                        break;
                    }
                    Some(b'\n') => self.newline(),
                    _ => {
                        let before = self.at;
                        all.0.extend(self.word().0);
                        if self.at == before {
                            self.at += 1;
                        }
                    }
                }
            }
            return Some((name, all));
        }
        Some((name, self.word()))
    }

    fn redirect(&mut self) -> Option<Redirect> {
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
        Some(Redirect { descriptor, direction, target })
    }

    /// Reads the delimiter here and the document from the next line on.
    fn here_document(&mut self) -> Word {
        let start = self.at;
        let delimiter = self.word().shown();
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

    fn word(&mut self) -> Word {
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
            Some(b'(') if self.arithmetic().is_some() => {
                self.at = self.arithmetic().unwrap_or(self.text.len());
                push(word, b"0");
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
        while matches!(self.peek(), Some(b'!' | b'#')) {
            self.at += 1;
        }
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'@' | b'*')) {
            self.at += 1;
        }
        word.0.push(Part::Variable(self.text[start..self.at].to_vec()));
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
