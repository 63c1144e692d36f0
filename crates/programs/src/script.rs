//! Whether shell commands, given as a string or in a file, themselves execute what they read from standard input.
//!
//! `while read l; do $l; done`, `eval "$(cat)"`, `. /dev/stdin`, `exec sh` hand the other end of standard input a
//! shell; `echo hello; cat` or a server that compares what it reads with fixed words does not. The commands are
//! parsed and what comes from standard input is followed through variables, substitutions, pipes and files.

use event::Text;

mod flow;
mod syntax;

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
    /// The text is too long, too deep or cut: more may be true than the other fields say.
    pub undecided: bool,
}

impl Verdict {
    /// It executes nothing that it reads.
    pub const QUIET: Self = Self { descriptor: None, network: false, undecided: false };
    /// It cannot be told.
    pub const UNDECIDED: Self = Self { descriptor: None, network: false, undecided: true };

    /// It executes what it reads from this descriptor.
    pub const fn reads(descriptor: u32) -> Self {
        Self { descriptor: Some(descriptor), network: false, undecided: false }
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
        Self { descriptor, network, undecided }
    }
}

/// Whether a script with this content executes what it reads from standard input, or that cannot be excluded.
/// Not meant for content that is no text.
pub fn reads_commands(text: &[u8]) -> bool {
    shell_verdict(text, &[], 0).takes_commands()
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
