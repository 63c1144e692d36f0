//! Control groups as the kernel names them.

use crate::Text;

/// Which hierarchy the path was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hierarchy {
    /// The unified hierarchy.
    V2,
    /// A v1 controller (pids, memory or cpu), because the process is in the root of the unified hierarchy.
    V1,
}

/// The control group of a process.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cgroup {
    /// Inode number of the cgroup's directory.
    pub id: u64,
    /// Where the path was read.
    pub hierarchy: Hierarchy,
    /// Directory names from the top of the hierarchy downwards, without the root. At most the 8 topmost.
    pub path: Vec<Text>,
    /// There are further directories below the last one of `path`.
    pub truncated: bool,
}
