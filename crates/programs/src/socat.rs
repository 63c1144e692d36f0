//! What a socat command line asks for.
//!
//! The grammar is socat's own: keywords in any case and by any alias, quotes and escapes even inside keywords, two
//! halves joined by `!!`. The result explains a finding and helps with direction, encryption and terminal; whether
//! something is socat at all is told by content, not by this.

mod address;
mod environment;
mod keywords;
mod options;
mod token;

use std::fmt;
use std::ops::Range;

use event::Text;

pub use address::{
    Address, AddressOption, Channel, Endpoint, Half, Local, ProgramChannel, Proxy, ProxyKind, Starts,
};
pub use environment::{Mark, environment_mark};
pub use keywords::{Protocol, Role};

/// In which directions data is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relation {
    /// Both.
    #[default]
    Both,
    /// From the first address to the second only (`-u`).
    FirstToSecond,
    /// From the second address to the first only (`-U`).
    SecondToFirst,
}

/// Who opened the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// socat connected to the peer.
    Reverse,
    /// socat waited for the peer.
    Bind,
}

/// A part of the command line and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The argument's index in `argv`.
    pub argument: usize,
    /// The bytes of that argument as it was written, quotes and escapes included.
    pub range: Range<usize>,
    /// What they mean.
    pub meaning: Meaning,
}

/// What a part of the command line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// An option of socat itself.
    Option(&'static str),
    /// An option that socat does not have.
    UnknownOption,
    /// An address keyword, decoded.
    Keyword(Text),
    /// A word that is no keyword.
    UnknownKeyword(Text),
    /// The host, address or context to connect to.
    Host(Text),
    /// The port or service.
    Port(Text),
    /// The proxy on the way.
    ProxyServer(Text),
    /// The program or the commands that socat starts.
    Command(Text),
    /// A path in the file system.
    Path(Text),
    /// A descriptor's number.
    Descriptor(Text),
    /// Another parameter of an address.
    Parameter(Text),
    /// An option of an address, decoded.
    AddressOption {
        /// Its name.
        name: Text,
        /// Its value, where one is given.
        value: Option<Text>,
    },
    /// The mark between the two halves of a dual address.
    DualSeparator,
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(what) => f.write_str(what),
            Self::UnknownOption => f.write_str("an option that socat does not know"),
            Self::Keyword(word) => write!(f, "address of type {word}"),
            Self::UnknownKeyword(word) => write!(f, "{word} is no address type of socat"),
            Self::Host(host) => write!(f, "host {host}"),
            Self::Port(port) => write!(f, "port {port}"),
            Self::ProxyServer(server) => write!(f, "through the proxy {server}"),
            Self::Command(command) => write!(f, "starts {command}"),
            Self::Path(path) => write!(f, "path {path}"),
            Self::Descriptor(number) => write!(f, "inherited descriptor {number}"),
            Self::Parameter(value) => write!(f, "parameter {value}"),
            Self::AddressOption { name, value: Some(value) } => write!(f, "option {name} = {value}"),
            Self::AddressOption { name, value: None } => write!(f, "option {name}"),
            Self::DualSeparator => f.write_str("reads from the address before, writes to the one behind"),
        }
    }
}

/// Something that socat itself would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "argument {argument} of the socat command line, byte {at}: {what}; socat would refuse it, so look at what really ran"
)]
pub struct Problem {
    /// The argument's index in `argv`.
    pub argument: usize,
    /// The byte in that argument.
    pub at: usize,
    /// What is wrong there.
    pub what: Wrong,
}

/// What socat would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A quote or bracket is not closed.
    #[error("a quote or bracket is not closed")]
    Unclosed,
    /// A part is longer than socat's own limit.
    #[error("a part is longer than socat accepts")]
    TooLong,
    /// No such address type.
    #[error("no such address type")]
    UnknownKeyword,
    /// An address has too few or too many parameters.
    #[error("wrong number of parameters")]
    Parameters,
    /// Not two addresses.
    #[error("socat needs exactly two addresses")]
    AddressCount,
    /// No such option of socat.
    #[error("no such option")]
    UnknownOption,
    /// An option lacks its value.
    #[error("the option's value is missing")]
    MissingValue,
}

/// A socat command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// In which directions data is copied.
    pub relation: Relation,
    /// Whether socat only prints its version or help.
    pub informational: bool,
    /// The addresses in the order given; two, unless there is a problem.
    pub addresses: Vec<Address>,
    /// Every part of the command line with its meaning, in the order of the text.
    pub pieces: Vec<Piece>,
    /// What socat itself would refuse.
    pub problems: Vec<Problem>,
}

impl Command {
    /// Reads a command line; `argv[0]` is the program's name. Never fails: what cannot be read is in
    /// [`Command::problems`].
    pub fn parse(argv: &[Text]) -> Self {
        let mut command = Self::default();
        let first = options::read(argv, &mut command);
        if command.informational {
            return command;
        }
        for (argument, text) in argv.iter().enumerate().skip(first) {
            let address = address::read(argument, text.bytes(), &mut command);
            command.addresses.push(address);
        }
        if command.addresses.len() != 2 {
            let argument = argv.len().min(first + 2);
            command.problems.push(Problem { argument, at: 0, what: Wrong::AddressCount });
        }
        command
    }

    /// All halves of all addresses.
    pub fn halves(&self) -> impl Iterator<Item = &Half> {
        self.addresses.iter().flat_map(|a| &a.halves)
    }

    /// The first half that reaches the network.
    pub fn network(&self) -> Option<&Half> {
        self.halves().find(|h| matches!(h.channel, Channel::Network { .. }))
    }

    /// The first half that starts a program.
    pub fn program(&self) -> Option<&Half> {
        self.halves().find(|h| matches!(h.channel, Channel::Program { .. }))
    }

    /// Who opened the connection to the network, where one is named.
    pub fn direction(&self) -> Option<Direction> {
        match self.network()?.channel {
            Channel::Network { role: Role::Connect | Role::Send | Role::Datagram, .. } => {
                Some(Direction::Reverse)
            }
            Channel::Network { role: Role::Listen | Role::Receive, .. } => Some(Direction::Bind),
            Channel::Local(_) | Channel::Program { .. } | Channel::Unknown => None,
        }
    }

    /// Whether what crosses the network is encrypted by socat.
    pub fn encrypted(&self) -> bool {
        self.halves()
            .any(|h| matches!(h.channel, Channel::Network { protocol: Protocol::Tls | Protocol::Dtls, .. }))
    }

    /// Whether a pseudo-terminal is asked for, for a program or as an address.
    pub fn terminal(&self) -> bool {
        self.halves().any(|h| {
            matches!(
                h.channel,
                Channel::Program { through: ProgramChannel::Terminal, .. }
                    | Channel::Local(Local::Terminal { .. })
            )
        })
    }
}

#[cfg(test)]
mod tests;
