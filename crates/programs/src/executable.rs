//! What a file is by its content: a copy keeps what it is under any name.

mod elf;
mod families;
mod signature;

use event::Text;

pub use elf::{ElfFacts, Linkage, Packing};

/// The most bytes of a file that are examined; the rest of a larger file is not looked at and
/// [`Recognised::examined`] says so.
pub const EXAMINED_LIMIT: usize = 64 << 20;

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

/// Tells what a file is by its content. Reads at most [`EXAMINED_LIMIT`] bytes; never fails: what cannot be read is
/// [`Kind::Unknown`].
pub fn recognise(content: &[u8]) -> Recognised {
    let content = content.get(..EXAMINED_LIMIT).unwrap_or(content);
    let examined = content.len();
    if let Some(kind) = script(content) {
        return Recognised { kind, elf: None, examined };
    }
    let elf = elf::facts(content);
    // Only an ELF file can be one of the programs: a page or a completion script that quotes socat is not socat.
    let kind =
        if content.starts_with(b"\x7fELF") { families::decide(content, elf.as_ref()) } else { Kind::Unknown };
    Recognised { kind, elf, examined }
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
