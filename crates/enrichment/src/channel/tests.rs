use super::*;
use event::SocketState;
use event::{Access, Direction, Endpoint, Protocol};

const BOTH: Access = Access { read: true, write: true };
const READ: Access = Access { read: true, write: false };
const WRITE: Access = Access { read: false, write: true };

fn key(pid: u32) -> ProcessKey {
    ProcessKey { pid, start_ns: 1 }
}

fn descriptor(number: u32, access: Access, object: Object) -> Descriptor {
    Descriptor { number, access, object }
}

fn socket(inode: u64, state: SocketState) -> Object {
    let end = Endpoint { address: [127, 0, 0, 1].into(), port: 1 };
    Object::Internet(Internet {
        inode,
        protocol: Protocol::Tcp,
        state,
        direction: Direction::Connected,
        local: end,
        remote: end,
        network_namespace: 1,
    })
}

fn unix(number: u32, inode: u64, peer: u64) -> Descriptor {
    descriptor(number, BOTH, Object::Unix { inode, peer, listening: false, datagram: false })
}

fn holder(pid: u32, descriptors: &[Descriptor]) -> Holder<'_> {
    Holder { process: key(pid), descriptors, opaque: false }
}

fn connected(holder: &Holder<'_>) -> Option<Internet> {
    let usable = |socket: &Internet| !holder.opaque && socket.state == SocketState::Connected;
    sockets(holder, usable).first().copied()
}

#[test]
fn a_socket_pair_leads_to_the_socket_of_its_other_holder() {
    let parent = [unix(6, 100, 101), descriptor(5, BOTH, socket(9, SocketState::Connected))];
    let route =
        follow(key(2), &unix(0, 101, 100), Flow::In, |_, _: &Descriptor| [holder(1, &parent)], connected)
            .unwrap();
    assert_eq!((route.endpoint.inode, route.hops.len(), route.terminal), (9, 1, false));
}

#[test]
fn two_relays_are_followed() {
    let near = [unix(6, 100, 101), unix(7, 200, 201)];
    let far = [unix(3, 201, 200), descriptor(5, BOTH, socket(9, SocketState::Connected))];
    let holders = [holder(1, &near), holder(3, &far)];
    let route = follow(key(2), &unix(0, 101, 100), Flow::In, |_, _: &Descriptor| holders, connected).unwrap();
    let through: Vec<_> = route.hops.iter().map(|hop| (hop.process.pid, hop.through.unwrap())).collect();
    assert_eq!(through, [(1, ChannelKind::UnixSocket), (3, ChannelKind::UnixSocket)]);
}

#[test]
fn the_runtime_is_not_followed() {
    let shim = [unix(6, 100, 101), unix(7, 200, 201)];
    let daemon = [unix(3, 201, 200), descriptor(5, BOTH, socket(9, SocketState::Connected))];
    let holders = [Holder { opaque: true, ..holder(1, &shim) }, holder(3, &daemon)];
    assert_eq!(follow(key(2), &unix(0, 101, 100), Flow::In, |_, _: &Descriptor| holders, connected), None);
}

#[test]
fn a_pipe_is_followed_only_against_its_flow() {
    let stdin = descriptor(0, READ, Object::Pipe { inode: 7 });
    let writer = [
        descriptor(1, WRITE, Object::Pipe { inode: 7 }),
        descriptor(3, BOTH, socket(9, SocketState::Connected)),
    ];
    let reader = [
        descriptor(0, READ, Object::Pipe { inode: 7 }),
        descriptor(3, BOTH, socket(9, SocketState::Connected)),
    ];
    assert!(follow(key(2), &stdin, Flow::In, |_, _: &Descriptor| [holder(1, &writer)], connected).is_some());
    assert!(follow(key(2), &stdin, Flow::In, |_, _: &Descriptor| [holder(1, &reader)], connected).is_none());
}

#[test]
fn a_terminal_leads_to_its_own_master_only() {
    let slave = descriptor(0, BOTH, Object::PtySlave { device: 5, index: 0 });
    let other = [
        descriptor(4, BOTH, Object::PtyMaster { device: 6, index: 0 }),
        descriptor(5, BOTH, socket(9, SocketState::Connected)),
    ];
    assert!(follow(key(2), &slave, Flow::In, |_, _: &Descriptor| [holder(1, &other)], connected).is_none());
    let own = [
        descriptor(4, BOTH, Object::PtyMaster { device: 5, index: 0 }),
        descriptor(5, BOTH, socket(9, SocketState::Connected)),
    ];
    assert!(
        follow(key(2), &slave, Flow::In, |_, _: &Descriptor| [holder(1, &own)], connected).unwrap().terminal
    );
}

#[test]
fn fifo_pipeline_leads_to_the_client() {
    // sh -i <fifo 2>&1 | client >fifo
    let stdin = descriptor(0, READ, Object::Fifo { device: 1, inode: 5 });
    let client = [
        descriptor(0, READ, Object::Pipe { inode: 7 }),
        descriptor(1, WRITE, Object::Fifo { device: 1, inode: 5 }),
        descriptor(3, BOTH, socket(9, SocketState::Connected)),
    ];
    let stdout = descriptor(1, WRITE, Object::Pipe { inode: 7 });
    let holders = [holder(1, &client)];
    assert!(follow(key(2), &stdin, Flow::In, |_, _: &Descriptor| holders, connected).is_some());
    assert!(follow(key(2), &stdout, Flow::Out, |_, _: &Descriptor| holders, connected).is_some());
}
