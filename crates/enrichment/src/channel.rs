//! The channel graph: process → descriptor → channel → the process at its other end.
//!
//! A shell that somebody on the network commands has a standard input that leads to an internet socket: at once, or
//! through pipes, UNIX sockets and pseudo-terminals held by other processes. The search follows the data backwards.

use event::{Descriptor, Internet, Object, ProcessKey};
use std::collections::{HashSet, VecDeque};

/// Relays between a program and the socket that are followed.
const HOPS_MAX: usize = 16;
/// Holders looked at in one search: an attacker can share one pipe among any number of processes.
const HOLDERS_MAX: usize = 4_096;

/// A process and its channels, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub struct Holder<'a> {
    /// The process.
    pub process: ProcessKey,
    /// Its channels.
    pub descriptors: &'a [Descriptor],
    /// It belongs to the container runtime, or to nobody the search should pass through.
    pub opaque: bool,
}

/// What joins two processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    /// A pseudo-terminal.
    Pty,
    /// A pipe without a name.
    Pipe,
    /// A UNIX socket, of a pair or with a name.
    UnixSocket,
    /// A named pipe.
    Fifo,
}

impl ChannelKind {
    /// The kind of channel that a descriptor is an end of; `None` where it is none.
    pub const fn of(object: &Object) -> Option<Self> {
        match object {
            Object::PtySlave { .. } | Object::PtyMaster { .. } => Some(Self::Pty),
            Object::Pipe { .. } => Some(Self::Pipe),
            Object::Unix { .. } => Some(Self::UnixSocket),
            Object::Fifo { .. } => Some(Self::Fifo),
            _ => None,
        }
    }
}

/// One step from the program towards the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hop {
    /// The process at the other end.
    pub process: ProcessKey,
    /// The channel between; `None` where only the one's start of the other joins them.
    pub through: Option<ChannelKind>,
}

/// How a descriptor leads to the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The socket.
    pub endpoint: Internet,
    /// Processes on the way, the nearest first; empty when the descriptor is the socket itself.
    pub hops: Vec<Hop>,
    /// The nearest channel is a pseudo-terminal.
    pub terminal: bool,
}

/// Which way data flows through the descriptor that is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Towards the program: where does its input come from?
    In,
    /// Away from it: where does its output go?
    Out,
}

/// Follows one descriptor of `process` to an internet socket.
///
/// `opposite` names who may hold the other end of a process's descriptor. `socket_of` says through which socket a
/// holder is joined to the network, if it is.
pub fn follow<'a, Holders: IntoIterator<Item = Holder<'a>>>(
    process: ProcessKey,
    descriptor: &Descriptor,
    flow: Flow,
    opposite: impl Fn(ProcessKey, &Descriptor) -> Holders,
    socket_of: impl Fn(&Holder<'_>) -> Option<Internet>,
) -> Option<Route> {
    if let Some(&socket) = descriptor.internet() {
        return socket.state.has_peer().then(|| Route {
            endpoint: socket,
            hops: Vec::new(),
            terminal: false,
        });
    }
    let terminal = matches!(descriptor.object, Object::PtySlave { .. });
    let mut seen = HashSet::from([process]);
    let mut queue = VecDeque::from([(descriptor.clone(), Vec::<Hop>::new())]);
    while let Some((from, hops)) = queue.pop_front() {
        let held_by = hops.last().map_or(process, |hop| hop.process);
        for holder in opposite(held_by, &from) {
            if seen.len() > HOLDERS_MAX {
                return None;
            }
            if seen.contains(&holder.process) || !holder.descriptors.iter().any(|d| faces(&from, d, flow)) {
                continue;
            }
            seen.insert(holder.process);
            let mut hops = hops.clone();
            hops.push(Hop { process: holder.process, through: ChannelKind::of(&from.object) });
            if let Some(endpoint) = socket_of(&holder) {
                return Some(Route { endpoint, hops, terminal });
            }
            if holder.opaque || hops.len() >= HOPS_MAX {
                continue;
            }
            for next in holder.descriptors.iter().filter(|d| carries(d, flow) && !same_channel(d, &from)) {
                queue.push_back((next.clone(), hops.clone()));
            }
        }
    }
    None
}

/// Whether the descriptor leads to another process at all.
pub fn leads_elsewhere(descriptor: &Descriptor) -> bool {
    matches!(
        descriptor.object,
        Object::Internet(_)
            | Object::Unix { .. }
            | Object::Pipe { .. }
            | Object::Fifo { .. }
            | Object::PtySlave { .. }
            | Object::PtyMaster { .. }
    )
}

/// `there` is the other end of `here`, for data that flows that way.
fn faces(here: &Descriptor, there: &Descriptor, flow: Flow) -> bool {
    let opposite = match flow {
        Flow::In => there.access.write,
        Flow::Out => there.access.read,
    };
    match (&here.object, &there.object) {
        (Object::Unix { inode, peer, datagram, .. }, Object::Unix { inode: other, peer: back, .. }) => {
            let (sends_there, sends_here) = (*peer != 0 && peer == other, *back != 0 && back == inode);
            match flow {
                Flow::In if *datagram => sends_here,
                Flow::Out if *datagram => sends_there,
                // a connection goes both ways; one end may not be known yet
                _ => sends_there || sends_here,
            }
        }
        (Object::Pipe { inode }, Object::Pipe { inode: other }) => inode == other && opposite,
        (Object::Fifo { device, inode }, Object::Fifo { device: d, inode: i }) => {
            device == d && inode == i && opposite
        }
        (Object::PtySlave { device, index }, Object::PtyMaster { device: d, index: i })
        | (Object::PtyMaster { device, index }, Object::PtySlave { device: d, index: i }) => {
            index == i && device == d
        }
        _ => false,
    }
}

/// The descriptor can carry data that way for the process that holds it.
fn carries(descriptor: &Descriptor, flow: Flow) -> bool {
    let way = match flow {
        Flow::In => descriptor.access.read,
        Flow::Out => descriptor.access.write,
    };
    way && leads_elsewhere(descriptor) && !descriptor.is_internet()
}

fn same_channel(a: &Descriptor, b: &Descriptor) -> bool {
    a.object == b.object || faces(a, b, Flow::In) || faces(a, b, Flow::Out)
}

/// The sockets of a holder that count, the likeliest first: connected before unconnected, then the most recent.
pub fn sockets(holder: &Holder<'_>, counts: impl Fn(&Internet) -> bool) -> Vec<Internet> {
    let all = holder.descriptors.iter().filter_map(Descriptor::internet).filter(|socket| counts(socket));
    let mut all: Vec<Internet> = all.copied().collect();
    all.sort_by_key(|socket| std::cmp::Reverse((socket.state.has_peer(), socket.inode)));
    all
}

#[cfg(test)]
mod tests;
