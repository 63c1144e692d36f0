//! What a sensor uses, read from /proc: CPU time, memory, wake-ups of all processes of its group.

use std::path::Path;

/// The unit of /proc/PID/stat, a constant of Linux on x86-64 and arm64.
const TICKS_PER_SECOND: f64 = 100.0;

/// Totals over the processes of one process group.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    /// User and system time since each process started.
    pub(crate) cpu_seconds: f64,
    /// Resident memory, KiB.
    pub(crate) resident_kib: u64,
    /// Times a thread was switched out because it waited: each is one wake-up later.
    pub(crate) waits: u64,
}

/// What the processes of `group` use now; nothing once they are gone.
pub(crate) fn of_group(group: u32) -> Usage {
    let mut total = Usage::default();
    let Ok(entries) = std::fs::read_dir("/proc") else { return total };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(stat) = Stat::parse(&stat).filter(|stat| stat.group == group) else { continue };
        total.cpu_seconds += stat.ticks as f64 / TICKS_PER_SECOND;
        total.resident_kib += status_field(&entry.path(), "VmRSS:");
        total.waits += thread_waits(&entry.path());
    }
    total
}

struct Stat {
    group: u32,
    ticks: u64,
}

impl Stat {
    fn parse(text: &str) -> Option<Self> {
        // The name in brackets may hold anything, brackets too.
        let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Self { group: fields.get(2)?.parse().ok()?, ticks: ticks(11)? + ticks(12)? })
    }
}

fn status_field(process: &Path, field: &str) -> u64 {
    let text = std::fs::read_to_string(process.join("status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn thread_waits(process: &Path) -> u64 {
    let threads = std::fs::read_dir(process.join("task")).into_iter().flatten().flatten();
    threads.map(|thread| status_field(&thread.path(), "voluntary_ctxt_switches:")).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_shift_the_fields() {
        let text = "7 (a) b) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 1 0 5 0 0";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.group, stat.ticks), (42, 300));
    }

    #[test]
    fn this_process_uses_something() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
        assert!(of_group(group).resident_kib > 0);
    }
}
