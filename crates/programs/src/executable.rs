//! What a file is by its content: a copy keeps what it is under any name.

mod elf;
mod families;
mod loaded;
mod signature;

use event::Text;

pub use elf::{ElfFacts, Header, Linkage, Packing};

/// The most bytes of a file that are examined: of what its program headers say the loader maps, the beginning and
/// the end of each part. What lies elsewhere in the file costs nothing, and says nothing.
pub const EXAMINED_LIMIT: usize = 8 << 20;

/// What a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// socat, with its version where the file shows one.
    Socat {
        /// Such as `1.7.4.4`.
        version: Option<Text>,
    },
    /// A command shell.
    Shell(ShellFamily),
    /// An interpreter of a programming language.
    Interpreter(InterpreterFamily),
    /// The dynamic loader: run as a program it becomes the program named by its arguments.
    DynamicLoader,
    /// A server of secure shell sessions.
    SshServer(SshServer),
    /// A terminal multiplexer.
    Multiplexer(Multiplexer),
    /// A program that relays between its standard input and the network.
    Relay(Relay),
    /// No shell, but it reads commands, and one of them runs any program.
    Tool(Tool),
    /// A text file that names its interpreter in the first line.
    Script {
        /// The interpreter's path as written after `#!`.
        interpreter: Text,
        /// The rest of the first line; the kernel passes it as one argument.
        argument: Option<Text>,
    },
    /// Nothing that this module knows.
    Unknown,
}

/// Shells that differ in how they read their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShellFamily {
    /// GNU bash.
    Bash,
    /// The Debian Almquist shell.
    Dash,
    /// zsh.
    Zsh,
    /// AT&T ksh (ksh93 and its heirs).
    Ksh,
    /// MirBSD ksh.
    Mksh,
    /// fish.
    Fish,
    /// tcsh and csh.
    Tcsh,
    /// BusyBox: one program for many commands; which one, its arguments tell.
    Busybox,
    /// Toybox: as BusyBox.
    Toybox,
    /// A shell known by its name only.
    Other,
}

/// Languages whose interpreters differ in how they read their arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InterpreterFamily {
    /// CPython.
    Python,
    /// perl.
    Perl,
    /// ruby.
    Ruby,
    /// PHP's command line program.
    Php,
    /// Node.js.
    Node,
    /// Lua and LuaJIT.
    Lua,
    /// tclsh.
    Tcl,
    /// expect.
    Expect,
    /// GNU awk: alone among the awks it opens network connections itself.
    Gawk,
    /// mawk.
    Mawk,
    /// Any other awk.
    Awk,
    /// An interpreter known by its name only.
    Other,
}

/// Servers of secure shell sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SshServer {
    /// OpenSSH's listener or its per-session program.
    OpenSsh,
    /// dropbear.
    Dropbear,
}

/// Terminal multiplexers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Multiplexer {
    /// GNU screen.
    Screen,
    /// tmux.
    Tmux,
}

/// Programs that relay between standard input and the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relay {
    /// Nmap's ncat.
    Ncat,
    /// The traditional netcat.
    Netcat,
    /// OpenBSD's netcat.
    NetcatOpenbsd,
    /// The openssl command (`s_client`, `s_server`).
    Openssl,
}

/// Programs whose own commands run others (`!sh`, `.shell sh`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// gdb.
    Gdb,
    /// SQLite's shell.
    Sqlite,
    /// PostgreSQL's terminal.
    Psql,
    /// GNU ed.
    Ed,
    /// vim and what is built from it.
    Vim,
    /// less.
    Less,
}

/// What a file is and the facts that go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// What it is.
    pub kind: Kind,
    /// Facts of its ELF headers, if it is an ELF file whose headers can be read.
    pub elf: Option<ElfFacts>,
    /// How many of the given bytes were examined.
    pub examined: usize,
}

/// What speaks for a kind. Strings can be written into any program; anything that makes a detector quiet should ask
/// for more, and for where the file comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// Strings in what the loader maps.
    #[default]
    Strings,
    /// Strings, the libraries that such a program needs and the functions that it imports from them.
    Linked,
}

impl Recognised {
    /// What speaks for the kind.
    pub fn strength(&self) -> Strength {
        self.elf.as_ref().map_or(Strength::Strings, |elf| elf.strength)
    }

    /// What else its strings say it is.
    pub fn also(&self) -> &[Kind] {
        self.elf.as_ref().map_or(&[], |elf| &elf.also)
    }

    /// Whether the kind may make anything quiet: it is linked as such a program is, and is nothing else.
    pub fn may_excuse(&self) -> bool {
        self.strength() == Strength::Linked && self.also().is_empty()
    }
}

/// Tells what a file is by its content. Never fails: what cannot be read is [`Kind::Unknown`].
pub fn recognise(content: &[u8]) -> Recognised {
    recognise_from(content.len() as u64, &mut |offset, length| {
        let rest = usize::try_from(offset).ok().and_then(|offset| content.get(offset..)).unwrap_or_default();
        rest[..rest.len().min(length)].to_vec()
    })
}

/// As [`recognise`], for a file of `size` bytes of which `read` gives up to so many from an offset on (fewer at its
/// end, none where it cannot be read). Asks for a few tables and at most [`EXAMINED_LIMIT`] bytes.
pub fn recognise_from(size: u64, read: &mut dyn FnMut(u64, usize) -> Vec<u8>) -> Recognised {
    let head = read(0, loaded::HEAD);
    if let Some(kind) = script(&head) {
        return Recognised { kind, elf: None, examined: head.len() };
    }
    // Only an ELF file can be one of the programs: a page or a completion script that quotes socat is not socat.
    if !head.starts_with(b"\x7fELF") {
        return Recognised { kind: Kind::Unknown, elf: None, examined: head.len() };
    }
    let view = loaded::View::new(size, head, EXAMINED_LIMIT, read);
    let examined = view.examined();
    let Some((mut elf, imports)) = elf::facts(&view) else {
        return Recognised { kind: Kind::Unknown, elf: None, examined };
    };
    let (kind, strength, also) = families::decide(&view, &elf, &imports);
    (elf.strength, elf.also) = (strength, also);
    Recognised { kind, elf: Some(elf), examined }
}

/// The longest first line that the kernel reads (`BINPRM_BUF_SIZE`).
const FIRST_LINE_LIMIT: usize = 256;

fn script(content: &[u8]) -> Option<Kind> {
    let line = content.strip_prefix(b"#!")?;
    let line = line.get(..FIRST_LINE_LIMIT - 2).unwrap_or(line);
    let line = line.split(|b| *b == b'\n' || *b == 0).next().unwrap_or_default().trim_ascii();
    let end = line.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(line.len());
    let (interpreter, rest) = line.split_at(end);
    let rest = rest.trim_ascii();
    if interpreter.is_empty() {
        return None;
    }
    Some(Kind::Script {
        interpreter: Text::new(interpreter),
        argument: (!rest.is_empty()).then(|| Text::new(rest)),
    })
}

#[cfg(test)]
mod tests;
