//! Whether shell commands, given as a string or in a file, themselves execute what they read from standard input.
//!
//! `while read l; do $l; done`, `eval "$(cat)"`, `. /dev/stdin`, `exec sh` hand the other end of standard input a
//! shell; `echo hello; cat` or a server that compares what it reads with fixed words does not. The commands are
//! parsed and what comes from standard input is followed through variables, substitutions, pipes and files.

mod flow;
mod syntax;

/// Deeper nesting of command text inside command text is not followed: it counts as executing what is read.
const DEPTH_LIMIT: usize = 6;
/// Longer text is not followed: it counts as executing what is read.
const LENGTH_LIMIT: usize = 1 << 20;

/// Whether a script with this content executes what it reads from standard input, or that cannot be excluded.
/// Not meant for content that is no text.
pub fn reads_commands(text: &[u8]) -> bool {
    string_reads_commands(text, 0)
}

/// As [`reads_commands`], for text found inside so many levels of other text.
pub(crate) fn string_reads_commands(text: &[u8], depth: usize) -> bool {
    if depth >= DEPTH_LIMIT || text.len() > LENGTH_LIMIT {
        return true;
    }
    let parsed = syntax::parse(text);
    parsed.too_deep || flow::executes_input(&parsed.list, depth)
}

#[cfg(test)]
mod tests;
