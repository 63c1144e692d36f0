//! Who a process is.

use crate::{FileIdentity, Text};

/// Identity of a process: a pid is reused, a pid with its start time is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ProcessKey {
    /// Thread group id in the initial pid namespace.
    pub pid: u32,
    /// Nanoseconds since boot (`task_struct.group_leader.start_boottime`).
    pub start_ns: u64,
}

impl ProcessKey {
    /// What the kernel counts times in for readers of /proc (`USER_HZ`, the same on every machine), nanoseconds.
    pub const TICK_NS: u64 = 10_000_000;

    /// Its start as field 22 of `/proc/PID/stat` has it, ticks since boot.
    pub const fn start_ticks(self) -> u64 {
        self.start_ns / Self::TICK_NS
    }
}

/// Who the process acts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Real user id in the initial user namespace.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Effective user id.
    pub effective_uid: u32,
    /// Effective group id.
    pub effective_gid: u32,
    /// Effective capability bits.
    pub effective_capabilities: u64,
    /// Login user id of the audit subsystem; `u32::MAX` when never set.
    pub login_uid: u32,
}

/// Inode numbers of the namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Namespaces {
    /// Pid namespace.
    pub pid: u32,
    /// Mount namespace.
    pub mount: u32,
    /// Network namespace.
    pub network: u32,
    /// User namespace.
    pub user: u32,
}

/// The controlling terminal of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Major device number (136 to 143 are pseudo-terminals).
    pub major: u32,
    /// Index within the driver: the N of `/dev/pts/N`.
    pub index: u32,
}

/// What the kernel says of one ancestor at the moment of a descendant's exec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// The ancestor.
    pub process: ProcessKey,
    /// Its command name (`comm`), at most 15 bytes.
    pub name: Text,
    /// The file it executes; `None` for kernel threads.
    pub executable: Option<FileIdentity>,
    /// Inode number of its v2 cgroup (or of its v1 pids cgroup).
    pub cgroup: u64,
}

/// What a process shows of the container that it may be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// Its control group.
    pub cgroup: crate::Cgroup,
    /// Its pid namespace.
    pub pid_namespace: u32,
    /// Its ancestors, the parent first.
    pub ancestors: Vec<u32>,
}
