//! Descriptors.

use event::{Access, Descriptor, Direction, Endpoint, Internet, Object, Protocol, SocketState};
use probe_abi::{DescriptorKind, RecordDescriptor};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const AF_INET: u16 = 2;
const AF_VSOCK: u16 = 40;
const SOCK_DGRAM: u16 = 2;
const TCP_SYN_SENT: u8 = 2;
const TCP_LISTEN: u8 = 10;
const TCP_CLOSE: u8 = 7;

pub(crate) fn decode(record: &RecordDescriptor) -> Descriptor {
    let object = match record.kind {
        DescriptorKind::Closed => Object::Closed,
        DescriptorKind::Internet => Object::Internet(internet(record)),
        DescriptorKind::Unix => {
            let (listening, datagram) = (record.state == TCP_LISTEN, record.protocol == SOCK_DGRAM);
            Object::Unix { inode: record.inode, peer: record.peer, listening, datagram }
        }
        DescriptorKind::Pipe => Object::Pipe { inode: record.inode },
        DescriptorKind::Fifo => Object::Fifo { device: record.device, inode: record.inode },
        DescriptorKind::PtySlave => Object::PtySlave { device: record.device, index: record.index },
        DescriptorKind::PtyMaster => Object::PtyMaster { device: record.device, index: record.index },
        DescriptorKind::Regular => Object::Regular { device: record.device, inode: record.inode },
        DescriptorKind::Character => {
            Object::Character { major: record.index >> 20, minor: record.index & 0xf_ffff }
        }
        DescriptorKind::OtherSocket => Object::OtherSocket { family: record.family, inode: record.inode },
        DescriptorKind::Other => Object::Other,
    };
    let access = Access { read: record.access & 1 != 0, write: record.access & 2 != 0 };
    Descriptor { number: record.number, access, object }
}

pub(crate) fn internet(record: &RecordDescriptor) -> Internet {
    let protocol = match (record.family, record.protocol) {
        (AF_VSOCK, _) => Protocol::Vsock,
        (_, 6 | 262) => Protocol::Tcp,
        (_, 17 | 136) => Protocol::Udp,
        (_, 132) => Protocol::Sctp,
        (_, 33) => Protocol::Dccp,
        (_, other) => Protocol::Other(other),
    };
    let local = Endpoint { address: address(record.family, &record.local), port: record.local_port };
    let remote = Endpoint { address: address(record.family, &record.remote), port: record.remote_port };
    let state = match record.state {
        TCP_LISTEN => SocketState::Listening,
        TCP_CLOSE if record.remote_port == 0 => SocketState::Unconnected,
        _ if record.remote_port == 0 && protocol != Protocol::Vsock => SocketState::Unconnected,
        TCP_SYN_SENT => SocketState::Connecting,
        _ => SocketState::Connected,
    };
    // a datagram socket gets a peer by connect on either side, so nothing can be said of it
    let direction = match record.direction {
        1 => Direction::Connected,
        2 => Direction::Accepted,
        _ => Direction::Unknown,
    };
    Internet {
        inode: record.inode,
        protocol,
        state,
        direction,
        local,
        remote,
        network_namespace: record.network_namespace,
    }
}

fn address(family: u16, bytes: &[u8; 16]) -> IpAddr {
    let v4 = Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]);
    match family {
        AF_INET | AF_VSOCK => IpAddr::V4(v4),
        _ => Ipv6Addr::from(*bytes).to_canonical(),
    }
}
