//! Following what arrives on standard input through shell commands to where something executes it.

mod commands;
mod tables;

use std::collections::HashSet;

use self::tables::{NETWORK, RUNNERS};
use super::syntax::{Direction, List, Node, Part, Redirect, Word};
use crate::invocation::is_standard_input;

/// Whether data may come from standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// It does not.
    Elsewhere,
    /// A program that this module does not know read standard input and wrote something.
    Perhaps,
    /// It does.
    Input,
}

/// Which descriptors lead to the other end of standard input. Descriptors above 15 count as leading there: nothing
/// else would use them.
#[derive(Debug, Clone, Copy)]
struct Descriptors(u16);

impl Descriptors {
    fn leads(self, descriptor: u32) -> bool {
        descriptor > 15 || self.0 & (1 << descriptor) != 0
    }

    fn set(&mut self, descriptor: u32, leads: bool) {
        if descriptor <= 15 {
            self.0 = if leads { self.0 | (1 << descriptor) } else { self.0 & !(1 << descriptor) };
        }
    }
}

struct Flow {
    variables: HashSet<Vec<u8>>,
    /// Files that hold what was read.
    files: HashSet<Vec<u8>>,
    /// A named pipe was made: an unknown file read as input may be it.
    named_pipe: bool,
    found: bool,
    depth: usize,
}

/// Whether the commands execute what they read from standard input.
pub(super) fn executes_input(list: &List, depth: usize) -> bool {
    let mut flow =
        Flow { variables: HashSet::new(), files: HashSet::new(), named_pipe: false, found: false, depth };
    // A loop may execute in its first line what its last line read: twice around finds it.
    for _ in 0..2 {
        // Descriptors 3 to 15 are inherited from nobody knows where.
        flow.list(list, &mut Descriptors(u16::MAX));
        if flow.found {
            return true;
        }
    }
    false
}

impl Flow {
    fn list(&mut self, list: &List, descriptors: &mut Descriptors) -> Origin {
        let mut written = Origin::Elsewhere;
        for pipeline in list {
            if self.found {
                break;
            }
            if let [only] = pipeline.as_slice() {
                written = written.max(self.node(only, descriptors, true));
                continue;
            }
            let mut input = descriptors.leads(0);
            let mut last = Origin::Elsewhere;
            for node in pipeline {
                let mut own = *descriptors;
                own.set(0, input);
                last = self.node(node, &mut own, false);
                input = last != Origin::Elsewhere;
            }
            written = written.max(last);
        }
        written
    }

    fn node(&mut self, node: &Node, descriptors: &mut Descriptors, alone: bool) -> Origin {
        match node {
            Node::Group { list, redirects } => {
                let mut own = *descriptors;
                let output = self.redirect(redirects, &mut own);
                let written = self.list(list, &mut own);
                self.deliver(written, output)
            }
            Node::Simple { assignments, words, redirects } => {
                let mut own = *descriptors;
                let output = self.redirect(redirects, &mut own);
                for (name, value) in assignments {
                    if self.word(value, own) == Origin::Input {
                        self.variables.insert(name.clone());
                    }
                }
                let origins: Vec<Origin> = words.iter().map(|w| self.word(w, own)).collect();
                if is_bare_exec(words) && alone {
                    *descriptors = own;
                }
                // `$(</dev/stdin)`: redirections alone write what they read.
                let read_alone = words.is_empty() && redirects.iter().any(|r| r.direction == Direction::In);
                let written = if read_alone && own.leads(0) {
                    Origin::Input
                } else {
                    self.command(words, &origins, own)
                };
                self.deliver(written, output)
            }
        }
    }

    /// Sends what a command wrote to the file that its output was redirected to, if any.
    fn deliver(&mut self, written: Origin, output: Option<Vec<u8>>) -> Origin {
        match output {
            None => written,
            Some(path) => {
                if written == Origin::Input {
                    self.files.insert(path);
                }
                Origin::Elsewhere
            }
        }
    }

    /// Applies redirections; returns the file that standard output goes to, if one.
    fn redirect(&mut self, redirects: &[Redirect], descriptors: &mut Descriptors) -> Option<Vec<u8>> {
        let mut output = None;
        for redirect in redirects {
            let descriptor = redirect.descriptor;
            let target = redirect.target.shown();
            match redirect.direction {
                Direction::Here => {
                    let leads = self.word(&redirect.target, *descriptors) == Origin::Input;
                    descriptors.set(descriptor, leads);
                }
                Direction::Duplicate => {
                    let moved = target.strip_suffix(b"-").and_then(number);
                    let leads = match number(&target).or(moved) {
                        Some(from) => descriptors.leads(from),
                        // `<&-` closes; a variable may hold any descriptor.
                        None => target != b"-",
                    };
                    descriptors.set(descriptor, leads);
                }
                Direction::In | Direction::Both => {
                    let process = self.word(&redirect.target, *descriptors) != Origin::Elsewhere
                        && redirect.target.0.iter().any(|p| matches!(p, Part::Process(_)));
                    let leads = process || self.file_leads(&redirect.target, &target, *descriptors);
                    descriptors.set(descriptor, leads);
                }
                Direction::Out | Direction::OutAndErrors => {
                    let network = is_network(&target);
                    descriptors.set(descriptor, network);
                    if redirect.direction == Direction::OutAndErrors {
                        descriptors.set(1, network);
                        descriptors.set(2, network);
                    }
                    if (descriptor == 1 || redirect.direction == Direction::OutAndErrors) && !network {
                        output = Some(target);
                    }
                }
            }
        }
        output
    }

    /// Whether a file read as input leads to the other end of standard input.
    fn file_leads(&self, word: &Word, path: &[u8], descriptors: Descriptors) -> bool {
        if let Some(rest) = path.strip_prefix(b"/dev/fd/")
            && let Some(from) = number(rest)
        {
            return descriptors.leads(from);
        }
        if path == b"/dev/stdin" {
            return descriptors.leads(0);
        }
        is_network(path)
            || is_standard_input(path)
            || self.files.contains(path)
            // The name of a pipe made here may be in a variable.
            || self.named_pipe && (word.literal().is_none() || !path.starts_with(b"/dev/"))
    }

    /// Where a word's value comes from; the commands inside it are followed.
    fn word(&mut self, word: &Word, descriptors: Descriptors) -> Origin {
        let mut origin = Origin::Elsewhere;
        for part in &word.0 {
            let of = match part {
                Part::Literal(_) => Origin::Elsewhere,
                Part::Variable(name) if self.variables.contains(name) => Origin::Input,
                Part::Variable(_) => Origin::Elsewhere,
                Part::InputLine if descriptors.leads(0) => Origin::Input,
                Part::InputLine => Origin::Elsewhere,
                Part::Output(list) | Part::Process(list) => self.list(list, &mut descriptors.clone()),
            };
            origin = origin.max(of);
        }
        origin
    }

    /// Follows one command; returns where what it writes comes from.
    fn command(&mut self, words: &[Word], origins: &[Origin], descriptors: Descriptors) -> Origin {
        let Some(first) = words.first() else { return Origin::Elsewhere };
        let input = descriptors.leads(0);
        let Some(path) = first.literal() else {
            return self.expanded_command(first, words, origins, descriptors);
        };
        if self.files.contains(&path) {
            self.found = true;
        }
        let name = base_name(&path);
        let arguments = &words[1..];
        let given = origins[1..].contains(&Origin::Input);
        match name {
            b"." | b"source" => self.source(arguments, origins, input),
            b"eval" => {
                self.found |= given;
                let text = joined(arguments);
                self.found |= self.inner(&text, input);
                Origin::Elsewhere
            }
            b"read" | b"mapfile" | b"readarray" | b"vared" => {
                self.read(name, arguments, descriptors);
                Origin::Elsewhere
            }
            b"set" | b"export" | b"declare" | b"local" | b"typeset" | b"readonly" | b"setenv" => {
                self.assign(name, arguments, &origins[1..]);
                Origin::Elsewhere
            }
            b"mkfifo" | b"mknod" => {
                self.named_pipe = true;
                Origin::Elsewhere
            }
            b"xargs" | b"parallel" => {
                self.found |= input && self.executes_appended(name, arguments);
                Origin::Elsewhere
            }
            b"at" | b"batch" => {
                self.found |= input && !arguments.iter().any(|w| w.shown().starts_with(b"-f"));
                Origin::Elsewhere
            }
            b"crontab" => {
                self.found |= input && arguments.iter().any(|w| w.shown() == b"-");
                Origin::Elsewhere
            }
            b"su" | b"runuser" => {
                let string =
                    arguments.iter().position(|w| matches!(w.shown().as_slice(), b"-c" | b"--command"));
                match string.and_then(|at| arguments.get(at + 1).map(|text| (at, text))) {
                    Some((at, text)) => {
                        self.found |= origins.get(at + 2) == Some(&Origin::Input);
                        self.found |= self.inner(&text.shown(), input);
                    }
                    None => self.found |= input,
                }
                Origin::Elsewhere
            }
            b"echo" | b"printf" | b"print" => {
                if given {
                    Origin::Input
                } else {
                    Origin::Elsewhere
                }
            }
            b"sudo" | b"doas" => self.run(arguments, &origins[1..], descriptors, input),
            // It only says where a command is.
            b"command"
                if arguments.first().is_some_and(|w| matches!(w.shown().as_slice(), b"-v" | b"-V")) =>
            {
                Origin::Elsewhere
            }
            _ if RUNNERS.contains(&name) => self.run(arguments, &origins[1..], descriptors, false),
            _ if NETWORK.contains(&name) => Origin::Input,
            _ => self.program(name, words, origins, input),
        }
    }

    /// A command whose name is expanded: from what was read, or a shell's usual variables.
    fn expanded_command(
        &mut self,
        first: &Word,
        words: &[Word],
        origins: &[Origin],
        descriptors: Descriptors,
    ) -> Origin {
        if origins[0] == Origin::Input {
            self.found = true;
            return Origin::Input;
        }
        const SHELLS: [&[u8]; 5] = [b"SHELL", b"BASH", b"0", b"ZSH_ARGZERO", b"FISH"];
        if let [Part::Variable(name), ..] = first.0.as_slice()
            && SHELLS.contains(&name.as_slice())
        {
            return self.program(b"sh", words, origins, descriptors.leads(0));
        }
        // `/bin/${x}sh`, `$b/bash`: what is left may still name a shell.
        let shown = first.shown();
        if shown.contains(&b'/') {
            return self.program(base_name(&shown), words, origins, descriptors.leads(0));
        }
        if descriptors.leads(0) { Origin::Perhaps } else { Origin::Elsewhere }
    }

    /// Whether text executed inside this text executes what it reads; it sees the same variables.
    fn inner(&mut self, text: &[u8], input: bool) -> bool {
        if self.depth + 1 >= super::DEPTH_LIMIT {
            return true;
        }
        let parsed = super::syntax::parse(text);
        self.depth += 1;
        let mut descriptors = Descriptors(u16::MAX);
        descriptors.set(0, input);
        self.list(&parsed.list, &mut descriptors);
        self.depth -= 1;
        parsed.too_deep || self.found
    }
}

/// `exec` with redirections only changes the shell's own descriptors.
fn is_bare_exec(words: &[Word]) -> bool {
    matches!(words, [only] if only.literal().as_deref() == Some(b"exec"))
}

fn joined(words: &[Word]) -> Vec<u8> {
    words.iter().map(Word::shown).collect::<Vec<_>>().join(&b' ')
}

fn is_network(path: &[u8]) -> bool {
    path.starts_with(b"/dev/tcp/") || path.starts_with(b"/dev/udp/")
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

fn number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}
