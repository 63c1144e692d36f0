//! Leaves nothing behind: processes, mounts, control groups.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::mount::{UnmountFlags, unmount};
use rustix::process::{Pid, Signal, kill_process};

/// Kills every process that was started with `socket` among its arguments (shims) and waits until it is gone.
pub(crate) fn kill_shims(socket: &Path) {
    let wanted = socket.as_os_str().as_encoded_bytes();
    for_processes(|pid| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        arguments.split(|byte| *byte == 0).any(|argument| argument == wanted)
    });
}

/// Kills every process in a control group below `/<name>`.
pub(crate) fn kill_members(name: &str) {
    let wanted = format!(":/{name}/");
    for_processes(|pid| {
        fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|groups| groups.contains(&wanted))
    });
}

fn for_processes(is_ours: impl Fn(u32) -> bool) {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let ours: Vec<u32> = processes().filter(|pid| is_ours(*pid)).collect();
        if ours.is_empty() || Instant::now() > until {
            return;
        }
        for pid in ours {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // Gone already is as good.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// Unmounts everything below `folder`, the deepest first.
pub(crate) fn unmount_below(folder: &Path) {
    for point in mount_points().into_iter().rev().filter(|point| point.starts_with(folder)) {
        let _ = unmount(&point, UnmountFlags::DETACH);
    }
}

/// Removes the control group `/<name>` with all below it from every hierarchy.
pub(crate) fn remove_control_groups(name: &str) {
    let until = Instant::now() + Duration::from_secs(2);
    for hierarchy in mount_points().into_iter().filter(|point| point.starts_with("/sys/fs/cgroup")) {
        let top = hierarchy.join(name);
        // A group stays busy for a moment after its last process.
        while top.exists() && Instant::now() < until {
            remove_tree(&top);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn remove_tree(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    let _ = fs::remove_dir(folder);
}

/// Mount points in the order in which they were mounted.
fn mount_points() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    text.lines().filter_map(|line| line.split(' ').nth(4)).map(PathBuf::from).collect()
}
