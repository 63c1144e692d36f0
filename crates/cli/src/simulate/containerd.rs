//! The container by containerd, through its own `ctr`.

use super::cleanup::{Cleanup, until_free};
use super::stage::{Stage, Started};
use super::{commands, need, short};
use anyhow::{Context, Result, bail};
use container_runtime::{Config, Runtimes};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Containers that exist at once have a namespace of containerd each; the kubelet never looks into these.
const NAMESPACE: &str = "vedette-simulation";
/// What the kubelet would have written, so that the finding has names.
const ANNOTATIONS: [(&str, &str); 6] = [
    ("io.kubernetes.cri.container-type", "container"),
    ("io.kubernetes.cri.container-name", "socat"),
    ("io.kubernetes.cri.image-name", "vedette.local/simulation:latest"),
    ("io.kubernetes.cri.sandbox-name", "socat-reverse-shell"),
    ("io.kubernetes.cri.sandbox-namespace", "vedette-simulation"),
    ("io.kubernetes.cri.sandbox-uid", "00000000-0000-4000-8000-000000000000"),
];

/// Starts the container.
pub(crate) fn start(
    stage: &Stage,
    command: &[String],
    chosen: Option<&Path>,
    cleanup: &mut Cleanup,
) -> Result<Started> {
    let ctr = need("ctr", "containerd")?;
    let (socket, version) = answering(&ctr, chosen)?;
    let by = format!("containerd {version} at {}", socket.display());
    start_at(stage, command, &ctr, &socket, by, cleanup)
}

/// Starts the container by the daemon that answers there.
pub(crate) fn start_at(
    stage: &Stage,
    command: &[String],
    ctr: &Path,
    socket: &Path,
    by: String,
    cleanup: &mut Cleanup,
) -> Result<Started> {
    let namespace = format!("{NAMESPACE}-{}", short(&stage.id));
    let base = base(socket, &namespace);
    // runc removes the container's control groups and leaves their parents, named like the namespace
    cleanup.with_container("control groups", {
        let namespace = namespace.clone();
        move || remove_control_groups(&namespace)
    });
    // undone from the last to the first
    for step in [
        &["namespaces", "remove", &namespace][..],
        &["containers", "delete", &stage.id],
        &["tasks", "delete", "--force", &stage.id],
        &["tasks", "kill", "--signal", "SIGKILL", &stage.id],
    ] {
        undo(cleanup, ctr, &base, step);
    }

    let mut run = commands::quiet(ctr);
    run.args(&base).args(["run", "--rm", "--rootfs", "--net-host"]);
    for (key, value) in ANNOTATIONS {
        run.args(["--annotation", &format!("{key}={value}")]);
    }
    run.arg(&stage.root).arg(&stage.id).args(command);
    stage.start(&mut run, by)
}

fn base(socket: &Path, namespace: &str) -> Vec<OsString> {
    let mut base: Vec<OsString> =
        ["--connect-timeout", "3s", "--namespace", namespace, "--address"].map(Into::into).into();
    base.push(socket.into());
    base
}

fn undo(cleanup: &mut Cleanup, ctr: &Path, base: &[OsString], arguments: &[&str]) {
    let ctr = ctr.to_owned();
    let all: Vec<OsString> = base.iter().cloned().chain(arguments.iter().map(Into::into)).collect();
    cleanup.with_container(arguments.join(" "), move || match commands::output(&ctr, &all) {
        Ok(_) => Ok(()),
        Err(error) if error.to_string().contains("not found") => Ok(()),
        Err(error) => Err(std::io::Error::other(format!("{error:#}"))),
    });
}

/// Removes an empty folder of that name from the top of every hierarchy.
fn remove_control_groups(name: &str) -> std::io::Result<()> {
    for mount in std::fs::read_to_string("/proc/self/mounts")?.lines() {
        let mut fields = mount.split(' ').skip(1);
        if let (Some(at), Some("cgroup" | "cgroup2")) = (fields.next(), fields.next()) {
            until_free(|| std::fs::remove_dir(Path::new(at).join(name)))?;
        }
    }
    Ok(())
}

/// The first containerd that answers, and its version.
fn answering(ctr: &Path, chosen: Option<&Path>) -> Result<(PathBuf, String)> {
    let sockets = match chosen {
        Some(chosen) => vec![chosen.to_owned()],
        None => sockets(),
    };
    if sockets.is_empty() {
        bail!("containerd does not run (no socket in the usual places; --containerd names another)");
    }
    let mut last = None;
    for socket in sockets {
        match version_at(ctr, &socket) {
            Ok(version) => return Ok((socket, version)),
            Err(error) => last = Some(error.context(format!("{}", socket.display()))),
        }
    }
    Err(last.context("no containerd answers")?)
}

/// The version of the daemon that answers there.
pub(crate) fn version_at(ctr: &Path, socket: &Path) -> Result<String> {
    let mut arguments = base(socket, NAMESPACE);
    arguments.push("version".into());
    commands::output(ctr, &arguments).map(|said| server_version(&said))
}

fn sockets() -> Vec<PathBuf> {
    let runtimes = Runtimes::new(Config {
        host_root: "/".into(),
        proc_root: "/proc".into(),
        extra_sockets: Vec::new(),
        timeout: Duration::from_millis(500),
    });
    let paths = runtimes.sockets().into_iter().map(|status| status.path);
    paths.filter(|path| path.file_name().is_some_and(|name| name == "containerd.sock")).collect()
}

/// `ctr version` prints the client's first, then the server's.
fn server_version(said: &str) -> String {
    let server = said.split_once("Server:").map_or(said, |(_, server)| server);
    let version = server.lines().find_map(|line| line.trim().strip_prefix("Version:"));
    version.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::server_version;

    #[test]
    fn the_servers_version_is_shown_and_not_the_clients() {
        let said = "Client:\n  Version:  1.7.1\n  Revision: \n\nServer:\n  Version:  1.6.20\n  UUID: x\n";
        assert_eq!(server_version(said), "1.6.20");
        assert_eq!(server_version(""), "");
    }
}
