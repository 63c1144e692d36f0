//! One address: its halves, their parameters and options.

use std::ops::{Range, RangeInclusive};

use event::Text;

use super::keywords::{Keyword, Protocol, Role, keyword};
use super::token::{self, OPTION_LIMIT, PARAMETER_LIMIT, Token};
use super::{Command, Meaning, Piece, Problem, Wrong};

/// One of the two addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The argument's index in `argv`.
    pub argument: usize,
    /// One half, or two: data is read from the first and written to the second (`A!!B`).
    pub halves: Vec<Half>,
}

/// An address, or one half of a dual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// The keyword as it reads after quotes and escapes; for an address without one (`3`, `/path`), the address.
    pub keyword: Text,
    /// What stands behind its colons.
    pub parameters: Vec<Text>,
    /// What stands behind its commas.
    pub options: Vec<AddressOption>,
    /// What it opens.
    pub channel: Channel,
    /// Where it stands in the argument.
    pub range: Range<usize>,
}

/// An option of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressOption {
    /// Its name in lower case.
    pub name: Text,
    /// Its value, where one is given.
    pub value: Option<Text>,
}

/// What an address opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// A connection, a listener or packets on the network.
    Network {
        /// What carries the data.
        protocol: Protocol,
        /// How socat takes part.
        role: Role,
        /// The real target of a connection; for a listener what it is bound to.
        endpoint: Endpoint,
        /// The proxy on the way to the target.
        proxy: Option<Proxy>,
    },
    /// Something on this machine.
    Local(Local),
    /// A program that socat starts.
    Program {
        /// How.
        starts: Starts,
        /// The command as given; none for a plain interactive shell.
        command: Option<Text>,
        /// The command split into words as `EXEC` does; empty for the others, whose shell splits.
        words: Vec<Text>,
        /// What connects socat and the program.
        through: ProgramChannel,
        /// Whether the program's errors go to the channel too.
        stderr: bool,
        /// Whether the program leads a session of its own.
        session: bool,
        /// The descriptors that the channel is put on, where they are not 0 and 1.
        descriptors: Option<(Text, Text)>,
    },
    /// A word that is no keyword.
    Unknown,
}

/// A host and a port as written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoint {
    /// Name, address or context identifier.
    pub host: Option<Text>,
    /// Number or service name; the protocol number for raw IP.
    pub port: Option<Text>,
}

/// A proxy on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub kind: ProxyKind,
    /// The proxy itself.
    pub server: Endpoint,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// SOCKS version 4 or 4a.
    Socks4,
    /// SOCKS version 5.
    Socks5,
    /// HTTP CONNECT.
    Http,
}

/// Something on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Local {
    /// A UNIX socket.
    Unix {
        /// Its path, or its name in the abstract name space.
        path: Text,
        /// How socat takes part.
        role: Role,
        /// Whether the name is abstract: shared by all who share the network namespace.
        is_abstract: bool,
    },
    /// A named or unnamed pipe.
    Pipe {
        /// Its path; unnamed without one.
        path: Option<Text>,
    },
    /// A file or a device. Where the path is an existing UNIX socket and the keyword `GOPEN` or none, socat connects.
    File {
        /// Its path.
        path: Text,
    },
    /// A pseudo-terminal for others to open.
    Terminal {
        /// The symbolic link to it.
        link: Option<Text>,
    },
    /// socat's own standard input and output.
    Stdio,
    /// An inherited descriptor: it may lead anywhere.
    Descriptor {
        /// Its number as written.
        number: Text,
    },
    /// Anything else (message queues, fixed text, the line editor).
    Other,
}

/// How a program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    /// Directly (`EXEC`).
    Directly,
    /// By `sh -c` (`SYSTEM`).
    BySystem,
    /// By the shell that `$SHELL` names (`SHELL`).
    ByShell,
}

/// What connects socat and its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramChannel {
    /// A pair of UNIX sockets, the default.
    SocketPair,
    /// Two pipes.
    Pipes,
    /// A pseudo-terminal.
    Terminal,
    /// Nothing: socat's own process becomes the program, with the other address as its standard input and output.
    NoFork,
}

impl Half {
    /// Whether the option is there under one of these names.
    pub fn has(&self, names: &[&str]) -> bool {
        self.option(names).is_some()
    }

    /// The last option under one of these names.
    pub fn option(&self, names: &[&str]) -> Option<&AddressOption> {
        self.options.iter().rev().find(|o| names.iter().any(|n| n.as_bytes() == o.name.bytes()))
    }

    /// The value of the last option under one of these names.
    pub fn value(&self, names: &[&str]) -> Option<&Text> {
        self.option(names)?.value.as_ref()
    }
}

/// Reads an address; its pieces and problems go to the command.
pub(super) fn read(argument: usize, text: &[u8], command: &mut Command) -> Address {
    const DUAL: &[u8] = b"!!";
    let mut halves = Vec::new();
    let mut at = 0;
    loop {
        let (half, end) = read_half(argument, text, at, command);
        halves.push(half);
        at = end;
        // A third half is nothing that socat reads.
        if halves.len() == 2 || !text[at..].starts_with(DUAL) {
            return Address { argument, halves };
        }
        command.pieces.push(Piece { argument, range: at..at + 2, meaning: Meaning::DualSeparator });
        at += DUAL.len();
    }
}

fn read_half(argument: usize, text: &[u8], start: usize, command: &mut Command) -> (Half, usize) {
    const ENDS: [&[u8]; 3] = [b"!!", b",", b":"];
    let mut tokens = vec![token::read(text, start, &ENDS, PARAMETER_LIMIT)];
    let mut at = tokens[0].range.end;
    while text[at..].starts_with(b":") {
        let parameter = token::read(text, at + 1, &ENDS, PARAMETER_LIMIT);
        at = parameter.range.end;
        tokens.push(parameter);
    }
    let mut options = Vec::new();
    let mut option_pieces = Vec::new();
    while text[at..].starts_with(b",") {
        while text[at..].starts_with(b",") {
            at += 1;
        }
        let name = token::read(text, at, &[b"!!", b",", b"="], OPTION_LIMIT);
        if name.value.is_empty() {
            break;
        }
        at = name.range.end;
        report(argument, &name, command);
        let mut value = None;
        if text[at..].starts_with(b"=") {
            let token = token::read(text, at + 1, &[b"!!", b","], OPTION_LIMIT);
            at = token.range.end;
            report(argument, &token, command);
            value = Some(Text::new(token.value));
        }
        let option = AddressOption { name: Text::new(name.value.to_ascii_lowercase()), value };
        let meaning = Meaning::AddressOption { name: option.name.clone(), value: option.value.clone() };
        option_pieces.push(Piece { argument, range: name.range.start..at, meaning });
        options.push(option);
    }
    for token in &tokens {
        report(argument, token, command);
    }
    let mut half = Half {
        keyword: Text::new(tokens[0].value.clone()),
        parameters: tokens[1..].iter().map(|t| Text::new(t.value.clone())).collect(),
        options,
        channel: Channel::Unknown,
        range: start..at,
    };
    let meanings = interpret(&mut half);
    if let Some(what) = meanings.wrong {
        command.problems.push(Problem { argument, at: start, what });
    }
    let parameters = meanings.parameters.into_iter().chain(std::iter::repeat(Meaning::Parameter as Named));
    command.pieces.push(Piece { argument, range: tokens[0].range.clone(), meaning: meanings.keyword });
    for ((token, text), meaning) in tokens[1..].iter().zip(&half.parameters).zip(parameters) {
        command.pieces.push(Piece { argument, range: token.range.clone(), meaning: meaning(text.clone()) });
    }
    command.pieces.extend(option_pieces);
    (half, at)
}

fn report(argument: usize, token: &Token, command: &mut Command) {
    if let Some(what) = token.wrong {
        command.problems.push(Problem { argument, at: token.range.start, what });
    }
}

/// Makes a parameter's meaning.
type Named = fn(Text) -> Meaning;

/// What the tokens of a half mean.
struct Meanings {
    keyword: Meaning,
    parameters: Vec<Named>,
    wrong: Option<Wrong>,
}

/// Finds out what a half opens.
fn interpret(half: &mut Half) -> Meanings {
    let word = half.keyword.clone();
    let Some(found) = keyword(word.bytes()) else {
        return without_keyword(half, word);
    };
    let parameters = half.parameters.clone();
    let count = parameters.len();
    let parameter = |at: usize| parameters.get(at).cloned();
    let first = || parameter(0).unwrap_or_default();
    // Each keyword wants so many parameters, and they mean this.
    let (wanted, meanings): (RangeInclusive<usize>, Vec<Named>) = match found {
        Keyword::Network(Protocol::Interface, _) => (0..=1, vec![Meaning::Host]),
        Keyword::Network(Protocol::Generic, _) => (2..=4, vec![]),
        Keyword::Network(Protocol::RawIp, Role::Receive) => (1..=1, vec![Meaning::Port]),
        Keyword::Network(_, Role::Listen | Role::Receive) => (1..=1, vec![Meaning::Port]),
        Keyword::Network(..) => (2..=2, vec![Meaning::Host, Meaning::Port]),
        Keyword::Socks5(_) if count == 4 => {
            (4..=4, vec![Meaning::ProxyServer, Meaning::Port, Meaning::Host, Meaning::Port])
        }
        Keyword::Socks4 | Keyword::Socks4a | Keyword::Socks5(_) | Keyword::HttpProxy => {
            (3..=3, vec![Meaning::ProxyServer, Meaning::Host, Meaning::Port])
        }
        Keyword::Unix(_) | Keyword::Abstract(_) | Keyword::File => (1..=1, vec![Meaning::Path]),
        Keyword::Pipe => (0..=1, vec![Meaning::Path]),
        Keyword::Descriptor => (1..=1, vec![Meaning::Descriptor]),
        Keyword::Exec | Keyword::System => (1..=1, vec![Meaning::Command]),
        Keyword::Shell => (0..=1, vec![Meaning::Command]),
        Keyword::Terminal | Keyword::Stdio => (0..=0, vec![]),
        Keyword::Other => (0..=1, vec![]),
    };
    half.channel = match found {
        Keyword::Network(Protocol::Generic, role) => generic(half, role),
        Keyword::Network(Protocol::Interface, role) => {
            network(Protocol::Interface, role, Endpoint { host: parameter(0), port: None }, None)
        }
        Keyword::Network(protocol, role @ (Role::Listen | Role::Receive)) => network(
            protocol,
            role,
            Endpoint { host: half.value(&["bind"]).cloned(), port: parameter(0) },
            None,
        ),
        Keyword::Network(protocol, role) => {
            network(protocol, role, Endpoint { host: parameter(0), port: parameter(1) }, None)
        }
        Keyword::Socks4 | Keyword::Socks4a => {
            let server = Endpoint { host: parameter(0), port: half.value(&["socksport"]).cloned() };
            proxied(ProxyKind::Socks4, server, Role::Connect, parameter(1), parameter(2))
        }
        Keyword::Socks5(role) => {
            let port = if count == 4 { parameter(1) } else { half.value(&["socksport"]).cloned() };
            let server = Endpoint { host: parameter(0), port };
            let target = count.saturating_sub(2).max(1);
            proxied(ProxyKind::Socks5, server, role, parameter(target), parameter(target + 1))
        }
        Keyword::HttpProxy => {
            let server = Endpoint { host: parameter(0), port: half.value(&["proxyport"]).cloned() };
            proxied(ProxyKind::Http, server, Role::Connect, parameter(1), parameter(2))
        }
        Keyword::Unix(role) => Channel::Local(Local::Unix { path: first(), role, is_abstract: false }),
        Keyword::Abstract(role) => Channel::Local(Local::Unix { path: first(), role, is_abstract: true }),
        Keyword::File => Channel::Local(Local::File { path: first() }),
        Keyword::Pipe => Channel::Local(Local::Pipe { path: parameter(0) }),
        Keyword::Terminal => {
            Channel::Local(Local::Terminal { link: half.value(&["link", "symbolic-link"]).cloned() })
        }
        Keyword::Stdio => Channel::Local(Local::Stdio),
        Keyword::Descriptor => Channel::Local(Local::Descriptor { number: first() }),
        Keyword::Other => Channel::Local(Local::Other),
        Keyword::Exec => program(half, Starts::Directly),
        Keyword::System => program(half, Starts::BySystem),
        Keyword::Shell => program(half, Starts::ByShell),
    };
    let wrong = (!wanted.contains(&count)).then_some(Wrong::Parameters);
    Meanings { keyword: Meaning::Keyword(word), parameters: meanings, wrong }
}

/// One digit is a descriptor, anything with a slash a path.
fn without_keyword(half: &mut Half, word: Text) -> Meanings {
    let nothing = |keyword, wrong| Meanings { keyword, parameters: Vec::new(), wrong };
    if matches!(word.bytes(), [digit] if digit.is_ascii_digit()) {
        half.channel = Channel::Local(Local::Descriptor { number: word.clone() });
        return nothing(Meaning::Descriptor(word), None);
    }
    if word.bytes().contains(&b'/') {
        half.channel = Channel::Local(Local::File { path: word.clone() });
        return nothing(Meaning::Path(word), None);
    }
    nothing(Meaning::UnknownKeyword(word), Some(Wrong::UnknownKeyword))
}

fn network(protocol: Protocol, role: Role, endpoint: Endpoint, proxy: Option<Proxy>) -> Channel {
    Channel::Network { protocol, role, endpoint, proxy }
}

fn proxied(kind: ProxyKind, server: Endpoint, role: Role, host: Option<Text>, port: Option<Text>) -> Channel {
    network(Protocol::Tcp, role, Endpoint { host, port }, Some(Proxy { kind, server }))
}

/// `SOCKET-…:DOMAIN:[TYPE:]PROTOCOL:ADDRESS`, the address in socat's data notation (`x4e20x7f000001`).
fn generic(half: &Half, role: Role) -> Channel {
    const UNIX: u64 = 1;
    const INET: u64 = 2;
    const INET6: u64 = 10;
    const VSOCK: u64 = 40;
    let domain = half.parameters.first().and_then(|d| number(d.bytes()));
    let protocol = half.parameters.len().checked_sub(2).and_then(|at| half.parameters.get(at));
    let address = half.parameters.last().map(|a| data(a.bytes())).unwrap_or_default();
    let port =
        |bytes: &[u8]| bytes.first_chunk().map(|b| Text::from(u16::from_be_bytes(*b).to_string().as_str()));
    let endpoint = match domain {
        Some(UNIX) => {
            let name = address.strip_prefix(&[0]);
            let path = Text::new(name.unwrap_or(&address));
            return Channel::Local(Local::Unix { path, role, is_abstract: name.is_some() });
        }
        Some(INET) => Endpoint {
            host: address
                .get(2..6)
                .and_then(|b| <[u8; 4]>::try_from(b).ok())
                .map(|b| Text::from(std::net::Ipv4Addr::from(b).to_string().as_str())),
            port: port(&address),
        },
        Some(INET6) => Endpoint {
            host: address
                .get(6..22)
                .and_then(|b| <[u8; 16]>::try_from(b).ok())
                .map(|b| Text::from(std::net::Ipv6Addr::from(b).to_string().as_str())),
            port: port(&address),
        },
        _ => Endpoint::default(),
    };
    let protocol = match (domain, protocol.and_then(|p| number(p.bytes()))) {
        (Some(VSOCK), _) => Protocol::Vsock,
        (Some(INET | INET6), Some(6)) => Protocol::Tcp,
        (Some(INET | INET6), Some(17)) => Protocol::Udp,
        (Some(INET | INET6), Some(132)) => Protocol::Sctp,
        (Some(INET | INET6), Some(33)) => Protocol::Dccp,
        (Some(INET | INET6), Some(136)) => Protocol::UdpLite,
        _ => Protocol::Generic,
    };
    network(protocol, role, endpoint, None)
}

fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

/// Bytes in socat's data notation, as far as an address needs it: `x` with hexadecimal digits, `"text"`, blanks.
fn data(text: &[u8]) -> Vec<u8> {
    const LIMIT: usize = 256;
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < text.len() && bytes.len() < LIMIT {
        match text[at] {
            b'x' | b'X' => at += 1,
            b'"' => {
                at += 1;
                while at < text.len() && text[at] != b'"' {
                    bytes.push(text[at]);
                    at += 1;
                }
                at += 1;
            }
            byte => match (hexadecimal(byte), text.get(at + 1).copied().and_then(hexadecimal)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    at += 2;
                }
                _ => at += 1,
            },
        }
    }
    bytes.truncate(LIMIT);
    bytes
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

fn program(half: &Half, starts: Starts) -> Channel {
    let command = half.parameters.first().cloned();
    let words = match (&command, starts) {
        (Some(command), Starts::Directly) => split(command.bytes()),
        _ => Vec::new(),
    };
    // The last of several options wins, but `nofork` beside any of them stays what it is.
    let through = if half.has(&["nofork"]) {
        ProgramChannel::NoFork
    } else if half.has(&["pty", "ptmx", "openpty"]) {
        ProgramChannel::Terminal
    } else if half.has(&["pipes"]) {
        ProgramChannel::Pipes
    } else {
        ProgramChannel::SocketPair
    };
    let descriptor = |name, default| half.value(&[name]).cloned().unwrap_or_else(|| Text::from(default));
    let descriptors =
        half.has(&["fdin", "fdout"]).then(|| (descriptor("fdin", "0"), descriptor("fdout", "1")));
    Channel::Program {
        starts,
        command,
        words,
        through,
        stderr: half.has(&["stderr"]),
        session: half.has(&["setsid", "sid"]),
        descriptors,
    }
}

/// Splits a command on blanks with the quotes of an address.
fn split(command: &[u8]) -> Vec<Text> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < command.len() {
        if command[at] == b' ' {
            at += 1;
            continue;
        }
        let word = token::read(command, at, &[b" "], PARAMETER_LIMIT);
        at = word.range.end.max(at + 1);
        words.push(Text::new(word.value));
    }
    words
}
