//! Births and deaths.

use crate::ProcessKey;

/// A process was born.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// Nanoseconds since boot.
    pub time_ns: u64,
    /// The new process.
    pub child: ProcessKey,
    /// Its parent (the one `getppid` will name).
    pub parent: ProcessKey,
    /// Inode number of the child's cgroup.
    pub cgroup: u64,
}

/// The last thread of a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Nanoseconds since boot.
    pub time_ns: u64,
    /// The process.
    pub process: ProcessKey,
    /// Inode number of its cgroup.
    pub cgroup: u64,
    /// Wait status, as in `wait(2)`.
    pub status: i32,
}
