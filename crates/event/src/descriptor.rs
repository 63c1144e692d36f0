//! What a process's descriptors are.

use crate::Internet;

/// How a descriptor was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Access {
    /// Opened for reading.
    pub read: bool,
    /// Opened for writing.
    pub write: bool,
}

/// One open descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub number: u32,
    /// How it was opened.
    pub access: Access,
    /// What it refers to.
    pub object: Object,
}

impl Descriptor {
    /// The internet socket that it is, if it is one.
    pub fn internet(&self) -> Option<&Internet> {
        match &self.object {
            Object::Internet(socket) => Some(socket),
            _ => None,
        }
    }

    /// It is an internet socket.
    pub fn is_internet(&self) -> bool {
        self.internet().is_some()
    }

    /// It is that internet socket.
    pub fn is_socket(&self, inode: u64) -> bool {
        self.internet().is_some_and(|socket| socket.inode == inode)
    }
}

/// What a descriptor refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// Not open.
    Closed,
    /// An internet (or vsock) socket.
    Internet(Internet),
    /// A UNIX socket.
    Unix {
        /// Inode number.
        inode: u64,
        /// Inode number of the connected socket; 0 when not connected.
        peer: u64,
        /// It listens for connections.
        listening: bool,
        /// Datagrams: whoever sends here need not be answered.
        datagram: bool,
    },
    /// An anonymous pipe.
    Pipe {
        /// Inode number, shared by both ends.
        inode: u64,
    },
    /// A named pipe.
    Fifo {
        /// Device of the file system.
        device: u32,
        /// Inode number.
        inode: u64,
    },
    /// The slave side of a pseudo-terminal.
    PtySlave {
        /// Device number of the devpts mount: every container has its own.
        device: u32,
        /// The N of `/dev/pts/N`.
        index: u32,
    },
    /// The master side of a pseudo-terminal.
    PtyMaster {
        /// Device number of the devpts mount; 0 if it could not be read.
        device: u32,
        /// The N of `/dev/pts/N`.
        index: u32,
    },
    /// A regular file.
    Regular {
        /// Device number.
        device: u32,
        /// Inode number.
        inode: u64,
    },
    /// A character device other than a pseudo-terminal (`/dev/null` is 1:3).
    Character {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A socket of another family.
    OtherSocket {
        /// Address family.
        family: u16,
        /// Inode number.
        inode: u64,
    },
    /// Anything else (directory, epoll, eventfd, …).
    Other,
}
