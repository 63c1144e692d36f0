//! The strings by which each family is known, and the decision.
//!
//! Each string was found in the builds of several releases and distributions, static ones and stripped ones among
//! them, and in no other program; several independent ones must agree, so that neither one dropped by a build option
//! nor one quoted elsewhere decides.

use event::Text;

use super::elf::{ElfFacts, Linkage};
use super::loaded::View;
use super::signature::{Group, group, search};
use super::{InterpreterFamily, Kind, Multiplexer, Relay, ShellFamily, SshServer, Strength, Tool};

/// One family: what it is and how it is known.
pub(super) struct Family {
    kind: Kind,
    pub(super) groups: &'static [Group],
    /// A needed library whose name starts so; `None` for a program that carries the interpreter itself.
    library: Option<&'static str>,
    /// Larger files are another program that embeds the interpreter.
    at_most: u64,
}

#[cfg(test)]
impl Family {
    pub(super) const fn kind(&self) -> &Kind {
        &self.kind
    }
}

const ANY_SIZE: u64 = u64::MAX;
/// Launchers of an interpreter kept in a library are a few kilobytes; programs that embed one are far larger.
const LAUNCHER: u64 = 128 << 10;

const fn whole(kind: Kind, groups: &'static [Group]) -> Family {
    Family { kind, groups, library: None, at_most: ANY_SIZE }
}

const fn launcher(family: InterpreterFamily, library: &'static str, groups: &'static [Group]) -> Family {
    Family { kind: Kind::Interpreter(family), groups, library: Some(library), at_most: LAUNCHER }
}

/// All families; the first that agrees wins, so multi-call programs come before what they contain.
pub(super) static FAMILIES: &[Family] = &[
    // musl's loader is its C library at once and may carry no name of its own.
    whole(Kind::DynamicLoader, &[group!(Within, 2 of "Dynamic Program Loader", "musl libc")]),
    whole(
        Kind::Socat { version: None },
        &[
            // Options of its addresses and of its transfer loop.
            group!(Terminated, 5 of "substuser-delayed", "unlink-early", "unlink-close", "f-setlkw-rd", "ioctl-intp",
                "null-eof", "end-close", "cool-write", "lseek32-set", "perm-early", "shut-null", "readbytes",
                "unix-tightsocklen", "setsockopt-int", "so-detach-filter"),
            // What it logs.
            group!(Terminated, 5 of "unknown device/address \"%s\"", "execvp'ing \"%s\"",
                "forking off child, using %s for %s", "forked off child process %d",
                "starting data transfer loop with FDs [%d,%d] and [%d,%d]", "-U and -u must not be combined",
                "only one -L and -W option allowed", "accepting connection from %s on %s", "starting accept loop",
                "%d option(s) could not be used", "transferred %lu bytes from %d to %d", "exiting on signal %d",
                "socket 1 (fd %d) is at EOF", "interpreting address \"%s\" as file descriptor",
                "successfully connected from local address %s", "unidirectional open of dual address"),
        ],
    ),
    whole(
        Kind::Shell(ShellFamily::Busybox),
        &[
            group!(Within, 1 of "BusyBox is a multi-call binary", "BusyBox v"),
            group!(Terminated, 2 of ": applet not found\n", "/etc/busybox.conf", "linuxrc", "busybox",
                "invalid number '%s'"),
        ],
    ),
    whole(
        Kind::Shell(ShellFamily::Toybox),
        &[
            group!(Within, 1 of "landley.net/toybox"),
            group!(Terminated, 2 of "toybox", "Toybox", "Unknown option '%s'"),
        ],
    ),
    whole(
        Kind::Shell(ShellFamily::Bash),
        &[group!(Terminated, 6 of "BASH_VERSINFO", "BASH_SUBSHELL", "BASH_REMATCH", "BASHOPTS", "BASH_ARGC",
            "BASH_EXECUTION_STRING", "BASH_LINENO", "BASH_ENV", "_EmptycmD_", "_InitialWorD_",
            "cannot make child for process substitution",
            "bash_execute_unix_command: cannot find keymap for command")],
    ),
    whole(
        Kind::Shell(ShellFamily::Zsh),
        &[
            group!(Terminated, 5 of "ZSH_ARGZERO", "ZSH_EVAL_CONTEXT", "ZSH_EXECUTION_STRING", "ZSH_PATCHLEVEL",
            "ZSH_SUBSHELL", "ZSH_NAME", "bareglobqual", "%s: assignment to invalid subscript range"),
        ],
    ),
    whole(
        Kind::Shell(ShellFamily::Mksh),
        &[group!(Terminated, 5 of "KSHUID", "KSHEGID", "KSHGID", "EXECSHELL", "*=export", "^*=export",
            "check_job: job started (flags 0x%X)", "wdscan: unknown char 0x%X (carrying on)")],
    ),
    whole(
        Kind::Shell(ShellFamily::Ksh),
        &[group!(Terminated, 5 of "KSH_VERSION", ".sh.edmode", ".sh.edchar", ".sh.subscript", ".sh.version",
            ".sh.match", ".sh.subshell", ".sh.level")],
    ),
    whole(
        Kind::Shell(ShellFamily::Tcsh),
        &[
            group!(Terminated, 5 of "Ambiguous output redirect", "Badly placed ()'s", "Too many )'s", "Too many ('s",
            "BUG: process flushed twice", "Can't << within ()'s", "/etc/csh.cshrc", "/etc/csh.login"),
        ],
    ),
    // Its strings are of four bytes per character, in the old C++ builds and in the new Rust ones.
    whole(
        Kind::Shell(ShellFamily::Fish),
        &[group!(Wide, 4 of "fish_preexec", "fish_postexec", "fish_killring", "fish_private_mode",
            "fish_command_not_found", "fish_history")],
    ),
    whole(
        Kind::Shell(ShellFamily::Dash),
        &[
            group!(Terminated, 6 of "Illegal option -%c", "Illegal option -o %s", "Unterminated quoted string",
            "Bad for loop variable", "Bad function name", "Missing '))'", "EOF in backquote substitution",
            "can't shift that many", "Cannot set tty process group (%s)", "arithmetic expression: %s: \"%s\""),
        ],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Node),
        &[
            group!(Terminated, 5 of "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_PENDING_DEPRECATION",
            "NODE_REDIRECT_WARNINGS", "NODE_REPL_EXTERNAL_MODULE", "NODE_PRESERVE_SYMLINKS"),
        ],
    ),
    launcher(InterpreterFamily::Node, "libnode", &[group!(Within, 1 of "_ZN4node5Start")]),
    launcher(
        InterpreterFamily::Python,
        "libpython",
        &[group!(Terminated, 1 of "Py_BytesMain", "Py_Main", "Py_RunMain", "_Py_UnixMain")],
    ),
    launcher(InterpreterFamily::Perl, "libperl", &[group!(Terminated, 2 of "perl_parse", "perl_run")]),
    launcher(
        InterpreterFamily::Ruby,
        "libruby",
        &[group!(Terminated, 2 of "ruby_options", "ruby_run_node", "ruby_sysinit")],
    ),
    launcher(InterpreterFamily::Lua, "liblua", &[group!(Terminated, 1 of "=(command line)", "_PROMPT2")]),
    launcher(
        InterpreterFamily::Expect,
        "libexpect",
        &[group!(Terminated, 1 of "exp_parse_argv", "exp_interpreter")],
    ),
    launcher(InterpreterFamily::Tcl, "libtcl", &[group!(Terminated, 1 of "Tcl_MainEx", "Tcl_Main")]),
    whole(
        Kind::Interpreter(InterpreterFamily::Php),
        &[
            group!(Terminated, 1 of "PHPRC", "PHP_INI_SCAN_DIR"),
            group!(Terminated, 2 of "cli_get_process_title", "cli_set_process_title", "Command line begin code",
                "Command line run code", "Command line end code"),
        ],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Perl),
        &[
            group!(Terminated, 5 of "PERL5OPT", "PERL5DB", "PERL5LIB", "PERLLIB", "PERL_UNICODE", "PERL_SIGNALS",
            "PERL_DESTRUCT_LEVEL", "BEGIN { require 'perl5db.pl' };"),
        ],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Ruby),
        &[
            group!(Terminated, 2 of "RUBYOPT", "RUBYLIB", "RUBYPATH"),
            group!(Terminated, 2 of "ruby_options", "ruby_run_node", "RUBY_GC_HEAP_GROWTH_FACTOR",
                "RUBY_THREAD_VM_STACK_SIZE"),
        ],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Python),
        &[group!(Terminated, 7 of "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONNOUSERSITE",
            "PYTHONVERBOSE", "PYTHONOPTIMIZE", "PYTHONINSPECT", "PYTHONSTARTUP", "PYTHONHASHSEED",
            "PYTHONIOENCODING")],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Lua),
        &[
            group!(Terminated, 4 of "_PROMPT2", "_PROMPT", "=(command line)", "=stdin", "too many results to print",
            "LUA_INIT", "=LUA_INIT"),
        ],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Gawk),
        &[
            group!(Terminated, 3 of "GAWK_SOCK_RETRIES", "AWKLIBPATH", "AWKPATH", "DGAWK_OPTION", "GAWK_READ_TIMEOUT",
            "GAWK_MSEC_SLEEP"),
        ],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Mawk),
        &[group!(Terminated, 4 of "bad cell passed to cellcpy()", "runaway regular expression /%.10s ...",
            "bad type on eval stack", "nf_pushi", "fe_pushi", "find returned bad st type", "WHINY_USERS")],
    ),
    whole(
        Kind::Interpreter(InterpreterFamily::Awk),
        &[group!(Terminated, 4 of "illegal jump type %d", "illegal arithmetic operator %d",
            "format item %.30s... ran format() out of memory", "division by zero in %%=", "CONDEXPR",
            "can't happen: unknown type %d in cfoll", "can't happen: unknown type %d in freetr")],
    ),
    // Byron's rc.
    whole(
        Kind::Shell(ShellFamily::Other),
        &[group!(Terminated, 4 of "bqstatus", "apids", "cdpath", "/.rcrc", "fn_%F={%T}")],
    ),
    whole(
        Kind::Tool(Tool::Gdb),
        &[
            group!(Terminated, 2 of "GDBHISTFILE", "GDBHISTSIZE", "Undefined command: \"%s\".  Try \"help\"."),
            group!(Within, 1 of "apropos word", "Undefined command: \"%s\""),
        ],
    ),
    whole(
        Kind::Tool(Tool::Sqlite),
        &[
            group!(Within, 1 of ".shell CMD ARGS", ".system CMD ARGS"),
            group!(Terminated, 2 of "SQLITE_HISTORY", "%s/.sqlite_history", "%s/.sqliterc", "sqlite> "),
        ],
    ),
    whole(
        Kind::Tool(Tool::Psql),
        &[group!(Terminated, 4 of "PSQLRC", "PSQL_HISTORY", "PSQL_PAGER", "PSQL_WATCH_PAGER",
            "PSQL_EDITOR_LINENUMBER_ARG", "PSQL_EDITOR")],
    ),
    whole(
        Kind::Tool(Tool::Ed),
        &[group!(Terminated, 3 of "No previous command", "No previous pattern", "No previous substitution",
            "Unknown command")],
    ),
    whole(
        Kind::Tool(Tool::Vim),
        &[group!(Terminated, 4 of "EXINIT", "VIMINIT", "MYVIMRC", "MYGVIMRC", "VIMRUNTIME", "VIM_POSIX")],
    ),
    whole(
        Kind::Tool(Tool::Less),
        &[
            group!(Terminated, 5 of "LESSANSIENDCHARS", "LESSANSIMIDCHARS", "LESSCHARDEF", "LESSCLOSE", "LESSHISTFILE",
            "LESSHISTSIZE", "LESSOPEN", "LESSSECURE"),
        ],
    ),
    whole(
        Kind::SshServer(SshServer::OpenSsh),
        &[group!(Terminated, 4 of "maxstartups", "AuthorizedKeysCommand", "MaxStartups", "ChrootDirectory",
            "authorizedkeyscommand", "chrootdirectory", "forced-commands-only", "without-password")],
    ),
    whole(
        Kind::SshServer(SshServer::Dropbear),
        &[
            group!(Terminated, 5 of "Bad password attempt for '%s' from %s", "User '%s' has invalid shell, rejected",
            "Too many hostkeys", "Failed listening on '%s': %s", "Max auth tries reached - user '%s'",
            "Child connection from %s:%s", "Client trying multiple usernames", "root login rejected",
            "Exit before auth%s: (user '%s', %u fails): %s"),
        ],
    ),
    whole(
        Kind::Multiplexer(Multiplexer::Screen),
        &[
            group!(Terminated, 3 of "Attach: passed fd does not match tty: %s - %s!", "SCREENDIR", "SYSSCREENRC",
            "Could not find pre-select window.", "Directory %s must have mode 700."),
        ],
    ),
    whole(
        Kind::Multiplexer(Multiplexer::Tmux),
        &[
            group!(Terminated, 4 of "TMUX_PANE", "client-session-changed", "after-new-session", "window-linked",
            "pane-border-status", "update-environment"),
        ],
    ),
    whole(
        Kind::Relay(Relay::Ncat),
        &[group!(Terminated, 3 of "NCAT_REMOTE_ADDR", "NCAT_LOCAL_PORT", "NCAT_PROTO",
            "Invalid option combination: --proxy and -l.", "Idle timeout expired (%d ms).")],
    ),
    whole(
        Kind::Relay(Relay::Netcat),
        &[group!(Terminated, 3 of "gethostpoop fuxored", "oprint called with no open fd?!",
            "loadports: no block?!", "select fuxored", "UDP listen needs -p arg")],
    ),
    whole(
        Kind::Relay(Relay::NetcatOpenbsd),
        &[group!(Terminated, 3 of "unsupported proxy protocol", "no proxy support for UDP mode",
            "no proxy support for listen", "garbage proxy port delimiter", "must use -l with -k",
            "Proxy username/password too long")],
    ),
    whole(
        Kind::Relay(Relay::Openssl),
        &[
            group!(Terminated, 4 of "s_client", "s_server", "asn1parse", "pkeyutl", "rsautl"),
            group!(Within, 1 of "CONNECTED(%08X)", "SSL handshake has read "),
        ],
    ),
];

/// Decides for an ELF file: what it is, what speaks for it, and what else it would be by its strings.
pub(super) fn decide(view: &View, elf: &ElfFacts, imports: &[&[u8]]) -> (Kind, Strength, Vec<Kind>) {
    let found = search(view.loaded());
    let fits = |family: &Family| {
        let loader = family.kind == Kind::DynamicLoader;
        elf.mapped <= family.at_most
            && (!loader || elf.linkage == Linkage::StaticPie)
            && family.library.is_none_or(|library| needs(elf, library))
    };
    let agreeing = FAMILIES.iter().enumerate().filter(|(index, family)| fits(family) && found.agrees(*index));
    let mut readings: Vec<(Kind, bool)> =
        agreeing.map(|(_, f)| (f.kind.clone(), f.library.is_some())).collect();
    if is_loader(elf) {
        readings.push((Kind::DynamicLoader, false));
    }
    // A stable sort: within a rank the order of the table stays.
    readings.sort_by_key(|(kind, _)| rank(kind));
    readings.dedup_by(|a, b| a.0 == b.0);
    if readings.is_empty() {
        return (Kind::Unknown, Strength::Strings, Vec::new());
    }
    let (mut kind, linked) = readings.remove(0);
    let strength = if linked || genuine(&kind, elf, imports) { Strength::Linked } else { Strength::Strings };
    if matches!(kind, Kind::Socat { .. }) {
        kind = Kind::Socat { version: view.loaded().find_map(socat_version) };
    }
    (kind, strength, readings.into_iter().map(|(kind, _)| kind).collect())
}

/// Which reading counts where several agree: the lower, the more is found under it. Strings can be linked into any
/// program, so what makes things quiet comes last: a shell that also quotes a server is a shell.
fn rank(kind: &Kind) -> u8 {
    match kind {
        // What these do depends on the name that they were called by; a shell that quotes them is a shell by any name.
        Kind::Shell(ShellFamily::Busybox | ShellFamily::Toybox) => 1,
        Kind::Shell(_) | Kind::Interpreter(_) => 0,
        Kind::Tool(_) => 2,
        Kind::Socat { .. } => 3,
        Kind::Relay(_) => 4,
        Kind::Script { .. } | Kind::DynamicLoader => 5,
        Kind::Multiplexer(_) => 6,
        Kind::SshServer(_) => 7,
        Kind::Unknown => 8,
    }
}

fn needs(elf: &ElfFacts, library: &str) -> bool {
    elf.needed.iter().any(|n| n.file_name().starts_with(library.as_bytes()))
}

/// Whether a server of secure shell sessions is linked as one: its strings can be written into any file, but a file
/// that also needs the cryptography and imports what starts a session for another user has to be built for it.
fn genuine(kind: &Kind, elf: &ElfFacts, imports: &[&[u8]]) -> bool {
    /// Smaller programs hold no secure shell protocol.
    const SMALLEST: u64 = 96 << 10;
    let (libraries, names, need): (&[&str], &[&str], usize) = match kind {
        Kind::SshServer(SshServer::OpenSsh) => (&["libcrypto"], &OPENSSH_IMPORTS, 10),
        Kind::SshServer(SshServer::Dropbear) => (&["libtomcrypt", "libcrypt"], &DROPBEAR_IMPORTS, 8),
        _ => return false,
    };
    let imported = names.iter().filter(|name| imports.contains(&name.as_bytes())).count();
    elf.mapped >= SMALLEST && libraries.iter().any(|l| needs(elf, l)) && imported >= need
}

const OPENSSH_IMPORTS: [&str; 22] = [
    "BN_bin2bn",
    "BN_new",
    "BN_clear_free",
    "EVP_CipherInit",
    "EVP_DigestInit_ex",
    "EVP_MD_CTX_new",
    "EVP_sha256",
    "RSA_get0_key",
    "RSA_free",
    "RSA_new",
    "EC_KEY_free",
    "EC_POINT_new",
    "DH_new",
    "ECDSA_SIG_free",
    "PEM_read_bio_PrivateKey",
    "initgroups",
    "setgroups",
    "setresuid",
    "setresgid",
    "getpwnam",
    "socketpair",
    "chroot",
];

const DROPBEAR_IMPORTS: [&str; 18] = [
    "initgroups",
    "setgid",
    "setuid",
    "seteuid",
    "getpwnam",
    "getspnam",
    "crypt",
    "getusershell",
    "endusershell",
    "setsid",
    "ttyname",
    "openpty",
    "logwtmp",
    "find_cipher",
    "register_cipher",
    "ecc_make_key",
    "mp_exptmod",
    "register_hash",
];

/// The dynamic loader asks for no loader itself, exports its name, and keeps that name in every copy.
fn is_loader(facts: &ElfFacts) -> bool {
    const NAMES: [&[u8]; 6] = [b"ld-linux", b"ld.so.", b"ld64.so.", b"ld-musl", b"ld-uClibc", b"ld-elf"];
    facts.linkage == Linkage::StaticPie
        && facts.soname.as_ref().is_some_and(|name| NAMES.iter().any(|n| name.bytes().starts_with(n)))
}

/// A version stands alone as a C string: three or four numbers, the first of them 1 or 2.
fn socat_version(content: &[u8]) -> Option<Text> {
    const LONGEST: usize = 16;
    let starts = content
        .windows(3)
        .enumerate()
        .filter(|(_, w)| w[0] == 0 && matches!(w[1], b'1' | b'2') && w[2] == b'.');
    for (at, _) in starts {
        let tail = &content[at + 1..content.len().min(at + 1 + LONGEST)];
        let Some(end) = tail.iter().position(|b| *b == 0) else { continue };
        let numbers: Vec<&[u8]> = tail[..end].split(|b| *b == b'.').collect();
        let well_formed = numbers.iter().all(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit));
        if well_formed && (3..=4).contains(&numbers.len()) {
            return Some(Text::new(&tail[..end]));
        }
    }
    None
}
