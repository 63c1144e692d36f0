//! The container by nothing but the kernel: own namespaces, a control group with a container's name, a changed root.

use super::cleanup::{Cleanup, until_free};
use super::stage::{Stage, Started};
use super::{commands, need};
use anyhow::{Context, Result};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::path::Path;

/// Enters the control group first, so that everything it starts is in it.
const ENTER: &str = "echo $$ > \"$0\" && exec \"$@\"";

/// Starts the container.
pub(crate) fn start(stage: &Stage, command: &[String], cleanup: &mut Cleanup) -> Result<Started> {
    let unshare = need("unshare", "util-linux")?;
    // a mount of our own works in a chroot, where /sys/fs/cgroup may be empty
    let groups = stage.folder.join("cgroup");
    std::fs::create_dir_all(&groups)?;
    mount(
        "vedette-simulation",
        &groups,
        "cgroup2",
        MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC,
        None,
    )
    .context("the control groups cannot be mounted (cgroup version 2 and CAP_SYS_ADMIN are needed)")?;
    cleanup.with_container(format!("the mount {}", groups.display()), {
        let groups = groups.clone();
        move || until_free(|| Ok(unmount(&groups, UnmountFlags::empty())?))
    });
    let group = groups.join(&stage.id);
    std::fs::create_dir(&group).context("a control group cannot be made (is the hierarchy read-only?)")?;
    cleanup.with_container(format!("the control group {}", stage.id), {
        let group = group.clone();
        move || until_free(|| std::fs::remove_dir(&group))
    });

    let mut run = commands::quiet(Path::new("/bin/sh"));
    run.arg("-c").arg(ENTER).arg(group.join("cgroup.procs")).arg(&unshare);
    // the container ends with the process that is started here, however that ends
    run.args(["--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child=KILL", "--mount-proc=/proc"]);
    run.arg(format!("--root={}", stage.root.display())).arg("--wd=/").args(command);
    // the evidence holds the container's environment: it must not be ours
    run.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    stage.start(&mut run, "own namespaces, without a container runtime")
}
