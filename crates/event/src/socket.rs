//! Internet sockets.

use crate::ProcessKey;
use std::net::IpAddr;

/// Transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP, MPTCP included.
    Tcp,
    /// UDP, UDP-Lite included.
    Udp,
    /// SCTP.
    Sctp,
    /// DCCP.
    Dccp,
    /// AF_VSOCK (a virtual machine's host or guest); ports only.
    Vsock,
    /// Another protocol on an internet socket, by number.
    Other(u16),
}

/// How a socket came to be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// This side called connect: a reverse shell's socket.
    Connected,
    /// This side accepted: a bind shell's socket.
    Accepted,
    /// Connected before the sensor was there to see.
    Unknown,
}

/// Where in its life the socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketState {
    /// Has a peer.
    Connected,
    /// Has asked a peer, who has not answered.
    Connecting,
    /// Waits for connections.
    Listening,
    /// Neither: not connected yet, or closed.
    Unconnected,
}

impl SocketState {
    /// Has a peer, or is about to have one.
    pub const fn has_peer(self) -> bool {
        matches!(self, Self::Connected | Self::Connecting)
    }
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Address; a v4 address mapped into v6 is shown as v4. For vsock the context id as 0.0.x.y.
    pub address: IpAddr,
    /// Port, host byte order. Vsock ports are cut to 16 bits.
    pub port: u16,
}

/// An internet socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Internet {
    /// Inode number of the socket; 0 before it has one.
    pub inode: u64,
    /// Transport protocol.
    pub protocol: Protocol,
    /// State.
    pub state: SocketState,
    /// How it was connected.
    pub direction: Direction,
    /// This side.
    pub local: Endpoint,
    /// The other side; port 0 when there is none.
    pub remote: Endpoint,
    /// Network namespace.
    pub network_namespace: u32,
}

impl Internet {
    /// The connection is not there yet, and another attempt to make it may take this one's place. A port of its own says
    /// nothing: a socket has one before the peer answers.
    pub const fn is_being_made(&self) -> bool {
        matches!(self.state, SocketState::Connecting) || self.local.port == 0
    }
}

/// An internet socket changed state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketEvent {
    /// Nanoseconds since boot.
    pub time_ns: u64,
    /// The process in whose context it happened; `None` when it happened in an interrupt (an accepted connection).
    pub process: Option<ProcessKey>,
    /// The cgroup of that process; 0 when unknown.
    pub cgroup: u64,
    /// The socket after the change.
    pub socket: Internet,
}
