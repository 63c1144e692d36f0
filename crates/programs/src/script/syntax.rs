//! A forgiving parser for shell text: enough structure to follow what is read and what is executed. Whatever it
//! cannot make sense of it reads as plain words; it never fails and never looks at a byte more than a few times.

mod expressions;
mod words;

use std::rc::Rc;

/// Part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text as it stands after quotes are removed.
    Literal(Vec<u8>),
    /// The value of a variable.
    Variable(Vec<u8>),
    /// The value of a variable, expanded once more as a prompt is (`${x@P}`).
    Prompt(Vec<u8>),
    /// The value of the variable that a variable names (`${!x}`).
    Indirect(Vec<u8>),
    /// Variables in an arithmetic expression: a subscript in a value is expanded in turn.
    Arithmetic(Vec<Vec<u8>>),
    /// A line of standard input (csh's `$<`).
    InputLine,
    /// The output of commands.
    Output(List),
    /// A file that holds the output of commands (`<(…)`), or takes their input (`>(…)`).
    Process(List),
}

/// A word: its parts one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

    /// The text with variables as `$name`, those whose value is known replaced by it, and everything else that is
    /// expanded left out.
    pub(super) fn shown(&self, value: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Vec<u8> {
        let mut text = Vec::new();
        for part in &self.0 {
            match part {
                Part::Literal(bytes) => text.extend_from_slice(bytes),
                Part::Variable(name) => match value(name) {
                    Some(value) => text.extend_from_slice(&value),
                    None => {
                        text.push(b'$');
                        text.extend_from_slice(name);
                    }
                },
                Part::Arithmetic(_) => text.push(b'0'),
                Part::Prompt(_)
                | Part::Indirect(_)
                | Part::InputLine
                | Part::Output(_)
                | Part::Process(_) => {}
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) descriptor: u32,
    /// The variable that is given a descriptor of the shell's choice (`{name}<file`).
    pub(super) variable: Option<Vec<u8>>,
    pub(super) direction: Direction,
    pub(super) target: Word,
}

/// A command with its words, or a group of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Assignments, words and redirections in front of one command.
    Simple { assignments: Vec<(Vec<u8>, Word)>, words: Vec<Word>, redirects: Vec<Redirect> },
    /// A loop, a condition, a group: its commands in the order of the text.
    Group { list: List, redirects: Vec<Redirect> },
    /// A function's name and body.
    Function { name: Vec<u8>, body: Rc<Self> },
    /// The words of `[[ … ]]`.
    Test { words: Vec<Word> },
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
            let names = Part::Arithmetic(self.names(end));
            self.at = end;
            let words = vec![Word(vec![Part::Literal(b":".to_vec())]), Word(vec![names])];
            let command = Node::Simple { assignments: Vec::new(), words, redirects: Vec::new() };
            return self.group(vec![vec![command]]);
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
                return self.test();
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
                let name = self.word().literal().unwrap_or_default();
                self.blanks();
                if self.starts(b"()") {
                    self.at += 2;
                }
                let body = Rc::new(self.body());
                return Node::Function { name, body };
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
            self.at = self.arithmetic().unwrap_or(self.text.len());
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
                    let name = words[0].literal().unwrap_or_default();
                    let body = Rc::new(self.body());
                    return Node::Function { name, body };
                }
                Some(b'{') => {
                    if let Some(redirect) = self.named_redirect() {
                        redirects.push(redirect);
                        continue;
                    }
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
}
