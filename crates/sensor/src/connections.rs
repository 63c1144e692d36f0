//! When connections were called for, for the findings that turn out to be about them.

use event::{SocketEvent, SocketState};
use std::collections::{HashMap, VecDeque};

/// Calls remembered: of more, the first are forgotten, and a finding does not say when its connection was called for.
const CALLS_MAX: usize = 1_024;

/// The latest calls, by the inode number of the socket.
#[derive(Default)]
pub(crate) struct Connections {
    called: HashMap<u64, u64>,
    order: VecDeque<u64>,
}

impl Connections {
    /// A process has called somebody.
    pub(crate) fn note(&mut self, event: &SocketEvent) {
        let inode = event.socket.inode;
        let calls = matches!(event.socket.state, SocketState::Connecting | SocketState::Connected);
        if inode == 0 || !calls || event.process.is_none() {
            return;
        }
        // a number that is given again is another socket's
        if self.called.insert(inode, event.time_ns).is_none() {
            self.order.push_back(inode);
        }
        if self.order.len() > CALLS_MAX
            && let Some(first) = self.order.pop_front()
        {
            self.called.remove(&first);
        }
    }

    /// When that socket's connection was called for, nanoseconds since boot.
    pub(crate) fn called_ns(&self, inode: u64) -> Option<u64> {
        self.called.get(&inode).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{CALLS_MAX, Connections};
    use event::{Direction, Endpoint, Internet, ProcessKey, Protocol, SocketEvent, SocketState};

    fn call(inode: u64, time_ns: u64, state: SocketState) -> SocketEvent {
        let end = Endpoint { address: [192, 0, 2, 7].into(), port: 4_444 };
        let (protocol, direction) = (Protocol::Tcp, Direction::Connected);
        let socket =
            Internet { inode, protocol, state, direction, local: end, remote: end, network_namespace: 1 };
        SocketEvent { time_ns, process: Some(ProcessKey { pid: 7, start_ns: 1 }), cgroup: 1, socket }
    }

    #[test]
    fn the_latest_calls_are_remembered_and_no_more() {
        let mut connections = Connections::default();
        for inode in 1..=CALLS_MAX as u64 + 1 {
            connections.note(&call(inode, inode * 10, SocketState::Connecting));
        }
        assert_eq!((connections.called_ns(1), connections.called_ns(2)), (None, Some(20)));
        connections.note(&call(2, 99, SocketState::Connecting));
        assert_eq!(connections.called_ns(2), Some(99), "the number was given again");
        assert_eq!((connections.called.len(), connections.order.len()), (CALLS_MAX, CALLS_MAX));
    }

    #[test]
    fn what_waits_and_what_nobody_holds_calls_nobody() {
        let mut connections = Connections::default();
        connections.note(&call(5, 1, SocketState::Listening));
        connections.note(&call(0, 1, SocketState::Connecting));
        connections.note(&SocketEvent { process: None, ..call(6, 1, SocketState::Connected) });
        assert!(connections.called.is_empty());
    }
}
