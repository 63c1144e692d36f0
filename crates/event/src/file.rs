//! Files as the kernel knows them.

use crate::Text;

/// Identity of one version of a file's content: device, inode and change time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct FileIdentity {
    /// Device number as the kernel holds it (`major << 20 | minor`).
    pub device: u32,
    /// Inode number.
    pub inode: u64,
    /// Last status change, nanoseconds since the epoch.
    pub changed_ns: u64,
}

impl FileIdentity {
    /// The same file, though it was deleted or renamed meanwhile: that changes its time, not what a process runs.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// Where a file lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// overlayfs; `upper` when the file was added or changed after the image was made.
    Overlay {
        /// The file lives in the writable layer.
        upper: bool,
    },
    /// Anonymous memory (`memfd_create`).
    Memfd,
    /// tmpfs, `/dev/shm` included.
    Tmpfs,
    /// Any other, by superblock magic.
    Other(u64),
}

/// A file as the kernel knew it when it was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Device, inode and change time.
    pub identity: FileIdentity,
    /// Absolute path as the process saw it.
    pub path: Text,
    /// The path was longer than what the probe reads.
    pub path_truncated: bool,
    /// Bytes.
    pub size: u64,
    /// Hard links; 0 when the file was deleted.
    pub links: u32,
    /// File type and permission bits.
    pub mode: u32,
    /// File system it lives on.
    pub file_system: FileSystem,
}
