//! Who holds which channel: the other end of a descriptor is found without asking every process.

use event::{Descriptor, Object, ProcessKey};
use std::collections::BTreeSet;

/// What two ends of one channel have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Channel {
    /// A UNIX socket by its own inode.
    Unix(u64),
    /// A UNIX socket by the inode of its other end.
    UnixTo(u64),
    Pipe(u64),
    Fifo(u64),
    /// A terminal by its mount and index: every container counts its own.
    Pty(u32, u32),
}

/// Holders by channel.
#[derive(Debug, Default)]
pub(super) struct Ends(BTreeSet<(Channel, ProcessKey)>);

impl Ends {
    pub(super) fn add(&mut self, process: ProcessKey, descriptors: &[Descriptor]) {
        self.0.extend(descriptors.iter().flat_map(held).flatten().map(|channel| (channel, process)));
    }

    pub(super) fn remove(&mut self, process: ProcessKey, descriptors: &[Descriptor]) {
        for channel in descriptors.iter().flat_map(held).flatten() {
            self.0.remove(&(channel, process));
        }
    }

    /// Processes that may hold the other end, each once for each channel.
    pub(super) fn opposite(&self, descriptor: &Descriptor) -> impl Iterator<Item = ProcessKey> + '_ {
        const FIRST: ProcessKey = ProcessKey { pid: 0, start_ns: 0 };
        const LAST: ProcessKey = ProcessKey { pid: u32::MAX, start_ns: u64::MAX };
        let channels = sought(descriptor).into_iter().flatten();
        channels
            .flat_map(|channel| self.0.range((channel, FIRST)..=(channel, LAST)))
            .map(|(_, process)| *process)
    }
}

/// Under which channels a holder of the descriptor stands.
fn held(descriptor: &Descriptor) -> [Option<Channel>; 2] {
    match descriptor.object {
        Object::Unix { inode, peer, .. } => {
            [Some(Channel::Unix(inode)), (peer != 0).then_some(Channel::UnixTo(peer))]
        }
        _ => [shared(descriptor), None],
    }
}

/// Under which channels a holder of the other end stands.
fn sought(descriptor: &Descriptor) -> [Option<Channel>; 2] {
    match descriptor.object {
        Object::Unix { inode, peer, .. } => {
            [(peer != 0).then_some(Channel::Unix(peer)), Some(Channel::UnixTo(inode))]
        }
        _ => [shared(descriptor), None],
    }
}

/// Channels whose ends look the same.
fn shared(descriptor: &Descriptor) -> Option<Channel> {
    match descriptor.object {
        Object::Pipe { inode } => Some(Channel::Pipe(inode)),
        Object::Fifo { inode, .. } => Some(Channel::Fifo(inode)),
        Object::PtySlave { device, index } | Object::PtyMaster { device, index } => {
            Some(Channel::Pty(device, index))
        }
        _ => None,
    }
}
