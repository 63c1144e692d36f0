//! What a program's calls execute.

use super::super::origin::Origin;
use super::Language;
use super::flow::{Program, SPAN, closing, is_one_of};
use super::tables::{DECODERS, LOOKUPS, MODULES};
use super::tokens::Token;
use crate::invocation::runs_text;

/// How something executes what it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// As program text of the language.
    Evaluates,
    /// As a command, or as a program with its arguments.
    Runs,
}

impl<'t> Program<'t> {
    /// Looks at every call of a statement.
    pub(super) fn calls(&mut self, start: usize, end: usize) {
        let tokens = self.tokens;
        for (at, token) in tokens.iter().enumerate().take(end).skip(start) {
            match token {
                Token::Command(bytes) => self.found = self.found.and(self.of_text(bytes)),
                Token::Name(parts) => {
                    let last = parts.last().map_or(&[][..], Vec::as_slice);
                    if is_one_of(last, LOOKUPS)
                        || self.lookups.contains(last)
                        || parts.iter().any(|p| p == b"__dict__")
                    {
                        self.looked_up(at);
                    }
                    if self.language == Language::Perl && is_one_of(last, &["socket", "accept"]) {
                        self.opened_by_name(at);
                    }
                    let how = self.how(parts, at);
                    if how.is_none() && !self.is_own_function(last) && !is_one_of(last, &["open", "import"]) {
                        continue;
                    }
                    let Some(arguments) = self.arguments(at, end, how) else { continue };
                    match how {
                        Some(How::Evaluates) => self.evaluated(arguments),
                        Some(How::Runs) => self.run(arguments),
                        None if last == b"open" => self.opened(arguments),
                        None => {
                            let origin = self.of(arguments);
                            self.pass(last, origin);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn how(&self, parts: &[Vec<u8>], at: usize) -> Option<How> {
        let last = parts.last()?;
        if self.executors.contains(last) {
            return Some(How::Evaluates);
        }
        if is_one_of(last, self.words.evaluate) {
            // A method of that name is the program's own: `re.compile`, `model.eval`.
            let own = self.language == Language::Python && parts.len() > 1 && !is_one_of(&parts[0], MODULES);
            return (!own || is_one_of(last, &["runcode", "runsource"])).then_some(How::Evaluates);
        }
        if is_one_of(last, self.words.run) {
            return Some(How::Runs);
        }
        // What is written to a shell that the program started.
        let written = matches!(parts, [.., pipe, write] if pipe == b"stdin" && write == b"write");
        if self.starts_shell && (written || is_one_of(last, &["communicate", "sendline"])) {
            return Some(How::Evaluates);
        }
        let common = self.runs_common && is_one_of(last, self.words.run_if.1);
        // `/pattern/.exec(line)` is no command.
        let of_pattern = self.language == Language::Node
            && at > 0
            && self.tokens[at - 1] == Token::Mark(b'.')
            && !self.tokens[at.saturating_sub(4)..at]
                .iter()
                .any(|t| matches!(t, Token::Text { bytes, .. } if bytes.ends_with(b"child_process")));
        (common && !of_pattern).then_some(How::Runs)
    }

    /// Whether an expression is the name of something that executes, not a call of it.
    pub(super) fn is_executor_alone(&self, value: &[Token]) -> bool {
        let Some(Token::Name(parts)) = value.first() else { return false };
        let ends = matches!(value.get(1), None | Some(Token::Mark(b',' | b')') | Token::Break));
        let Some(last) = parts.last() else { return false };
        ends && (is_one_of(last, self.words.run)
            || is_one_of(last, self.words.evaluate)
            || self.runs_common && is_one_of(last, self.words.run_if.1)
            || self.executors.contains(last))
    }

    /// The tokens that a call is given; `None` where the name is not called.
    fn arguments(&self, at: usize, end: usize, how: Option<How>) -> Option<&'t [Token]> {
        let tokens = self.tokens;
        match tokens.get(at + 1) {
            Some(Token::Mark(b'(')) => {
                let close = closing(tokens, at + 1);
                Some(&tokens[at + 2..close.max(at + 2)])
            }
            // `eval { … }` in Perl catches errors.
            Some(Token::Mark(b'{')) if how == Some(How::Evaluates) => None,
            _ if self.words.bare_calls => {
                let rest = &tokens[at + 1..end.min(at + 1 + SPAN)];
                const ENDS: [&str; 7] = ["while", "if", "unless", "for", "foreach", "or", "rescue"];
                let mut open = 0usize;
                let length = rest.iter().position(|token| match token {
                    Token::Mark(b'(' | b'[') => {
                        open += 1;
                        false
                    }
                    Token::Mark(b')' | b']') if open == 0 => true,
                    Token::Mark(b')' | b']') => {
                        open -= 1;
                        false
                    }
                    Token::Name(parts) => matches!(parts.as_slice(), [only] if is_one_of(only, &ENDS)),
                    _ => false,
                });
                Some(&rest[..length.unwrap_or(rest.len())])
            }
            _ => None,
        }
    }

    fn evaluated(&mut self, arguments: &[Token]) {
        let first = split(arguments).next().unwrap_or_default();
        let mut origin = self.of(first);
        // What is evaluated is program text: names in any string count.
        for token in first {
            if let Token::Text { bytes, .. } = token {
                origin = origin.and(self.of_text(bytes));
            }
        }
        // Without an argument Perl evaluates the variable that has no name.
        if first.is_empty() && self.language == Language::Perl {
            origin = origin.and(self.tainted.get(b"_".as_slice()).copied().unwrap_or_default());
        }
        if self.language == Language::Tcl {
            origin = origin.and(self.of(arguments));
        }
        if is_made_up(first) {
            origin = origin.and(Origin::descriptor(0));
        }
        self.found = self.found.and(origin);
    }

    /// A command line, or a program and its arguments.
    fn run(&mut self, arguments: &[Token]) {
        let list = match arguments {
            [Token::Mark(b'[' | b'('), inside @ ..] => {
                &inside[..closing(arguments, 0).saturating_sub(1).min(inside.len())]
            }
            _ => arguments,
        };
        let tcl = self.language == Language::Tcl;
        let mut elements: Vec<&[Token]> =
            if tcl { list.chunks(1).collect() } else { split(list).take(32).collect() };
        // `system({ …} …)`, `spawn(env, command)`: what comes before the program is no text.
        while elements.len() > 1 && elements[0].is_empty() {
            elements.remove(0);
        }
        let Some(first) = elements.first().copied() else { return };
        let origin = self.of(first);
        if origin.may_be_input() {
            // `"git pull " + branch` lets the other end choose words, and is no shell for it.
            let origin = if names_program(first) { origin.without_network() } else { origin };
            self.found = self.found.and(origin);
            return;
        }
        // A shell or an interpreter as the program executes its arguments; any other only gets them.
        let program = match first {
            [Token::Text { bytes, .. }] => Some(bytes.clone()),
            [Token::Name(parts)] if tcl => Some(parts.join(&b'.')),
            _ => None,
        };
        if program.is_some_and(|program| runs_text(&program)) {
            self.starts_shell = true;
            let rest = elements[1..].iter().fold(Origin::ELSEWHERE, |all, one| all.and(self.of(one)));
            self.found = self.found.and(rest).and(self.of(arguments));
        }
    }

    /// `socket(S, …)`, `accept(C, S)`: what is read from S or C comes from the other end.
    fn opened_by_name(&mut self, at: usize) {
        let behind = self.tokens.get(at + 1..).unwrap_or_default().iter().take(4);
        let name = behind.filter(|t| !matches!(t, Token::Mark(_))).find_map(|token| match token {
            Token::Name(parts) if parts[0] != b"my" => parts.last().cloned(),
            _ => None,
        });
        if let Some(name) = name {
            self.taint(&name, Origin::NETWORK);
        }
    }

    /// Perl, Ruby and Tcl start a command where a bar stands in what is opened.
    fn opened(&mut self, arguments: &[Token]) {
        let bar = |t: &Token| matches!(t, Token::Text { bytes, .. } if bytes.contains(&b'|'));
        if matches!(self.language, Language::Perl | Language::Ruby | Language::Tcl)
            && arguments.iter().any(bar)
        {
            let origin = self.of(arguments.get(1..).unwrap_or_default()).and(self.of(arguments));
            self.found = self.found.and(origin);
        }
        // `open(F, "<&=3")`: what is read from F comes from there.
        let origin = self.of(arguments);
        if let (Some(Token::Name(name)), Language::Perl) =
            (arguments.iter().find(|t| matches!(t, Token::Name(n) if n[0] != b"my")), self.language)
            && let Some(name) = name.last()
        {
            self.taint(&name.clone(), origin);
        }
    }

    /// An attribute or a module under a name that the program makes up while it runs.
    fn looked_up(&mut self, at: usize) {
        let tokens = self.tokens;
        let open = at + 1;
        if !matches!(tokens.get(open), Some(Token::Mark(b'(' | b'['))) {
            return;
        }
        let arguments = &tokens[open + 1..closing(tokens, open).max(open + 1)];
        let parts: Vec<&[Token]> = split(arguments).take(4).collect();
        let of_module = |part: &[Token]| matches!(part, [Token::Name(name)] if name.last().is_some_and(|n| is_one_of(n, MODULES)));
        let made_up = parts.iter().any(|part| is_concatenated(part) || is_made_up(part));
        let hidden = parts.len() > 1 && of_module(parts[0]) && !matches!(parts[1], [Token::Text { .. }]);
        let tainted = parts.iter().fold(Origin::ELSEWHERE, |all, one| all.and(self.of(one)));
        if made_up || hidden {
            self.found = self.found.and(Origin::descriptor(0));
        }
        let dynamic = is_one_of(
            super::flow::last_name(&tokens[at]).unwrap_or_default(),
            &["__import__", "import_module", "require"],
        );
        if dynamic && tainted.is_input() {
            self.found = self.found.and(tainted);
        }
        // `getattr(os, "system")` is what it names.
        if let [_, [Token::Text { bytes, .. }]] = parts.as_slice()
            && (is_one_of(bytes, self.words.run) || is_one_of(bytes, self.words.evaluate))
        {
            let after = closing(tokens, open) + 1;
            let call = matches!(tokens.get(after), Some(Token::Mark(b'(')))
                .then(|| &tokens[after + 1..closing(tokens, after).max(after + 1)]);
            match call {
                Some(given) => self.evaluated(given),
                None => {
                    if let (Some(Token::Assign), Some(Token::Name(name))) =
                        (at.checked_sub(1).map(|at| &tokens[at]), at.checked_sub(2).map(|at| &tokens[at]))
                    {
                        self.executors.extend(name.last().cloned());
                    }
                }
            }
        }
    }
}

/// The arguments of a call, split at the commas that are not in brackets.
fn split(tokens: &[Token]) -> impl Iterator<Item = &[Token]> {
    let mut open = 0usize;
    tokens.split(move |token| match token {
        Token::Mark(b'(' | b'[' | b'{') => {
            open += 1;
            false
        }
        Token::Mark(b')' | b']' | b'}') => {
            open = open.saturating_sub(1);
            false
        }
        Token::Mark(b',') => open == 0,
        _ => false,
    })
}

/// `'sys' + 'tem'`: nobody writes a known name so without wanting to hide it.
fn is_concatenated(tokens: &[Token]) -> bool {
    tokens.windows(3).any(|w| matches!(w, [Token::Text { .. }, Token::Mark(b'+' | b'.'), Token::Text { .. }]))
}

/// Whether an expression decodes text that stands in the program.
fn is_made_up(tokens: &[Token]) -> bool {
    let decodes =
        |t: &Token| matches!(t, Token::Name(parts) if parts.last().is_some_and(|n| is_one_of(n, DECODERS)));
    let text = |t: &Token| matches!(t, Token::Text { bytes, .. } if bytes.len() >= 8);
    tokens.iter().any(decodes) && tokens.iter().any(text)
}

/// Whether a command line begins with the name of a program that does not itself run what follows.
fn names_program(line: &[Token]) -> bool {
    let Some(Token::Text { bytes, .. }) = line.first() else { return false };
    let Some(end) = bytes.iter().position(u8::is_ascii_whitespace) else { return false };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+".contains(byte);
    let (program, rest) = bytes.split_at(end);
    let goes_on = rest.iter().any(|byte| b";|&`\n".contains(byte)) || rest.windows(2).any(|two| two == b"$(");
    !program.is_empty() && program.iter().all(plain) && !runs_text(program) && !goes_on
}
