//! The runtime's own process beside a container: containerd's shim, or conmon.
//!
//! `ancestor pid → outside every workload? → arguments → Monitor`
//!
//! A container may name a process of its own like a shim and give it any arguments. What it cannot do is leave its
//! control group, so a monitor counts only where the kernel places it: on the node, or in a container that is a node.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use enrichment::identity::identify;
use event::{ContainerId, Text};
use rustix::fs::{Mode, OFlags};

use crate::files::Root;

/// Longest argument list, cgroup list or name that is read, bytes.
const PROC_FILE_MAX: u64 = 64 << 10;

/// A monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Monitor {
    pub(crate) pid: u32,
    pub(crate) standing: Standing,
    pub(crate) task: Task,
}

/// Where a monitor lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// On the node, with the node's own root: its paths are the node's paths.
    Host,
    /// On the node, with a view of files of its own.
    HostApart,
    /// In a container that is itself a node (kind): its word counts for its own containers alone.
    Node,
}

/// What a monitor's arguments say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// containerd's shim: one per pod, started in the sandbox's bundle, whose siblings are the other bundles.
    Shim {
        /// containerd's socket.
        address: Option<PathBuf>,
        /// containerd's namespace (`k8s.io`, `moby`).
        namespace: String,
    },
    /// conmon: one per container.
    Conmon {
        /// The container.
        id: ContainerId,
        /// Its bundle.
        bundle: PathBuf,
        /// Its name.
        name: Option<String>,
    },
}

/// The monitor that `pid` is, as an ancestor of a process of `container`.
pub(crate) fn above(
    proc_root: &Path,
    host_root: &Path,
    pid: u32,
    container: &ContainerId,
) -> Option<Monitor> {
    let task = task(proc_root, pid)?;
    let standing = standing(proc_root, host_root, pid, Some(container))?;
    Some(Monitor { pid, standing, task })
}

/// The monitors of the node itself that belong to root, at most `limit`.
pub(crate) fn on_the_node(proc_root: &Path, host_root: &Path, limit: usize) -> Vec<Monitor> {
    let Ok(processes) = std::fs::read_dir(proc_root) else { return Vec::new() };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let task = task(proc_root, pid)?;
            belongs_to_root(proc_root, pid).then_some(())?;
            Some(Monitor { pid, standing: standing(proc_root, host_root, pid, None)?, task })
        })
        .take(limit)
        .collect()
}

/// A file below a process's folder; these have no size and are no bigger than the kernel makes them.
fn process_file(proc_root: &Path, pid: u32, name: &str) -> Option<Vec<u8>> {
    let folder = Root::open(&proc_root.join(pid.to_string())).ok()?;
    Some(folder.read(Path::new(name), PROC_FILE_MAX).ok()?.bytes)
}

fn belongs_to_root(proc_root: &Path, pid: u32) -> bool {
    std::fs::metadata(proc_root.join(pid.to_string())).is_ok_and(|status| status.uid() == 0)
}

fn standing(
    proc_root: &Path,
    host_root: &Path,
    pid: u32,
    container: Option<&ContainerId>,
) -> Option<Standing> {
    let groups = process_file(proc_root, pid, "cgroup")?;
    let mut inside_a_node = false;
    for line in groups.split(|byte| *byte == b'\n') {
        // hierarchy:controllers:/path, and the path may hold colons
        let Some(path) = line.splitn(3, |byte| *byte == b':').nth(2) else { continue };
        let names: Vec<Text> =
            path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).map(Text::new).collect();
        if let Some(found) = identify(&names) {
            if found.pod_uid.is_some() || container.is_none_or(|container| *container == found.container) {
                return None;
            }
            inside_a_node = true;
        }
    }
    if inside_a_node {
        return Some(Standing::Node);
    }
    let folder = |path: &Path| std::fs::metadata(path).ok().map(|status| (status.dev(), status.ino()));
    let own = folder(&proc_root.join(pid.to_string()).join("root"));
    Some(if own.is_some() && own == folder(host_root) { Standing::Host } else { Standing::HostApart })
}

fn task(proc_root: &Path, pid: u32) -> Option<Task> {
    let bytes = process_file(proc_root, pid, "cmdline")?;
    let arguments: Vec<&str> =
        bytes.split(|byte| *byte == 0).map_while(|part| std::str::from_utf8(part).ok()).collect();
    parse(&arguments)
}

/// Shims of every runtime (runc, Kata, gVisor, Wasm) have other names and the same three options; so have conmon's
/// builds.
fn parse(arguments: &[&str]) -> Option<Task> {
    let option = |long: &str, short: Option<&str>| {
        let mut rest = arguments.iter().skip(1);
        while let Some(argument) = rest.next() {
            let Some(dashed) = argument.strip_prefix('-') else { continue };
            let name = dashed.strip_prefix('-').unwrap_or(dashed);
            if name == long || Some(name) == short {
                return rest.next().map(|value| (*value).to_owned());
            }
            if let Some((name, value)) = name.split_once('=')
                && name == long
            {
                return Some(value.to_owned());
            }
        }
        None
    };
    let absolute = |path: String| Path::new(&path).is_absolute().then(|| PathBuf::from(path));
    if let Some(namespace) = option("namespace", None)
        && option("id", None).is_some()
    {
        let address = option("address", None)
            .map(|address| address.strip_prefix("unix://").unwrap_or(&address).to_owned())
            .and_then(absolute);
        return Some(Task::Shim { address, namespace });
    }
    let id = ContainerId::new(&option("cid", Some("c"))?)?;
    let bundle = absolute(option("bundle", Some("b"))?)?;
    Some(Task::Conmon { id, bundle, name: option("name", Some("n")) })
}

impl Monitor {
    /// The folder it was started in, and that folder's path as it sees it.
    pub(crate) fn started_in(&self, proc_root: &Path) -> Option<(Root, PathBuf)> {
        let link = proc_root.join(self.pid.to_string()).join("cwd");
        Some((Root::open(&link).ok()?, std::fs::read_link(&link).ok()?))
    }

    /// Where its paths start: a folder of ours.
    pub(crate) fn root(&self, proc_root: &Path, host_root: &Path) -> PathBuf {
        match self.standing {
            Standing::Host => host_root.to_owned(),
            Standing::HostApart | Standing::Node => proc_root.join(self.pid.to_string()).join("root"),
        }
    }
}

/// Whether this process may look into others at all; without that no monitor can be followed.
pub(crate) fn may_look(proc_root: &Path) -> bool {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(proc_root.join("1/root"), flags, Mode::empty()).is_ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use event::ContainerId;

    use super::{Task, parse};

    const ID: &str = "1111111111111111222222222222222233333333333333334444444444444444";

    #[test]
    fn options_tell_a_monitor() {
        let shim = [
            "/usr/bin/containerd-shim-runc-v2",
            "-namespace",
            "k8s.io",
            "-id",
            ID,
            "-address",
            "/run/c/c.sock",
            "",
        ];
        let found = Task::Shim { address: Some(PathBuf::from("/run/c/c.sock")), namespace: "k8s.io".into() };
        assert_eq!(parse(&shim), Some(found));
        let spelt = ["shim", "--namespace=moby", "--id=x", "--address=unix:///run/d.sock"];
        let found = Task::Shim { address: Some(PathBuf::from("/run/d.sock")), namespace: "moby".into() };
        assert_eq!(parse(&spelt), Some(found));
        let conmon = [
            "/usr/bin/conmon",
            "-s",
            "-c",
            ID,
            "-u",
            ID,
            "-b",
            "/var/lib/x/userdata",
            "-n",
            "web",
            "-r",
            "/usr/bin/runc",
        ];
        let id = ContainerId::new(ID).unwrap();
        let found =
            Task::Conmon { id, bundle: PathBuf::from("/var/lib/x/userdata"), name: Some("web".into()) };
        assert_eq!(parse(&conmon), Some(found));
    }

    #[test]
    fn other_programs_are_none() {
        for arguments in [
            &["bash", "-c", "echo"][..],
            &["conmon", "-c", "../../etc", "-b", "/x"],
            &["conmon", "-c", ID, "-b", "relative"],
            &["x", "-namespace"],
            &["x", "-id", "-namespace"],
            &[""],
            &[],
        ] {
            assert_eq!(parse(arguments), None, "{arguments:?}");
        }
    }
}
