//! Programs that are no shells, but read commands of which one runs any program: when they do, by their arguments.

use event::Text;

use super::arguments::{Step, Value, Walk};
use super::{Context, Invocation, ScriptSource, Why, script_source, takes};
use crate::executable;

/// How a tool is told to read its commands from somewhere else than standard input or its terminal.
pub(super) struct Tool {
    names: &'static [&'static [u8]],
    /// Letters of options that take a value.
    with_value: &'static [u8],
    /// Letters of options with which it reads no commands.
    letters: &'static [u8],
    /// The same, in words.
    words: &'static [&'static [u8]],
    /// With more operands than this it reads no commands.
    operands: usize,
    /// Reads commands only from the file that this option names.
    file: Option<u8>,
}

const ANY: usize = usize::MAX;
const PLAIN: Tool = Tool { names: &[], with_value: b"", letters: b"", words: &[], operands: ANY, file: None };

static TOOLS: &[Tool] = &[
    Tool {
        names: &[b"gdb", b"gdb-multiarch", b"lldb", b"cgdb"],
        with_value: b"xpcsdoO",
        letters: b"",
        words: &[b"batch", b"batch-silent"],
        ..PLAIN
    },
    Tool { names: &[b"sqlite", b"sqlite3", b"duckdb"], operands: 1, ..PLAIN },
    Tool {
        names: &[b"psql", b"pgcli"],
        with_value: b"cdfLhopPRTUvF",
        letters: b"cfl",
        words: &[b"command", b"file", b"list"],
        ..PLAIN
    },
    Tool {
        names: &[b"mysql", b"mariadb", b"mycli"],
        with_value: b"eDhPSu",
        letters: b"e",
        words: &[b"execute"],
        ..PLAIN
    },
    Tool { names: &[b"mongosh", b"mongo"], words: &[b"eval", b"file"], ..PLAIN },
    // Editors, pagers and file managers, on the terminal or by lines.
    Tool {
        names: &[
            b"ed",
            b"ex",
            b"vi",
            b"vim",
            b"nvi",
            b"nvim",
            b"view",
            b"rview",
            b"vimdiff",
            b"elvis",
            b"vile",
            b"kak",
            b"nano",
            b"pico",
            b"joe",
            b"jed",
            b"mg",
            b"micro",
            b"ne",
            b"less",
            b"more",
            b"most",
            b"pg",
            b"tig",
            b"mc",
            b"ranger",
            b"vifm",
            b"nnn",
            b"lf",
            b"w3m",
            b"lynx",
            b"elinks",
            b"links",
            b"vim.basic",
            b"vim.tiny",
            b"vim.nox",
            b"vim.gtk3",
        ],
        words: &[b"dump"],
        ..PLAIN
    },
    Tool { names: &[b"emacs", b"emacs-nox"], words: &[b"batch"], ..PLAIN },
    // Clients with an escape to a shell.
    Tool {
        names: &[b"ftp", b"tnftp", b"pftp", b"lftp", b"netkit-ftp"],
        with_value: b"cefp",
        letters: b"cf",
        ..PLAIN
    },
    Tool { names: &[b"sftp"], with_value: b"bcDFiJloPRSX", letters: b"b", ..PLAIN },
    Tool { names: &[b"telnet"], with_value: b"lnbSX", operands: 0, ..PLAIN },
    // Calculators and processors of text.
    Tool {
        names: &[b"dc"],
        with_value: b"ef",
        letters: b"ef",
        words: &[b"expression", b"file"],
        operands: 0,
        ..PLAIN
    },
    Tool { names: &[b"m4", b"gm4"], with_value: b"DUIBSLNtFR", operands: 0, ..PLAIN },
    Tool {
        names: &[b"gnuplot", b"gnuplot-qt", b"gnuplot-x11"],
        with_value: b"ec",
        letters: b"ec",
        operands: 0,
        ..PLAIN
    },
    Tool { names: &[b"maxima", b"gp", b"sage", b"gforth", b"units"], operands: 0, ..PLAIN },
    Tool {
        names: &[b"make", b"gmake", b"bmake", b"nmake"],
        with_value: b"fCIoWEj",
        file: Some(b'f'),
        ..PLAIN
    },
    // Later, but they do.
    Tool { names: &[b"at", b"batch"], with_value: b"fqt", letters: b"fldcV", ..PLAIN },
];

/// The tool of this name.
pub(super) fn named(name: &[u8]) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.names.contains(&name))
}

/// The tool that a file is by its content.
pub(super) fn recognised(tool: executable::Tool) -> Option<&'static Tool> {
    named(match tool {
        executable::Tool::Gdb => b"gdb",
        executable::Tool::Sqlite => b"sqlite3",
        executable::Tool::Psql => b"psql",
        executable::Tool::Ed => b"ed",
        executable::Tool::Vim => b"vim",
        executable::Tool::Less => b"less",
    })
}

pub(super) fn invocation(tool: &Tool, argv: &[Text], context: &Context<'_>) -> Invocation {
    // Several of them spell long options with one dash.
    let asked_else = argv.iter().skip(1).map(Text::bytes).any(|argument| {
        let word = argument.strip_prefix(b"--").or_else(|| argument.strip_prefix(b"-")).unwrap_or_default();
        let word = word.split(|b| *b == b'=').next().unwrap_or_default();
        word.len() > 1 && (tool.words.contains(&word) || matches!(word, b"version" | b"help"))
    });
    if asked_else {
        return context.undecided();
    }
    let mut walk =
        Walk::new(
            argv,
            |letter| {
                if tool.with_value.contains(&letter) { Value::RestOrNext } else { Value::None }
            },
        );
    let mut file = None;
    let first = loop {
        match walk.step() {
            Step::Short(letter, Some((value, _))) if tool.file == Some(letter) => file = Some(value),
            Step::Short(letter, _) if tool.letters.contains(&letter) => return context.undecided(),
            Step::Long(b"file" | b"makefile", Some(value)) if tool.file.is_some() => file = Some(value),
            Step::Long(b"file" | b"makefile", None) if tool.file.is_some() => {
                file = walk.take_value().map(|v| v.0)
            }
            Step::Short(..) | Step::Long(..) => {}
            Step::End(at) | Step::Operand(at) => break at,
            Step::Exhausted => break argv.len(),
        }
    };
    if tool.file.is_some() {
        return match file {
            Some(b"-") => takes(Why::StandardInputAsked),
            Some(path) => match script_source(path, context.working_directory) {
                ScriptSource::Descriptor(descriptor) => {
                    Invocation::TakesCommands { why: Why::StandardInputAsFile, descriptor }
                }
                ScriptSource::Path(_) => Invocation::Other,
            },
            None => context.undecided(),
        };
    }
    let operands = argv.get(first..).unwrap_or_default().iter().filter(|a| a.bytes() != b"-");
    if operands.count() > tool.operands { context.undecided() } else { takes(Why::Console) }
}
