//! Names by which scripting languages read, execute, connect and make safe.

use super::Language;

/// What a language's names mean.
pub(super) struct Words {
    /// They read standard input, wherever they stand in a chain of names.
    pub(super) stdin: &'static [&'static str],
    /// They read standard input, when called by themselves.
    pub(super) reads: &'static [&'static str],
    /// What they return comes from a connection.
    pub(super) network: &'static [&'static str],
    /// They execute the program text that they are given.
    pub(super) evaluate: &'static [&'static str],
    /// They execute the command that they are given.
    pub(super) run: &'static [&'static str],
    /// As those, if the text names this as well: their names are common.
    pub(super) run_if: (&'static str, &'static [&'static str]),
    /// A call ends at the end of its statement where no bracket opens it.
    pub(super) bare_calls: bool,
}

const NOTHING: Words = Words {
    stdin: &["stdin", "STDIN"],
    reads: &[],
    network: &[],
    evaluate: &["eval"],
    run: &["exec", "system"],
    run_if: ("", &[]),
    bare_calls: true,
};

const PYTHON: Words = Words {
    stdin: &["stdin", "fileinput"],
    reads: &["input", "raw_input"],
    network: &[
        "recv",
        "recvfrom",
        "recv_into",
        "makefile",
        "create_connection",
        "open_connection",
        "rfile",
        "recvmsg",
    ],
    evaluate: &["exec", "eval", "compile", "runcode", "runsource", "execfile"],
    run: &[
        "system",
        "popen",
        "execv",
        "execve",
        "execl",
        "execlp",
        "execvp",
        "execvpe",
        "spawnl",
        "spawnlp",
        "spawnv",
        "spawnvp",
        "spawn",
        "Popen",
        "check_output",
        "check_call",
        "getoutput",
        "getstatusoutput",
        "posix_spawn",
        "create_subprocess_shell",
        "create_subprocess_exec",
    ],
    run_if: ("subprocess", &["run", "call"]),
    bare_calls: false,
};

const PERL: Words = Words {
    stdin: &["STDIN"],
    reads: &[],
    network: &["INET", "UNIX", "SSL", "sysread", "recv"],
    evaluate: &["eval"],
    run: &["system", "exec", "readpipe", "open3", "open2"],
    run_if: ("", &[]),
    bare_calls: true,
};

const RUBY: Words = Words {
    stdin: &["STDIN", "stdin", "ARGF"],
    reads: &["gets", "readline", "readlines", "getc"],
    network: &["TCPSocket", "TCPServer", "UDPSocket", "SSLSocket", "Socket", "accept", "recv", "recvfrom"],
    evaluate: &["eval", "instance_eval", "class_eval", "module_eval"],
    run: &[
        "system",
        "exec",
        "spawn",
        "popen",
        "popen2",
        "popen2e",
        "popen3",
        "capture2",
        "capture2e",
        "capture3",
        "pipeline",
    ],
    run_if: ("", &[]),
    bare_calls: true,
};

const PHP: Words = Words {
    stdin: &["STDIN", "argn"],
    reads: &["readline"],
    network: &[
        "fsockopen",
        "pfsockopen",
        "stream_socket_client",
        "stream_socket_accept",
        "socket_read",
        "socket_recv",
        "socket_accept",
    ],
    evaluate: &["eval", "assert", "create_function"],
    run: &["system", "exec", "shell_exec", "passthru", "popen", "proc_open", "pcntl_exec", "call_user_func"],
    run_if: ("", &[]),
    bare_calls: false,
};

const NODE: Words = Words {
    stdin: &["stdin"],
    reads: &["prompt"],
    network: &["createConnection", "createServer", "WebSocket", "createSocket"],
    evaluate: &["eval", "Function", "runInThisContext", "runInNewContext", "runInContext", "Script"],
    run: &["execSync", "spawn", "spawnSync", "execFile", "execFileSync", "execa", "execaSync"],
    run_if: ("child_process", &["exec", "fork"]),
    bare_calls: false,
};

const LUA: Words = Words {
    stdin: &["stdin"],
    reads: &["io.read", "io.lines"],
    network: &["receive", "socket", "tcp"],
    evaluate: &["load", "loadstring", "dostring"],
    run: &["execute", "popen"],
    run_if: ("", &[]),
    bare_calls: true,
};

const TCL: Words = Words {
    stdin: &["stdin"],
    reads: &["expect_user"],
    network: &["socket"],
    evaluate: &["eval", "uplevel", "subst", "after"],
    run: &["exec", "system", "spawn"],
    run_if: ("", &[]),
    bare_calls: true,
};

pub(super) const fn words(language: Language) -> &'static Words {
    match language {
        Language::Python => &PYTHON,
        Language::Perl => &PERL,
        Language::Ruby => &RUBY,
        Language::Php => &PHP,
        Language::Node => &NODE,
        Language::Lua => &LUA,
        Language::Tcl => &TCL,
        Language::Awk | Language::Other => &NOTHING,
    }
}

/// What they return executes nothing: a number, or a word that the shell takes as one.
pub(super) const SAFE: &[&str] = &[
    "quote",
    "escapeshellarg",
    "shellescape",
    "escape",
    "quotemeta",
    "int",
    "float",
    "len",
    "ord",
    "intval",
    "to_i",
    "to_f",
    "tonumber",
    "parseInt",
    "Number",
    "isdigit",
    "isinstance",
    "strlen",
    "length",
    "count",
    "hash",
    "md5",
    "sha256",
    "hexdigest",
    "isnumeric",
];

/// They turn a text that says nothing into another: what is executed behind them was meant to be hidden.
pub(super) const DECODERS: &[&str] = &[
    "fromhex",
    "b64decode",
    "b32decode",
    "b85decode",
    "a85decode",
    "unhexlify",
    "a2b_hex",
    "a2b_base64",
    "decompress",
    "loads",
    "rot13",
    "chr",
    "atob",
    "fromCharCode",
    "base64_decode",
    "gzinflate",
    "gzuncompress",
    "str_rot13",
    "hex2bin",
    "decode_base64",
    "unpack",
    "pack",
    "decode64",
    "reverse",
    "reversed",
    "strrev",
];

/// Modules whose functions execute or read: an attribute of theirs under a name that is made up is one of those.
pub(super) const MODULES: &[&str] = &[
    "os",
    "sys",
    "posix",
    "subprocess",
    "builtins",
    "__builtins__",
    "pty",
    "io",
    "process",
    "child_process",
    "_G",
    "Kernel",
    "global",
    "globalThis",
];

/// They give the attribute or the module of which the name is their argument.
pub(super) const LOOKUPS: &[&str] = &[
    "getattr",
    "__import__",
    "import_module",
    "__dict__",
    "__getattribute__",
    "globals",
    "locals",
    "vars",
    "require",
];

/// A language's own consoles.
pub(super) const CONSOLES: &[&str] = &[
    "code.interact",
    "InteractiveConsole",
    "InteractiveInterpreter",
    "IPython.embed",
    "pdb.set_trace",
    "breakpoint()",
    "binding.irb",
    "binding.pry",
    "repl.start",
    "require('repl')",
    "require(\"repl\")",
    "debug.debug",
    "IRB.start",
];
