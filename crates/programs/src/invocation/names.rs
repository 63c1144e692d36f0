//! What a program is by its name: the fallback where its content is unknown.

use crate::executable::{InterpreterFamily, ShellFamily};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Shell(ShellFamily),
    Interpreter(InterpreterFamily),
    /// A script that runs an interpreter's console whatever its arguments.
    Console,
    /// Starts a shell, or runs commands in one.
    Wrapper,
    /// Runs the command that it is given; starts a shell where it is given none.
    Runner,
}

/// What a name stands for, versions and build variants (`python3.11`, `bash-static`, `zsh-5.9`) apart.
pub(crate) fn program(name: &[u8]) -> Option<Program> {
    use InterpreterFamily as Language;
    use ShellFamily as Shell;
    let name = super::without_login_dash(name).to_ascii_lowercase();
    if let Some(whole) = exactly(&name) {
        return Some(whole);
    }
    let stem = stem(&name);
    exactly(stem).or(match stem {
        b"python" | b"pythonw" | b"pypy" => Some(Program::Interpreter(Language::Python)),
        b"perl" => Some(Program::Interpreter(Language::Perl)),
        b"lua" | b"luajit" => Some(Program::Interpreter(Language::Lua)),
        b"ksh" => Some(Program::Shell(Shell::Ksh)),
        _ => None,
    })
}

fn exactly(name: &[u8]) -> Option<Program> {
    use InterpreterFamily as Language;
    use ShellFamily as Shell;
    Some(match name {
        // /bin/sh may be dash, bash, mksh or BusyBox: dash's rules are the plainest.
        b"sh" | b"dash" => Program::Shell(Shell::Dash),
        b"ash" | b"hush" | b"lash" | b"msh" => Program::Shell(Shell::Dash),
        b"bash" | b"rbash" | b"osh" | b"ysh" | b"oil" => Program::Shell(Shell::Bash),
        b"zsh" | b"rzsh" => Program::Shell(Shell::Zsh),
        b"ksh" | b"rksh" | b"ksh93" | b"rksh93" | b"pfksh" => Program::Shell(Shell::Ksh),
        b"mksh" | b"lksh" | b"pdksh" | b"oksh" | b"loksh" | b"posh" => Program::Shell(Shell::Mksh),
        b"fish" => Program::Shell(Shell::Fish),
        b"csh" | b"tcsh" | b"bsd-csh" => Program::Shell(Shell::Tcsh),
        b"busybox" => Program::Shell(Shell::Busybox),
        b"toybox" => Program::Shell(Shell::Toybox),
        b"toysh" => Program::Shell(Shell::Dash),
        b"nu" | b"nushell" | b"elvish" | b"xonsh" | b"pwsh" | b"powershell" | b"yash" | b"rc" | b"es"
        | b"scsh" | b"ion" | b"sash" | b"murex" | b"ngs" | b"mrsh" | b"brush" | b"gash" | b"heirloom-sh"
        | b"bosh" | b"obosh" | b"pbosh" | b"rush" | b"nsh" => Program::Shell(Shell::Other),
        b"python" => Program::Interpreter(Language::Python),
        b"perl" => Program::Interpreter(Language::Perl),
        b"ruby" | b"jruby" | b"truffleruby" | b"mruby" => Program::Interpreter(Language::Ruby),
        b"php" | b"php-cli" | b"phpdbg" => Program::Interpreter(Language::Php),
        b"node" | b"nodejs" => Program::Interpreter(Language::Node),
        b"lua" | b"texlua" => Program::Interpreter(Language::Lua),
        b"tclsh" | b"wish" | b"jimsh" => Program::Interpreter(Language::Tcl),
        b"expect" => Program::Interpreter(Language::Expect),
        b"gawk" | b"dgawk" => Program::Interpreter(Language::Gawk),
        b"mawk" => Program::Interpreter(Language::Mawk),
        b"awk" | b"nawk" | b"bawk" | b"original-awk" | b"goawk" => Program::Interpreter(Language::Awk),
        b"julia" | b"ghci" | b"runghc" | b"guile" | b"erl" | b"iex" | b"elixir" | b"groovy" | b"groovysh"
        | b"jshell" | b"scala" | b"clojure" | b"clj" | b"jjs" | b"deno" | b"bun" | b"qjs" | b"r"
        | b"rscript" | b"racket" | b"sbcl" | b"ocaml" | b"swipl" | b"octave" | b"janet" | b"raku"
        | b"bsh" | b"jython" | b"clisp" | b"ecl" | b"csi" | b"gosh" | b"mit-scheme" | b"scheme" | b"utop"
        | b"sml" | b"crystal" | b"nim" | b"kotlinc" | b"beanshell" => Program::Interpreter(Language::Other),
        b"irb" | b"pry" | b"ipython" | b"bpython" | b"ptpython" | b"psysh" | b"rails-console" => {
            Program::Console
        }
        b"su" | b"login" | b"runuser" | b"sulogin" | b"script" | b"newgrp" | b"sg" | b"agetty" | b"getty"
        | b"screen" | b"tmux" | b"zellij" | b"abduco" | b"dtach" => Program::Wrapper,
        b"sudo" | b"doas" | b"pkexec" | b"run0" | b"rlwrap" | b"unbuffer" | b"machinectl"
        | b"systemd-run" | b"chroot" | b"unshare" | b"nsenter" | b"setpriv" | b"fakeroot" | b"proot"
        | b"capsh" => Program::Runner,
        _ => return None,
    })
}

/// The name without a version or a build variant at its end.
pub(super) fn stem(name: &[u8]) -> &[u8] {
    let mut stem = name;
    for variant in [b"-static".as_slice(), b".static", b"-minimal", b".exe", b"-bin", b"-nightly"] {
        stem = stem.strip_suffix(variant).unwrap_or(stem);
    }
    let version = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    let end = stem.iter().rposition(|b| !version(b)).map_or(0, |last| last + 1);
    &stem[..end]
}
