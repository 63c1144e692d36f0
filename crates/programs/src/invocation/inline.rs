//! Whether a program text executes what it reads from standard input, as far as its text shows.
//!
//! awk is small enough to look at what it executes. Of a language that is known by its name only the text must name
//! both a way to read standard input and a way to execute a string. For the others see [`crate::script`].

use aho_corasick::AhoCorasick;
use std::sync::LazyLock;

use crate::script::{Language, Verdict, language_verdict};

const READS: [&str; 34] = [
    "input(",
    "stdin",
    "STDIN",
    "<>",
    "gets",
    "readline",
    "readlines",
    "fileinput",
    "open(0",
    "read(0,",
    "fdopen(0",
    "io.read",
    "io.lines",
    "fgets(",
    "php://input",
    "php://stdin",
    "$argn",
    "getline",
    "readFileSync(0",
    "prompt(",
    "/dev/fd/0",
    "/proc/self/fd/0",
    "ARGF",
    "$<",
    "$_",
    "sysread",
    "stream_get_contents",
    "read stdin",
    "expect_user",
    "interact",
    "file(\"/dev",
    "readLine",
    "createInterface",
    "os.read",
];

const EXECUTES: [&str; 35] = [
    "exec",
    "eval",
    "system",
    "popen",
    "spawn",
    "subprocess",
    "qx",
    "`",
    "compile(",
    "os.execute",
    "load(",
    "loadstring",
    "dostring",
    "assert(",
    "proc_open",
    "passthru",
    "shell_exec",
    "child_process",
    "Function(",
    "runInThisContext",
    "instance_eval",
    "class_eval",
    "Kernel",
    "%x",
    "open3",
    "Open3",
    "do {",
    "run(",
    "source ",
    "| sh",
    "pty.",
    "callCommand",
    "readProcess",
    "open(\"|",
    "open '|",
];

fn words(list: &[&str]) -> AhoCorasick {
    AhoCorasick::new(list).expect("the words are few and short")
}

static READS_INPUT: LazyLock<AhoCorasick> = LazyLock::new(|| words(&READS));
static EXECUTES_TEXT: LazyLock<AhoCorasick> = LazyLock::new(|| words(&EXECUTES));

/// What the program executes of what it reads; `cut` says that its end is missing. `reads_input` says that the
/// language reads standard input for it (awk without a file, `perl -n`).
pub(super) fn verdict(language: Language, text: &[u8], reads_input: bool, cut: bool) -> Verdict {
    let verdict = match language {
        Language::Awk => awk_verdict(text, reads_input),
        // Nothing is known of the language but the words that most have.
        Language::Other if (reads_input || READS_INPUT.is_match(text)) && EXECUTES_TEXT.is_match(text) => {
            Verdict::reads(0)
        }
        Language::Other => Verdict::QUIET,
        known => language_verdict(known, text, reads_input),
    };
    if cut && !verdict.is_certain() { Verdict::UNDECIDED } else { verdict }
}

fn awk_verdict(text: &[u8], reads_input: bool) -> Verdict {
    // gawk's own connections, read and executed.
    let network = holds(text, b"/inet") && holds(text, b"getline") && awk(text, true);
    if awk(text, reads_input) {
        Verdict { network, ..Verdict::reads(0) }
    } else {
        Verdict { network, ..Verdict::QUIET }
    }
}

/// awk executes by `system(…)`, by a pipe to a command and by `command | getline`. With a fixed command in quotes it
/// executes nothing that it read.
fn awk(text: &[u8], reads_input: bool) -> bool {
    let reads = reads_input || holds(text, b"getline") && holds(text, b"\"-\"") || holds(text, b"/dev/stdin");
    if !reads {
        return false;
    }
    let after_system = text.windows(7).enumerate().filter(|(_, w)| w == b"system(").any(|(at, _)| {
        let inside = text[at + 7..].trim_ascii_start();
        !is_fixed(inside, b')')
    });
    // `|&` to gawk's own connections runs no command.
    let connects = holds(text, b"/inet");
    let pipes = text.iter().enumerate().filter(|(at, b)| {
        **b == b'|' && !doubled(text, *at) && !(connects && text.get(at + 1) == Some(&b'&'))
    });
    let piped = pipes.into_iter().any(|(at, _)| {
        let after = text[at + 1..].strip_prefix(b"&").unwrap_or(&text[at + 1..]).trim_ascii_start();
        let before = text[..at].trim_ascii_end();
        if after.starts_with(b"getline") {
            // The command is what stands before the bar.
            !before.ends_with(b"\"")
        } else {
            is_shell_literal(after) || !after.starts_with(b"\"")
        }
    });
    after_system || piped
}

fn doubled(text: &[u8], at: usize) -> bool {
    text.get(at + 1) == Some(&b'|') || at > 0 && text[at - 1] == b'|'
}

/// Whether an argument is one string literal and nothing else, up to `end`.
fn is_fixed(inside: &[u8], end: u8) -> bool {
    let Some(rest) = inside.strip_prefix(b"\"") else { return false };
    let mut escaped = false;
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'"' if !escaped => return rest[at + 1..].trim_ascii_start().first() == Some(&end),
            _ => escaped = *byte == b'\\' && !escaped,
        }
    }
    false
}

/// Whether a literal names a shell: what is printed into it is executed.
fn is_shell_literal(literal: &[u8]) -> bool {
    let Some(rest) = literal.strip_prefix(b"\"") else { return false };
    let command = rest.split(|b| matches!(b, b'"' | b' ')).next().unwrap_or_default();
    let name = command.rsplit(|b| *b == b'/').next().unwrap_or_default();
    matches!(super::names::program(name), Some(super::names::Program::Shell(_)))
}

fn holds(text: &[u8], words: &[u8]) -> bool {
    text.windows(words.len()).any(|w| w == words)
}
