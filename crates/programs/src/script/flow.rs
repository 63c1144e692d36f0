//! Following what arrives on standard input through shell commands to where something executes it.

use std::collections::HashSet;

use event::Text;

use super::syntax::{Direction, List, Node, Part, Redirect, Word};
use crate::invocation::{Invocation, is_standard_input};

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

/// Commands that write what they read, and how many operands come before those that name input files.
const FILTERS: [(&[u8], usize); 38] = [
    (b"cat", 0),
    (b"tac", 0),
    (b"head", 0),
    (b"tail", 0),
    (b"rev", 0),
    (b"sort", 0),
    (b"uniq", 0),
    (b"nl", 0),
    (b"fold", 0),
    (b"fmt", 0),
    (b"expand", 0),
    (b"line", 0),
    (b"base64", 0),
    (b"base32", 0),
    (b"xxd", 0),
    (b"uudecode", 0),
    (b"gunzip", 0),
    (b"gzip", 0),
    (b"zcat", 0),
    (b"bunzip2", 0),
    (b"xz", 0),
    (b"xzcat", 0),
    (b"unxz", 0),
    (b"zstd", 0),
    (b"zstdcat", 0),
    (b"pv", 0),
    (b"strings", 0),
    (b"dos2unix", 0),
    (b"cut", 0),
    (b"sed", 1),
    (b"grep", 1),
    (b"egrep", 1),
    (b"awk", 1),
    (b"jq", 1),
    (b"tee", usize::MAX),
    (b"dd", usize::MAX),
    (b"tr", usize::MAX),
    (b"iconv", usize::MAX),
];

/// Commands that connect to the network: what they write comes from the other end.
const NETWORK: [&[u8]; 10] = [
    b"nc",
    b"ncat",
    b"netcat",
    b"nc.traditional",
    b"nc.openbsd",
    b"socat",
    b"telnet",
    b"openssl",
    b"gnutls-cli",
    b"websocat",
];

/// Commands that write without reading standard input.
const GENERATORS: [&[u8]; 30] = [
    b"curl",
    b"wget",
    b"date",
    b"ls",
    b"find",
    b"seq",
    b"yes",
    b"hostname",
    b"id",
    b"uname",
    b"pwd",
    b"whoami",
    b"ps",
    b"env",
    b"printenv",
    b"which",
    b"type",
    b"sleep",
    b"true",
    b"false",
    b"test",
    b"[",
    b"basename",
    b"dirname",
    b"mktemp",
    b"kubectl",
    b"df",
    b"free",
    b"uptime",
    b"stat",
];

/// Commands that run the command that follows them.
const RUNNERS: [&[u8]; 24] = [
    b"exec",
    b"command",
    b"builtin",
    b"env",
    b"nohup",
    b"nice",
    b"ionice",
    b"setsid",
    b"stdbuf",
    b"timeout",
    b"time",
    b"chroot",
    b"unshare",
    b"nsenter",
    b"busybox",
    b"toybox",
    b"chrt",
    b"taskset",
    b"catchsegv",
    b"setpriv",
    b"gosu",
    b"su-exec",
    b"tini",
    b"dumb-init",
];

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

    /// `. FILE`; fish's `source` without a file reads standard input.
    fn source(&mut self, arguments: &[Word], origins: &[Origin], input: bool) -> Origin {
        match arguments.first() {
            None => self.found |= input,
            Some(word) => {
                let path = word.shown();
                let process = word.0.iter().any(|p| matches!(p, Part::Process(_)));
                let from_input = is_standard_input(&path) && !is_network(&path) || path == b"-";
                self.found |= (from_input && input)
                    || is_network(&path)
                    || self.files.contains(&path)
                    || (process && origins[1] != Origin::Elsewhere);
            }
        }
        Origin::Elsewhere
    }

    fn read(&mut self, name: &[u8], arguments: &[Word], descriptors: Descriptors) {
        let mut descriptor = 0;
        let mut names = Vec::new();
        let mut at = 0;
        while let Some(word) = arguments.get(at) {
            let text = word.shown();
            at += 1;
            let Some(option) = text.strip_prefix(b"-") else {
                names.push(text);
                continue;
            };
            match option.last() {
                // The value may be attached (`-u3`) or the next word.
                Some(b'u') => {
                    descriptor = arguments.get(at).and_then(|w| number(&w.shown())).unwrap_or(16);
                    at += 1;
                }
                Some(b't' | b'p' | b'i' | b'N' | b'P') if name == b"read" => at += 1,
                Some(b'C' | b'c' | b'O' | b's') if name != b"read" => at += 1,
                Some(b'd' | b'n') => at += 1,
                _ if option.starts_with(b"u") => descriptor = number(&option[1..]).unwrap_or(16),
                _ => {}
            }
        }
        if !descriptors.leads(descriptor) {
            return;
        }
        if names.is_empty() {
            let default: &[u8] = if name == b"read" { b"REPLY" } else { b"MAPFILE" };
            self.variables.insert(default.to_vec());
        }
        // `read -p prompt name?text`: ksh writes the prompt behind the name.
        self.variables
            .extend(names.into_iter().map(|n| n.split(|b| *b == b'?').next().unwrap_or_default().to_vec()));
    }

    /// `set -- VALUES`, `set NAME VALUES` (fish), `set NAME = VALUE` (csh), `export NAME=VALUE`.
    fn assign(&mut self, name: &[u8], arguments: &[Word], origins: &[Origin]) {
        if name == b"set" && origins.contains(&Origin::Input) {
            let positional = [b"@", b"*", b"1", b"2", b"3", b"4", b"5", b"6", b"7", b"8", b"9"];
            self.variables.extend(positional.iter().map(|n| n.to_vec()));
            let names =
                arguments.iter().filter_map(Word::literal).filter(|w| !w.starts_with(b"-") && w != b"=");
            self.variables.extend(names);
        }
        for (word, origin) in arguments.iter().zip(origins) {
            let text = word.shown();
            if *origin == Origin::Input
                && let Some(equals) = text.iter().position(|b| *b == b'=')
            {
                self.variables.insert(text[..equals].to_vec());
            }
        }
        if name == b"setenv" && origins.get(1) == Some(&Origin::Input) {
            self.variables.extend(arguments.first().and_then(Word::literal));
        }
    }

    /// Whether `xargs` puts what it reads where it is executed: as the command, or into a shell's command string.
    fn executes_appended(&self, name: &[u8], arguments: &[Word]) -> bool {
        let mut replace: Option<Vec<u8>> = (name == b"parallel").then(|| b"{}".to_vec());
        let mut at = 0;
        while let Some(text) = arguments.get(at).map(Word::shown) {
            let Some(option) = text.strip_prefix(b"-") else { break };
            at += 1;
            match option {
                b"a" | b"-arg-file" => return false,
                _ if option.starts_with(b"-arg-file=") => return false,
                b"I" => {
                    replace = arguments.get(at).map(Word::shown);
                    at += 1;
                }
                b"i" | b"-replace" => replace = Some(b"{}".to_vec()),
                [b'I' | b'i', with @ ..] => replace = Some(with.to_vec()),
                b"n" | b"L" | b"P" | b"s" | b"d" | b"E" | b"j" | b"N" => at += 1,
                _ => {}
            }
        }
        let argv: Vec<Text> = arguments[at..].iter().map(|w| Text::new(w.shown())).collect();
        let Some(command) = argv.first() else {
            // `parallel` alone executes each line, `xargs` alone echoes it.
            return name == b"parallel";
        };
        let holds = |text: &[u8]| {
            replace
                .as_ref()
                .is_some_and(|r| !r.is_empty() && text.windows(r.len()).any(|w| w == r.as_slice()))
        };
        if holds(command.bytes()) {
            return true;
        }
        // Runners take the appended words as their command too.
        let skipped = argv.iter().position(|w| !is_runner_word(w)).unwrap_or(argv.len());
        let argv = &argv[skipped..];
        let Some(command) = argv.first() else { return true };
        match Invocation::nested(None, command.file_name(), argv, false, self.depth + 1) {
            Invocation::CommandString { text, .. } | Invocation::InlineProgram { text, .. } => {
                // `sh -c '… "$1"' _` only passes it on; `sh -c %` and `sh -c '$0'` execute it.
                holds(text.bytes()) || executes_arguments(text.bytes(), self.depth)
            }
            // `xargs sh -c`: the string itself is what is appended.
            Invocation::Other => argv.last().is_some_and(|last| ends_with_command_option(last.bytes())),
            _ => false,
        }
    }

    /// A command that runs the command that follows it. `shell_without` says that it starts a shell if none follows.
    fn run(
        &mut self,
        arguments: &[Word],
        origins: &[Origin],
        descriptors: Descriptors,
        shell_without: bool,
    ) -> Origin {
        let mut at = 0;
        // Options, their values, assignments, numbers and directories come first. A word too many skipped or too few
        // is settled by what the next word is.
        while let Some(word) = arguments.get(at) {
            let text = word.shown();
            match text.as_slice() {
                b"-i" | b"-s" | b"--login" | b"--shell" if shell_without && arguments.len() == at + 1 => {
                    break;
                }
                b"-a" | b"-u" | b"--user" | b"-g" | b"-n" | b"-k" | b"-t" | b"-U" | b"-C" | b"--chdir"
                    if !shell_without || text == b"-u" || text == b"-g" || text == b"-C" =>
                {
                    // `exec -a NAME`, `nice -n 5`, `nsenter -t 1 -n`: a flag or an option with a value.
                    let value = arguments.get(at + 1).map(Word::shown).unwrap_or_default();
                    let is_value = !value.starts_with(b"-") && arguments.len() > at + 2;
                    at += if is_value { 2 } else { 1 };
                }
                text if text.starts_with(b"-")
                    || text.contains(&b'=')
                    || text.first().is_some_and(u8::is_ascii_digit)
                    || (text.ends_with(b"/") || text == b".") =>
                {
                    at += 1;
                }
                _ => break,
            }
        }
        let rest = &arguments[at.min(arguments.len())..];
        if rest.is_empty() || (shell_without && rest.len() == 1 && rest[0].shown().starts_with(b"-")) {
            self.found |= shell_without && descriptors.leads(0);
            return Origin::Elsewhere;
        }
        self.command(rest, &origins[at..], descriptors)
    }

    /// Any other program: a shell, an interpreter, a filter or something unknown.
    fn program(&mut self, name: &[u8], words: &[Word], origins: &[Origin], input: bool) -> Origin {
        let argv: Vec<Text> = words.iter().map(|w| Text::new(w.shown())).collect();
        match Invocation::nested(None, name, &argv, false, self.depth + 1) {
            Invocation::TakesCommands { .. } | Invocation::Wrapper { .. } => {
                // `sh <(cat)` names a file that this module shows as nothing.
                self.found |= input;
                Origin::Perhaps
            }
            Invocation::CommandString { text, .. } => {
                let from_input =
                    argv.iter().zip(origins).any(|(a, o)| *o == Origin::Input && a.bytes() == text.bytes());
                self.found |= from_input || self.inner(text.bytes(), input);
                if input { Origin::Perhaps } else { Origin::Elsewhere }
            }
            Invocation::InlineProgram { text, reads_commands } => {
                let from_input =
                    argv.iter().zip(origins).any(|(a, o)| *o == Origin::Input && a.bytes() == text.bytes());
                self.found |= from_input || (input && reads_commands);
                self.filter(name, &argv, input)
            }
            Invocation::ScriptFile { path } => {
                let process = words.iter().zip(origins).skip(1).any(|(word, origin)| {
                    *origin != Origin::Elsewhere && word.0.iter().any(|p| matches!(p, Part::Process(_)))
                });
                self.found |= process || self.files.contains(path.bytes());
                Origin::Elsewhere
            }
            Invocation::Module { .. } | Invocation::Other => {
                if name == b"sed" && input && argv.iter().skip(1).any(|a| sed_executes(a.bytes())) {
                    self.found = true;
                }
                if name == b"tee" && input {
                    self.files.extend(argv.iter().skip(1).map(|a| a.bytes().to_vec()));
                }
                self.filter(name, &argv, input)
            }
        }
    }

    /// Where what a filter writes comes from.
    fn filter(&self, name: &[u8], argv: &[Text], input: bool) -> Origin {
        let file_of_input = |text: &Text| text.bytes() == b"-" || is_standard_input(text.bytes());
        if argv.iter().skip(1).any(|a| self.files.contains(a.bytes())) {
            return Origin::Input;
        }
        let known = FILTERS.iter().find(|(filter, _)| *filter == name);
        let operands = argv.iter().skip(1).filter(|a| !a.bytes().starts_with(b"-") || a.bytes() == b"-");
        match known {
            Some(_) if !input => Origin::Elsewhere,
            Some((b"dd", _))
                if argv.iter().any(|a| a.bytes().starts_with(b"if=") && a.bytes() != b"if=/dev/stdin") =>
            {
                Origin::Elsewhere
            }
            Some((_, before)) => {
                // A number may be an option's value (`head -n 1`), not a file.
                let files: Vec<&Text> =
                    operands.filter(|a| !a.bytes().iter().all(u8::is_ascii_digit)).skip(*before).collect();
                if files.is_empty() || files.into_iter().any(file_of_input) {
                    Origin::Input
                } else {
                    Origin::Elsewhere
                }
            }
            None if GENERATORS.contains(&name) || !input => Origin::Elsewhere,
            None => Origin::Perhaps,
        }
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

/// Whether a command string executes its own arguments (`"$@"`, `$0 $1`, `eval "$1"`), as `xargs` fills them.
fn executes_arguments(text: &[u8], depth: usize) -> bool {
    let variables = [b"@".as_slice(), b"*", b"0", b"1", b"2", b"3"].map(<[u8]>::to_vec).into_iter().collect();
    let mut flow =
        Flow { variables, files: HashSet::new(), named_pipe: false, found: false, depth: depth + 1 };
    let mut descriptors = Descriptors(0);
    flow.list(&super::syntax::parse(text).list, &mut descriptors);
    flow.found
}

/// `exec` with redirections only changes the shell's own descriptors.
fn is_bare_exec(words: &[Word]) -> bool {
    matches!(words, [only] if only.literal().as_deref() == Some(b"exec"))
}

fn is_runner_word(word: &Text) -> bool {
    RUNNERS.contains(&word.file_name()) || word.bytes().starts_with(b"-") || word.bytes().contains(&b'=')
}

fn ends_with_command_option(word: &[u8]) -> bool {
    word.starts_with(b"-") && !word.starts_with(b"--") && word.contains(&b'c')
}

/// GNU sed's `e` command and flag execute what was read.
fn sed_executes(script: &[u8]) -> bool {
    let commands = script.split(|b| matches!(b, b';' | b'\n' | b'{' | b'}'));
    commands.map(<[u8]>::trim_ascii).any(|command| {
        let bare =
            command.iter().position(|b| !(b.is_ascii_digit() || matches!(b, b'$' | b',' | b'!' | b' ')));
        match bare.map(|at| &command[at..]) {
            Some(b"e") => true,
            Some([b's', delimiter, rest @ ..]) => {
                let flags = rest.rsplit(|b| b == delimiter).next().unwrap_or_default();
                flags.contains(&b'e') && flags.iter().all(|b| b.is_ascii_alphanumeric())
            }
            _ => false,
        }
    })
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
