//! The machine's own programs.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Looked into besides the PATH, which often lacks the administrator's folders.
const FOLDERS: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Where a program is installed.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).chain(FOLDERS.iter().map(PathBuf::from)).collect();
    folders.into_iter().filter(|folder| folder.is_absolute()).map(|folder| folder.join(name)).find(|file| {
        file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    })
}

/// A command whose words are not translated, and that a Ctrl-C of the terminal does not reach: this command ends it.
pub(crate) fn quiet(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C").stdin(Stdio::null()).process_group(0);
    command
}

/// What it prints, when it succeeds.
pub(crate) fn output<S: AsRef<OsStr>>(program: &Path, arguments: &[S]) -> Result<String> {
    let output = quiet(program).args(arguments).output().with_context(|| program.display().to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    bail!("{} failed ({}): {}", program.display(), output.status, [complaint.trim(), said.trim()].join(" "))
}
