//! A root file system from the machine's own files: socat, a shell, `id`, and the libraries they need.

use super::{commands, need};
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Output;

/// Empty folders that runtimes mount on.
const FOLDERS: [&str; 6] = ["proc", "sys", "dev", "tmp", "etc", "bin"];
const PASSWD: &str = "root:x:0:0:root:/:/bin/sh\n";
const GROUP: &str = "root:x:0:\n";

/// Fills `root`; returns where socat is in it.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    let socat = need("socat", "socat")?;
    let id = need("id", "coreutils")?;
    let shell = Path::new("/bin/sh");
    ensure!(shell.exists(), "this machine has no /bin/sh: apt-get install dash");
    for folder in FOLDERS {
        fs::create_dir_all(root.join(folder))?;
    }
    fs::write(root.join("etc/passwd"), PASSWD)?;
    fs::write(root.join("etc/group"), GROUP)?;
    let mut libraries = BTreeSet::new();
    for program in [&socat, &id, &shell.to_owned()] {
        libraries.extend(libraries_of(program)?);
        copy(program, root)?;
    }
    // the shell that socat starts looks for `id` on its PATH, whatever the folder was here
    let beside = root.join("bin/id");
    if !beside.exists() {
        fs::copy(&id, beside)?;
    }
    for library in &libraries {
        copy(library, root)?;
    }
    Ok(socat)
}

fn copy(file: &Path, root: &Path) -> Result<()> {
    let plain = file.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    ensure!(plain && file.is_absolute(), "{} is not a plain path", file.display());
    let to = root.join(file.strip_prefix("/")?);
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(file, &to).with_context(|| format!("{} cannot be copied", file.display()))?;
    Ok(())
}

/// The shared libraries of a program, the loader included.
fn libraries_of(program: &Path) -> Result<Vec<PathBuf>> {
    let ldd = need("ldd", "libc-bin")?;
    let output = commands::quiet(&ldd).arg(program).output().context("ldd cannot be started")?;
    resolved(&output).with_context(|| format!("the libraries of {}", program.display()))
}

fn resolved(output: &Output) -> Result<Vec<PathBuf>> {
    let said = String::from_utf8_lossy(&output.stdout);
    let all = format!("{said}{}", String::from_utf8_lossy(&output.stderr));
    if all.contains("not a dynamic executable") || all.contains("statically linked") {
        return Ok(Vec::new());
    }
    ensure!(output.status.success(), "ldd failed: {}", all.trim());
    let mut paths = Vec::new();
    for line in said.lines() {
        // `name => /path (address)`, or `/path (address)` for the loader, or a name alone for what the kernel provides
        let target = line.split_once("=>").map_or(line, |(_, target)| target).trim();
        if target == "not found" {
            bail!("{} is missing on this machine", line.trim());
        }
        let path = target.split(" (").next().unwrap_or_default();
        if path.starts_with('/') {
            paths.push(PathBuf::from(path));
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::resolved;
    use std::os::unix::process::ExitStatusExt;
    use std::path::PathBuf;
    use std::process::{ExitStatus, Output};

    fn said(code: i32, stdout: &str, stderr: &str) -> Output {
        Output { status: ExitStatus::from_raw(code << 8), stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn libraries_and_the_loader_are_found_and_what_the_kernel_provides_is_left_out() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffc)\n\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let found = resolved(&said(0, listing, "")).unwrap();
        assert_eq!(
            found,
            ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"].map(PathBuf::from)
        );
    }

    #[test]
    fn a_static_program_needs_nothing_and_a_missing_library_is_named() {
        assert!(resolved(&said(1, "", "\tnot a dynamic executable\n")).unwrap().is_empty());
        assert!(resolved(&said(0, "\tstatically linked\n", "")).unwrap().is_empty());
        let error = resolved(&said(0, "\tlibwrap.so.0 => not found\n", "")).unwrap_err();
        assert!(error.to_string().contains("libwrap.so.0"));
        assert!(resolved(&said(1, "", "permission denied")).is_err());
    }
}
