use super::*;
use crate::executable::Relay;
use proptest::prelude::*;

/// Splits a line on blanks; `·` stands for a blank inside a word.
fn words(line: &str) -> Vec<Text> {
    line.split(' ').filter(|w| !w.is_empty()).map(|w| Text::from(w.replace('·', " ").as_str())).collect()
}

fn of(kind: Kind, line: &str) -> Invocation {
    Invocation::of(Some(&kind), b"x", &words(line), false)
}

fn shell(family: ShellFamily, line: &str) -> Invocation {
    of(Kind::Shell(family), line)
}

fn language(family: InterpreterFamily, line: &str) -> Invocation {
    of(Kind::Interpreter(family), line)
}

fn takes(invocation: &Invocation) -> bool {
    matches!(invocation, Invocation::TakesCommands { .. })
}

#[test]
fn shells_that_read_commands() {
    use ShellFamily::*;
    let cases = [
        (Bash, "bash"),
        (Bash, "-bash"),
        (Bash, "bash -i"),
        (Bash, "bash -li"),
        (Bash, "bash -l -i"),
        (Bash, "bash --login"),
        (Bash, "bash --rcfile F -i"),
        (Bash, "bash --rcfile=F"),
        (Bash, "bash -o vi"),
        (Bash, "bash +e"),
        (Bash, "bash --norc --noprofile"),
        (Bash, "bash -O extglob"),
        (Bash, "bash +O extglob"),
        (Bash, "bash -s arg1"),
        (Bash, "bash -is x"),
        (Bash, "bash -"),
        (Bash, "bash --"),
        (Bash, "bash -x +v"),
        (Bash, "bash /dev/stdin"),
        (Bash, "bash //dev/./fd/0"),
        (Bash, "bash /proc/self/fd/0"),
        (Bash, "bash /proc/thread-self/../self/fd/0"),
        (Bash, "bash -p /dev/stdin"),
        (Bash, "bash -euo pipefail"),
        (Bash, "bash --init-file /dev/stdin -i -c true"),
        (Bash, "kworker --posix"),
        (Dash, "sh"),
        (Dash, "sh -p"),
        (Dash, "sh -i"),
        (Dash, "sh -s"),
        (Dash, "-sh"),
        (Dash, "sh -o vi"),
        (Dash, "sh -e -"),
        (Zsh, "zsh -f"),
        (Zsh, "zsh -o X"),
        (Zsh, "zsh -oextendedglob"),
        (Zsh, "zsh -i"),
        (Zsh, "zsh --emulate sh"),
        (Zsh, "zsh +Z"),
        (Ksh, "ksh -o emacs"),
        (Ksh, "ksh -oemacs"),
        (Ksh, "ksh -s"),
        (Mksh, "mksh -l"),
        (Mksh, "mksh -T -"),
        (Tcsh, "tcsh -f"),
        (Tcsh, "tcsh"),
        (Tcsh, "-csh"),
        (Tcsh, "csh -t"),
        (Tcsh, "tcsh -i"),
        (Fish, "fish -N"),
        (Fish, "fish"),
        (Fish, "fish -i"),
        (Fish, "fish --no-config"),
        (Fish, "fish -C true"),
        (Fish, "fish --init-command true -l"),
        (Fish, "fish -d 3"),
        (Fish, "fish -"),
        (Busybox, "busybox sh"),
        (Busybox, "busybox ash -i"),
        (Busybox, "sh"),
        (Busybox, "-ash"),
        (Busybox, "hush"),
        (Busybox, "busybox.static sh -l"),
        (Busybox, "busybox busybox sh"),
        (Busybox, "/bin/sh -s"),
        (Toybox, "toybox sh"),
    ];
    for (family, line) in cases {
        assert!(takes(&shell(family, line)), "{family:?}: {line}: {:?}", shell(family, line));
    }
}

#[test]
fn shells_with_a_command_string() {
    use ShellFamily::*;
    let cases = [
        (Bash, "bash -c echo·x"),
        (Bash, "bash -ic echo·x"),
        (Bash, "bash -c -- echo·x"),
        (Bash, "bash -lc echo·x"),
        (Bash, "bash -x -c echo·x a b"),
        (Bash, "bash -c -x echo·x"),
        (Bash, "bash -euo pipefail -c echo·x"),
        (Bash, "bash -euco pipefail echo·x"),
        (Bash, "bash --norc -O extglob -c echo·x"),
        (Bash, "bash -sc echo·x"),
        (Dash, "sh -c echo·x"),
        (Dash, "sh -ec echo·x"),
        (Dash, "sh -c -- echo·x"),
        (Zsh, "zsh -fc echo·x"),
        (Zsh, "zsh -o X -c echo·x"),
        (Ksh, "ksh -o emacs -c echo·x"),
        (Mksh, "mksh -c echo·x"),
        (Tcsh, "tcsh -f -c echo·x"),
        (Tcsh, "csh -fc echo·x"),
        (Fish, "fish -c echo·x"),
        (Fish, "fish --command=echo·x"),
        (Fish, "fish -N --command echo·x"),
        (Busybox, "busybox sh -c echo·x"),
        (Busybox, "sh -c echo·x"),
        (Busybox, "sh -sc echo·x"),
    ];
    for (family, line) in cases {
        let expected = Invocation::CommandString { text: Text::from("echo x"), verdict: Verdict::QUIET };
        assert_eq!(shell(family, line), expected, "{family:?}: {line}");
    }
    // The text itself reads commands, or the shell goes on to read them after it.
    for (family, line) in [
        (Bash, "bash -c exec·sh"),
        (Fish, "fish -c while·read·-l·x;eval·$x;end"),
        (Dash, "sh -sc echo·x"),
        (Tcsh, "tcsh -c eval·\"$<\""),
    ] {
        assert!(shell(family, line).takes_commands() && !takes(&shell(family, line)), "{family:?}: {line}");
    }
}

#[test]
fn shells_with_a_script_or_nothing_to_do() {
    use ShellFamily::*;
    for (family, line, path) in [
        (Bash, "bash -x run.sh -i", "run.sh"),
        (Bash, "bash -- -i", "-i"),
        (Dash, "sh -e ./x -c y", "./x"),
        (Zsh, "zsh -f a b", "a"),
        (Tcsh, "tcsh -f x", "x"),
        (Fish, "fish -N s.fish", "s.fish"),
        (Busybox, "ash x", "x"),
        (Bash, "bash --rcfile F x", "x"),
    ] {
        assert_eq!(shell(family, line), Invocation::ScriptFile { path: Text::from(path) }, "{line}");
    }
    for (family, line) in [
        (Bash, "bash --version"),
        (Bash, "bash -c"),
        (Fish, "fish -v"),
        (Busybox, "busybox"),
        (Busybox, "busybox cat"),
        (Busybox, "ls sh"),
        (Busybox, "kworker"),
        (Toybox, "toybox nc"),
    ] {
        assert_eq!(shell(family, line), Invocation::Other, "{line}");
    }
}

#[test]
fn interpreters_that_read_commands() {
    use InterpreterFamily::*;
    let cases = [
        (Python, "python3"),
        (Python, "python3 -i"),
        (Python, "python3 -i app.py"),
        (Python, "python3 -"),
        (Python, "python3 -u -q"),
        (Python, "python3 -W ignore"),
        (Python, "python3 -X dev -"),
        (Python, "python3 -ic pass"),
        (Python, "python3 -m code"),
        (Python, "python3 -m pty"),
        (Python, "python3 /usr/bin/ipython3"),
        (Python, "python3 /dev/stdin"),
        (Perl, "perl"),
        (Perl, "perl -"),
        (Perl, "perl -d -e 1"),
        (Perl, "perl -de0"),
        (Perl, "perl -de 1"),
        (Perl, "perl -w"),
        (Perl, "perl -I lib"),
        (Ruby, "ruby"),
        (Ruby, "ruby -rsocket"),
        (Ruby, "ruby /usr/bin/irb"),
        (Ruby, "ruby /usr/local/bin/pry -f"),
        (Php, "php"),
        (Php, "php -a"),
        (Php, "php -d x=1"),
        (Php, "php --interactive"),
        (Node, "node"),
        (Node, "node -i"),
        (Node, "node --interactive"),
        (Node, "node -"),
        (Node, "node -r m"),
        (Node, "node -i -e 1"),
        (Lua, "lua"),
        (Lua, "lua -i x.lua"),
        (Lua, "lua -"),
        (Lua, "lua -l m"),
        (Tcl, "tclsh"),
        (Tcl, "tclsh -x"),
        (Expect, "expect"),
        (Expect, "expect -i"),
        (Expect, "expect -"),
        (Awk, "awk -f -"),
        (Gawk, "gawk -f /dev/stdin"),
        (Gawk, "gawk -D -f x"),
    ];
    for (family, line) in cases {
        assert!(takes(&language(family, line)), "{family:?}: {line}: {:?}", language(family, line));
    }
}

#[test]
fn interpreters_with_an_inline_program() {
    use InterpreterFamily::*;
    for (family, line, reads) in [
        (Python, "python3 -c print(1)", false),
        (Python, "python3 -Ic exec(input())", true),
        (Python, "python3 -c import·code;code.interact()", true),
        (Python, "python3 -cimport·os,sys;os.system(sys.stdin.read())", true),
        (Perl, "perl -e print·1", false),
        (Perl, "perl -ne system·$_", true),
        (Perl, "perl -lne system·$_", true),
        (Perl, "perl -0777 -ne eval·$_", true),
        (Perl, "perl -e while(<>){system·$_}", true),
        (Perl, "perl -ne print·if·/x/", false),
        (Ruby, "ruby -e puts·1", false),
        (Ruby, "ruby -rsocket -ne eval·$_", true),
        (Ruby, "ruby -e eval·gets", true),
        (Php, "php -r echo·1;", false),
        (Php, "php -R system($argn);", true),
        (Php, "php -r while($l=fgets(STDIN))system($l);", true),
        (Node, "node -e console.log(1)", false),
        (Node, "node -pe 1+1", false),
        (Node, "node --eval=require('repl').start()", true),
        (Node, "node -e require('child_process').execSync(require('fs').readFileSync(0))", true),
        (Lua, "lua -e print(1)", false),
        (Lua, "lua -e while·true·do·os.execute(io.read())·end", true),
        (Awk, "awk {print} file", false),
        (Awk, "awk {system($0)}", true),
        (Awk, "awk {system($0)} file", false),
        (Awk, "awk -F : -v x=1 {system(\"date\")}", false),
        (Gawk, "gawk {print|\"/bin/sh\"}", true),
        (Mawk, "mawk {$0|getline·x;print·x}", true),
        (Awk, "awk {print|\"sort\"}", false),
        (Expect, "expect -c spawn·ssh·h", false),
    ] {
        match language(family, line) {
            Invocation::InlineProgram { verdict, .. } => {
                assert_eq!(verdict.takes_commands(), reads, "{line}")
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn interpreters_with_a_file_or_a_module() {
    use InterpreterFamily::*;
    for (family, line, path) in [
        (Python, "python3 -u run.py -i", "run.py"),
        (Python, "python3 -W error x.py", "x.py"),
        (Perl, "perl -w x.pl -e", "x.pl"),
        (Ruby, "ruby -w x.rb", "x.rb"),
        (Php, "php -f x.php", "x.php"),
        (Php, "php x.php -a", "x.php"),
        (Node, "node --inspect x.js -i", "x.js"),
        (Node, "node --require m x.js", "x.js"),
        (Lua, "lua x.lua", "x.lua"),
        (Lua, "lua -e x=1 x.lua", "x.lua"),
        (Tcl, "tclsh x.tcl", "x.tcl"),
        (Tcl, "tclsh -encoding utf-8 x.tcl", "x.tcl"),
        (Expect, "expect -f x", "x"),
        (Awk, "awk -f x.awk", "x.awk"),
    ] {
        assert_eq!(language(family, line), Invocation::ScriptFile { path: Text::from(path) }, "{line}");
    }
    let module = Invocation::Module { name: Text::from("http.server") };
    assert_eq!(language(Python, "python3 -m http.server 80"), module);
    for (family, line) in
        [(Python, "python3 --version"), (Perl, "perl -v"), (Php, "php -S 0:80"), (Node, "node --version")]
    {
        assert_eq!(language(family, line), Invocation::Other, "{line}");
    }
}

#[test]
fn names_count_only_where_the_content_is_unknown() {
    let named =
        |name: &str, line: &str| Invocation::of(Some(&Kind::Unknown), name.as_bytes(), &words(line), false);
    for (name, line) in [
        ("nu", "nu"),
        ("elvish", "elvish"),
        ("xonsh", "xonsh"),
        ("pwsh", "pwsh -NoLogo -NoProfile"),
        ("pwsh", "pwsh -Command -"),
        ("osh", "osh -i"),
        ("rbash", "rbash"),
        ("python3.11", "x"),
        ("perl5.36.0", "x"),
        ("bash-5.2-static", "bash -i"),
        ("ksh93", "ksh"),
        ("luajit-2.1.0", "luajit"),
        ("irb3.1", "irb"),
        ("yash", "yash -s"),
        ("ghci", "ghci"),
        ("node18", "node"),
    ] {
        assert!(takes(&named(name, line)), "{name}: {line}: {:?}", named(name, line));
    }
    assert!(matches!(
        named("pwsh", "pwsh -c Get-Date"),
        Invocation::CommandString { verdict: Verdict::QUIET, .. }
    ));
    for name in ["su", "login", "sudo", "script", "runuser", "doas", "screen", "tmux"] {
        assert!(matches!(named(name, name), Invocation::Wrapper { .. }), "{name}");
    }
    for (name, line) in
        [("env", "env sh"), ("nice", "nice bash"), ("cat", "cat"), ("kworker", "bash -i"), ("", "")]
    {
        assert_eq!(named(name, line), Invocation::Other, "{name}");
    }
    // A shell stays one under any name, and a known program is none under a shell's.
    assert!(takes(&Invocation::of(
        Some(&Kind::Shell(ShellFamily::Dash)),
        b"kworker",
        &words("kworker"),
        false
    )));
    assert_eq!(
        Invocation::of(Some(&Kind::Relay(Relay::Ncat)), b"bash", &words("bash -i"), false),
        Invocation::Other
    );
    assert!(takes(&Invocation::of(None, b"bash", &words("bash -i"), false)));
}

#[test]
fn tools_that_take_commands() {
    let named = |line: &str| {
        let argv = words(line);
        Invocation::of(None, argv[0].file_name(), &argv, false)
    };
    for line in [
        "gdb",
        "gdb -q -nx",
        "gdb -q ./prog core",
        "sqlite3",
        "sqlite3 db",
        "sqlite3 -interactive",
        "psql -U u db",
        "mysql -u root",
        "ed",
        "ed -s file",
        "vi -e -s",
        "vim -u NONE",
        "view x",
        "nano",
        "less /etc/passwd",
        "more x",
        "ftp host",
        "sftp u@h",
        "telnet",
        "dc",
        "m4",
        "gnuplot",
        "gnuplot -",
        "make -f -",
        "make -sf /dev/stdin x",
        "gmake --file=-",
        "at now",
        "sed e",
        "sed -u s/.*/&/e",
        "xargs -I% sh -c %",
        "xargs -0 sh -c",
        "parallel",
        "find /etc/hostname -exec sh ;",
        "busybox vi x",
        "crontab -",
        "emacs",
        "clisp",
        "vim.basic x",
        "lldb",
    ] {
        assert!(takes(&named(line)), "{line}: {:?}", named(line));
    }
    for line in [
        "gdb -batch -ex info·files x",
        "gdb --version",
        "sqlite3 db select·1",
        "psql -c select·1",
        "psql -f x.sql",
        "mysql -e select·1",
        "mysql --execute=x",
        "ftp -c x",
        "sftp -b batch h",
        "telnet h 23",
        "dc -e 1·p",
        "m4 x.m4",
        "gnuplot x.gp",
        "make",
        "make -f Makefile",
        "make -C dir all",
        "at -f x now",
        "sed s/a/b/",
        "sed -e p",
        "xargs -n1 echo",
        "xargs rm -f",
        "find . -name x",
        "find . -exec gzip {} ;",
        "crontab -l",
        "less --version",
        "emacs --batch -l x",
        "tar xz",
        "cat",
        "tee x",
        "jq .",
    ] {
        assert_eq!(named(line), Invocation::Other, "{line}");
    }
    for line in ["unshare -r", "chroot /mnt", "nsenter", "setpriv --clear-groups"] {
        assert!(matches!(named(line), Invocation::Wrapper { .. }), "{line}");
    }
    for line in ["unshare -r date", "chroot /mnt ls", "env sh"] {
        assert_eq!(named(line), Invocation::Other, "{line}");
    }
    let renamed = |kind: Kind, line: &str| Invocation::of(Some(&kind), b"kworker", &words(line), false);
    assert!(takes(&renamed(Kind::Shell(ShellFamily::Other), "kworker")));
    assert!(takes(&renamed(Kind::Tool(crate::executable::Tool::Gdb), "kworker -q")));
    assert!(!takes(&renamed(Kind::Tool(crate::executable::Tool::Sqlite), "kworker db select·1")));
}

#[test]
fn the_environment_may_make_a_program_take_commands() {
    use InterpreterFamily::*;
    use ShellFamily::*;
    let with = |kind: Kind, line: &str, variable: &str| {
        let environment = [Text::from("PATH=/bin"), Text::from(variable)];
        Invocation::with_environment(Some(&kind), b"x", &words(line), false, &environment)
            .command_descriptor()
    };
    let (shell, language) = (Kind::Shell, Kind::Interpreter);
    for (kind, line, variable, descriptor) in [
        (shell(Bash), "bash -c :", "BASH_ENV=/dev/stdin", 0),
        (shell(Bash), "bash run.sh", "BASH_ENV=/proc/self/fd/4", 4),
        (shell(Bash), "bash -c :", "BASH_ENV=$(sh)", 0),
        (shell(Dash), "sh -ic :", "ENV=/dev/stdin", 0),
        (shell(Bash), "sh -ic :", "ENV=/dev/fd/3", 3),
        (shell(Busybox), "sh -i -c :", "ENV=/dev/stdin", 0),
        (language(Python), "python3 -c pass", "PYTHONINSPECT=1", 0),
        (language(Python), "python3 run.py", "PYTHONINSPECT=x", 0),
        (language(Perl), "perl -e 0", "PERL5OPT=-d", 0),
        (language(Ruby), "ruby -e 0", "RUBYOPT=-w -r/dev/stdin", 0),
        (language(Node), "node x.js", "NODE_OPTIONS=--require /dev/fd/5", 5),
        (language(Lua), "lua -v", "LUA_INIT=@/dev/stdin", 0),
        (language(Lua), "lua x.lua", "LUA_INIT_5_4=os.execute(io.read())", 0),
    ] {
        assert_eq!(with(kind, line, variable), Some(descriptor), "{variable} {line}");
    }
    for (kind, line, variable) in [
        (shell(Bash), "bash -c :", "BASH_ENV=/etc/bash.env"),
        (shell(Bash), "bash -c :", "BASH_ENV="),
        (shell(Bash), "bash -c :", "ENV=/dev/stdin"),
        (shell(Bash), "sh -c :", "BASH_ENV=/dev/stdin"),
        (shell(Dash), "sh -c :", "ENV=/dev/stdin"),
        (shell(Bash), "bash -c :", "BASH_ENV=$HOME/.env"),
        (language(Python), "python3 -c pass", "PYTHONINSPECT="),
        (language(Python), "python3 -I -c pass", "PYTHONINSPECT=1"),
        (language(Python), "python3 -c pass", "PYTHONSTARTUP=/dev/stdin"),
        (language(Perl), "perl -e 0", "PERL5OPT=-Mstrict -w"),
        (language(Ruby), "ruby -e 0", "RUBYOPT=-rbundler/setup"),
        (language(Node), "node x.js", "NODE_OPTIONS=--max-old-space-size=100"),
        (language(Lua), "lua x.lua", "LUA_INIT=x=1"),
        (Kind::Unknown, "cat", "BASH_ENV=/dev/stdin"),
    ] {
        assert_eq!(with(kind, line, variable), None, "{variable} {line}");
    }
    let bash = Kind::Shell(Bash);
    let environment = [Text::from("BASH_ENV=pipe")];
    let files = start_up_files(Some(&bash), b"bash", &words("bash -c :"), &environment, b"/tmp");
    assert_eq!(files, [ScriptSource::Path(Text::from("/tmp/pipe"))]);
}

#[test]
fn cut_arguments_count_as_taking_commands() {
    let cut = |family, line: &str| Invocation::of(Some(&Kind::Shell(family)), b"x", &words(line), true);
    for line in ["", "bash", "bash -x", "bash -c", "bash --rcfile", "bash -o"] {
        assert!(cut(ShellFamily::Bash, line).takes_commands(), "{line}");
    }
    // The end of the string may be missing.
    assert!(cut(ShellFamily::Bash, "bash -c echo·x").takes_commands());
    assert!(!cut(ShellFamily::Bash, "bash -c echo·x a").takes_commands());
    assert!(!cut(ShellFamily::Bash, "bash run.sh").takes_commands());
    let python = Kind::Interpreter(InterpreterFamily::Python);
    assert!(Invocation::of(Some(&python), b"x", &words("python3 -u"), true).takes_commands());
}

#[test]
fn the_descriptor_of_a_program_file_is_told() {
    let there = |kind: &Kind, line: &str, directory: &str| {
        let surroundings =
            Surroundings { working_directory: directory.as_bytes(), ..Surroundings::default() };
        Invocation::started(Some(kind), b"x", &words(line), &surroundings).command_descriptor()
    };
    let dash = Kind::Shell(ShellFamily::Dash);
    let bash = Kind::Shell(ShellFamily::Bash);
    let python = Kind::Interpreter(InterpreterFamily::Python);
    for (kind, line, directory, descriptor) in [
        (&dash, "sh /dev/fd/3", "/", Some(3)),
        (&dash, "sh 0", "/proc/self/fd", Some(0)),
        (&dash, "sh 4", "/proc/4711/fd", Some(4)),
        (&bash, "bash ./stdin", "/dev", Some(0)),
        (&bash, "bash ../dev/./fd/5", "/tmp", Some(5)),
        (&bash, "bash /dev/fd/../fd/7", "", Some(7)),
        (&bash, "bash /proc/thread-self/fd/8", "/", Some(8)),
        (&bash, "bash /proc/12/task/13/fd/9", "/", Some(9)),
        (&bash, "bash /dev/fd/63", "/", Some(63)),
        (&bash, "bash --rcfile /dev/fd/63 -i", "/", Some(63)),
        (&bash, "bash -c while·read·-u·3·l;do·eval·$l;done", "/", Some(3)),
        (&python, "python3 -u /dev/fd/5", "/", Some(5)),
        (&python, "python3", "/", Some(0)),
        (&bash, "bash 0", "/srv", None),
        (&bash, "bash fd", "/proc/self", None),
        (&bash, "bash /dev/fd/x", "/", None),
        (&bash, "bash /proc/self/exe", "/", None),
        (&bash, "bash stdin", "", None),
    ] {
        assert_eq!(there(kind, line, directory), descriptor, "{line} in {directory:?}");
    }
    let path = |path: &str| ScriptSource::Path(Text::from(path));
    assert_eq!(script_source(b"../x/./y", b"/srv/a"), path("/srv/x/y"));
    assert_eq!(script_source(b"x", b""), path("x"));
    assert_eq!(script_source(b"/", b"/"), path("/"));
}

#[test]
fn what_a_cut_leaves_open_is_told_apart() {
    let cut = |line: &str| Invocation::of(Some(&Kind::Shell(ShellFamily::Bash)), b"x", &words(line), true);
    for line in ["bash -c", "bash", "bash -c echo·x;·echo·y", "bash -c echo·x;·cat·|·sh"] {
        let invocation = cut(line);
        assert!(invocation.is_undecided() && invocation.takes_commands(), "{line}");
        assert_eq!(invocation.command_descriptor(), Some(0));
    }
    for line in ["bash -c exec·sh;·echo", "bash -c echo·a·b", "bash run.sh"] {
        let whole = Invocation::of(Some(&Kind::Shell(ShellFamily::Bash)), b"x", &words(line), false);
        assert!(!whole.is_undecided(), "{line}");
    }
    assert!(cut("bash -c exec·sh;·echo").takes_commands() && !cut("bash -c exec·sh;·echo").is_undecided());
    let whole = arguments_of(b"bash\0-c\0echo x; echo y\0\0");
    assert_eq!(
        whole,
        words("bash -c echo·x;·echo·y").into_iter().chain([Text::default()]).collect::<Vec<_>>()
    );
    assert!(!Invocation::of(Some(&Kind::Shell(ShellFamily::Bash)), b"x", &whole, false).takes_commands());
}

#[test]
fn the_dynamic_loader_becomes_its_target() {
    for (line, target) in [
        ("ld.so /bin/sh -i", Some(1)),
        ("ld.so --library-path /lib --argv0 x /bin/sh", Some(5)),
        ("ld.so --library-path=/lib --inhibit-cache ./socat", Some(3)),
        ("ld-musl --preload=/x -- /bin/sh", Some(3)),
        ("ld.so --list", None),
        ("ld.so", None),
        ("", None),
    ] {
        assert_eq!(loader_target(&words(line)), target, "{line}");
    }
    assert!(takes(&of(Kind::DynamicLoader, "ld.so --inhibit-cache /bin/bash -i")));
}

fn kinds() -> impl Strategy<Value = Option<Kind>> {
    use InterpreterFamily::*;
    use ShellFamily::*;
    let shells =
        [Bash, Dash, Zsh, Ksh, Mksh, Fish, Tcsh, Busybox, Toybox, ShellFamily::Other].map(Kind::Shell);
    let languages =
        [Python, Perl, Ruby, Php, Node, Lua, Tcl, Expect, Gawk, Mawk, Awk, InterpreterFamily::Other]
            .map(Kind::Interpreter);
    let all: Vec<Option<Kind>> =
        shells.into_iter().chain(languages).chain([Kind::DynamicLoader]).map(Some).chain([None]).collect();
    proptest::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn arbitrary_arguments_do_not_panic(
        kind in kinds(),
        name in prop_oneof![Just("pwsh".to_owned()), Just("julia".to_owned()), Just("sh".to_owned()), "[ -~]{0,6}"],
        argv in proptest::collection::vec(
            prop_oneof!["[-+][-a-zA-Z0=]{0,5}", "[ -~]{0,8}", Just("--".to_owned()), Just("-c".to_owned())], 0..8),
        truncated: bool,
    ) {
        let argv: Vec<Text> = argv.iter().map(|a| Text::from(a.as_str())).collect();
        Invocation::of(kind.as_ref(), name.as_bytes(), &argv, truncated);
        loader_target(&argv);
    }
}
