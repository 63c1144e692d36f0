//! Images out of this machine's own files: no registry and no image tool.
//!
//! `builder → one layer → OCI archive on disk → Image`

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::tar::Tar;

/// An image in an OCI archive.
#[derive(Debug, Clone)]
pub struct Image {
    /// Full reference with tag.
    pub reference: String,
    /// Digest of the manifest (`sha256:…`).
    pub digest: String,
    /// The archive.
    archive: Vec<u8>,
}

/// An image that is being put together.
#[derive(Debug, Clone)]
pub struct ImageBuilder {
    reference: String,
    /// The Debian whose files go into the image: this machine, or a tree.
    source: PathBuf,
    entries: BTreeMap<String, Entry>,
    command: Vec<String>,
}

#[derive(Debug, Clone)]
enum Entry {
    Folder,
    File { mode: u32, content: Vec<u8> },
    Link(String),
}

impl Image {
    /// An image named `reference` (with host and tag, such as `e2e.test/app:1`).
    pub fn builder(reference: &str) -> ImageBuilder {
        ImageBuilder {
            reference: reference.to_owned(),
            source: PathBuf::from("/"),
            entries: BTreeMap::new(),
            command: Vec::new(),
        }
    }

    /// The OCI archive, for another tool to load.
    pub fn archive(&self) -> &[u8] {
        &self.archive
    }

    /// The reference without its tag.
    pub(crate) fn repository(&self) -> &str {
        self.reference.rsplit_once(':').map_or(&self.reference, |(repository, _)| repository)
    }
}

impl ImageBuilder {
    /// What follows comes from another Debian's tree instead of this machine's.
    #[must_use]
    pub fn files_of(mut self, source: &Path) -> Self {
        self.source = source.to_owned();
        self
    }

    /// Adds a program with the libraries it is linked to, at the same paths.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn program(self, path: &str) -> Result<Self> {
        self.program_at(path, path)
    }

    /// Adds a program at another path.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn program_at(mut self, path: &str, inside: &str) -> Result<Self> {
        for library in libraries(&self.source, path)? {
            self.copy(&library, &library)?;
        }
        self.copy(path, inside)?;
        Ok(self)
    }

    /// Adds busybox (static) with a link in `/bin` for each of `applets`.
    ///
    /// # Errors
    /// When busybox is not installed.
    pub fn busybox(self, applets: &[&str]) -> Result<Self> {
        let with = self.program_at("/bin/busybox", "/bin/busybox")?;
        Ok(applets.iter().fold(with, |image, applet| image.link("busybox", &format!("/bin/{applet}"))))
    }

    /// Adds a folder with everything below it and the libraries of what it holds, at the same path.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn folder(mut self, path: &str) -> Result<Self> {
        self.walk(path)?;
        Ok(self)
    }

    /// Adds an empty folder.
    #[must_use]
    pub fn empty_folder(mut self, path: &str) -> Self {
        self.put(path, Entry::Folder);
        self
    }

    /// Adds a file with this content.
    #[must_use]
    pub fn file(mut self, path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        self.put(path, Entry::File { mode, content: content.into() });
        self
    }

    /// Adds a symbolic link at `path`.
    #[must_use]
    pub fn link(mut self, target: &str, path: &str) -> Self {
        self.put(path, Entry::Link(target.to_owned()));
        self
    }

    /// What a container runs unless told otherwise.
    #[must_use]
    pub fn command(mut self, arguments: &[&str]) -> Self {
        self.command = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        self
    }

    /// Writes the archive.
    pub fn build(self) -> Image {
        let layer = self.layer();
        let layer_digest = digest(&layer);
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": self.command, "Env": ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
        })
        .to_string();
        let part = |kind: &str, bytes: &[u8]| json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest(bytes), "size": bytes.len()});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": part("config.v1+json", config.as_bytes()),
            "layers": [part("layer.v1.tar", &layer)],
        })
        .to_string();
        let mut listed = part("manifest.v1+json", manifest.as_bytes());
        listed["annotations"] = json!({"io.containerd.image.name": self.reference});
        listed["platform"] = json!({"architecture": architecture, "os": "linux"});
        let index = json!({"schemaVersion": 2, "manifests": [listed]}).to_string();

        let mut archive = Tar::default();
        archive.file("oci-layout", 0o644, br#"{"imageLayoutVersion":"1.0.0"}"#);
        archive.file("index.json", 0o644, index.as_bytes());
        for blob in [layer.as_slice(), config.as_bytes(), manifest.as_bytes()] {
            archive.file(&format!("blobs/{}", digest(blob).replace(':', "/")), 0o644, blob);
        }
        Image { reference: self.reference, digest: digest(manifest.as_bytes()), archive: archive.finish() }
    }

    fn layer(&self) -> Vec<u8> {
        let mut layer = Tar::default();
        for (path, entry) in &self.entries {
            match entry {
                Entry::Folder => layer.folder(path, if path == "tmp" { 0o1777 } else { 0o755 }),
                Entry::File { mode, content } => layer.file(path, *mode, content),
                Entry::Link(target) => layer.link(path, target),
            }
        }
        layer.finish()
    }

    fn put(&mut self, path: &str, entry: Entry) {
        let path = path.trim_matches('/');
        for (at, _) in path.match_indices('/') {
            self.entries.entry(path[..at].to_owned()).or_insert(Entry::Folder);
        }
        self.entries.insert(path.to_owned(), entry);
    }

    fn copy(&mut self, path: &str, inside: &str) -> Result<()> {
        let file = below(&self.source, path);
        let about = || format!("{} for the image", file.display());
        let mode = fs::metadata(&file).with_context(about)?.permissions().mode() & 0o7777;
        let content = fs::read(&file).with_context(about)?;
        self.put(inside, Entry::File { mode, content });
        Ok(())
    }

    fn walk(&mut self, folder: &str) -> Result<()> {
        self.put(folder, Entry::Folder);
        let host = below(&self.source, folder);
        for entry in fs::read_dir(&host).with_context(|| format!("{} for the image", host.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if kind.is_symlink() {
                let target = fs::read_link(entry.path())?;
                self.put(&name, Entry::Link(target.to_string_lossy().into_owned()));
            } else if kind.is_dir() {
                if entry.file_name() != "__pycache__" {
                    self.walk(&name)?;
                }
            } else if kind.is_file() {
                if name.ends_with(".so") || name.contains(".so.") {
                    for library in libraries(&self.source, &name)? {
                        self.copy(&library, &library)?;
                    }
                }
                self.copy(&name, &name)?;
            }
        }
        Ok(())
    }
}

/// Where a path of a tree is on this machine.
pub(crate) fn below(source: &Path, path: &str) -> PathBuf {
    source.join(path.trim_start_matches('/'))
}

/// What the dynamic loader of a tree would load for a program; nothing for a static one.
fn libraries(source: &Path, program: &str) -> Result<Vec<String>> {
    let file = below(source, program);
    if !file.exists() {
        bail!("{} is missing; install the package that holds it", file.display());
    }
    let mut list = Command::new("ldd");
    if source != Path::new("/") {
        list = Command::new("chroot");
        list.arg(source).arg("ldd");
    }
    let listed = list.arg(program).output().context("ldd, to find a program's libraries")?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    // `libc.so.6 => /lib/…/libc.so.6 (0x…)` or `/lib64/ld-linux-x86-64.so.2 (0x…)`
    let paths = text.lines().filter_map(|line| {
        let place = line.rsplit("=> ").next()?.trim();
        let path = place.split(" (").next()?;
        path.starts_with('/').then(|| path.to_owned())
    });
    Ok(paths.collect())
}

fn digest(bytes: &[u8]) -> String {
    let digits: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}
