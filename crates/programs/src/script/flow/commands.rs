//! What single commands do with what they read.

use std::collections::HashSet;

use event::Text;

use super::super::syntax::{self, Part, Word};
use super::tables::{FILTERS, GENERATORS, RUNNERS};
use super::{Descriptors, Flow, Origin, is_network, number};
use crate::invocation::{Invocation, is_standard_input};

impl Flow {
    /// `. FILE`; fish's `source` without a file reads standard input.
    pub(super) fn source(&mut self, arguments: &[Word], origins: &[Origin], input: bool) -> Origin {
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

    pub(super) fn read(&mut self, name: &[u8], arguments: &[Word], descriptors: Descriptors) {
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
    pub(super) fn assign(&mut self, name: &[u8], arguments: &[Word], origins: &[Origin]) {
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
    pub(super) fn executes_appended(&self, name: &[u8], arguments: &[Word]) -> bool {
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
    pub(super) fn run(
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
    pub(super) fn program(&mut self, name: &[u8], words: &[Word], origins: &[Origin], input: bool) -> Origin {
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
}

/// Whether a command string executes its own arguments (`"$@"`, `$0 $1`, `eval "$1"`), as `xargs` fills them.
fn executes_arguments(text: &[u8], depth: usize) -> bool {
    let variables = [b"@".as_slice(), b"*", b"0", b"1", b"2", b"3"].map(<[u8]>::to_vec).into_iter().collect();
    let mut flow =
        Flow { variables, files: HashSet::new(), named_pipe: false, found: false, depth: depth + 1 };
    let mut descriptors = Descriptors(0);
    flow.list(&syntax::parse(text).list, &mut descriptors);
    flow.found
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
