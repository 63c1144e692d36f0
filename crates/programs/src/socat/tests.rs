use super::*;
use proptest::prelude::*;

fn parse(arguments: &[&str]) -> Command {
    let argv: Vec<Text> = std::iter::once(&"socat").chain(arguments).map(|a| Text::from(*a)).collect();
    let command = Command::parse(&argv);
    for piece in &command.pieces {
        assert!(argv[piece.argument].bytes().get(piece.range.clone()).is_some(), "{piece:?}");
        assert!(!piece.meaning.to_string().is_empty());
    }
    command
}

fn half(address: &str) -> Half {
    parse(&["-", address]).addresses[1].halves[0].clone()
}

fn network(address: &str) -> (Protocol, Role, String, String) {
    let Channel::Network { protocol, role, endpoint, .. } = half(address).channel else {
        panic!("{address} does not reach the network: {:?}", half(address));
    };
    let shown = |t: Option<Text>| t.map(|t| t.to_string()).unwrap_or_default();
    (protocol, role, shown(endpoint.host), shown(endpoint.port))
}

#[test]
fn every_way_to_the_network() {
    use Protocol::*;
    use Role::*;
    for (address, protocol, role, host, port) in [
        ("TCP:h:1", Tcp, Connect, "h", "1"),
        ("tCp-CoNnEcT:h:1", Tcp, Connect, "h", "1"),
        ("inet:h:1", Tcp, Connect, "h", "1"),
        ("inet6-listen:1,bind=[::1]", Tcp, Listen, "[::1]", "1"),
        ("tcp6:[2001:db8::1]:http", Tcp, Connect, "[2001:db8::1]", "http"),
        ("tcp4-l:1,fork,reuseaddr", Tcp, Listen, "", "1"),
        ("UDP4:h:1", Udp, Connect, "h", "1"),
        ("udp-recvfrom:53,fork", Udp, Receive, "", "53"),
        ("udp6-datagram:h:1", Udp, Datagram, "h", "1"),
        ("udp-sendto:h:1", Udp, Send, "h", "1"),
        ("udplite-l:1", UdpLite, Listen, "", "1"),
        ("SCTP4-CONNECT:h:1", Sctp, Connect, "h", "1"),
        ("dccp:h:1", Dccp, Connect, "h", "1"),
        ("OPENSSL:h:1,verify=0", Tls, Connect, "h", "1"),
        ("ssl-l:1,cert=x", Tls, Listen, "", "1"),
        ("dtls:h:1", Dtls, Connect, "h", "1"),
        ("openssl-dtls-server:1", Dtls, Listen, "", "1"),
        ("vsock:2:1", Vsock, Connect, "2", "1"),
        ("VSOCK-LISTEN:1", Vsock, Listen, "", "1"),
        ("ip4-sendto:h:17", RawIp, Send, "h", "17"),
        ("ip:h:17", RawIp, Send, "h", "17"),
        ("TUN:10.0.0.1/24,up", Interface, Datagram, "10.0.0.1/24", ""),
        ("SOCKET-CONNECT:2:6:x4e20x7f000001x0000000000000000", Tcp, Connect, "127.0.0.1", "20000"),
        ("socket-datagram:2:2:17:x007bxc0a80100x0000000000000000", Udp, Datagram, "192.168.1.0", "123"),
        (
            "socket-listen:10:6:x0050x00000000x00000000000000000000000000000001x00000000",
            Tcp,
            Listen,
            "::1",
            "80",
        ),
        ("SOCKET-CONNECT:40:0:x00000000", Vsock, Connect, "", ""),
    ] {
        let expected = (protocol, role, host.to_owned(), port.to_owned());
        assert_eq!(network(address), expected, "{address}");
        assert!(parse(&["-", address]).problems.is_empty(), "{address}");
    }
}

#[test]
fn a_proxy_hides_the_real_target() {
    for (address, kind, server, port) in [
        ("SOCKS4:p:10.0.0.1:4444,socksport=9050", ProxyKind::Socks4, "p", Some("9050")),
        ("socks4a:p:10.0.0.1:4444", ProxyKind::Socks4, "p", None),
        ("SOCKS5:p:1080:10.0.0.1:4444", ProxyKind::Socks5, "p", Some("1080")),
        ("socks5-connect:p:10.0.0.1:4444", ProxyKind::Socks5, "p", None),
        ("PROXY:p:10.0.0.1:4444,proxyport=3128", ProxyKind::Http, "p", Some("3128")),
    ] {
        let Channel::Network { endpoint, proxy: Some(proxy), .. } = half(address).channel else {
            panic!("{address}")
        };
        assert_eq!(
            (endpoint.host, endpoint.port),
            (Some("10.0.0.1".into()), Some("4444".into())),
            "{address}"
        );
        assert_eq!(proxy.kind, kind);
        assert_eq!(
            proxy.server,
            Endpoint { host: Some(server.into()), port: port.map(Text::from) },
            "{address}"
        );
    }
}

#[test]
fn what_stays_on_this_machine() {
    for (address, expected) in [
        ("-", Local::Stdio),
        ("STDIO", Local::Stdio),
        ("3", Local::Descriptor { number: "3".into() }),
        ("FD:12", Local::Descriptor { number: "12".into() }),
        ("/tmp/s,ignoreeof", Local::File { path: "/tmp/s".into() }),
        ("FILE:/dev/ttyS0,rawer", Local::File { path: "/dev/ttyS0".into() }),
        ("creat:/x", Local::File { path: "/x".into() }),
        ("PTY,link=/tmp/p,raw", Local::Terminal { link: Some("/tmp/p".into()) }),
        ("PIPE", Local::Pipe { path: None }),
        ("fifo:/tmp/f", Local::Pipe { path: Some("/tmp/f".into()) }),
        ("unix-l:/s,fork", Local::Unix { path: "/s".into(), role: Role::Listen, is_abstract: false }),
        ("LOCAL:/s", Local::Unix { path: "/s".into(), role: Role::Connect, is_abstract: false }),
        ("ABSTRACT-CONNECT:n", Local::Unix { path: "n".into(), role: Role::Connect, is_abstract: true }),
        (
            "SOCKET-CONNECT:1:0:x2f73",
            Local::Unix { path: "/s".into(), role: Role::Connect, is_abstract: false },
        ),
    ] {
        assert_eq!(half(address).channel, Channel::Local(expected), "{address}");
    }
}

fn program(address: &str) -> (Starts, Vec<String>, String, ProgramChannel) {
    let Channel::Program { starts, words, command, through, .. } = half(address).channel else {
        panic!("{address}: {:?}", half(address))
    };
    let words = words.iter().map(ToString::to_string).collect();
    (starts, words, command.map(|c| c.to_string()).unwrap_or_default(), through)
}

#[test]
fn programs_and_how_they_are_started() {
    use ProgramChannel::*;
    for (address, starts, words, command, through) in [
        ("EXEC:sh", Starts::Directly, vec!["sh"], "sh", SocketPair),
        (
            "exec:'bash -li',pty,stderr,setsid,sigint,sane",
            Starts::Directly,
            vec!["bash", "-li"],
            "bash -li",
            Terminal,
        ),
        ("exec:sh,PTMX", Starts::Directly, vec!["sh"], "sh", Terminal),
        ("EXEC:/bin/sh -p,pipes", Starts::Directly, vec!["/bin/sh", "-p"], "/bin/sh -p", Pipes),
        ("EXEC:sh,nofork,pty", Starts::Directly, vec!["sh"], "sh", NoFork),
        ("SYSTEM:sh -i 2>&1", Starts::BySystem, vec![], "sh -i 2>&1", SocketPair),
        ("SHELL", Starts::ByShell, vec![], "", SocketPair),
        ("shell:id,pty", Starts::ByShell, vec![], "id", Terminal),
        // Quotes and escapes are taken off before the keyword is looked up.
        (r"E\XEC:sh", Starts::Directly, vec!["sh"], "sh", SocketPair),
        (r#""EX"EC:sh"#, Starts::Directly, vec!["sh"], "sh", SocketPair),
        ("'ex''ec':'/b''in/s''h'", Starts::Directly, vec!["/bin/sh"], "/bin/sh", SocketPair),
        (r"EXEC:/bin/s\h", Starts::Directly, vec!["/bin/sh"], "/bin/sh", SocketPair),
        (
            r"EXEC:socat - EXEC\:sh",
            Starts::Directly,
            vec!["socat", "-", "EXEC:sh"],
            "socat - EXEC:sh",
            SocketPair,
        ),
        (
            r#"EXEC:bash -c \"exec -a x sh\""#,
            Starts::Directly,
            vec!["bash", "-c", "exec -a x sh"],
            r#"bash -c "exec -a x sh""#,
            SocketPair,
        ),
    ] {
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        assert_eq!(program(address), (starts, words, command.to_owned(), through), "{address}");
        assert!(parse(&["-", address]).problems.is_empty(), "{address}");
    }
    let Channel::Program { stderr, session, descriptors, .. } = half("EXEC:sh,stderr,sid,fdin=3").channel
    else {
        panic!("not a program")
    };
    assert!(stderr && session);
    assert_eq!(descriptors, Some(("3".into(), "1".into())));
}

#[test]
fn the_whole_command_line() {
    let command = parse(&["-d", "-d", "-lf", "/tmp/log", "-T60", "-u", r"TC\P:10.0.0.1:9", "EXEC:sh,pty"]);
    assert_eq!(command.relation, Relation::FirstToSecond);
    assert_eq!(command.direction(), Some(Direction::Reverse));
    assert!(command.terminal() && !command.encrypted() && command.problems.is_empty());
    let meanings: Vec<String> = command.pieces.iter().map(|p| p.meaning.to_string()).collect();
    assert_eq!(
        meanings[meanings.len() - 6..],
        ["address of type TCP", "host 10.0.0.1", "port 9", "address of type EXEC", "starts sh", "option pty"]
    );
    let bind = parse(&["EXEC:sh", "OPENSSL-LISTEN:1,cert=x,fork"]);
    assert_eq!((bind.direction(), bind.encrypted()), (Some(Direction::Bind), true));
    let local = parse(&["-,raw", "/dev/ttyS0"]);
    assert_eq!((local.direction(), local.addresses.len()), (None, 2));
    assert!(parse(&["-V"]).informational && parse(&["-hhh"]).informational);
}

#[test]
fn dual_addresses_have_two_halves() {
    let command = parse(&["TCP:h:1,nodelay!!UDP:g:2", "/out!!EXEC:sh,pty"]);
    assert!(command.problems.is_empty(), "{:?}", command.problems);
    assert_eq!(command.addresses[0].halves.len(), 2);
    assert!(command.addresses[0].halves[0].has(&["nodelay"]));
    assert_eq!(command.program().map(|h| h.range.clone()), Some(6..17));
    assert!(parse(&["-!!/tmp/x", "EXEC:sh"]).addresses[0].halves.len() == 2);
}

#[test]
fn problems_tell_where() {
    for (arguments, argument, at, what) in [
        (vec!["-", "EXEC:'sh"], 2, 5, Wrong::Unclosed),
        (vec!["-", "NOPE:x"], 2, 0, Wrong::UnknownKeyword),
        (vec!["-", "12"], 2, 0, Wrong::UnknownKeyword),
        (vec!["-", "TC:h:1"], 2, 0, Wrong::UnknownKeyword),
        (vec!["-", "EXEC:socat - EXEC:sh"], 2, 0, Wrong::Parameters),
        (vec!["-", "TCP:h"], 2, 0, Wrong::Parameters),
        (vec!["-"], 2, 0, Wrong::AddressCount),
        (vec!["-z", "-", "-"], 1, 0, Wrong::UnknownOption),
        (vec!["-lf"], 1, 3, Wrong::MissingValue),
    ] {
        let command = parse(&arguments);
        assert!(
            command.problems.contains(&Problem { argument, at, what }),
            "{arguments:?}: {:?}",
            command.problems
        );
    }
    let long = format!("EXEC:{}", "x".repeat(600));
    assert_eq!(parse(&["-", &long]).problems[0].what, Wrong::TooLong);
}

#[test]
fn the_environment_tells_a_child_of_socat() {
    let environment = |lines: &[&str]| lines.iter().map(|l| Text::from(*l)).collect::<Vec<_>>();
    let renamed = environment(&[
        "PATH=/bin",
        "BASH_VERSION=5.2.15",
        "BASH_PID=1",
        "NGINX_PID=41",
        "NGINX_PPID=40",
        "NGINX_VERSION=1.7.4.4",
        "NGINX_PEERADDR=10.0.0.1",
        "NGINX_PEERPORT=4444",
    ]);
    let mark = environment_mark(&renamed).unwrap();
    assert_eq!((mark.name.to_string().as_str(), mark.pid, mark.ppid), ("NGINX", 41, 40));
    assert_eq!((mark.version, mark.peer_port), ("1.7.4.4".into(), Some("4444".into())));
    for none in [
        &["NGINX_VERSION=1.7.4", "NGINX_PID=1"][..],
        &["NODE_VERSION=20.1.0", "NODE_PID=1", "NODE_PPID=2"],
        &["X_VERSION=1.7.4", "Y_PID=1", "Y_PPID=2"],
        &["X_VERSION=1.8.x", "X_PID=1", "X_PPID=2"],
        &["X_VERSION=1.8.1", "X_PID=a", "X_PPID=2"],
        &["_VERSION=1.8.1", "_PID=1", "_PPID=2"],
        &["nothing", ""],
    ] {
        assert_eq!(environment_mark(&environment(none)), None, "{none:?}");
    }
    assert!(environment_mark(&environment(&["ZZZ_VERSION=1.8.0.3", "ZZZ_PID=1", "ZZZ_PPID=1"])).is_some());
}

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(argv in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6)) {
        let argv: Vec<Text> = argv.into_iter().map(Text::new).collect();
        let command = Command::parse(&argv);
        for piece in &command.pieces {
            prop_assert!(argv[piece.argument].bytes().get(piece.range.clone()).is_some());
        }
        environment_mark(&argv);
    }

    #[test]
    fn arbitrary_addresses_do_not_panic(
        first in "(tcp|exec|socket-connect|socks5|E\\\\X|-|\"a)?[:,=!'\"\\\\()\\[\\]{} a-fx0-9]{0,40}",
        second in "[-:,=!'\"\\\\()\\[\\]{} a-z0-9]{0,40}",
    ) {
        let argv = ["socat".into(), Text::from(first.as_str()), Text::from(second.as_str())];
        Command::parse(&argv);
    }

    #[test]
    fn a_keyword_means_the_same_under_any_quoting(quoting in proptest::collection::vec(0..4usize, 4)) {
        let keyword: String = "exec".chars().zip(quoting).map(|(c, how)| match how {
            0 => c.to_string(),
            1 => format!("'{c}'"),
            2 => format!("\"{c}\""),
            // Only letters that are no C escape.
            _ if "xc".contains(c) => format!("\\{c}"),
            _ => c.to_uppercase().to_string(),
        }).collect();
        let command = Command::parse(&["socat".into(), "-".into(), Text::from(format!("{keyword}:sh").as_str())]);
        prop_assert!(command.program().is_some(), "{keyword}");
    }
}

#[test]
fn deep_nesting_is_no_danger() {
    for unit in ["(", "\"", "'", "[{(", "\\"] {
        parse(&["-", &unit.repeat(100_000)]);
    }
}
