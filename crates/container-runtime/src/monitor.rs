//! The runtime's own process beside a container: containerd's shim, or conmon.
//!
//! `ancestor pid → outside every workload? → arguments → Monitor`
//!
//! A container may name a process of its own like a shim and give it any arguments. What it cannot do is leave its
//! control group, so a monitor counts only where the kernel places it: on the node, or in a container that is a node.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use enrichment::FIRST_PID_NAMESPACE;
use enrichment::identity::identify;
use event::{Cgroup, ContainerId, Hierarchy, Text, Whereabouts};
use rustix::fs::{Mode, OFlags};

use crate::claims;
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

/// The monitor that `pid` is, as an ancestor of a process of `container`, or of one whose container is not known.
pub(crate) fn above(
    proc_root: &Path,
    host_root: &Path,
    pid: u32,
    container: Option<&ContainerId>,
) -> Option<Monitor> {
    let task = task(proc_root, pid)?;
    let standing = standing(proc_root, host_root, pid, container)?;
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

/// Where a runtime that `pid` is, as an ancestor on the node, was told to keep its records (`runc --root <folder> run …`).
pub(crate) fn state_folder(proc_root: &Path, host_root: &Path, pid: u32) -> Option<PathBuf> {
    let bytes = process_file(proc_root, pid, "cmdline")?;
    let folder = option(&texts(&bytes), "root", None).and_then(absolute)?;
    let is_nodes =
        belongs_to_root(proc_root, pid) && standing(proc_root, host_root, pid, None) == Some(Standing::Host);
    is_nodes.then_some(folder)
}

/// The control group and pid namespace of a process that lives now.
pub(crate) fn whereabouts(proc_root: &Path, pid: u32) -> Option<Whereabouts> {
    let groups = process_file(proc_root, pid, "cgroup")?;
    let lines = groups.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut parts = line.splitn(3, |byte| *byte == b':').skip(1);
        let hierarchy = if parts.next()?.is_empty() { Hierarchy::V2 } else { Hierarchy::V1 };
        Some((hierarchy, names(parts.next()?)))
    });
    // the deepest one: where a hierarchy is not used, everything is at its top
    let (hierarchy, path) = lines.max_by_key(|(_, path)| path.len())?;
    let cgroup = Cgroup { id: 0, hierarchy, path, truncated: false };
    Some(Whereabouts { cgroup, pid_namespace: claims::pid_namespace(proc_root, pid)?, ancestors: Vec::new() })
}

fn names(path: &[u8]) -> Vec<Text> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).map(Text::new).collect()
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
        if let Some(found) = identify(&names(path)) {
            if found.pod_uid.is_some() || container.is_none_or(|container| *container == found.container) {
                return None;
            }
            inside_a_node = true;
        }
    }
    if inside_a_node {
        return Some(Standing::Node);
    }
    // A container may be in a group of any name; it is not among the node's processes.
    let node = claims::pid_namespace(proc_root, 1).unwrap_or(FIRST_PID_NAMESPACE);
    if claims::pid_namespace(proc_root, pid).is_some_and(|own| own != node) {
        return None;
    }
    let folder = |path: &Path| std::fs::metadata(path).ok().map(|status| (status.dev(), status.ino()));
    let own = folder(&proc_root.join(pid.to_string()).join("root"));
    Some(if own.is_some() && own == folder(host_root) { Standing::Host } else { Standing::HostApart })
}

fn task(proc_root: &Path, pid: u32) -> Option<Task> {
    let bytes = process_file(proc_root, pid, "cmdline")?;
    parse(&texts(&bytes))
}

fn texts(arguments: &[u8]) -> Vec<&str> {
    arguments.split(|byte| *byte == 0).map_while(|part| std::str::from_utf8(part).ok()).collect()
}

fn absolute(path: String) -> Option<PathBuf> {
    Path::new(&path).is_absolute().then(|| PathBuf::from(path))
}

/// The value of an option, in either of its spellings.
fn option(arguments: &[&str], long: &str, short: Option<&str>) -> Option<String> {
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
}

/// Shims of every runtime (runc, Kata, gVisor, Wasm) have other names and the same three options; so have conmon's
/// builds.
fn parse(arguments: &[&str]) -> Option<Task> {
    let option = |long, short| option(arguments, long, short);
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
