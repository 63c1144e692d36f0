//! Which connection of a relay a shell belongs to, where the relay has several.

use event::{Internet, ProcessKey};
use std::collections::HashMap;

/// Relays remembered.
const RELAYS_MAX: usize = 1_024;
/// Sessions of one relay remembered.
const SESSIONS_MAX: usize = 64;

/// Sessions that were reported: by relay, the socket's inode and the first shell behind it.
#[derive(Debug, Default)]
pub(crate) struct Reported(HashMap<ProcessKey, Vec<(u64, ProcessKey)>>);

impl Reported {
    pub(crate) fn note(&mut self, relay: ProcessKey, socket: u64, shell: ProcessKey) {
        if self.0.len() >= RELAYS_MAX && !self.0.contains_key(&relay) {
            self.0.clear();
        }
        let sessions = self.0.entry(relay).or_default();
        if sessions.len() < SESSIONS_MAX && !sessions.iter().any(|(of, _)| *of == socket) {
            sessions.push((socket, shell));
        }
    }

    /// The socket that commands come through. `sockets` holds the likeliest first; `is_kin`: the process belongs to the
    /// same session as the one that is looked at; `interactive`: it takes commands over a channel of its own.
    ///
    /// A relay that opens a second connection beside the one it was reported with keeps that one. A shell of its
    /// own beside others that still live is another client's.
    pub(crate) fn choose(
        &self,
        relay: ProcessKey,
        sockets: &[Internet],
        interactive: bool,
        is_kin: impl Fn(ProcessKey) -> bool,
        is_alive: impl Fn(ProcessKey) -> bool,
    ) -> Option<Internet> {
        let sessions = self.0.get(&relay).map(Vec::as_slice).unwrap_or_default();
        let session = |socket: &Internet| sessions.iter().find(|(of, _)| *of == socket.inode);
        let of = |wanted: &dyn Fn(&Internet) -> bool| sockets.iter().find(|socket| wanted(socket)).copied();
        if let Some(own) = of(&|socket| session(socket).is_some_and(|(_, shell)| is_kin(*shell))) {
            return Some(own);
        }
        let all_live = sessions.iter().all(|(_, shell)| is_alive(*shell));
        let free = of(&|socket| session(socket).is_none());
        if interactive && all_live && free.is_some() {
            return free;
        }
        of(&|socket| session(socket).is_some()).or(free)
    }
}
