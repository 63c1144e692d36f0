//! What programs between a command and the network do, by their own command lines.

use super::files::{BOTH, Held, READ, WRITE, peer};
use super::scene::Scene;
use event::{Direction, Object, Protocol, SocketState, Text};
use programs::socat::{Channel, Command, Half, Local, ProgramChannel, Protocol as Carrier, Role, Starts};

/// A program that socat starts, and what joins the two.
struct Started<'a> {
    half: &'a Half,
    words: Vec<Text>,
    through: ProgramChannel,
}

/// Opens what a socat command line says, and starts what it says.
pub(super) fn socat(scene: &mut Scene, pid: u32, words: &[Text], mut held: Held, depth: usize) {
    let command = Command::parse(words);
    let first = scene.latest();
    if command.informational {
        return;
    }
    let mut started = None;
    let mut other = None;
    for half in command.halves() {
        match &half.channel {
            Channel::Network { protocol, role, endpoint, .. } => {
                let bytes =
                    |text: &Option<Text>| text.as_ref().map(|t| t.bytes().to_vec()).unwrap_or_default();
                let remote = peer(&bytes(&endpoint.host), &bytes(&endpoint.port));
                let (state, direction) = match role {
                    Role::Connect => (SocketState::Connected, Direction::Connected),
                    Role::Listen => (SocketState::Connected, Direction::Accepted),
                    Role::Datagram | Role::Send | Role::Receive => {
                        (SocketState::Unconnected, Direction::Unknown)
                    }
                };
                // of one that called in, nobody knows from where
                let remote = if *role == Role::Connect { remote } else { peer(b"", b"") };
                let socket = scene.files.connection(carrier(*protocol), state, direction, remote);
                held.open(BOTH, socket.clone());
                other = Some(socket);
            }
            Channel::Local(local) => {
                if let Some(object) = opened(scene, local) {
                    held.open(BOTH, object.clone());
                    other = Some(object);
                }
            }
            Channel::Program { starts, command, words, through, .. } => {
                let words = program(*starts, command.as_ref(), words);
                started = Some(Started { half, words, through: *through });
            }
            Channel::Unknown => {}
        }
    }
    scene.holds(pid, &held);
    if let Some(started) = started {
        start(scene, pid, started, held, other, depth);
    }
    if let Some(problem) = command.problems.first() {
        scene.refuse(first, &problem.to_string());
    }
}

/// The command that socat executes.
fn program(starts: Starts, command: Option<&Text>, words: &[Text]) -> Vec<Text> {
    match (starts, command) {
        (Starts::Directly, _) => words.to_vec(),
        (_, Some(command)) => vec![Text::from("sh"), Text::from("-c"), command.clone()],
        (_, None) => vec![Text::from("sh")],
    }
}

fn start(
    scene: &mut Scene,
    pid: u32,
    Started { half, words, through }: Started<'_>,
    mut held: Held,
    other: Option<Object>,
    depth: usize,
) {
    let mut given = Held::default();
    let numbers = match &half.channel {
        Channel::Program { descriptors: Some((input, output)), .. } => {
            let number = |text: &Text| text.as_str().and_then(|text| text.parse().ok());
            number(input).zip(number(output)).unwrap_or((0, 1))
        }
        _ => (0, 1),
    };
    match through {
        ProgramChannel::NoFork => {
            // what socat was started with is what the program gets, where the other address opens nothing
            if let Some(object) = other {
                given.set(numbers.0, BOTH, object.clone());
                given.set(numbers.1, BOTH, object);
            }
            return scene.become_program(pid, scene.parent_of(pid), &words, &given, depth + 1);
        }
        ProgramChannel::SocketPair => {
            let (ours, theirs) = scene.files.pair();
            held.open(BOTH, ours);
            given.set(numbers.0, BOTH, theirs.clone());
            given.set(numbers.1, BOTH, theirs);
        }
        ProgramChannel::Pipes => {
            let (down, up) = (scene.files.pipe(), scene.files.pipe());
            held.open(WRITE, down.clone());
            held.open(READ, up.clone());
            given.set(numbers.0, READ, down);
            given.set(numbers.1, WRITE, up);
        }
        ProgramChannel::Terminal => {
            let (master, slave) = scene.files.terminal(None);
            held.open(BOTH, master);
            given.set(numbers.0, BOTH, slave.clone());
            given.set(numbers.1, BOTH, slave);
        }
    }
    if matches!(half.channel, Channel::Program { stderr: true, .. }) {
        given.copy(numbers.1, 2);
    }
    scene.holds(pid, &held);
    scene.run(pid, &words, &given, depth + 1);
}

/// What an address on the machine opens; nothing where it is a descriptor that socat was started with.
fn opened(scene: &mut Scene, local: &Local) -> Option<Object> {
    Some(match local {
        Local::Unix { path, role, .. } => {
            scene.files.at_path(path, matches!(role, Role::Listen | Role::Receive))
        }
        Local::Pipe { path: Some(path) } => scene.files.make_fifo(path),
        Local::Pipe { path: None } => scene.files.pipe(),
        Local::File { path } => scene.files.at(path),
        Local::Terminal { link } => scene.files.terminal(link.as_ref()).0,
        Local::Stdio | Local::Descriptor { .. } | Local::Other => return None,
    })
}

const fn carrier(protocol: Carrier) -> Protocol {
    match protocol {
        Carrier::Tcp | Carrier::Tls | Carrier::Generic => Protocol::Tcp,
        Carrier::Udp | Carrier::UdpLite | Carrier::Dtls => Protocol::Udp,
        Carrier::Sctp => Protocol::Sctp,
        Carrier::Dccp => Protocol::Dccp,
        Carrier::Vsock => Protocol::Vsock,
        Carrier::RawIp | Carrier::Interface => Protocol::Other(255),
    }
}

/// Letters that may stand together in one word.
const FLAGS: &[u8] = b"lvnkuptzdreciDNhU46";

/// Opens the connection of netcat and its kin, and starts what they are told to.
pub(super) fn netcat(scene: &mut Scene, pid: u32, words: &[Text], mut held: Held, depth: usize) {
    let mut listens = false;
    let mut program = None;
    let mut plain = Vec::new();
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        let bytes = word.bytes();
        match bytes {
            b"-e" | b"--exec" => program = rest.next().map(split),
            b"-c" | b"--sh-exec" => program = rest.next().map(in_shell),
            b"-p" | b"-s" | b"-w" | b"-q" | b"-i" | b"-x" | b"-X" | b"-connect" => {
                plain.extend(rest.next().filter(|_| bytes == b"-connect"));
            }
            b"--listen" | b"s_server" => listens = true,
            _ if bytes.starts_with(b"--") => {}
            [b'-', letters @ ..] => {
                listens |= letters.contains(&b'l') && letters.iter().all(|letter| FLAGS.contains(letter));
                // several letters in one word, of which the last takes the next one
                match letters.last() {
                    Some(b'e') => program = rest.next().map(split),
                    Some(b'c') => program = rest.next().map(in_shell),
                    Some(b'p') => {
                        rest.next();
                    }
                    _ => {}
                }
            }
            _ => plain.push(word),
        }
    }
    let remote = match plain.as_slice() {
        [.., host, port] if !listens => peer(host.bytes(), port.bytes()),
        _ => peer(b"", b""),
    };
    let direction = if listens { Direction::Accepted } else { Direction::Connected };
    let socket = scene.files.connection(Protocol::Tcp, SocketState::Connected, direction, remote);
    held.open(BOTH, socket.clone());
    scene.holds(pid, &held);
    if let Some(program) = program {
        let mut given = Held::default();
        (0..3).for_each(|number| given.set(number, BOTH, socket.clone()));
        scene.run(pid, &program, &given, depth + 1);
    }
}

/// The words of a command that is executed at once.
fn split(command: &Text) -> Vec<Text> {
    let words = command.bytes().split(u8::is_ascii_whitespace);
    words.filter(|word| !word.is_empty()).map(Text::new).collect()
}

fn in_shell(command: &Text) -> Vec<Text> {
    vec![Text::from("sh"), Text::from("-c"), command.clone()]
}
