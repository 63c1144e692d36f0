//! The container by a containerd of this command's own, where one is installed and none runs: so its container has names.

use super::cleanup::Cleanup;
use super::stage::{Stage, Started};
use super::{commands, containerd, need};
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Longest wait for it to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Starts the daemon in the stage's folder, and the container by it.
pub(crate) fn start(
    stage: &Stage,
    command: &[String],
    cleanup: &mut Cleanup,
    interrupt: &Interrupt,
) -> Result<Started> {
    let (daemon, ctr) = (need("containerd", "containerd")?, need("ctr", "containerd")?);
    need("runc", "runc")?;
    let folder = stage.folder.join("containerd");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("config.toml"), config(&folder))?;
    let said = File::create(folder.join("said"))?;
    let mut child = lives_no_longer_than_this(&daemon)
        .arg("--config")
        .arg(folder.join("config.toml"))
        .stdout(said.try_clone()?)
        .stderr(said)
        .spawn()
        .context("containerd cannot be started")?;
    let pid = Pid::from_child(&child);
    let socket = folder.join("containerd.sock");
    let version = answered(&ctr, &socket, &folder, &mut child, interrupt);
    // what is made by it is undone by it, so it ends last
    cleanup.with_container(format!("containerd, process {}", child.id()), move || end(&mut child, pid));
    let by = format!("containerd {}, started for this container alone", version?);
    containerd::start_at(stage, command, &ctr, &socket, by, cleanup)
}

/// Nothing of it outside the folder, and without the plugin that speaks to a kubelet.
fn config(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        r#"version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.tracing", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
path = "{folder}/opt"
"#
    )
}

/// Even if this command is killed, where the machine has the tool for it.
fn lives_no_longer_than_this(daemon: &Path) -> Command {
    match commands::find("setpriv") {
        Some(setpriv) => {
            let mut command = commands::quiet(&setpriv);
            command.args(["--pdeathsig", "TERM"]).arg(daemon);
            command
        }
        None => commands::quiet(daemon),
    }
}

/// Its version, once it answers.
fn answered(
    ctr: &Path,
    socket: &Path,
    folder: &Path,
    child: &mut Child,
    interrupt: &Interrupt,
) -> Result<String> {
    let begun = Instant::now();
    loop {
        interrupt.check()?;
        let said =
            || String::from_utf8_lossy(&std::fs::read(folder.join("said")).unwrap_or_default()).into_owned();
        if let Some(status) = child.try_wait()? {
            bail!("containerd ended before it answered ({status}): {}", last_line(&said()));
        }
        if socket.exists()
            && let Ok(version) = containerd::version_at(ctr, socket)
        {
            return Ok(version);
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "containerd did not answer within {} s: {}",
            PATIENCE.as_secs(),
            last_line(&said())
        );
        std::thread::sleep(LOOK_EVERY);
    }
}

fn last_line(said: &str) -> &str {
    said.trim_end().rsplit('\n').next().unwrap_or_default()
}

fn end(child: &mut Child, pid: Pid) -> std::io::Result<()> {
    let begun = Instant::now();
    if child.try_wait()?.is_none() {
        kill_process(pid, Signal::TERM)?;
    }
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            break;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(())
}
