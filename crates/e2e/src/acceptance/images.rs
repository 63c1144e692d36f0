//! Where the lines run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::rootfs::Tools;
use crate::image::{Image, ImageBuilder, below};

/// A renamed copy of socat in the ground truth's image.
pub(crate) const RENAMED: &str = "/opt/kworkerd";
/// The dynamic loader there.
pub(crate) const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

/// An image and what is mounted into its containers.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) image: Image,
    pub(crate) mounts: Vec<(PathBuf, String)>,
    pub(crate) path: &'static str,
    /// What goes before `path` for lines that need the traditional netcat.
    pub(crate) traditional: &'static str,
    pub(crate) certificate: PathBuf,
    /// The Debian whose programs the image holds: `/` for this machine.
    pub(crate) source: PathBuf,
}

/// Shells, socat and Python of a Debian (`/`: this machine's) in an image of their own.
pub(crate) fn small(source: &Path, folder: &Path) -> Result<Ground> {
    let certificate = certificate(folder)?;
    let mut image = Image::builder("e2e.test/ground/truth:1")
        .files_of(source)
        .busybox(&[
            "cat", "cp", "env", "expr", "grep", "id", "ls", "mkfifo", "nc", "readlink", "rm", "setsid",
            "sleep", "stty", "true", "wc",
        ])?
        .program("/usr/bin/bash")?
        .program_at("/usr/bin/dash", "/bin/sh")?
        .program("/usr/bin/socat")?
        .program_at("/usr/bin/socat", RENAMED)?
        .link("../usr/bin/bash", "/bin/bash")
        .empty_folder("/tmp")
        .empty_folder("/shared")
        .empty_folder("/root")
        .file("/etc/passwd", 0o644, "root:x:0:0::/root:/bin/sh\n")
        .file("/etc/server.pem", 0o600, std::fs::read(&certificate)?);
    if let Some(python) = python(source) {
        image = image
            .program(&format!("/usr/bin/{python}"))?
            .link(&python, "/usr/bin/python3")
            .folder(&format!("/usr/lib/{python}"))?;
    }
    Ok(Ground {
        image: image.build(),
        mounts: Vec::new(),
        path: "/usr/bin:/bin",
        traditional: "",
        certificate,
        source: source.to_owned(),
    })
}

/// A Debian's Python, by the name of its folder.
pub(crate) fn python(source: &Path) -> Option<String> {
    let target = std::fs::read_link(below(source, "/usr/bin/python3")).ok()?;
    let name = target.to_str()?.to_owned();
    below(source, "/usr/lib").join(&name).is_dir().then_some(name)
}

/// The Debian tree, below an image that holds what lines expect around them.
pub(crate) fn wide(tools: &Tools, folder: &Path) -> Result<Ground> {
    let certificate = certificate(folder)?;
    let image = Image::builder("e2e.test/corpus/debian:12")
        .link("usr/bin", "/bin")
        .link("usr/sbin", "/sbin")
        .link("usr/lib", "/lib")
        .link("usr/lib64", "/lib64")
        .empty_folder("/usr")
        .empty_folder("/etc")
        .empty_folder("/tmp")
        .empty_folder("/root/dev")
        .empty_folder("/var/lib")
        .empty_folder("/run")
        .link("/run", "/var/run")
        .link("/usr/bin/python3", "/work/bin/python")
        .link("/usr/bin/nc.traditional", "/opt/traditional/nc")
        .file("/work/server.pem", 0o600, std::fs::read(&certificate)?);
    let image = programs(image)?.build();
    let mounts = ["/usr", "/etc"].map(|name| (tools.path(name), name.to_owned())).to_vec();
    let path = "/work/bin:/usr/local/bin:/usr/bin:/usr/sbin";
    let (traditional, source) = ("/opt/traditional:", PathBuf::from("/"));
    Ok(Ground { image, mounts, path, traditional, certificate, source })
}

/// Small programs that stand in for what the benign lines serve: none executes what it reads.
fn programs(image: ImageBuilder) -> Result<ImageBuilder> {
    let jail = "#!/usr/bin/python3\nimport sys\nprint('name?', flush=True)\nfor line in sys.stdin:\n    print('no,', line.strip()[::-1], flush=True)\n";
    let answer = "#!/bin/sh\nread -r line\necho 'HTTP/1.0 200 OK'\necho\necho \"you said $line\"\n";
    let pass_on = "#!/bin/sh\nexec cat\n";
    Ok(image
        .file("/work/challenge.py", 0o755, jail)
        .file("/work/run.py", 0o755, jail)
        .file("/work/command.sh", 0o755, "#!/bin/sh\necho woken >>/tmp/log\n")
        .file("/work/bin/proxy.sh", 0o755, answer)
        .file("/work/bin/npiperelay.exe", 0o755, pass_on)
        .file("/work/bin/ssh", 0o755, pass_on)
        .file("/work/bin/kubectl", 0o755, "#!/bin/sh\necho data\n")
        .file("/root/winhome/.wsl/npiperelay.exe", 0o755, pass_on)
        .file("/home/u/winhome/.wsl/npiperelay.exe", 0o755, pass_on)
        .file("/home/sandbox/bin/myscript", 0o755, answer)
        .program_at("/bin/busybox", "/home/sandbox/bin/busybox")?
        .link("busybox", "/home/sandbox/bin/sh")
        .link("busybox", "/home/sandbox/bin/cat"))
}

/// A certificate with its key, made for this run.
fn certificate(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("server.pem");
    if file.exists() {
        return Ok(file);
    }
    let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=server",
            "-keyout",
        ])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .context("starting openssl (package openssl), for a certificate")?;
    if !output.status.success() {
        bail!("openssl req: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut both = std::fs::read(&key)?;
    both.extend(std::fs::read(&certificate)?);
    std::fs::write(&file, both)?;
    Ok(file)
}
