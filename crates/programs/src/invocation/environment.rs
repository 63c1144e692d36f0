//! What the environment makes a program execute before, or instead of, what its arguments say.

use event::Text;

use super::{Context, Invocation, ScriptSource, Why, kind_of_name, script_source};
use crate::executable::{InterpreterFamily as Language, Kind, ShellFamily};
use crate::script::{Verdict, language_verdict, shell_verdict};

/// The invocation as the environment changes it.
pub(super) fn applied(
    invocation: Invocation,
    kind: Option<&Kind>,
    name: &[u8],
    argv: &[Text],
    environment: &[Text],
    context: &Context<'_>,
) -> Invocation {
    if environment.is_empty() {
        return invocation;
    }
    let found = |descriptor| Invocation::TakesCommands { why: Why::Environment, descriptor };
    for executed in executed(kind, name, argv, environment) {
        let verdict = match executed {
            Executed::File(path) => match script_source(path, context.working_directory) {
                ScriptSource::Descriptor(number) => Verdict::reads(number),
                ScriptSource::Path(_) => Verdict::QUIET,
            },
            // The value is expanded: `BASH_ENV='$(sh)'`.
            Executed::Expanded(value) => shell_verdict(&[b": ".as_slice(), value].concat(), &[], 0),
            Executed::Lua(text) => language_verdict(crate::script::Language::Lua, text, false),
            Executed::Console => Verdict::reads(0),
        };
        if let Some(descriptor) = verdict.descriptor {
            return found(descriptor);
        }
    }
    invocation
}

/// The files that the environment makes a program execute first, as far as their names are known: whoever can look
/// follows a named pipe, a link or a script from here. Files behind an open descriptor are told by
/// [`Invocation::command_descriptor`] already.
pub fn start_up_files(
    kind: Option<&Kind>,
    executable_name: &[u8],
    argv: &[Text],
    environment: &[Text],
    working_directory: &[u8],
) -> Vec<ScriptSource> {
    let executed = executed(kind, executable_name, argv, environment);
    let files = executed.into_iter().filter_map(|executed| match executed {
        Executed::File(path) => Some(script_source(path, working_directory)),
        _ => None,
    });
    files.collect()
}

/// What a variable makes a program execute.
enum Executed<'a> {
    /// The file of this name.
    File(&'a [u8]),
    /// What the shell finds in the value when it expands it.
    Expanded(&'a [u8]),
    /// Program text.
    Lua(&'a [u8]),
    /// It reads commands when its own program is done, or debugs it.
    Console,
}

fn executed<'a>(
    kind: Option<&Kind>,
    name: &[u8],
    argv: &[Text],
    environment: &'a [Text],
) -> Vec<Executed<'a>> {
    let by_name = || kind_of_name(name).or_else(|| kind_of_name(argv.first()?.file_name()));
    let kind = match kind {
        Some(Kind::Unknown) | None => by_name(),
        Some(Kind::Shell(ShellFamily::Other)) => by_name().or(kind.cloned()),
        known => known.cloned(),
    };
    let value = |wanted: &[u8]| {
        let entries = environment.iter().map(Text::bytes);
        let value = entries.filter_map(|entry| entry.strip_prefix(wanted)?.strip_prefix(b"=")).next_back();
        value.filter(|value| !value.is_empty())
    };
    let option = |letter: u8| {
        let options =
            argv.iter().skip(1).map(Text::bytes).take_while(|a| a.starts_with(b"-") || a.starts_with(b"+"));
        options.take(16).any(|a| !a.starts_with(b"--") && a.contains(&letter))
    };
    let expanded = |value: &'a [u8]| [Executed::File(value), Executed::Expanded(value)];
    let mut all = Vec::new();
    match kind {
        Some(Kind::Shell(family)) => {
            let interactive = option(b'i') || argv.len() <= 1;
            // Called `sh`, bash reads ENV as the others do, and BASH_ENV not.
            let as_sh = argv.first().is_some_and(|name| matches!(name.file_name(), b"sh" | b"-sh"));
            match family {
                ShellFamily::Bash if !as_sh && !interactive && !option(b'p') => {
                    all.extend(value(b"BASH_ENV").into_iter().flat_map(expanded));
                }
                ShellFamily::Bash
                | ShellFamily::Dash
                | ShellFamily::Busybox
                | ShellFamily::Ksh
                | ShellFamily::Mksh
                | ShellFamily::Toybox
                    if interactive =>
                {
                    all.extend(value(b"ENV").into_iter().flat_map(expanded));
                }
                _ => {}
            }
        }
        // `-E` and `-I` make Python blind for its variables.
        Some(Kind::Interpreter(Language::Python)) if !option(b'E') && !option(b'I') => {
            all.extend(value(b"PYTHONINSPECT").map(|_| Executed::Console));
            if option(b'i') || argv.len() <= 1 {
                all.extend(value(b"PYTHONSTARTUP").map(Executed::File));
            }
        }
        Some(Kind::Interpreter(Language::Perl)) => {
            let debugs = |options: &[u8]| {
                options
                    .split(u8::is_ascii_whitespace)
                    .any(|o| o.strip_prefix(b"-").unwrap_or(o).starts_with(b"d"))
            };
            all.extend(value(b"PERL5OPT").filter(|options| debugs(options)).map(|_| Executed::Console));
        }
        Some(Kind::Interpreter(Language::Ruby)) => {
            all.extend(required(value(b"RUBYOPT"), &[b"-r", b"--require"]))
        }
        Some(Kind::Interpreter(Language::Node)) => {
            all.extend(required(value(b"NODE_OPTIONS"), &[b"-r", b"--require", b"--import"]));
        }
        Some(Kind::Interpreter(Language::Lua)) => {
            let values = [b"LUA_INIT_5_4".as_slice(), b"LUA_INIT_5_3", b"LUA_INIT_5_2", b"LUA_INIT"];
            for init in values.into_iter().filter_map(value) {
                all.push(init.strip_prefix(b"@").map_or(Executed::Lua(init), Executed::File));
            }
        }
        _ => {}
    }
    all
}

/// The files of `-rFILE`, `-r FILE` and `--require=FILE`.
fn required<'a>(options: Option<&'a [u8]>, names: &[&[u8]]) -> Vec<Executed<'a>> {
    let mut files = Vec::new();
    let mut words = options.unwrap_or_default().split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    while let Some(word) = words.next() {
        let Some(name) = names.iter().find(|name| word.starts_with(name)) else { continue };
        let rest = &word[name.len()..];
        let rest = rest.strip_prefix(b"=").unwrap_or(rest);
        files.extend(if rest.is_empty() { words.next() } else { Some(rest) }.map(Executed::File));
    }
    files
}
