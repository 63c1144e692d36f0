//! Identity and facts of a real podman container that keeps its storage in an unusual place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use container_runtime::{Config, Runtimes};
use e2e::{Image, Skip, ancestors, control_groups};
use enrichment::identity::identify;
use event::{Container, RuntimeKind, Text};

struct Podman {
    folder: PathBuf,
}

impl Podman {
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("podman")
            .arg("--root")
            .arg(self.folder.join("root"))
            .arg("--runroot")
            .arg(self.folder.join("run"))
            .arg("--tmpdir")
            .arg(self.folder.join("tmp"))
            .args(["--cgroup-manager", "cgroupfs", "--runtime", "runc", "--events-backend", "none"])
            .args(arguments)
            .output()
            .context("starting podman")?;
        if !output.status.success() {
            bail!("podman {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.run(&["rm", "--force", "--time", "0", "--all"]);
        let _ = Command::new("umount").arg(self.folder.join("root/overlay")).output();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn names(path: &str) -> Vec<Text> {
    path.split('/').filter(|name| !name.is_empty()).map(Text::from).collect()
}

#[test]
fn a_podman_container_is_fully_known_and_its_monitor_is_none() -> Result<()> {
    if !Path::new("/usr/bin/podman").exists() || !rustix::process::geteuid().is_root() {
        Skip { reason: "needs root and the packages podman and runc".to_owned() }.print();
        return Ok(());
    }
    let podman = Podman { folder: std::env::temp_dir().join(format!("e2e-podman-{}", std::process::id())) };
    std::fs::create_dir_all(&podman.folder)?;
    let image = Image::builder("e2e.test/app:1").busybox(&["sleep"])?.command(&["/bin/sleep", "60"]).build();
    let archive = podman.folder.join("image.tar");
    std::fs::write(&archive, image.archive())?;
    podman.run(&["load", "--input", &archive.to_string_lossy()])?;
    // Its own default limits are above what a machine without CAP_SYS_RESOURCE may set.
    let limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
    let id = podman.run(
        &[&["run", "--detach", "--network", "none", "--name", "web"], &limits[..], &["e2e.test/app:1"]]
            .concat(),
    )?;
    let pid: u32 = podman.run(&["inspect", "--format", "{{.State.Pid}}", "web"])?.parse()?;

    let groups = control_groups(pid);
    let found =
        groups.iter().find_map(|(_, path)| identify(&names(path))).with_context(|| format!("{groups:?}"))?;
    assert_eq!((found.container.as_str(), found.runtime), (id.as_str(), RuntimeKind::Podman));
    let above = ancestors(pid);
    for (_, path) in above.first().map(|monitor| control_groups(*monitor)).context("conmon")? {
        assert_eq!(identify(&names(&path)), None, "{path}");
    }

    let runtimes = Runtimes::new(Config {
        host_root: PathBuf::from("/"),
        proc_root: PathBuf::from("/proc"),
        extra_sockets: Vec::new(),
        timeout: Duration::from_secs(1),
    });
    // Also when the cgroup's name does not tell the runtime.
    for runtime in [found.runtime, RuntimeKind::Unknown] {
        let told = runtimes.bundle_facts(Container::bare(found.container.clone(), runtime, None), &above);
        assert_eq!(told.runtime, RuntimeKind::Podman);
        assert_eq!((told.name.as_str(), told.image.reference.as_str()), ("web", "e2e.test/app:1"));
        let listed = podman.run(&["inspect", "--format", "{{.Image}}", "web"])?;
        assert_eq!(told.image.digest, format!("sha256:{listed}"));
        assert!(told.created_ns > 1_700_000_000_000_000_000);
        assert!(told.bundle.as_ref().is_some_and(|bundle| bundle.starts_with(&podman.folder)), "{told:?}");
        assert!(told.complete && told.pod.is_none());
    }
    Ok(())
}
