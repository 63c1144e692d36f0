//! The machine: names that a finding carries, and what `vedette doctor` asks.

use std::fs;
use std::path::Path;

/// What the machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Node name (`NODE_NAME` of a DaemonSet, else the host's name).
    pub node: String,
    /// Changes with every boot: makes socket inode numbers unique.
    pub boot_id: String,
    /// Stable identity of the installation; stands in for a cloud's instance id.
    pub machine_id: String,
    /// Kernel release.
    pub kernel: String,
    /// Type information for the probes.
    pub has_btf: bool,
}

impl Machine {
    /// Reads the machine.
    pub fn read() -> Self {
        let uname = rustix::system::uname();
        let node = std::env::var("NODE_NAME")
            .ok()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| uname.nodename().to_string_lossy().into_owned());
        let text = |path: &str| fs::read_to_string(path).map(|t| t.trim().to_owned()).unwrap_or_default();
        Self {
            node,
            boot_id: boot_id(),
            machine_id: text("/etc/machine-id"),
            kernel: uname.release().to_string_lossy().into_owned(),
            has_btf: Path::new("/sys/kernel/btf/vmlinux").exists(),
        }
    }
}

/// The kernel's boot id; empty when /proc does not say.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|t| t.trim().to_owned()).unwrap_or_default()
}

/// Number of the node's own mount namespace: that of the kernel's threads, else of the first process. `None` where
/// neither may be looked at.
pub fn mount_namespace(proc_root: &Path) -> Option<u32> {
    let of = |pid: u32| crate::namespace(proc_root, pid, "mnt");
    let is_kernels = fs::read_to_string(proc_root.join("2/comm")).is_ok_and(|name| name.trim() == "kthreadd");
    is_kernels.then(|| of(2)).flatten().or_else(|| of(1))
}
