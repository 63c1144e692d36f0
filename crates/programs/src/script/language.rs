//! Whether a program in a scripting language executes what it reads, as far as its text shows.
//!
//! No language is parsed. The text is cut into names, strings and statements, and what comes from standard input, from
//! another descriptor or from a connection is followed through assignments, loops, parameters and calls, without regard
//! to the order, to where something executes it. A program that only prints it, compares it, stores it or passes it as
//! one argument of a fixed command stays quiet.

mod calls;
mod flow;
mod tables;
mod tokens;

use super::{LENGTH_LIMIT, Verdict};

/// The language of a program text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Python,
    Perl,
    Ruby,
    Php,
    Node,
    Lua,
    Tcl,
    Awk,
    Other,
}

/// What the program executes of what it reads. `reads_input` says that the language itself reads standard input for
/// it (`perl -n`).
pub(crate) fn language_verdict(language: Language, text: &[u8], reads_input: bool) -> Verdict {
    if text.len() > LENGTH_LIMIT {
        return Verdict::UNDECIDED;
    }
    let holds = |needle: &str| text.windows(needle.len()).any(|w| w == needle.as_bytes());
    if tables::CONSOLES.iter().any(|console| holds(console)) {
        return Verdict::reads(0);
    }
    // expect joins the terminal to what it started.
    if language == Language::Tcl && holds("interact") && holds("spawn") {
        return Verdict::reads(0);
    }
    let (tokens, whole) = tokens::tokens(language, text);
    let verdict = flow::follow(language, text, &tokens, reads_input);
    Verdict { undecided: verdict.undecided || !whole, ..verdict }
}

#[cfg(test)]
mod tests;
