//! The container by runc alone, from a bundle of our own.

use super::cleanup::Cleanup;
use super::stage::{Stage, Started};
use super::{commands, need};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::path::Path;

/// Starts the container. The network namespace is the machine's, so that loopback reaches the listener.
pub(crate) fn start(stage: &Stage, command: &[String], cleanup: &mut Cleanup) -> Result<Started> {
    let runc = need("runc", "runc")?;
    let version = commands::output(&runc, &["--version"])?;
    let version = version.lines().next().unwrap_or_default().trim_start_matches("runc version ").to_owned();
    let bundle = stage.folder.join("bundle");
    let state = stage.folder.join("runc");
    std::fs::create_dir_all(&bundle)?;
    std::fs::write(bundle.join("config.json"), config(&stage.root, &stage.id, command).to_string())
        .context("the bundle cannot be written")?;

    let delete: Vec<OsString> = vec![
        "--root".into(),
        state.clone().into(),
        "delete".into(),
        "--force".into(),
        stage.id.clone().into(),
    ];
    let program = runc.clone();
    cleanup.with_container(format!("runc container {}", stage.id), move || {
        // runc cleans up itself when the container ends before it is asked to
        commands::output(&program, &delete)
            .map(drop)
            .map_err(|error| std::io::Error::other(format!("{error:#}")))
    });
    let mut run = commands::quiet(&runc);
    run.arg("--root").arg(&state).arg("run").arg("--bundle").arg(&bundle).arg(&stage.id);
    stage.start(&mut run, format!("runc {version}"))
}

fn config(root: &Path, id: &str, command: &[String]) -> Value {
    let namespaces = ["pid", "mount", "ipc", "uts"].map(|kind| json!({"type": kind}));
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": command,
            "env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
            "cwd": "/",
            // it needs none: a shell over a socket is no privilege
            "capabilities": {"bounding": [], "effective": [], "permitted": []},
            "noNewPrivileges": true,
        },
        "root": {"path": root, "readonly": true},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
        ],
        "linux": {
            "cgroupsPath": format!("/{id}"),
            "namespaces": namespaces,
        },
    })
}
