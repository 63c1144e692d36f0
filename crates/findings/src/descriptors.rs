//! A descriptor as structured facts.

use crate::description::end;
use event::{Access, Descriptor, Direction, FileSystem, Internet, Object, Protocol, SocketState};
use serde_json::{Value, json};

/// `number`, `access`, `type` and what belongs to that type; inode numbers in quotes as every 64-bit number.
pub(crate) fn of(descriptor: &Descriptor) -> Value {
    let (kind, mut value) = object(&descriptor.object);
    value["number"] = json!(descriptor.number);
    value["type"] = json!(kind);
    value["access"] = json!(match descriptor.access {
        Access { read: true, write: true } => "READ_WRITE",
        Access { read: true, .. } => "READ",
        Access { write: true, .. } => "WRITE",
        Access { .. } => "NONE",
    });
    value
}

fn object(object: &Object) -> (&'static str, Value) {
    let number = |n: &u64| n.to_string();
    match object {
        Object::Closed => ("CLOSED", json!({})),
        Object::Internet(socket) => ("INTERNET_SOCKET", internet(socket)),
        Object::Unix { inode, peer, listening, datagram } => (
            "UNIX_SOCKET",
            json!({"inode": number(inode), "peerInode": number(peer), "listening": listening, "datagram": datagram}),
        ),
        Object::Pipe { inode } => ("PIPE", json!({"inode": number(inode)})),
        Object::Fifo { device, inode } => ("FIFO", json!({"device": device, "inode": number(inode)})),
        Object::PtySlave { device, index } => ("PTY_SLAVE", json!({"device": device, "index": index})),
        Object::PtyMaster { device, index } => ("PTY_MASTER", json!({"device": device, "index": index})),
        Object::Regular { device, inode } => {
            ("REGULAR_FILE", json!({"device": device, "inode": number(inode)}))
        }
        Object::Character { major, minor } => ("CHARACTER_DEVICE", json!({"major": major, "minor": minor})),
        Object::OtherSocket { family, inode } => {
            ("OTHER_SOCKET", json!({"family": family, "inode": number(inode)}))
        }
        Object::Other => ("OTHER", json!({})),
    }
}

fn internet(socket: &Internet) -> Value {
    json!({
        "transport": transport(socket.protocol),
        "local": end(socket.local),
        "peer": end(socket.remote),
        "inode": socket.inode.to_string(),
        "state": match socket.state {
            SocketState::Connected => "CONNECTED",
            SocketState::Connecting => "CONNECTING",
            SocketState::Listening => "LISTENING",
            SocketState::Unconnected => "UNCONNECTED",
        },
        "direction": match socket.direction {
            Direction::Connected => "reverse",
            Direction::Accepted => "bind",
            Direction::Unknown => "unknown",
        },
    })
}

/// Name of the transport protocol.
pub(crate) fn transport(protocol: Protocol) -> String {
    match protocol {
        Protocol::Tcp => "tcp".into(),
        Protocol::Udp => "udp".into(),
        Protocol::Sctp => "sctp".into(),
        Protocol::Dccp => "dccp".into(),
        Protocol::Vsock => "vsock".into(),
        Protocol::Other(number) => format!("protocol {number}"),
    }
}

/// The file system of an executable.
pub(crate) fn file_system(of: FileSystem) -> Value {
    match of {
        FileSystem::Overlay { upper } => json!({"type": "OVERLAY", "upperLayer": upper}),
        FileSystem::Memfd => json!({"type": "MEMFD"}),
        FileSystem::Tmpfs => json!({"type": "TMPFS"}),
        FileSystem::Other(magic) => json!({"type": "OTHER", "magic": format!("{magic:#x}")}),
    }
}
