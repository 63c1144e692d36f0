//! What single commands do with what they read.

use event::Text;

use super::super::syntax::{Part, Word};
use super::tables::{COMMAND_OPTIONS, FILTERS, GENERATORS};
use super::{Descriptors, Flow, NETWORK, Origin, RUNNERS, base_name, executes_arguments};
use crate::invocation::{Invocation, ScriptSource, script_source};

impl Flow {
    /// Follows one command; returns where what it writes comes from.
    pub(super) fn command(
        &mut self,
        words: &[Word],
        origins: &[Origin],
        descriptors: &mut Descriptors,
    ) -> Origin {
        let Some(first) = words.first() else { return Origin::ELSEWHERE };
        let input = descriptors.of(0);
        let Some(path) = first.literal() else {
            return self.expanded_command(first, words, origins, descriptors);
        };
        if let Some(origin) = self.files.get(&path).copied() {
            self.execute(origin);
        }
        let name = base_name(&path);
        let (arguments, given_each) = (&words[1..], &origins[1..]);
        let given = given_each.iter().fold(Origin::ELSEWHERE, |all, one| all.and(*one));
        if self.functions.contains_key(&path) {
            return self.call(&path, arguments, given_each, descriptors);
        }
        match name {
            b"." | b"source" => self.source(arguments, given_each, descriptors),
            b"eval" => {
                self.execute_certain(given);
                let text = arguments.iter().map(|w| self.shown(w)).collect::<Vec<_>>().join(&b' ');
                self.inner(&text, input, descriptors);
            }
            b"trap" | b"alias" | b"let" | b"bind" => self.execute_certain(given),
            b"compgen" | b"complete" | b"enable" => self.execute_certain(given),
            b"read" | b"mapfile" | b"readarray" | b"vared" => self.read(name, arguments, descriptors),
            b"sysread" => self.taint(b"REPLY", descriptors.any()),
            // zsh's way to the network: the number of the descriptor is in a variable.
            b"ztcp" => {
                self.values.descriptor.insert(b"REPLY".to_vec(), Origin::NETWORK);
                for number in 3..15 {
                    descriptors.set(number, Origin::NETWORK);
                }
            }
            b"set" | b"export" | b"declare" | b"local" | b"typeset" | b"readonly" | b"setenv"
            | b"nameref" => {
                self.assign(name, arguments, given_each);
            }
            b"mkfifo" | b"mknod" => self.named_pipe = true,
            b"xargs" | b"parallel" => {
                if input.may_be_input() && self.executes_appended(name, arguments) {
                    self.execute(input);
                }
            }
            b"at" | b"batch" => {
                if !arguments.iter().any(|w| self.shown(w).starts_with(b"-f")) {
                    self.execute(input);
                }
            }
            b"crontab" => {
                if arguments.iter().any(|w| self.shown(w) == b"-") {
                    self.execute(input);
                }
            }
            b"find" => {
                const RUN: [&[u8]; 4] = [b"-exec", b"-execdir", b"-ok", b"-okdir"];
                if let Some(at) =
                    arguments.iter().position(|w| w.literal().is_some_and(|t| RUN.contains(&t.as_slice())))
                {
                    let run = &arguments[at + 1..];
                    let ends = |w: &Word| w.literal().is_some_and(|t| t == b";" || t == b"+");
                    let end = run.iter().position(ends).unwrap_or(run.len());
                    self.command(&run[..end], &given_each[at + 1..][..end], descriptors);
                }
            }
            b"su" | b"runuser" => {
                let is_option = |w: &Word| matches!(self.shown(w).as_slice(), b"-c" | b"--command");
                match arguments
                    .iter()
                    .position(is_option)
                    .and_then(|at| arguments.get(at + 1).map(|text| (at, text)))
                {
                    Some((at, text)) => {
                        self.execute_certain(given_each.get(at + 1).copied().unwrap_or_default());
                        let text = self.shown(text);
                        self.inner(&text, input, descriptors);
                    }
                    None => self.execute(input),
                }
            }
            b"echo" | b"printf" | b"print" => return self.printed(arguments, given_each),
            b"sudo" | b"doas" => return self.run(arguments, given_each, descriptors, input),
            // It only says where a command is.
            b"command"
                if arguments.first().is_some_and(|w| matches!(self.shown(w).as_slice(), b"-v" | b"-V")) => {}
            // Without a command they start a shell.
            b"chroot" | b"unshare" | b"nsenter" => {
                return self.run(arguments, given_each, descriptors, input);
            }
            _ if RUNNERS.contains(&name) => {
                return self.run(arguments, given_each, descriptors, Origin::ELSEWHERE);
            }
            _ if NETWORK.contains(&name) => return Origin::NETWORK,
            _ => return self.program(name, words, origins, descriptors),
        }
        Origin::ELSEWHERE
    }

    /// A command whose name is expanded: from what was read, from what is known, or a shell's usual variables.
    fn expanded_command(
        &mut self,
        first: &Word,
        words: &[Word],
        origins: &[Origin],
        descriptors: &mut Descriptors,
    ) -> Origin {
        if origins[0].is_input() {
            self.execute(origins[0]);
            return origins[0];
        }
        const SHELLS: [&[u8]; 5] = [b"SHELL", b"BASH", b"0", b"ZSH_ARGZERO", b"FISH"];
        if let [Part::Variable(name), ..] = first.0.as_slice()
            && SHELLS.contains(&name.as_slice())
        {
            return self.program(b"sh", words, origins, descriptors);
        }
        let shown = self.shown(first);
        let plain = first.0.iter().all(|p| matches!(p, Part::Literal(_) | Part::Variable(_)));
        if plain && !shown.is_empty() && !shown.contains(&b'$') {
            // The value is known: it may be several words.
            let parts = shown.split(|b| b.is_ascii_whitespace()).filter(|p| !p.is_empty());
            let mut known: Vec<Word> = parts.map(|p| Word(vec![Part::Literal(p.to_vec())])).collect();
            let mut from = vec![Origin::ELSEWHERE; known.len()];
            known.extend(words[1..].iter().cloned());
            from.extend_from_slice(&origins[1..]);
            return self.command(&known, &from, descriptors);
        }
        // `/bin/${x}sh`, `$b/bash`: what is left may still name a shell.
        if shown.contains(&b'/') {
            return self.program(base_name(&shown), words, origins, descriptors);
        }
        descriptors.of(0).doubtful()
    }

    /// Whether `xargs` puts what it reads where it is executed: as the command, or into a shell's command string.
    pub(super) fn executes_appended(&self, name: &[u8], arguments: &[Word]) -> bool {
        let mut replace: Option<Vec<u8>> = (name == b"parallel").then(|| b"{}".to_vec());
        let (mut at, mut from_file) = (0, false);
        while let Some(text) = arguments.get(at).map(|w| self.shown(w)) {
            let Some(option) = text.strip_prefix(b"-") else { break };
            at += 1;
            match option {
                b"a" | b"-arg-file" => (from_file, at) = (true, at + 1),
                _ if option.starts_with(b"-arg-file=") => from_file = true,
                b"I" => {
                    replace = arguments.get(at).map(|w| self.shown(w));
                    at += 1;
                }
                b"i" | b"-replace" => replace = Some(b"{}".to_vec()),
                [b'I' | b'i', with @ ..] => replace = Some(with.to_vec()),
                b"n" | b"L" | b"P" | b"s" | b"d" | b"E" | b"j" | b"N" => at += 1,
                _ => {}
            }
        }
        let argv: Vec<Text> =
            arguments[at.min(arguments.len())..].iter().map(|w| Text::new(self.shown(w))).collect();
        if from_file {
            // The words are not what was read, but what runs reads it.
            return argv.first().is_some_and(|command| {
                Invocation::nested(None, command.file_name(), &argv, false, self.depth + 1).takes_commands()
            });
        }
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
        if argv.iter().any(|a| holds(a.bytes()) && COMMAND_OPTIONS.iter().any(|o| self::holds(a.bytes(), o)))
        {
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

    /// A command that runs the command that follows it. `shell_without` is what a shell reads that it starts
    /// if none follows.
    pub(super) fn run(
        &mut self,
        arguments: &[Word],
        origins: &[Origin],
        descriptors: &mut Descriptors,
        shell_without: Origin,
    ) -> Origin {
        let without = shell_without.may_be_input();
        let mut at = 0;
        // Options, their values, assignments, numbers and directories come first. A word too many skipped or too few
        // is settled by what the next word is.
        while let Some(word) = arguments.get(at) {
            let text = self.shown(word);
            match text.as_slice() {
                b"-i" | b"-s" | b"--login" | b"--shell" if without && arguments.len() == at + 1 => {
                    break;
                }
                b"-a" | b"-u" | b"--user" | b"-g" | b"-n" | b"-k" | b"-t" | b"-U" | b"-C" | b"--chdir"
                    if !without || text == b"-u" || text == b"-g" || text == b"-C" =>
                {
                    // `exec -a NAME`, `nice -n 5`, `nsenter -t 1 -n`: a flag or an option with a value.
                    let value = arguments.get(at + 1).map(|w| self.shown(w)).unwrap_or_default();
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
        if rest.is_empty() || (without && rest.len() == 1 && self.shown(&rest[0]).starts_with(b"-")) {
            self.execute(shell_without);
            return Origin::ELSEWHERE;
        }
        self.command(rest, &origins[at..], descriptors)
    }

    /// Any other program: a shell, an interpreter, a filter or something unknown.
    pub(super) fn program(
        &mut self,
        name: &[u8],
        words: &[Word],
        origins: &[Origin],
        descriptors: &Descriptors,
    ) -> Origin {
        let argv: Vec<Text> = words.iter().map(|w| Text::new(self.shown(w))).collect();
        let input = descriptors.of(0);
        for (argument, origin) in argv.iter().zip(origins) {
            if origin.is_input() && COMMAND_OPTIONS.iter().any(|option| holds(argument.bytes(), option)) {
                self.execute(*origin);
            }
        }
        let given = |text: &[u8]| {
            let mut of = argv.iter().zip(origins).filter(|(a, o)| o.is_input() && a.bytes() == text);
            of.next().map_or(Origin::ELSEWHERE, |(_, origin)| *origin)
        };
        match Invocation::nested(None, name, &argv, false, self.depth + 1) {
            Invocation::TakesCommands { descriptor, .. } => {
                let origin = self.descriptor(descriptor, descriptors);
                self.execute(origin.handed_on());
                origin.doubtful()
            }
            Invocation::Wrapper { .. } => {
                self.execute(input);
                input.doubtful()
            }
            Invocation::CommandString { text, .. } => {
                self.execute(given(text.bytes()));
                self.inner(text.bytes(), input, descriptors);
                input.doubtful()
            }
            Invocation::InlineProgram { text, verdict } => {
                self.execute(given(text.bytes()));
                self.executed_by(verdict, descriptors);
                self.filter(name, &argv, input)
            }
            Invocation::ScriptFile { path } => {
                let process = words.iter().zip(origins).skip(1);
                for (_, origin) in process.filter(|(w, _)| w.0.iter().any(|p| matches!(p, Part::Process(_))))
                {
                    self.execute(*origin);
                }
                if let Some(origin) = self.files.get(path.bytes()).copied() {
                    self.execute(origin);
                }
                Origin::ELSEWHERE
            }
            Invocation::Module { .. } | Invocation::Other => {
                if name == b"sed" {
                    self.sed(&argv, input);
                }
                if name == b"tee" && input.may_be_input() {
                    self.files.extend(argv.iter().skip(1).map(|a| (a.bytes().to_vec(), input)));
                }
                self.filter(name, &argv, input)
            }
        }
    }

    /// GNU sed's own way to execute what it reads.
    pub(super) fn sed(&mut self, argv: &[Text], input: Origin) {
        if argv.iter().skip(1).any(|a| sed_executes(a.bytes())) {
            self.execute(input);
        }
    }

    /// What a program of another language executes.
    fn executed_by(&mut self, verdict: super::Verdict, descriptors: &Descriptors) {
        if let Some(number) = verdict.descriptor {
            let origin = self.descriptor(number, descriptors);
            self.execute(origin);
        }
        if verdict.network {
            self.execute(Origin::NETWORK);
        }
    }

    /// Where what a filter writes comes from.
    fn filter(&self, name: &[u8], argv: &[Text], input: Origin) -> Origin {
        let is_input = |text: &Text| {
            text.bytes() == b"-" || script_source(text.bytes(), b"") == ScriptSource::Descriptor(0)
        };
        if let Some(origin) = argv.iter().skip(1).find_map(|a| self.files.get(a.bytes())) {
            return *origin;
        }
        let known = FILTERS.iter().find(|(filter, _)| *filter == name);
        let operands = argv.iter().skip(1).filter(|a| !a.bytes().starts_with(b"-") || a.bytes() == b"-");
        match known {
            Some((b"dd", _))
                if argv.iter().any(|a| a.bytes().starts_with(b"if=") && a.bytes() != b"if=/dev/stdin") =>
            {
                Origin::ELSEWHERE
            }
            Some((_, before)) => {
                // A number may be an option's value (`head -n 1`), not a file.
                let files: Vec<&Text> =
                    operands.filter(|a| !a.bytes().iter().all(u8::is_ascii_digit)).skip(*before).collect();
                if files.is_empty() || files.into_iter().any(is_input) {
                    input.certainly()
                } else {
                    Origin::ELSEWHERE
                }
            }
            None if GENERATORS.contains(&name) => Origin::ELSEWHERE,
            None => input.doubtful(),
        }
    }
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|w| w == needle)
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
