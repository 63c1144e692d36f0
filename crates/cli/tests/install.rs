//! `./install`, below a folder of the test's own: nothing is started.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn install(root: &Path, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../install");
    let output = Command::new(script).args(arguments).env("DESTDIR", root).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn what_is_installed_runs_and_goes_again() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path();
    let arguments = ["--binary", env!("CARGO_BIN_EXE_vedette")];
    install(root, &arguments);
    let first = files(root);
    install(root, &arguments);
    assert_eq!(files(root), first, "twice is once");

    let unit = std::fs::read_to_string(root.join("etc/systemd/system/vedette.service")).unwrap();
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/")).unwrap();
    let (program, arguments) = command.split_once(' ').unwrap();
    let program = root.join(program);
    let plugin = Command::new(root.join("usr/local/bin/kubectl-vedette"))
        .args(["findings", "--help"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&plugin.stdout);
    assert!(said.contains("kubectl vedette findings"), "it knows how it was called: {said}");
    assert_eq!(program.metadata().unwrap().permissions().mode() & 0o777, 0o755);
    let help = Command::new(program).args([arguments, "--help"]).output().unwrap();
    assert!(help.status.success(), "the service's command is understood: {help:?}");

    let kept = root.join("var/lib/vedette/findings.db");
    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::write(&kept, "").unwrap();
    let said = install(root, &["--remove"]);
    assert!(said.contains("var/lib/vedette"), "where findings stay: {said}");
    assert_eq!(files(root), [kept]);
    install(root, &["--remove", "--purge"]);
    assert_eq!(files(root), [] as [PathBuf; 0]);
}
