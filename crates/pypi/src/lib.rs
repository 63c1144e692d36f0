//! For tests alone: programs and libraries that others wrote in Python, from the Python Package Index.
//!
//! `packages → virtual environment under the target folder, made once → its programs`; without PyPI a test says so and proves
//! nothing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Two tests of one program must not fill one environment at once.
static ALONE: Mutex<()> = Mutex::new(());

/// Characters of a failure that are told.
const TOLD: usize = 2_000;

/// The folder of programs (`python`, `pip` and those of the packages) of an environment below `folder` that has these
/// packages, each written like `name==version`.
///
/// # Errors
/// Why the test that wants them has to be skipped: no `python3` with `venv` here (`./setup` installs it), or PyPI does not answer.
pub fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf, String> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder.join(packages.join("-").replace("==", "-"));
    let programs = folder.join("bin");
    let is_complete = folder.join("complete");
    if is_complete.exists() {
        return Ok(programs);
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let install = ["install", "--quiet", "--disable-pip-version-check", "--retries", "2"];
    run(Command::new(programs.join("pip")).args(install).args(packages))?;
    std::fs::write(&is_complete, "").map_err(failed)?;
    Ok(programs)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(said.chars().take(TOLD).collect()) }
}
