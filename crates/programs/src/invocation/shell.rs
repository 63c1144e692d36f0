//! How shells read their arguments.

use event::Text;

use super::{Context, Invocation, ScriptSource, Why, script_source, takes};
use crate::executable::ShellFamily;
use crate::script::Verdict;

/// What differs between the shells of the Bourne family.
struct Grammar {
    /// Letters that take the next argument as their value.
    with_value: &'static [u8],
    /// Whether such a value may be written right behind its letter (`-oemacs`).
    attached: bool,
    /// Long options that take the next argument as their value.
    long_with_value: &'static [&'static [u8]],
    /// Whether `--name` is an option at all.
    long: bool,
    /// Whether `-s` beside `-c` goes on to read standard input after the string.
    stdin_after_string: bool,
}

const BASH: Grammar = Grammar {
    with_value: b"oO",
    attached: false,
    long_with_value: &[b"rcfile", b"init-file"],
    long: true,
    stdin_after_string: false,
};
const DASH: Grammar = Grammar {
    with_value: b"o",
    attached: false,
    long_with_value: &[],
    long: false,
    stdin_after_string: true,
};
const ZSH: Grammar = Grammar {
    with_value: b"o",
    attached: true,
    long_with_value: &[b"emulate"],
    long: true,
    stdin_after_string: false,
};
const KSH: Grammar = Grammar {
    with_value: b"oR",
    attached: true,
    long_with_value: &[],
    long: true,
    stdin_after_string: false,
};
const MKSH: Grammar = Grammar {
    with_value: b"oT",
    attached: true,
    long_with_value: &[],
    long: false,
    stdin_after_string: false,
};
const BUSYBOX: Grammar = Grammar {
    with_value: b"o",
    attached: false,
    long_with_value: &[b"rcfile", b"init-file"],
    long: true,
    stdin_after_string: false,
};

pub(super) fn invocation(family: ShellFamily, argv: &[Text], context: &Context<'_>) -> Invocation {
    match family {
        ShellFamily::Bash => bourne(&BASH, argv, context),
        ShellFamily::Dash => bourne(&DASH, argv, context),
        ShellFamily::Zsh => bourne(&ZSH, argv, context),
        ShellFamily::Ksh => bourne(&KSH, argv, context),
        ShellFamily::Mksh => bourne(&MKSH, argv, context),
        ShellFamily::Busybox | ShellFamily::Toybox => bourne(&BUSYBOX, argv, context),
        ShellFamily::Fish => fish(argv, context),
        ShellFamily::Tcsh => csh(argv, context),
        ShellFamily::Other => unknown(argv, context),
    }
}

/// What the options of a Bourne shell said.
#[derive(Default)]
struct Asked {
    command: bool,
    stdin: bool,
    interactive: bool,
    /// A start-up file that is an open descriptor: an interactive shell runs it.
    start_up_from: Option<u32>,
}

fn bourne(grammar: &Grammar, argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut asked = Asked::default();
    let mut at = 1;
    while let Some(argument) = argv.get(at).map(Text::bytes) {
        match argument {
            b"--" | b"-" => {
                at += 1;
                break;
            }
            [b'-', b'-', long @ ..] if grammar.long => {
                let name = long.split(|b| *b == b'=').next().unwrap_or_default();
                if matches!(name, b"version" | b"help") {
                    return Invocation::Other;
                }
                asked.interactive |= name == b"interactive";
                // Only bash's own long options take their value from the next argument.
                if grammar.long_with_value.contains(&long) {
                    at += 1;
                    let value = argv.get(at).map(Text::bytes).unwrap_or_default();
                    if let ScriptSource::Descriptor(number) = script_source(value, context.working_directory)
                    {
                        asked.start_up_from = Some(number);
                    }
                }
                at += 1;
            }
            [b'-' | b'+', letters @ ..] if !letters.is_empty() => {
                at += 1 + letters_of(grammar, argument[0] == b'-', letters, &mut asked);
            }
            // A lone `+` is an operand to most shells.
            _ => break,
        }
    }
    if let Some(descriptor) = asked.start_up_from.filter(|d| asked.interactive && (asked.command || *d != 0))
    {
        return Invocation::TakesCommands { why: Why::StandardInputAsFile, descriptor };
    }
    if asked.command {
        return context.command_string(argv, at, asked.stdin && grammar.stdin_after_string);
    }
    match argv.get(at) {
        _ if asked.stdin => takes(Why::StandardInputAsked),
        Some(path) => context.script_file(path),
        None if asked.interactive && !context.truncated => takes(Why::Interactive),
        None => context.no_program(),
    }
}

/// Reads one argument's letters; returns how many arguments their values take.
fn letters_of(grammar: &Grammar, set: bool, letters: &[u8], asked: &mut Asked) -> usize {
    let mut values = 0;
    for (index, letter) in letters.iter().enumerate() {
        match letter {
            b'c' => asked.command |= set,
            b's' => asked.stdin |= set,
            b'i' => asked.interactive |= set,
            letter if grammar.with_value.contains(letter) => {
                if grammar.attached && index + 1 < letters.len() {
                    return values;
                }
                values += 1;
            }
            _ => {}
        }
    }
    values
}

fn fish(argv: &[Text], context: &Context<'_>) -> Invocation {
    use super::arguments::{Step, Value, Walk};
    let mut walk = Walk::new(argv, |letter| match letter {
        b'c' | b'C' | b'p' | b'd' | b'o' | b'f' | b'D' => Value::RestOrNext,
        _ => Value::None,
    });
    let mut command = None;
    let mut interactive = false;
    let first = loop {
        match walk.step() {
            Step::Short(b'c', value) => command = Some(value),
            Step::Short(b'i', _) => interactive = true,
            Step::Short(b'v' | b'h', _) | Step::Long(b"version" | b"help", _) => return Invocation::Other,
            // Commands to run before the rest: they count like `-c` if they read commands themselves.
            Step::Short(b'C', Some((text, _))) | Step::Long(b"init-command", Some(text)) => {
                if let Some(descriptor) = context.shell_text(text, &[], false).descriptor {
                    return Invocation::TakesCommands { why: Why::StandardInputAsked, descriptor };
                }
            }
            Step::Short(..) => {}
            Step::Long(b"command", Some(text)) => {
                let verdict = context.shell_text(text, &[], false);
                return Invocation::CommandString { text: Text::new(text), verdict };
            }
            Step::Long(b"command", None) => command = Some(walk.take_value()),
            Step::Long(b"interactive", _) => interactive = true,
            Step::Long(
                b"init-command"
                | b"profile"
                | b"profile-startup"
                | b"debug"
                | b"debug-output"
                | b"features"
                | b"debug-stack-frames",
                None,
            ) => {
                walk.take_value();
            }
            Step::Long(..) => {}
            Step::End(at) | Step::Operand(at) => break argv.get(at),
            Step::Exhausted => break None,
        }
    };
    match (command, first) {
        (Some(Some((text, at))), _) => {
            let cut = context.truncated && at + 1 == argv.len();
            Invocation::CommandString { text: Text::new(text), verdict: context.shell_text(text, &[], cut) }
        }
        (Some(None), _) => context.undecided(),
        (None, Some(path)) if path.bytes() == b"-" => takes(Why::StandardInputAsked),
        (None, Some(path)) => context.script_file(path),
        (None, None) if interactive => takes(Why::Interactive),
        (None, None) => context.no_program(),
    }
}

fn csh(argv: &[Text], context: &Context<'_>) -> Invocation {
    let (mut stdin, mut interactive) = (false, false);
    let mut at = 1;
    while let Some(argument) = argv.get(at).map(Text::bytes) {
        let [b'-', letters @ ..] = argument else { break };
        at += 1;
        if letters.is_empty() || letters == b"-" {
            break;
        }
        if matches!(letters, b"-version" | b"-help") {
            return Invocation::Other;
        }
        if letters.starts_with(b"D") {
            continue;
        }
        if letters.contains(&b'c') {
            return context.command_string(argv, at, false);
        }
        // `-t` reads one line from standard input and executes it.
        stdin |= letters.iter().any(|l| matches!(l, b's' | b't'));
        interactive |= letters.contains(&b'i');
        if letters.contains(&b'b') {
            break;
        }
    }
    match argv.get(at) {
        _ if stdin => takes(Why::StandardInputAsked),
        Some(path) => context.script_file(path),
        None if interactive => takes(Why::Interactive),
        None => context.no_program(),
    }
}

/// A shell known by its name only. PowerShell spells its options in words, with one dash, in any case.
fn unknown(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut at = 1;
    while let Some(argument) = argv.get(at) {
        let word = argument.bytes().to_ascii_lowercase();
        let Some(name) = word.strip_prefix(b"-") else { return context.script_file(argument) };
        let name = name.strip_prefix(b"-").unwrap_or(name);
        at += 1;
        match name {
            b"" => return takes(Why::StandardInputAsked),
            b"version" | b"help" => return Invocation::Other,
            b"s" | b"stdin" => return takes(Why::StandardInputAsked),
            b"i" | b"interactive" | b"noexit" | b"noe" => {
                return takes(Why::Interactive);
            }
            b"c" | b"command" | b"commands" | b"commandwithargs" | b"cwa" => {
                return match argv.get(at) {
                    Some(text) if text.bytes() == b"-" => takes(Why::StandardInputAsked),
                    _ => context.command_string(argv, at, false),
                };
            }
            b"f" | b"file" => {
                return match argv.get(at) {
                    Some(path) if path.bytes() == b"-" => takes(Why::StandardInputAsked),
                    Some(path) => context.script_file(path),
                    None => context.undecided(),
                };
            }
            b"encodedcommand" | b"enc" | b"e" | b"ec" => {
                let text = argv.get(at).cloned().unwrap_or_default();
                return Invocation::InlineProgram { text, verdict: Verdict::QUIET };
            }
            b"executionpolicy" | b"ep" | b"ex" | b"workingdirectory" | b"wd" | b"windowstyle" | b"config"
            | b"rc" => {
                at += 1;
            }
            _ => {}
        }
    }
    context.no_program()
}
