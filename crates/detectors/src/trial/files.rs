//! What the descriptors of a made-up world lead to.

use event::{Access, Descriptor, Direction, Endpoint, Internet, Object, Protocol, SocketState, Text};
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const READ: Access = Access { read: true, write: false };
pub(super) const WRITE: Access = Access { read: false, write: true };
pub(super) const BOTH: Access = Access { read: true, write: true };

/// The network namespace of everything.
const NAMESPACE: u32 = 1;
/// This side of every connection: where it is matters to nobody.
const LOCAL: Endpoint = Endpoint { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), port: 40_000 };

/// What a process holds, as far as its command line says.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(BTreeMap<u32, Descriptor>);

impl Held {
    pub(super) fn set(&mut self, number: u32, access: Access, object: Object) {
        self.0.insert(number, Descriptor { number, access, object });
    }

    /// Leads one descriptor to where another does.
    pub(super) fn copy(&mut self, from: u32, to: u32) {
        match self.0.get(&from).cloned() {
            Some(descriptor) => {
                self.0.insert(to, Descriptor { number: to, ..descriptor });
            }
            // nobody knows where that leads
            None => {
                self.0.remove(&to);
            }
        }
    }

    /// Opens something at the first number that nobody uses.
    pub(super) fn open(&mut self, access: Access, object: Object) -> u32 {
        let number = (3..).find(|number| !self.0.contains_key(number)).unwrap_or(u32::MAX);
        self.set(number, access, object);
        number
    }

    /// Of the standard descriptors, nobody knows some.
    pub(super) fn is_partly_known(&self) -> bool {
        (0..3).any(|number| !self.0.contains_key(&number))
    }

    pub(super) fn all(&self) -> Vec<Descriptor> {
        self.0.values().cloned().collect()
    }
}

/// What has a name or a number in that world.
#[derive(Debug, Default)]
pub(super) struct Files {
    inode: u64,
    terminals: u32,
    fifos: HashMap<Vec<u8>, Object>,
    slaves: HashMap<Vec<u8>, Object>,
    sockets: HashMap<Vec<u8>, (u64, u64)>,
}

impl Files {
    pub(super) fn inode(&mut self) -> u64 {
        self.inode += 1;
        self.inode
    }

    pub(super) fn pipe(&mut self) -> Object {
        Object::Pipe { inode: self.inode() }
    }

    /// The two ends of a pair of UNIX sockets.
    pub(super) fn pair(&mut self) -> (Object, Object) {
        let (inode, peer) = (self.inode(), self.inode());
        (unix(inode, peer), unix(peer, inode))
    }

    /// A new terminal: what keeps it, and what a program gets.
    pub(super) fn terminal(&mut self, link: Option<&Text>) -> (Object, Object) {
        self.terminals += 1;
        let (device, index) = (1, self.terminals);
        let slave = Object::PtySlave { device, index };
        if let Some(link) = link {
            self.slaves.insert(link.bytes().to_vec(), slave.clone());
        }
        (Object::PtyMaster { device, index }, slave)
    }

    /// One end of the connection between whoever waits at a path and whoever connects there.
    pub(super) fn at_path(&mut self, path: &Text, waits: bool) -> Object {
        let known = self.sockets.get(path.bytes()).copied();
        let (inode, peer) = known.unwrap_or_else(|| (self.inode(), self.inode()));
        self.sockets.insert(path.bytes().to_vec(), (inode, peer));
        if waits { unix(inode, peer) } else { unix(peer, inode) }
    }

    pub(super) fn make_fifo(&mut self, path: &Text) -> Object {
        let inode = self.inode();
        let fifo = Object::Fifo { device: 1, inode };
        self.fifos.entry(path.bytes().to_vec()).or_insert(fifo).clone()
    }

    /// What a path leads to, where that is no plain file.
    pub(super) fn special(&mut self, path: &Text) -> Option<Object> {
        let bytes = path.bytes();
        if let Some(known) = self.fifos.get(bytes).or_else(|| self.slaves.get(bytes)) {
            return Some(known.clone());
        }
        if bytes == b"/dev/null" {
            return Some(Object::Character { major: 1, minor: 3 });
        }
        // bash's own, and no file
        let (protocol, rest) = [(Protocol::Tcp, b"/dev/tcp/"), (Protocol::Udp, b"/dev/udp/")]
            .into_iter()
            .find_map(|(protocol, prefix)| Some((protocol, bytes.strip_prefix(prefix.as_slice())?)))?;
        let mut parts = rest.splitn(2, |byte| *byte == b'/');
        let (host, port) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        Some(self.connection(protocol, SocketState::Connected, Direction::Connected, peer(host, port)))
    }

    /// What a path leads to.
    pub(super) fn at(&mut self, path: &Text) -> Object {
        self.special(path).unwrap_or_else(|| Object::Regular { device: 1, inode: self.inode() })
    }

    pub(super) fn connection(
        &mut self,
        protocol: Protocol,
        state: SocketState,
        direction: Direction,
        remote: Endpoint,
    ) -> Object {
        let inode = self.inode();
        Object::Internet(Internet {
            inode,
            protocol,
            state,
            direction,
            local: LOCAL,
            remote,
            network_namespace: NAMESPACE,
        })
    }
}

const fn unix(inode: u64, peer: u64) -> Object {
    Object::Unix { inode, peer, listening: false, datagram: false }
}

/// A host and a port as they are written; names stay unknown.
pub(super) fn peer(host: &[u8], port: &[u8]) -> Endpoint {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let host = text(host);
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
    let address = host.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Endpoint { address, port: text(port).parse().unwrap_or_default() }
}
