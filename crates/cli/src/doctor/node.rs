//! The node: control groups and container runtimes.

use super::Row;
use anyhow::Result;
use container_runtime::Runtimes;
use sensor::configuration::Configuration;
use std::path::Path;

pub(crate) fn rows(configuration: Option<&Path>) -> Result<Vec<Row>> {
    let config = Configuration::load(configuration)?.sensor(None)?.runtimes;
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let runtimes = Runtimes::new(config);
    let mut rows = vec![control_groups(&mounts)];
    rows.extend(sockets(&runtimes));
    if !runtimes.may_follow_processes() {
        rows.push(Row::less(
            "runtime folders",
            "other processes' folders cannot be followed",
            "containers of a runtime in an unusual place stay without names",
            "give CAP_SYS_PTRACE and share the node's pid namespace; a security module may forbid it too",
        ));
    }
    Ok(rows)
}

fn control_groups(mounts: &str) -> Row {
    let has = |kind: &str| mounts.lines().any(|mount| mount.split(' ').nth(2) == Some(kind));
    // containers are told apart by names that the kernel keeps, mounted or not
    match (has("cgroup2"), has("cgroup")) {
        (true, false) => Row::ok("control groups", "version 2"),
        (false, true) => Row::ok("control groups", "version 1"),
        (true, true) => Row::ok("control groups", "both versions (hybrid)"),
        (false, false) => Row::ok("control groups", "not mounted here; the kernel's own names are used"),
    }
}

fn sockets(runtimes: &Runtimes) -> Vec<Row> {
    let statuses = runtimes.sockets();
    if statuses.is_empty() {
        return vec![Row::less(
            "container runtime",
            "no socket found",
            "containers have no pod labels, image digests and log paths; names come from bundles where there are any",
            "nothing, where no containers run; else name the socket in the configuration (runtimeSockets)",
        )];
    }
    let row = |status: container_runtime::SocketStatus| match &status.answer {
        Ok(who) => Row::ok(
            "container runtime",
            format!(
                "{} {} at {} ({} ms)",
                who.name,
                who.version,
                status.path.display(),
                status.took.as_millis()
            ),
        ),
        Err(problem) => Row::less(
            "container runtime",
            format!("{}: {problem}", status.path.display()),
            status.costs().unwrap_or_default(),
            "look at the runtime's own log; remove a socket that nobody serves",
        ),
    };
    statuses.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::control_groups;

    #[test]
    fn the_layout_is_read_from_the_mounts() {
        let v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";
        let v1 = "cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0\n";
        assert_eq!(control_groups(v2).found, "version 2");
        assert_eq!(control_groups(v1).found, "version 1");
        assert_eq!(control_groups(&format!("{v1}{v2}")).found, "both versions (hybrid)");
        assert_eq!(
            control_groups("cgroup2 /a tmpfs rw 0 0\n").found,
            "not mounted here; the kernel's own names are used"
        );
    }
}
