//! What a process does with its standard input, by its arguments.

mod arguments;
mod environment;
mod inline;
mod interpreter;
mod names;
mod shell;
mod source;
mod tools;

use event::Text;

use crate::executable::{InterpreterFamily, Kind, Relay, ShellFamily};
use crate::script::Verdict;

pub use environment::start_up_files;
pub use source::{ScriptSource, is_standard_input, script_source};

/// Why a process executes what arrives on its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// No program was given, so that it reads one from standard input.
    NoProgramGiven,
    /// An option asks for an interactive session.
    Interactive,
    /// An option asks to read commands from standard input (`-s`, a lone `-`).
    StandardInputAsked,
    /// The program file given is standard input (`/dev/stdin`, `/proc/self/fd/0`) or another open descriptor.
    StandardInputAsFile,
    /// It starts the language's debugger or console, which takes commands.
    Console,
    /// A variable of its environment makes it read commands, or a file that is an open descriptor.
    Environment,
    /// Its arguments were cut before they told; it cannot be excluded.
    Undecided,
}

/// What a process was started to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invocation {
    /// Executes what arrives on its standard input.
    TakesCommands {
        /// How that is known.
        why: Why,
        /// The descriptor from which they are read: standard input, mostly.
        descriptor: u32,
    },
    /// A shell with its commands in an argument (`-c`).
    CommandString {
        /// The commands.
        text: Text,
        /// Whether the commands themselves execute what they read, and from where.
        verdict: Verdict,
    },
    /// An interpreter with its program in an argument (`-e`).
    InlineProgram {
        /// The program.
        text: Text,
        /// Whether the program executes what it reads, and from where, as far as its text shows.
        verdict: Verdict,
    },
    /// A shell or an interpreter with a program file.
    ScriptFile {
        /// The file as written.
        path: Text,
    },
    /// An interpreter with an installed module as its program (`python -m`).
    Module {
        /// The module's name.
        name: Text,
    },
    /// A program that starts a shell for somebody on its own terminal or standard input (`su`, `login`, `script`).
    Wrapper {
        /// The command's name.
        name: Text,
    },
    /// Anything else; its standard input is data.
    Other,
}

impl Invocation {
    /// Whether the process executes what it reads, by itself, or that cannot be excluded.
    /// [`Invocation::command_descriptor`] says from where, [`Invocation::is_undecided`] whether it is certain.
    pub fn takes_commands(&self) -> bool {
        self.verdict().takes_commands()
    }

    /// The descriptor whose input the process executes: standard input for a shell without arguments, 3 for
    /// `sh /dev/fd/3` and for `bash -c '… read l <&3; eval "$l"'`. `None` where it executes nothing that it inherited.
    /// What is undecided would be read from standard input.
    pub fn command_descriptor(&self) -> Option<u32> {
        let verdict = self.verdict();
        verdict.descriptor.or_else(|| (verdict.undecided && !verdict.network).then_some(0))
    }

    /// Whether the program text opens a network connection and executes what comes from there, without a new program.
    pub fn reads_commands_from_network(&self) -> bool {
        self.verdict().network
    }

    /// As [`Invocation::reads_commands_from_network`], and no program that it starts reads them there.
    pub fn executes_network_itself(&self) -> bool {
        self.verdict().itself
    }

    /// Whether the arguments were cut before they told: with all of them ([`arguments_of`] reads them from
    /// `/proc/PID/cmdline`) the answer may be another.
    pub fn is_undecided(&self) -> bool {
        let verdict = self.verdict();
        verdict.undecided && !verdict.is_certain()
    }

    fn verdict(&self) -> Verdict {
        match self {
            Self::TakesCommands { why: Why::Undecided, .. } => Verdict::UNDECIDED,
            Self::TakesCommands { descriptor, .. } => Verdict::reads(*descriptor),
            Self::CommandString { verdict, .. } | Self::InlineProgram { verdict, .. } => *verdict,
            Self::ScriptFile { .. } | Self::Module { .. } | Self::Wrapper { .. } | Self::Other => {
                Verdict::QUIET
            }
        }
    }

    /// Tells what a process was started to do.
    ///
    /// `kind` is what its executable is by content, where that is known; `executable_name` is the last component of
    /// the real file's path and decides only where `kind` does not. `truncated` says that arguments are missing at
    /// the end; the last one may then be cut, and what they leave open counts as taking commands.
    pub fn of(kind: Option<&Kind>, executable_name: &[u8], argv: &[Text], truncated: bool) -> Self {
        Self::started(kind, executable_name, argv, &Surroundings { truncated, ..Surroundings::default() })
    }

    /// As [`Invocation::of`], with the environment: its entries (`NAME=value`) may make the program take commands.
    pub fn with_environment(
        kind: Option<&Kind>,
        executable_name: &[u8],
        argv: &[Text],
        truncated: bool,
        environment: &[Text],
    ) -> Self {
        let surroundings = Surroundings { truncated, environment, ..Surroundings::default() };
        Self::started(kind, executable_name, argv, &surroundings)
    }

    /// As [`Invocation::of`], with all that is known beside the arguments.
    pub fn started(
        kind: Option<&Kind>,
        executable_name: &[u8],
        argv: &[Text],
        surroundings: &Surroundings<'_>,
    ) -> Self {
        let Surroundings { truncated, working_directory, environment } = *surroundings;
        let context = Context { truncated, depth: 0, working_directory };
        let invocation = Self::read(kind, executable_name, argv, &context);
        environment::applied(invocation, kind, executable_name, argv, environment, &context)
    }

    /// As [`Invocation::of`], for a command found inside so many levels of command text.
    pub(crate) fn nested(
        kind: Option<&Kind>,
        executable_name: &[u8],
        argv: &[Text],
        truncated: bool,
        depth: usize,
    ) -> Self {
        Self::read(kind, executable_name, argv, &Context { truncated, depth, working_directory: b"" })
    }

    fn read(kind: Option<&Kind>, executable_name: &[u8], argv: &[Text], context: &Context<'_>) -> Self {
        match kind {
            Some(Kind::Shell(ShellFamily::Busybox | ShellFamily::Toybox)) => multi_call(argv, context),
            // Known by its content: its name may be any other.
            Some(Kind::Shell(ShellFamily::Other)) => match names::program(executable_name) {
                Some(names::Program::Shell(family)) => shell::invocation(family, argv, context),
                _ => shell::invocation(ShellFamily::Other, argv, context),
            },
            Some(Kind::Tool(tool)) => match tools::recognised(*tool) {
                Some(tool) => tools::invocation(tool, argv, context),
                None => by_name(executable_name, argv, context),
            },
            Some(Kind::Shell(family)) => shell::invocation(*family, argv, context),
            Some(Kind::Interpreter(InterpreterFamily::Other)) => by_name(executable_name, argv, context),
            Some(Kind::Interpreter(family)) => interpreter::invocation(*family, argv, context),
            Some(Kind::Script { .. }) => Self::ScriptFile { path: argv.first().cloned().unwrap_or_default() },
            Some(Kind::DynamicLoader) => match loader_target(argv) {
                // The loader becomes the target: its name is all that is known here.
                Some(target) => by_name(argv[target].file_name(), &argv[target..], context),
                None => context.undecided(),
            },
            Some(Kind::Socat { .. } | Kind::SshServer(_) | Kind::Multiplexer(_) | Kind::Relay(_)) => {
                Self::Other
            }
            Some(Kind::Unknown) | None => by_name(executable_name, argv, context),
        }
    }
}

/// What is known of a start beside the arguments.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// Arguments are missing at the end; the last one may then be cut.
    pub truncated: bool,
    /// The working directory, from which relative script paths count; empty where it is not known.
    pub working_directory: &'a [u8],
    /// The environment's entries, `NAME=value`.
    pub environment: &'a [Text],
}

/// The arguments of a process as `/proc/PID/cmdline` holds them, each ended by a zero byte.
pub fn arguments_of(command_line: &[u8]) -> Vec<Text> {
    let command_line = command_line.strip_suffix(b"\0").unwrap_or(command_line);
    command_line.split(|b| *b == 0).map(Text::new).collect()
}

/// What every reader of arguments needs to know beside them.
pub(crate) struct Context<'a> {
    truncated: bool,
    depth: usize,
    working_directory: &'a [u8],
}

/// It reads commands from standard input.
const fn takes(why: Why) -> Invocation {
    Invocation::TakesCommands { why, descriptor: 0 }
}

impl Context<'_> {
    /// The answer where the arguments end before they told.
    fn undecided(&self) -> Invocation {
        if self.truncated { takes(Why::Undecided) } else { Invocation::Other }
    }

    /// The answer where the arguments end and no program was given.
    fn no_program(&self) -> Invocation {
        takes(if self.truncated { Why::Undecided } else { Why::NoProgramGiven })
    }

    /// A command string that is argument number `at`: the last of cut arguments may itself be cut.
    fn command_string(&self, argv: &[Text], at: usize, and_standard_input: bool) -> Invocation {
        let Some(text) = argv.get(at) else { return self.undecided() };
        // `sh -c TEXT NAME ARGUMENTS`.
        let arguments = argv.get(at + 2..).unwrap_or_default();
        let mut verdict = self.shell_text(text.bytes(), arguments, self.truncated && at + 1 == argv.len());
        if and_standard_input {
            verdict = verdict.or(Verdict::reads(0));
        }
        Invocation::CommandString { text: text.clone(), verdict }
    }

    /// What shell text executes; `cut` says that its end is missing.
    fn shell_text(&self, text: &[u8], arguments: &[Text], cut: bool) -> Verdict {
        if cut {
            crate::script::cut_shell_verdict(text, self.depth)
        } else {
            crate::script::shell_verdict(text, arguments, self.depth)
        }
    }

    /// A program file that is argument number `at`.
    fn script_file(&self, path: &Text) -> Invocation {
        match script_source(path.bytes(), self.working_directory) {
            ScriptSource::Descriptor(descriptor) => {
                Invocation::TakesCommands { why: Why::StandardInputAsFile, descriptor }
            }
            ScriptSource::Path(_) => Invocation::ScriptFile { path: path.clone() },
        }
    }
}

fn by_name(executable_name: &[u8], argv: &[Text], context: &Context<'_>) -> Invocation {
    match names::program(executable_name) {
        Some(names::Program::Shell(ShellFamily::Busybox | ShellFamily::Toybox)) => multi_call(argv, context),
        Some(names::Program::Shell(family)) => shell::invocation(family, argv, context),
        Some(names::Program::Interpreter(family)) => interpreter::invocation(family, argv, context),
        Some(names::Program::Console) => interpreter::console(argv, context),
        Some(names::Program::Wrapper) => Invocation::Wrapper { name: Text::new(executable_name) },
        Some(names::Program::Runner) if runs_a_command(argv) => Invocation::Other,
        Some(names::Program::Runner) => Invocation::Wrapper { name: Text::new(executable_name) },
        None => named_otherwise(executable_name, argv, context),
    }
}

/// A program that is neither a shell nor an interpreter: it may take commands all the same.
fn named_otherwise(name: &[u8], argv: &[Text], context: &Context<'_>) -> Invocation {
    if let Some(tool) = tools::named(name).or_else(|| tools::named(names::stem(name))) {
        return tools::invocation(tool, argv, context);
    }
    // These execute what they read by what their arguments say.
    const FILTERS: [&[u8]; 7] = [b"sed", b"gsed", b"xargs", b"parallel", b"find", b"crontab", b"ssh"];
    if FILTERS.contains(&name)
        && let Some(descriptor) = crate::script::command_verdict(name, argv, context.depth).descriptor
    {
        return Invocation::TakesCommands { why: Why::StandardInputAsked, descriptor };
    }
    Invocation::Other
}

/// Whether `sudo` and its like were given a command: then that command's own start tells. Without one they start a
/// shell.
fn runs_a_command(argv: &[Text]) -> bool {
    use arguments::{Step, Value, Walk};
    // `chroot ROOT COMMAND`.
    let before = usize::from(argv.first().is_some_and(|name| name.file_name() == b"chroot"));
    let namespaces =
        argv.first().is_some_and(|n| matches!(n.file_name(), b"unshare" | b"nsenter" | b"chroot"));
    let mut walk = Walk::new(argv, |letter| match letter {
        b't' | b'S' | b'G' | b'R' if namespaces => Value::RestOrNext,
        _ if namespaces => Value::None,
        b'u' | b'g' | b'p' | b'C' | b'h' | b'r' | b't' | b'T' | b'U' | b'D' | b'R' => Value::RestOrNext,
        _ => Value::None,
    });
    loop {
        match walk.step() {
            Step::Long(b"user" | b"group" | b"prompt" | b"host" | b"chdir" | b"chroot", None) => {
                walk.take_value();
            }
            Step::End(at) | Step::Operand(at) => return at + before < argv.len(),
            Step::Exhausted => return false,
            Step::Short(..) | Step::Long(..) => {}
        }
    }
}

/// BusyBox and Toybox are the command that `argv[0]` names, or, under their own name, the one that `argv[1]` names.
fn multi_call(argv: &[Text], context: &Context<'_>) -> Invocation {
    let Some(first) = argv.first() else { return context.undecided() };
    let name = without_login_dash(first.file_name());
    if name.starts_with(b"busybox") || name.starts_with(b"toybox") {
        return match argv.get(1) {
            // `busybox busybox sh` is legal.
            Some(_) => multi_call(&argv[1..], context),
            None => context.undecided(),
        };
    }
    match names::program(name) {
        Some(names::Program::Shell(_)) => shell::invocation(ShellFamily::Busybox, argv, context),
        _ => by_name(name, argv, context),
    }
}

/// Whether a program, named by a path or at the beginning of a command line, executes text that it is given as an
/// argument, or runs the program that its arguments name.
pub(crate) fn runs_text(command: &[u8]) -> bool {
    let word = command.split(u8::is_ascii_whitespace).find(|w| !w.is_empty()).unwrap_or_default();
    let name = word.rsplit(|b| *b == b'/').next().unwrap_or_default();
    names::program(name).is_some() || crate::script::is_runner(name)
}

/// What a program is by its name, where that is a shell or an interpreter.
pub fn kind_of_name(name: &[u8]) -> Option<Kind> {
    match names::program(name)? {
        names::Program::Shell(family) => Some(Kind::Shell(family)),
        names::Program::Interpreter(family) => Some(Kind::Interpreter(family)),
        _ => None,
    }
}

/// What passes on what it reads to the network, by its name alone: for a program of which there is nothing else, as on the bench.
pub fn relay_of_name(name: &[u8]) -> Option<Kind> {
    Some(match name {
        b"socat" | b"socat1" | b"socat2" => Kind::Socat { version: None },
        b"nc" | b"netcat" | b"nc.traditional" => Kind::Relay(Relay::Netcat),
        b"nc.openbsd" => Kind::Relay(Relay::NetcatOpenbsd),
        b"ncat" => Kind::Relay(Relay::Ncat),
        b"openssl" => Kind::Relay(Relay::Openssl),
        _ => return None,
    })
}

/// What the content of a script executes of what it reads: of an interpreter's, by the way of its language.
pub(crate) fn script_verdict(family: InterpreterFamily, text: &[u8], arguments: &[Text]) -> Verdict {
    use crate::script::Language;
    let language = match family {
        InterpreterFamily::Python => Language::Python,
        InterpreterFamily::Perl => Language::Perl,
        InterpreterFamily::Ruby => Language::Ruby,
        InterpreterFamily::Php => Language::Php,
        InterpreterFamily::Node => Language::Node,
        InterpreterFamily::Lua => Language::Lua,
        InterpreterFamily::Tcl | InterpreterFamily::Expect => Language::Tcl,
        InterpreterFamily::Gawk | InterpreterFamily::Mawk | InterpreterFamily::Awk => Language::Awk,
        InterpreterFamily::Other => Language::Other,
    };
    // awk reads standard input where it is given no file.
    let file = |a: &Text| !a.bytes().contains(&b'=') && a.bytes() != b"-" && !is_standard_input(a.bytes());
    inline::verdict(language, text, language == Language::Awk && !arguments.iter().any(file), false)
}

/// A login shell's `argv[0]` begins with a dash.
fn without_login_dash(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"-").unwrap_or(name)
}

/// Where a dynamic loader that was run as a program names the program that it becomes: `ld.so [options] PROGRAM …`.
/// `None` if it names none.
pub fn loader_target(argv: &[Text]) -> Option<usize> {
    const WITH_VALUE: [&[u8]; 7] = [
        b"--library-path",
        b"--inhibit-rpath",
        b"--audit",
        b"--preload",
        b"--argv0",
        b"--glibc-hwcaps-mask",
        b"--glibc-hwcaps-prepend",
    ];
    let mut at = 1;
    loop {
        let argument = argv.get(at)?.bytes();
        if argument == b"--" {
            return argv.get(at + 1).map(|_| at + 1);
        }
        if !argument.starts_with(b"--") {
            return Some(at);
        }
        at += if WITH_VALUE.contains(&argument) { 2 } else { 1 };
    }
}

#[cfg(test)]
mod tests;
