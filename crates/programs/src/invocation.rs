//! What a process does with its standard input, by its arguments.

mod arguments;
mod inline;
mod interpreter;
mod names;
mod shell;

use event::Text;

use crate::executable::{InterpreterFamily, Kind, ShellFamily};

pub use names::is_standard_input;

/// Why a process executes what arrives on its standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// No program was given, so that it reads one from standard input.
    NoProgramGiven,
    /// An option asks for an interactive session.
    Interactive,
    /// An option asks to read commands from standard input (`-s`, a lone `-`).
    StandardInputAsked,
    /// The program file given is standard input (`/dev/stdin`, `/proc/self/fd/0`).
    StandardInputAsFile,
    /// It starts the language's debugger or console, which takes commands.
    Console,
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
    },
    /// A shell with its commands in an argument (`-c`).
    CommandString {
        /// The commands.
        text: Text,
        /// Whether the commands themselves execute what arrives on standard input, or that cannot be excluded.
        reads_commands: bool,
    },
    /// An interpreter with its program in an argument (`-e`).
    InlineProgram {
        /// The program.
        text: Text,
        /// Whether the program executes what arrives on standard input, as far as its text shows.
        reads_commands: bool,
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
    /// Whether the process executes what arrives on its standard input, by itself.
    pub fn takes_commands(&self) -> bool {
        match self {
            Self::TakesCommands { .. } => true,
            Self::CommandString { reads_commands, .. } | Self::InlineProgram { reads_commands, .. } => {
                *reads_commands
            }
            Self::ScriptFile { .. } | Self::Module { .. } | Self::Wrapper { .. } | Self::Other => false,
        }
    }

    /// Tells what a process was started to do.
    ///
    /// `kind` is what its executable is by content, where that is known; `executable_name` is the last component of
    /// the real file's path and decides only where `kind` does not. `truncated` says that arguments are missing at
    /// the end; the last one may then be cut, and what they leave open counts as taking commands.
    pub fn of(kind: Option<&Kind>, executable_name: &[u8], argv: &[Text], truncated: bool) -> Self {
        Self::nested(kind, executable_name, argv, truncated, 0)
    }

    /// As [`Invocation::of`], for a command found inside so many levels of command text.
    pub(crate) fn nested(
        kind: Option<&Kind>,
        executable_name: &[u8],
        argv: &[Text],
        truncated: bool,
        depth: usize,
    ) -> Self {
        let context = Context { truncated, depth };
        match kind {
            Some(Kind::Shell(ShellFamily::Busybox | ShellFamily::Toybox)) => multi_call(argv, &context),
            Some(Kind::Shell(ShellFamily::Other)) => by_name(executable_name, argv, &context),
            Some(Kind::Shell(family)) => shell::invocation(*family, argv, &context),
            Some(Kind::Interpreter(InterpreterFamily::Other)) => by_name(executable_name, argv, &context),
            Some(Kind::Interpreter(family)) => interpreter::invocation(*family, argv, &context),
            Some(Kind::Script { .. }) => Self::ScriptFile { path: argv.first().cloned().unwrap_or_default() },
            Some(Kind::DynamicLoader) => match loader_target(argv) {
                // The loader becomes the target: its name is all that is known here.
                Some(target) => by_name(argv[target].file_name(), &argv[target..], &context),
                None => context.undecided(),
            },
            Some(Kind::Socat { .. } | Kind::SshServer(_) | Kind::Multiplexer(_) | Kind::Relay(_)) => {
                Self::Other
            }
            Some(Kind::Unknown) | None => by_name(executable_name, argv, &context),
        }
    }
}

/// What every reader of arguments needs to know beside them.
pub(crate) struct Context {
    truncated: bool,
    depth: usize,
}

impl Context {
    /// The answer where the arguments end before they told.
    fn undecided(&self) -> Invocation {
        if self.truncated { Invocation::TakesCommands { why: Why::Undecided } } else { Invocation::Other }
    }

    /// The answer where the arguments end and no program was given.
    fn no_program(&self) -> Invocation {
        let why = if self.truncated { Why::Undecided } else { Why::NoProgramGiven };
        Invocation::TakesCommands { why }
    }

    /// A command string that is argument number `at`: the last of cut arguments may itself be cut.
    fn command_string(&self, argv: &[Text], at: usize, and_standard_input: bool) -> Invocation {
        let Some(text) = argv.get(at) else { return self.undecided() };
        let cut = self.truncated && at + 1 == argv.len();
        let reads_commands =
            and_standard_input || cut || crate::script::string_reads_commands(text.bytes(), self.depth);
        Invocation::CommandString { text: text.clone(), reads_commands }
    }

    /// A program file that is argument number `at`.
    fn script_file(&self, path: &Text) -> Invocation {
        if is_standard_input(path.bytes()) {
            return Invocation::TakesCommands { why: Why::StandardInputAsFile };
        }
        Invocation::ScriptFile { path: path.clone() }
    }
}

fn by_name(executable_name: &[u8], argv: &[Text], context: &Context) -> Invocation {
    match names::program(executable_name) {
        Some(names::Program::Shell(ShellFamily::Busybox | ShellFamily::Toybox)) => multi_call(argv, context),
        Some(names::Program::Shell(family)) => shell::invocation(family, argv, context),
        Some(names::Program::Interpreter(family)) => interpreter::invocation(family, argv, context),
        Some(names::Program::Console) => interpreter::console(argv, context),
        Some(names::Program::Wrapper) => Invocation::Wrapper { name: Text::new(executable_name) },
        Some(names::Program::Runner) if runs_a_command(argv) => Invocation::Other,
        Some(names::Program::Runner) => Invocation::Wrapper { name: Text::new(executable_name) },
        None => Invocation::Other,
    }
}

/// Whether `sudo` and its like were given a command: then that command's own start tells. Without one they start a
/// shell.
fn runs_a_command(argv: &[Text]) -> bool {
    use arguments::{Step, Value, Walk};
    let mut walk = Walk::new(argv, |letter| match letter {
        b'u' | b'g' | b'p' | b'C' | b'h' | b'r' | b't' | b'T' | b'U' | b'D' | b'R' => Value::RestOrNext,
        _ => Value::None,
    });
    loop {
        match walk.step() {
            Step::Long(b"user" | b"group" | b"prompt" | b"host" | b"chdir" | b"chroot", None) => {
                walk.take_value();
            }
            Step::End(at) | Step::Operand(at) => return at < argv.len(),
            Step::Exhausted => return false,
            Step::Short(..) | Step::Long(..) => {}
        }
    }
}

/// BusyBox and Toybox are the command that `argv[0]` names, or, under their own name, the one that `argv[1]` names.
fn multi_call(argv: &[Text], context: &Context) -> Invocation {
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
