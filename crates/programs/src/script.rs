//! Whether shell commands, given as a string or in a file, themselves execute what they read from standard input.
//!
//! `while read l; do $l; done`, `eval "$(cat)"`, `. /dev/stdin`, `exec sh` hand the other end of standard input a
//! shell; `echo hello; cat` or a server that compares what it reads with fixed words does not. The commands are
//! parsed and what comes from standard input is followed through variables, substitutions, pipes and files.

use event::Text;

mod contains;
mod flow;
mod language;
mod origin;
mod plain;
mod syntax;

use crate::executable::Kind;

pub use contains::{contains_command, names_program};
pub use flow::is_runner;
pub(crate) use language::{Language, language_verdict};
pub use plain::{Led, PlainCommand, Redirection, Stage, pipelines};

/// Deeper nesting of command text inside command text is not followed: it counts as executing what is read.
const DEPTH_LIMIT: usize = 6;
/// Longer text is not followed: it counts as executing what is read.
const LENGTH_LIMIT: usize = 1 << 20;

/// What a program text executes of what it reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// It executes what it reads from this descriptor (the lowest, if there are several).
    pub descriptor: Option<u32>,
    /// It executes what it reads from a network connection that it opens itself.
    pub network: bool,
    /// It does so itself, and not only by handing the connection on to a program that reads its commands there.
    pub itself: bool,
    /// The text is too long, too deep or cut: more may be true than the other fields say.
    pub undecided: bool,
}

impl Verdict {
    /// It executes nothing that it reads.
    pub const QUIET: Self = Self { descriptor: None, network: false, itself: false, undecided: false };
    /// It cannot be told.
    pub const UNDECIDED: Self = Self { descriptor: None, network: false, itself: false, undecided: true };

    /// It executes what it reads from this descriptor.
    pub const fn reads(descriptor: u32) -> Self {
        Self { descriptor: Some(descriptor), network: false, itself: false, undecided: false }
    }

    /// Whether it executes what it reads, or that cannot be excluded.
    pub const fn takes_commands(self) -> bool {
        self.descriptor.is_some() || self.network || self.undecided
    }

    /// Whether it executes what it reads, for certain.
    pub const fn is_certain(self) -> bool {
        self.descriptor.is_some() || self.network
    }

    /// Both together.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let descriptor = match (self.descriptor, other.descriptor) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        let (network, undecided) = (self.network || other.network, self.undecided || other.undecided);
        Self { descriptor, network, itself: self.itself || other.itself, undecided }
    }
}

/// Whether a script with this content executes what it reads from standard input, or that cannot be excluded.
/// Not meant for content that is no text.
pub fn reads_commands(text: &[u8]) -> bool {
    shell_verdict(text, &[], 0).takes_commands()
}

/// What a script with this content executes of what it reads, where a shell or an interpreter of this kind runs it with
/// these arguments (those behind the file's name). Looks at text of at most 1 MiB; never fails.
pub fn script_takes_commands(interpreter: &Kind, text: &[u8], arguments: &[Text]) -> Verdict {
    if text.len() > LENGTH_LIMIT {
        return Verdict::UNDECIDED;
    }
    match interpreter {
        Kind::Interpreter(family) => crate::invocation::script_verdict(*family, text, arguments),
        // `#!/usr/bin/env python3`: what runs the file is what its first line names.
        Kind::Script { interpreter, argument } => {
            let words = argument.iter().flat_map(|a| a.bytes().split(u8::is_ascii_whitespace));
            let named = words
                .filter(|w| !w.is_empty() && !w.starts_with(b"-"))
                .map(base_name)
                .find(|w| !w.contains(&b'='));
            let name = match (interpreter.file_name(), named) {
                (b"env" | b"busybox" | b"toybox", Some(named)) => named,
                (name, _) => name,
            };
            match crate::invocation::kind_of_name(name) {
                Some(kind) => script_takes_commands(&kind, text, arguments),
                None => Verdict::QUIET,
            }
        }
        Kind::Shell(_) => match handed_over(text) {
            Some(kind) => script_takes_commands(&kind, text, arguments),
            None => shell_verdict(text, arguments, 0),
        },
        _ => Verdict::QUIET,
    }
}

/// The interpreter to which a shell script hands itself in its first command (`exec tclsh "$0" "$@"`): the rest of it is
/// no shell text.
fn handed_over(text: &[u8]) -> Option<Kind> {
    let lines = text.split(|b| *b == b'\n').take(20).map(<[u8]>::trim_ascii);
    let first = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with(b"#"))?;
    let command = first.strip_prefix(b"exec ")?;
    let itself = command.windows(2).any(|w| w == b"$0");
    let plain = !command.iter().any(|b| matches!(b, b';' | b'&' | b'|' | b'`' | b'('));
    let name = base_name(command.split(u8::is_ascii_whitespace).find(|w| !w.is_empty())?);
    crate::invocation::kind_of_name(name)
        .filter(|kind| itself && plain && matches!(kind, Kind::Interpreter(_)))
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// What shell text executes, found inside so many levels of other text and given these arguments.
pub(crate) fn shell_verdict(text: &[u8], arguments: &[Text], depth: usize) -> Verdict {
    if depth >= DEPTH_LIMIT || text.len() > LENGTH_LIMIT {
        return Verdict::UNDECIDED;
    }
    let parsed = syntax::parse(text);
    let arguments: Vec<Vec<u8>> = arguments.iter().map(|a| a.bytes().to_vec()).collect();
    let verdict = flow::executes_input(&parsed.list, text, &arguments, depth);
    Verdict { undecided: verdict.undecided || parsed.too_deep, ..verdict }
}

/// What one command, given as its words, executes of what it reads.
pub(crate) fn command_verdict(name: &[u8], argv: &[Text], depth: usize) -> Verdict {
    if depth >= DEPTH_LIMIT { Verdict::UNDECIDED } else { flow::command_executes(name, argv, depth) }
}

/// What shell text of which the end is missing executes: as far as it is there for certain, else undecided.
pub(crate) fn cut_shell_verdict(text: &[u8], depth: usize) -> Verdict {
    // The last command may be another than it looks.
    let end = text.iter().rposition(|b| matches!(b, b'\n' | b';')).unwrap_or(0);
    let verdict = shell_verdict(&text[..end], &[], depth);
    if verdict.is_certain() { verdict } else { Verdict::UNDECIDED }
}

#[cfg(test)]
mod flow_tests;
#[cfg(test)]
mod tests;
