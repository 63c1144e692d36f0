//! How interpreters read their arguments.

use event::Text;

use super::arguments::{Step, Value, Walk};
use super::inline;
use super::{Context, Invocation, Why, names, takes};
use crate::executable::InterpreterFamily;
use crate::script::Language;

pub(super) fn invocation(family: InterpreterFamily, argv: &[Text], context: &Context<'_>) -> Invocation {
    match family {
        InterpreterFamily::Python => python(argv, context),
        InterpreterFamily::Perl => perl(argv, context),
        InterpreterFamily::Ruby => ruby(argv, context),
        InterpreterFamily::Php => php(argv, context),
        InterpreterFamily::Node => node(argv, context),
        InterpreterFamily::Lua => lua(argv, context),
        InterpreterFamily::Tcl => tcl(argv, context),
        InterpreterFamily::Expect => expect(argv, context),
        InterpreterFamily::Gawk | InterpreterFamily::Mawk | InterpreterFamily::Awk => awk(argv, context),
        InterpreterFamily::Other => other(argv, context),
    }
}

/// A program text. A language whose options add a loop over the input counts as reading it.
fn program(
    language: Language,
    text: Vec<u8>,
    reads_input: bool,
    context: &Context<'_>,
    last: bool,
) -> Invocation {
    let cut = context.truncated && last;
    let verdict = inline::verdict(language, &text, reads_input, cut);
    Invocation::InlineProgram { text: Text::new(text), verdict }
}

/// The program file, or standard input where it is missing or a dash.
fn file(argv: &[Text], at: Option<usize>, context: &Context<'_>) -> Invocation {
    match at.and_then(|at| argv.get(at)) {
        None => context.no_program(),
        Some(path) if path.bytes() == b"-" => takes(Why::StandardInputAsked),
        Some(path) if is_console(path.file_name()) => takes(Why::Console),
        Some(path) => context.script_file(path),
    }
}

/// Whether a script is a language's console under its usual name.
fn is_console(name: &[u8]) -> bool {
    matches!(names::program(name), Some(names::Program::Console))
}

/// A console run as a program of its own: it reads commands unless it was given a program or asked for help.
pub(super) fn console(argv: &[Text], context: &Context<'_>) -> Invocation {
    let asked_else =
        argv.iter().skip(1).any(|a| matches!(a.bytes(), b"--version" | b"--help" | b"-h" | b"-v"));
    if asked_else { context.undecided() } else { takes(Why::Console) }
}

/// Collects the walk's end: the first operand's place.
macro_rules! operands {
    ($step:expr) => {
        match $step {
            Step::End(at) | Step::Operand(at) => break Some(at),
            Step::Exhausted => break None,
            _ => {}
        }
    };
}

fn python(argv: &[Text], context: &Context<'_>) -> Invocation {
    /// Modules that are consoles, or that start a shell on the terminal.
    const CONSOLES: [&[u8]; 9] =
        [b"code", b"pdb", b"asyncio", b"IPython", b"ipython", b"ptpython", b"bpython", b"pty", b"xonsh"];
    let mut walk = Walk::new(argv, |letter| match letter {
        b'c' | b'm' | b'W' | b'X' | b'Q' => Value::RestOrNext,
        _ => Value::None,
    });
    let mut interactive = false;
    let at = loop {
        match walk.step() {
            Step::Short(b'c', Some((text, at))) if interactive => {
                let _ = (text, at);
                return takes(Why::Interactive);
            }
            Step::Short(b'c', Some((text, at))) => {
                return program(Language::Python, text.to_vec(), false, context, at + 1 == argv.len());
            }
            Step::Short(b'm', Some((name, _))) => {
                if interactive || CONSOLES.contains(&name) {
                    return takes(Why::Console);
                }
                return Invocation::Module { name: Text::new(name) };
            }
            Step::Short(b'c' | b'm', None) => return context.undecided(),
            Step::Short(b'i', _) => interactive = true,
            Step::Short(b'h' | b'V' | b'?', _) => return Invocation::Other,
            Step::Long(b"check-hash-based-pycs", None) => {
                walk.take_value();
            }
            Step::Long(..) => return Invocation::Other,
            step => operands!(step),
        }
    };
    if interactive { takes(Why::Interactive) } else { file(argv, at, context) }
}

fn perl(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut walk = Walk::new(argv, |letter| match letter {
        b'e' | b'E' | b'I' => Value::RestOrNext,
        b'F' | b'i' | b'M' | b'm' | b'x' | b'C' | b'D' | b'V' | b'd' | b'0' | b'l' => Value::Rest,
        _ => Value::None,
    });
    let (mut text, mut given, mut last) = (Vec::new(), false, 0);
    let (mut debugger, mut reads_input) = (false, false);
    let at = loop {
        match walk.step() {
            Step::Short(b'e' | b'E', Some((more, at))) => {
                text.extend_from_slice(more);
                text.push(b'\n');
                (given, last) = (true, at);
            }
            Step::Short(b'e' | b'E', None) => return context.undecided(),
            Step::Short(b'n' | b'p', _) => reads_input = true,
            Step::Short(b'v' | b'V' | b'h' | b'?', _) => return Invocation::Other,
            // `-de0`: the letters after a plain `-d` are options again; `-d:Module` is another debugger.
            Step::Short(b'd', Some((rest, at))) => {
                debugger |= !rest.starts_with(b":") && !rest.starts_with(b"t:");
                if let Some(position) = rest.iter().position(|l| matches!(l, b'e' | b'E')) {
                    (given, last) = (true, at);
                    text.extend_from_slice(&rest[position + 1..]);
                    if rest.len() == position + 1 {
                        walk.take_value();
                    }
                }
            }
            // Digits may be followed by more options (`-lne`, `-0777ne`).
            Step::Short(b'l' | b'0', Some((rest, at))) => {
                let after = rest.iter().position(|b| !b.is_ascii_hexdigit() || b.is_ascii_alphabetic());
                let more = after.map_or(&b""[..], |after| &rest[after..]);
                reads_input |= more.iter().take_while(|l| **l != b'e').any(|l| matches!(l, b'n' | b'p'));
                if let Some(position) = more.iter().position(|l| matches!(l, b'e' | b'E')) {
                    (given, last) = (true, at);
                    text.extend_from_slice(&more[position + 1..]);
                    if position + 1 == more.len()
                        && let Some((next, at)) = walk.take_value()
                    {
                        text.extend_from_slice(next);
                        last = at;
                    }
                }
            }
            Step::Long(..) => return Invocation::Other,
            step => operands!(step),
        }
    };
    if debugger {
        return takes(Why::Console);
    }
    if given {
        return program(Language::Perl, text, reads_input && at.is_none(), context, last + 1 == argv.len());
    }
    file(argv, at, context)
}

fn ruby(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut walk = Walk::new(argv, |letter| match letter {
        b'e' | b'I' | b'r' | b'C' | b'X' | b'E' => Value::RestOrNext,
        b'F' | b'i' | b'K' | b'T' | b'W' | b'x' | b'0' => Value::Rest,
        _ => Value::None,
    });
    let (mut text, mut given, mut last) = (Vec::new(), false, 0);
    let mut reads_input = false;
    let at = loop {
        match walk.step() {
            Step::Short(b'e', Some((more, at))) => {
                text.extend_from_slice(more);
                text.push(b'\n');
                (given, last) = (true, at);
            }
            Step::Short(b'e', None) => return context.undecided(),
            Step::Short(b'n' | b'p', _) => reads_input = true,
            Step::Short(b'v' | b'h', _) if argv.len() == 2 => return Invocation::Other,
            Step::Long(b"version" | b"help" | b"copyright", _) => return Invocation::Other,
            Step::Long(
                b"encoding" | b"external-encoding" | b"internal-encoding" | b"enable" | b"disable" | b"dump"
                | b"parser" | b"backtrace-limit",
                None,
            ) => {
                walk.take_value();
            }
            Step::Long(..) => {}
            step => operands!(step),
        }
    };
    if given {
        return program(Language::Ruby, text, reads_input && at.is_none(), context, last + 1 == argv.len());
    }
    file(argv, at, context)
}

fn php(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut walk = Walk::new(argv, |letter| match letter {
        b'r' | b'R' | b'B' | b'E' | b'f' | b'F' | b'd' | b'c' | b'z' | b'S' | b't' => Value::RestOrNext,
        _ => Value::None,
    });
    let at = loop {
        let step = match walk.step() {
            Step::Long(b"run", None) => Step::Short(b'r', walk.take_value()),
            Step::Long(b"process-code", None) => Step::Short(b'R', walk.take_value()),
            Step::Long(b"file", None) => Step::Short(b'f', walk.take_value()),
            Step::Long(b"interactive", None) => Step::Short(b'a', None),
            step => step,
        };
        match step {
            // `-R` runs its code for each line of the input.
            Step::Short(letter @ (b'r' | b'R'), Some((text, at))) => {
                return program(Language::Php, text.to_vec(), letter == b'R', context, at + 1 == argv.len());
            }
            Step::Short(b'r' | b'R' | b'f', None) => return context.undecided(),
            Step::Short(b'f' | b'F', Some((path, at))) => {
                let _ = path;
                return file(argv, Some(at), context);
            }
            Step::Short(b'a', _) => return takes(Why::Interactive),
            Step::Short(b'S' | b'v' | b'i' | b'm' | b'h' | b'?', _) => return Invocation::Other,
            Step::Long(b"define" | b"php-ini" | b"zend-extension", None) => {
                walk.take_value();
            }
            Step::Long(b"server" | b"version" | b"info" | b"modules" | b"help" | b"ini", _) => {
                return Invocation::Other;
            }
            Step::Long(name, _) if name.len() == 2 && name.starts_with(b"r") => return Invocation::Other,
            Step::Long(..) => {}
            step => operands!(step),
        }
    };
    file(argv, at, context)
}

fn node(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut interactive = false;
    let mut at = 1;
    let mut text: Option<(&Text, usize)> = None;
    // Node's options are words: `-pe` is one of them, not two letters.
    let first = loop {
        let Some(argument) = argv.get(at) else { break None };
        match argument.bytes() {
            b"-e" | b"--eval" | b"-p" | b"--print" | b"-pe" => match argv.get(at + 1) {
                Some(code) => {
                    text = Some((code, at + 1));
                    at += 2;
                }
                None => return context.undecided(),
            },
            b"-i" | b"--interactive" => {
                interactive = true;
                at += 1;
            }
            b"-v" | b"--version" | b"-h" | b"--help" => return Invocation::Other,
            b"-r"
            | b"--require"
            | b"--import"
            | b"--loader"
            | b"--experimental-loader"
            | b"-C"
            | b"--conditions"
            | b"--env-file"
            | b"--input-type"
            | b"--title"
            | b"--icu-data-dir"
            | b"--openssl-config"
            | b"--watch-path" => {
                at += 2;
            }
            b"--" => break Some(at + 1),
            b"-" => break Some(at),
            long if long.starts_with(b"--eval=") || long.starts_with(b"--print=") => {
                let equals = long.iter().position(|b| *b == b'=').unwrap_or_default();
                return program(
                    Language::Node,
                    long[equals + 1..].to_vec(),
                    false,
                    context,
                    at + 1 == argv.len(),
                );
            }
            option if option.starts_with(b"-") => at += 1,
            _ => break Some(at),
        }
    };
    if interactive {
        return takes(Why::Interactive);
    }
    match text {
        Some((code, at)) => {
            program(Language::Node, code.bytes().to_vec(), false, context, at + 1 == argv.len())
        }
        None => file(argv, first, context),
    }
}

fn lua(argv: &[Text], context: &Context<'_>) -> Invocation {
    let (mut text, mut last, mut interactive, mut version) = (Vec::new(), None, false, false);
    let mut at = 1;
    let first = loop {
        let Some(argument) = argv.get(at) else { break None };
        at += 1;
        match argument.bytes() {
            b"-i" => interactive = true,
            b"-v" => version = true,
            b"-e" | b"-l" if at >= argv.len() => return context.undecided(),
            b"-e" => {
                text.extend_from_slice(argv[at].bytes());
                text.push(b'\n');
                last = Some(at);
                at += 1;
            }
            b"-l" => at += 1,
            [b'-', b'e', code @ ..] => {
                text.extend_from_slice(code);
                last = Some(at - 1);
            }
            b"--" => break Some(at),
            b"-" => break Some(at - 1),
            option if option.starts_with(b"-") => {}
            _ => break Some(at - 1),
        }
    };
    match (first.filter(|at| *at < argv.len()), last) {
        _ if interactive => takes(Why::Interactive),
        (None, Some(last)) => program(Language::Lua, text, false, context, last + 1 == argv.len()),
        (None, None) if version => context.undecided(),
        (first, _) => file(argv, first, context),
    }
}

fn tcl(argv: &[Text], context: &Context<'_>) -> Invocation {
    match argv.get(1).map(Text::bytes) {
        Some(b"-encoding") => file(argv, Some(3), context),
        // What begins with a dash is no program file to tclsh; it goes on to read standard input.
        Some(option) if option.starts_with(b"-") => context.no_program(),
        _ => file(argv, Some(1), context),
    }
}

fn expect(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut walk = Walk::new(argv, |letter| match letter {
        b'c' | b'f' | b'D' => Value::RestOrNext,
        _ => Value::None,
    });
    let mut text: Option<(Vec<u8>, usize)> = None;
    let at = loop {
        match walk.step() {
            Step::Short(b'c', Some((code, at))) => text = Some((code.to_vec(), at)),
            Step::Short(b'f', Some((_, at))) => return file(argv, Some(at), context),
            Step::Short(b'i', _) => return takes(Why::Interactive),
            Step::Short(b'v', _) => return Invocation::Other,
            step => operands!(step),
        }
    };
    match (at, text) {
        (None, Some((code, at))) => program(Language::Tcl, code, false, context, at + 1 == argv.len()),
        (at, _) => file(argv, at, context),
    }
}

fn awk(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut walk = Walk::new(argv, |letter| match letter {
        b'F' | b'v' | b'f' | b'e' | b'E' | b'i' | b'l' | b'W' | b'm' => Value::RestOrNext,
        b'd' | b'D' | b'o' | b'p' | b'L' => Value::Rest,
        _ => Value::None,
    });
    let mut text: Option<(Vec<u8>, usize)> = None;
    let mut at = loop {
        let step = match walk.step() {
            Step::Long(b"source", None) => Step::Short(b'e', walk.take_value()),
            Step::Long(b"file" | b"exec", None) => Step::Short(b'f', walk.take_value()),
            Step::Long(b"assign" | b"field-separator" | b"include" | b"load", None) => {
                Step::Short(b'v', walk.take_value())
            }
            step => step,
        };
        match step {
            Step::Short(b'f' | b'E', Some((path, _))) => {
                if path == b"-" {
                    return takes(Why::StandardInputAsked);
                }
                return context.script_file(&Text::new(path));
            }
            Step::Short(b'e', Some((code, at))) => text = Some((code.to_vec(), at)),
            Step::Short(b'V' | b'h', _) | Step::Long(b"version" | b"help", _) => return Invocation::Other,
            // gawk's debugger takes commands.
            Step::Short(b'D', _) | Step::Long(b"debug", _) => return takes(Why::Console),
            step => operands!(step),
        }
    };
    if text.is_none()
        && let Some(operand) = at
    {
        text = argv.get(operand).map(|code| (code.bytes().to_vec(), operand));
        at = Some(operand + 1);
    }
    let Some((code, place)) = text else { return context.undecided() };
    // Operands with `=` are assignments; anything else is an input file, and then standard input is not read.
    let input_files = at.and_then(|at| argv.get(at..)).unwrap_or_default();
    let from_stdin = input_files
        .iter()
        .map(Text::bytes)
        .all(|file| file.contains(&b'=') || file == b"-" || super::is_standard_input(file));
    program(Language::Awk, code, from_stdin, context, place + 1 == argv.len())
}

/// An interpreter known by its name only.
fn other(argv: &[Text], context: &Context<'_>) -> Invocation {
    let mut at = 1;
    while let Some(argument) = argv.get(at) {
        match argument.bytes() {
            b"-e" | b"-c" | b"--eval" | b"-E" | b"--execute" | b"eval" => {
                return match argv.get(at + 1) {
                    Some(code) => {
                        program(Language::Other, code.bytes().to_vec(), false, context, at + 2 == argv.len())
                    }
                    None => context.undecided(),
                };
            }
            b"-i" | b"--interactive" | b"repl" => return takes(Why::Interactive),
            b"--version" | b"--help" | b"-h" | b"-v" => return Invocation::Other,
            b"-" => return takes(Why::StandardInputAsked),
            b"run" => at += 1,
            option if option.starts_with(b"-") => at += 1,
            _ => return file(argv, Some(at), context),
        }
    }
    context.no_program()
}
