//! What /proc says of one process, as the sensor would learn it from the kernel.

use std::fs;

/// Pids of the parents of `pid`, nearest first, up to the first process.
pub fn ancestors(pid: u32) -> Vec<u32> {
    let mut pids = Vec::new();
    let mut next = parent(pid);
    while let Some(pid) = next.filter(|pid| *pid != 0) {
        pids.push(pid);
        next = parent(pid);
    }
    pids
}

/// The paths of its control groups, one for each hierarchy, by the hierarchy's controllers (empty for v2).
pub fn control_groups(pid: u32) -> Vec<(String, String)> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    text.lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ':').skip(1);
            Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
        })
        .collect()
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}
