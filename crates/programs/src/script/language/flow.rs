//! Following what was read through a program's tokens.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::super::Verdict;
use super::super::origin::Origin;
use super::Language;
use super::tables::{LOOKUPS, SAFE, Words, words};
use super::tokens::Token;

/// Passes over the text: what one statement learns the one before it may need.
const ROUNDS: usize = 4;
/// Longer expressions are looked at so far.
pub(super) const SPAN: usize = 240;
/// More looks at tokens than this are not taken.
const WORK: usize = 1_000_000;

/// What is known of the program.
pub(super) struct Program<'t> {
    pub(super) language: Language,
    pub(super) words: &'static Words,
    pub(super) tokens: &'t [Token],
    /// Variables and functions, by the last part of their names.
    pub(super) tainted: HashMap<Vec<u8>, Origin>,
    /// Names under which something that executes is known here.
    pub(super) executors: HashSet<Vec<u8>>,
    /// Names under which a look-up of attributes is known here.
    pub(super) lookups: HashSet<Vec<u8>>,
    work: Cell<usize>,
    /// Parameters of the program's own functions.
    parameters: HashMap<Vec<u8>, Vec<Vec<u8>>>,
    /// It starts a shell: what it writes to that is executed.
    pub(super) starts_shell: bool,
    /// The text names what makes common names execute.
    pub(super) runs_common: bool,
    /// Node's modules of connections are there under some name.
    is_on_network: bool,
    pub(super) found: Origin,
}

/// What the program executes of what it reads.
pub(super) fn follow(language: Language, text: &[u8], tokens: &[Token], reads_input: bool) -> Verdict {
    let words = words(language);
    let holds =
        |needle: &str| !needle.is_empty() && text.windows(needle.len()).any(|w| w == needle.as_bytes());
    let mut program = Program {
        language,
        words,
        tokens,
        tainted: HashMap::new(),
        executors: HashSet::new(),
        starts_shell: false,
        lookups: HashSet::new(),
        work: Cell::new(0),
        parameters: HashMap::new(),
        runs_common: holds(words.run_if.0),
        is_on_network: ["'net'", "\"net\"", "'tls'", "\"tls\""].into_iter().any(holds),
        found: Origin::ELSEWHERE,
    };
    if reads_input {
        for name in ["_", "argn", "F"] {
            program.tainted.insert(name.into(), Origin::descriptor(0));
        }
    }
    for _ in 0..ROUNDS {
        let before = (program.tainted.clone(), program.executors.len(), program.parameters.len());
        program.round();
        if before == (program.tainted.clone(), program.executors.len(), program.parameters.len()) {
            break;
        }
    }
    program.found.verdict(None, program.is_tired())
}

pub(super) fn is_one_of(name: &[u8], of: &[&str]) -> bool {
    of.iter().any(|word| word.as_bytes() == name)
}

impl Program<'_> {
    fn round(&mut self) {
        let tokens = self.tokens;
        let mut start = 0;
        // What the statements around the open braces carry into those that go on behind them.
        let mut around: Vec<Origin> = Vec::new();
        let mut carried = Origin::ELSEWHERE;
        for at in 0..=tokens.len() {
            let ends = match tokens.get(at) {
                None | Some(Token::Break | Token::Mark(b'{' | b'}')) => true,
                Some(_) => false,
            };
            if !ends {
                continue;
            }
            if self.is_tired() {
                return;
            }
            let here = self.statement(start, at, carried);
            match tokens.get(at) {
                Some(Token::Mark(b'{')) => {
                    around.push(here);
                    // A block's parameters stand behind its brace in Ruby.
                    let block = tokens.get(at + 1) == Some(&Token::Mark(b'|'));
                    carried = if block { here } else { Origin::ELSEWHERE };
                }
                Some(Token::Mark(b'}')) => {
                    let outer = around.pop().unwrap_or_default().and(here);
                    let goes_on = matches!(tokens.get(at + 1), Some(Token::Mark(b')' | b'.' | b',')));
                    carried = if goes_on { outer } else { Origin::ELSEWHERE };
                }
                _ => carried = Origin::ELSEWHERE,
            }
            start = at + 1;
        }
    }

    /// One statement; returns where its values come from.
    fn statement(&mut self, start: usize, end: usize, carried: Origin) -> Origin {
        let tokens = self.tokens;
        let statement = &tokens[start..end];
        if statement.is_empty() {
            return carried;
        }
        self.definition(start, end);
        self.calls(start, end);
        let all = carried.and(self.of(statement));
        if all.may_be_input() {
            self.loops(statement, all);
        }
        self.assignments(statement);
        self.renamed(statement);
        if self.language == Language::Tcl {
            self.tcl(statement);
        }
        if is_return(statement) && all.may_be_input() {
            // The function that this stands in: the last that was begun.
            let name = (0..start).rev().take(2000).find_map(|at| self.defined_at(at));
            if let Some(name) = name {
                self.taint(&name, all);
            }
        }
        all
    }

    /// Whether more was looked at than a program of this length should need.
    fn is_tired(&self) -> bool {
        self.work.get() > WORK
    }

    pub(super) fn taint(&mut self, name: &[u8], origin: Origin) {
        if origin.may_be_input()
            && !name.first().is_some_and(u8::is_ascii_digit)
            && !is_one_of(name, &["self", "this", "my", "local", "our", "var", "let", "const", "global"])
        {
            let entry = self.tainted.entry(name.to_vec()).or_default();
            *entry = entry.and(origin);
        }
    }

    /// Where the value of an expression may come from.
    pub(super) fn of(&self, tokens: &[Token]) -> Origin {
        let mut origin = Origin::ELSEWHERE;
        let mut at = 0;
        self.work.set(self.work.get() + tokens.len());
        if self.is_tired() {
            return origin;
        }
        while let Some(token) = tokens.get(at) {
            match token {
                Token::Name(parts) => {
                    let last = parts.last().map_or(&[][..], Vec::as_slice);
                    // The name of what is assigned, or of a keyword's argument.
                    if tokens.get(at + 1) == Some(&Token::Assign) {
                        at += 1;
                        continue;
                    }
                    let called = tokens.get(at + 1) == Some(&Token::Mark(b'('));
                    if called && is_one_of(last, SAFE) {
                        at = closing(tokens, at + 1);
                        continue;
                    }
                    let own = self.of_name(parts, tokens, at);
                    origin = origin.and(own);
                    // `TABLE[key]`, `TABLE.get(key)`: what comes out is the table's, not the key's.
                    let picks = tokens.get(at + 1) == Some(&Token::Mark(b'[')) || called && last == b"get";
                    if picks && !own.may_be_input() {
                        at = closing(tokens, at + 1);
                        continue;
                    }
                }
                Token::Text { bytes, expands: true } => origin = origin.and(self.of_text(bytes)),
                Token::Text { bytes, .. } => origin = origin.and(self.of_path(bytes)),
                // `<>` reads standard input in Perl, `<NAME>` what was opened under that name.
                Token::Mark(b'<')
                    if self.language == Language::Perl && tokens.get(at + 1) == Some(&Token::Mark(b'>')) =>
                {
                    origin = origin.and(Origin::descriptor(0));
                }
                Token::Command(bytes) => origin = origin.and(self.of_text(bytes)),
                _ => {}
            }
            at += 1;
        }
        origin
    }

    fn of_name(&self, parts: &[Vec<u8>], tokens: &[Token], at: usize) -> Origin {
        let mut origin = Origin::ELSEWHERE;
        for part in parts {
            if is_one_of(part, self.words.stdin) {
                origin = origin.and(Origin::descriptor(0));
            }
            if is_one_of(part, self.words.network) {
                origin = origin.and(Origin::NETWORK);
            }
            if let Some(tainted) = self.tainted.get(part) {
                origin = origin.and(*tainted);
            }
        }
        let whole = parts.join(&b'.');
        if is_one_of(&whole, self.words.reads) {
            origin = origin.and(Origin::descriptor(0));
        }
        // `open(0)`, `os.read(3, …)`, `readFileSync(0)`, `fdopen(3)`: a descriptor by its number.
        const BY_NUMBER: [&str; 6] = ["open", "read", "fdopen", "readFileSync", "for_fd", "createReadStream"];
        let number = (tokens.get(at + 1), tokens.get(at + 2), tokens.get(at + 3));
        if let (
            Some(Token::Mark(b'(')),
            Some(Token::Name(digits)),
            Some(Token::Mark(b')' | b',') | Token::Break),
        ) = number
            && let ([digits], Some(last)) = (digits.as_slice(), parts.last())
            && is_one_of(last, &BY_NUMBER)
            && let Ok(number) = std::str::from_utf8(digits).unwrap_or_default().parse()
        {
            origin = origin.and(Origin::descriptor(number));
        }
        // Only what connects makes a connection: `net.connect`, not every method of that name.
        if self.language == Language::Node
            && matches!(parts, [.., owner, last] if (self.is_on_network || is_one_of(owner, &["net", "tls"])) && is_one_of(last, &["connect", "Socket"]))
            || self.language == Language::Node
                && parts.len() == 1
                && parts[0] == b"connect"
                && is_required(tokens, at)
        {
            origin = origin.and(Origin::NETWORK);
        }
        origin
    }

    /// Where the values of names inside a string come from.
    pub(super) fn of_text(&self, bytes: &[u8]) -> Origin {
        let names = bytes.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_'));
        self.work.set(self.work.get() + bytes.len() / 8);
        let reads = bytes.contains(&b'{');
        names.fold(self.of_path(bytes), |all, name| {
            let read = reads && (is_one_of(name, self.words.reads) || is_one_of(name, self.words.stdin));
            let all = if read { all.and(Origin::descriptor(0)) } else { all };
            self.tainted.get(name).map_or(all, |one| all.and(*one))
        })
    }

    /// A string that names a descriptor or a connection.
    fn of_path(&self, bytes: &[u8]) -> Origin {
        use crate::invocation::{ScriptSource, script_source};
        if let Some(number) = bytes
            .strip_prefix(b"<&")
            .and_then(|rest| std::str::from_utf8(rest.strip_prefix(b"=").unwrap_or(rest)).ok())
        {
            return number.parse().map_or_else(|_| Origin::descriptor(0), Origin::descriptor);
        }
        let path = bytes.strip_prefix(b"@").unwrap_or(bytes);
        if bytes == b"php://stdin" || bytes == b"php://input" {
            return Origin::descriptor(0);
        }
        match script_source(path, b"") {
            ScriptSource::Descriptor(_)
                if path.starts_with(b"/dev/tcp/") || path.starts_with(b"/dev/udp/") =>
            {
                Origin::NETWORK
            }
            ScriptSource::Descriptor(number) if !matches!(number, 1 | 2) => Origin::descriptor(number),
            _ if path.starts_with(b"/inet") => Origin::NETWORK,
            _ => Origin::ELSEWHERE,
        }
    }

    /// Names that a loop or a block gives to what it goes through.
    fn loops(&mut self, statement: &[Token], all: Origin) {
        let mut at = 0;
        while let Some(token) = statement.get(at) {
            match token {
                // `for A, B in …`, `foreach my $x (…)`, `foreach (… as $x)`.
                Token::Name(parts) if matches!(parts.as_slice(), [only] if is_one_of(only, &["for", "foreach", "as", "catch"])) =>
                {
                    let bound = statement[at + 1..].iter().take(12);
                    let bound = bound.take_while(|t| !matches!(t, Token::Name(p) if matches!(p.as_slice(), [w] if is_one_of(w, &["in", "of"]))));
                    for name in bound.filter_map(last_name).take(4).collect::<Vec<_>>() {
                        self.taint(name, all);
                    }
                    if self.language == Language::Perl {
                        self.taint(b"_", all);
                    }
                }
                Token::Name(parts) if self.language == Language::Node && parts[0] == b"function" => {
                    self.tainted.insert(b"this".to_vec(), all);
                    let names = statement[at + 1..].iter().take(16).take_while(|t| **t != Token::Mark(b')'));
                    for name in names.filter_map(last_name).collect::<Vec<_>>() {
                        self.taint(name, all);
                    }
                }
                // `while (<X>)` reads into the variable that has no name.
                Token::Mark(b'<')
                    if self.language == Language::Perl && !statement.contains(&Token::Assign) =>
                {
                    self.taint(b"_", all);
                }
                // `|line|`: a block's parameters in Ruby.
                Token::Mark(b'|') if self.language == Language::Ruby => {
                    let names = statement[at + 1..].iter().take_while(|t| **t != Token::Mark(b'|')).take(8);
                    for name in names.filter_map(last_name).collect::<Vec<_>>() {
                        self.taint(name, all);
                    }
                }
                Token::Arrow if self.language != Language::Perl => {
                    for name in parameters_before(&statement[..at]) {
                        self.taint(name, all);
                    }
                }
                Token::Name(parts) if matches!(parts.as_slice(), [only] if is_one_of(only, &["function", "lambda"])) =>
                {
                    let rest = &statement[at + 1..];
                    let names = rest.iter().take(16).take_while(|t| !matches!(t, Token::Mark(b')' | b':')));
                    for name in names.filter_map(last_name).collect::<Vec<_>>() {
                        self.taint(name, all);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        // Ruby's blocks begin behind the brace or `do`.
        if self.language == Language::Ruby {
            self.taint(b"_1", all);
        }
    }

    fn assignments(&mut self, statement: &[Token]) {
        for (at, _) in statement.iter().enumerate().filter(|(_, t)| **t == Token::Assign).take(32) {
            let value = &statement[at + 1..statement.len().min(at + 1 + SPAN)];
            let origin = self.of(value);
            let before = &statement[at.saturating_sub(12)..at];
            // The names on the left: as far as they are one list.
            let left = before.iter().rev().take_while(|t| {
                matches!(
                    t,
                    Token::Name(_)
                        | Token::Mark(
                            b',' | b'('
                                | b')'
                                | b'['
                                | b']'
                                | b'*'
                                | b'.'
                                | b'+'
                                | b'-'
                                | b'|'
                                | b'&'
                                | b'%'
                                | b'?'
                                | b'/'
                        )
                )
            });
            let left: Vec<&[u8]> = left.filter_map(last_name).collect();
            for name in &left {
                self.taint(name, origin);
            }
            if let (Some(name), true) = (left.first(), self.is_executor_alone(value)) {
                self.executors.insert(name.to_vec());
            }
            if let (Some(name), [Token::Name(of)]) = (left.first(), value)
                && of.last().is_some_and(|of| is_one_of(of, LOOKUPS))
            {
                self.lookups.insert(name.to_vec());
            }
        }
    }

    /// `from MODULE import NAME as OTHER`.
    fn renamed(&mut self, statement: &[Token]) {
        if self.language != Language::Python
            || !statement.iter().take(4).any(|t| last_name(t) == Some(b"import"))
        {
            return;
        }
        for window in statement.windows(3) {
            if last_name(&window[1]) == Some(b"as")
                && let Some(name) = last_name(&window[2]).filter(|_| self.is_executor_alone(&window[..1]))
            {
                self.executors.insert(name.to_vec());
            }
        }
    }

    /// `gets CHANNEL NAME`, `set NAME VALUE`, `foreach NAME LIST`.
    fn tcl(&mut self, statement: &[Token]) {
        for (at, token) in statement.iter().enumerate() {
            let Token::Name(parts) = token else { continue };
            let [name] = parts.as_slice() else { continue };
            let rest = &statement[at + 1..statement.len().min(at + 1 + SPAN)];
            match name.as_slice() {
                b"gets" => {
                    let origin = self.of(&rest[..rest.len().min(1)]);
                    if let Some(Token::Name(name)) = rest.get(1) {
                        self.taint(&name.join(&b':'), origin);
                    }
                }
                b"set" | b"append" | b"lappend" | b"foreach" => {
                    let origin = self.of(rest.get(1..).unwrap_or_default());
                    if let Some(Token::Name(name)) = rest.first() {
                        self.taint(&name.join(&b':'), origin);
                    }
                }
                _ => {}
            }
        }
    }

    /// The name of the function that is defined at this place.
    fn defined_at(&self, at: usize) -> Option<Vec<u8>> {
        let Token::Name(parts) = self.tokens.get(at)? else { return None };
        let [keyword] = parts.as_slice() else { return None };
        if !is_one_of(keyword, &["def", "sub", "function", "proc", "fn"]) {
            return None;
        }
        match self.tokens.get(at + 1)? {
            Token::Name(name) => name.last().cloned(),
            _ => None,
        }
    }

    fn definition(&mut self, start: usize, end: usize) {
        for at in start..end.min(start + 8) {
            let Some(name) = self.defined_at(at) else { continue };
            let mut names: Vec<Vec<u8>> = Vec::new();
            let after = &self.tokens[at + 2..self.tokens.len().min(at + 2 + 24)];
            let list = after.iter().take_while(|t| !matches!(t, Token::Mark(b')' | b'}') | Token::Break));
            for token in list {
                names.extend(last_name(token).map(<[u8]>::to_vec));
            }
            if self.language == Language::Perl {
                names = vec![b"_".to_vec(), b"shift".to_vec()];
            }
            self.parameters.insert(name, names);
        }
    }

    /// Gives what a function of the program is called with to its parameters.
    pub(super) fn pass(&mut self, name: &[u8], origin: Origin) {
        if !origin.may_be_input() {
            return;
        }
        for parameter in self.parameters.get(name).cloned().unwrap_or_default() {
            self.taint(&parameter, origin);
        }
    }

    pub(super) fn is_own_function(&self, name: &[u8]) -> bool {
        self.parameters.contains_key(name)
    }
}

fn is_return(statement: &[Token]) -> bool {
    let returns = |t: &Token| matches!(t, Token::Name(p) if matches!(p.as_slice(), [w] if is_one_of(w, &["return", "yield"])));
    statement.iter().take(3).any(returns)
}

/// `require("net").connect`: the name follows a call that names a module of connections.
fn is_required(tokens: &[Token], at: usize) -> bool {
    let before = &tokens[at.saturating_sub(4)..at];
    before.iter().any(|t| matches!(t, Token::Text { bytes, .. } if matches!(bytes.as_slice(), b"net" | b"tls" | b"node:net")))
}

/// The names of `(a, b) =>` and `a =>`.
fn parameters_before(tokens: &[Token]) -> Vec<&[u8]> {
    if let Some(Token::Name(_)) = tokens.last() {
        return tokens.last().and_then(last_name).into_iter().collect();
    }
    let before = tokens.iter().rev().skip(1).take(16).take_while(|t| **t != Token::Mark(b'('));
    before.filter_map(last_name).collect()
}

pub(super) fn last_name(token: &Token) -> Option<&[u8]> {
    match token {
        Token::Name(parts) => parts.last().map(Vec::as_slice),
        _ => None,
    }
}

/// Where the bracket that opens at `at` is closed, or a bounded way behind it.
pub(super) fn closing(tokens: &[Token], at: usize) -> usize {
    let mut open = 0usize;
    let end = tokens.len().min(at + SPAN);
    for (index, token) in tokens.iter().enumerate().take(end).skip(at) {
        match token {
            Token::Mark(b'(' | b'[' | b'{') => open += 1,
            Token::Mark(b')' | b']' | b'}') => {
                open = open.saturating_sub(1);
                if open == 0 {
                    return index;
                }
            }
            _ => {}
        }
    }
    end
}
