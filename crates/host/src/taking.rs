//! Taking evidence before it vanishes: from the process, not from tools inside its container.

use crate::executable::{hash, open_executable, sha256};
use crate::regular::Pinned;
use event::{Exec, Text};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Cap of a text item, bytes.
const TEXT_MAX: u64 = 1 << 20;
/// Log lines are the last this many bytes.
const LOG_MAX: u64 = 256 << 10;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// The executable's bytes.
    Executable,
    /// The script that an interpreter runs.
    Script,
    /// Open descriptors.
    Descriptors,
    /// Environment, secrets redacted.
    Environment,
    /// Memory map.
    MemoryMap,
    /// Process status.
    Status,
    /// Sockets of the network namespace.
    Sockets,
    /// The container's last log lines.
    Log,
}

impl ItemKind {
    /// Name in lists and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Executable => "EXECUTABLE",
            Self::Script => "SCRIPT",
            Self::Descriptors => "DESCRIPTORS",
            Self::Environment => "ENVIRONMENT",
            Self::MemoryMap => "MEMORY_MAPS",
            Self::Status => "STATUS",
            Self::Sockets => "SOCKETS",
            Self::Log => "LOG",
        }
    }
}

/// Where an item's bytes are.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// The start of an open file: executables are not held in memory.
    File(File),
}

/// One piece of evidence.
#[derive(Debug)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Whose it is and where it came from, for the reader.
    pub name: String,
    /// Its content.
    pub content: Content,
    /// SHA-256 of the content, lower-case hexadecimal.
    pub sha256: String,
    /// Bytes of the content.
    pub size: u64,
    /// Bytes there were.
    pub original_size: u64,
    /// Fewer were kept.
    pub truncated: bool,
}

/// What was taken, and what was not to be had.
#[derive(Debug, Default)]
pub struct Taken {
    /// Items.
    pub items: Vec<Item>,
    /// What could not be taken, and why.
    pub missing: Vec<String>,
}

/// Takes what there is of one process. `role` says who it is in the finding (`shell`, `socat`).
pub fn take(proc_root: &Path, exec: &Exec, role: &str, redact: &dyn Fn(&[u8]) -> Vec<u8>) -> Taken {
    let mut taken = take_executable(proc_root, exec, role);
    let folder = proc_root.join(exec.process.pid.to_string());
    for (kind, file) in [
        (ItemKind::MemoryMap, "maps"),
        (ItemKind::Status, "status"),
        (ItemKind::Sockets, "net/tcp"),
        (ItemKind::Sockets, "net/tcp6"),
        (ItemKind::Sockets, "net/udp"),
        (ItemKind::Sockets, "net/unix"),
    ] {
        match File::open(folder.join(file)).and_then(|f| capped(f, TEXT_MAX)) {
            Ok((bytes, size)) => taken.add(kind, role, &Text::from(file), bytes, size),
            Err(why) => taken.missing.push(format!("{role}: {file}: {why}")),
        }
    }
    match File::open(folder.join("environ")).and_then(|f| capped(f, TEXT_MAX)) {
        Ok((bytes, size)) => {
            taken.add(ItemKind::Environment, role, &Text::from("environ"), redact(&bytes), size)
        }
        Err(why) => taken.missing.push(format!("{role}: environ: {why}")),
    }
    if let Some(listing) = descriptors(&folder) {
        let size = listing.len() as u64;
        taken.add(ItemKind::Descriptors, role, &Text::from("fd"), listing, size);
    }
    taken
}

/// Takes what a process executes, or executed: of an earlier image nothing else is left.
pub fn take_executable(proc_root: &Path, exec: &Exec, role: &str) -> Taken {
    let mut taken = Taken::default();
    let file = &exec.executable;
    match open_executable(proc_root, exec.process.pid, &file.identity, file.size, &file.path) {
        Some(opened) => taken.add_file(ItemKind::Executable, role, &file.path, opened),
        None => {
            taken.missing.push(format!("{role}: executable: the process is gone or runs another file by now"))
        }
    }
    taken
}

impl Taken {
    /// Adds the script that an interpreter runs, seen from its root.
    pub fn add_script(&mut self, proc_root: &Path, exec: &Exec, role: &str, path: &Text) {
        let gone = || std::io::Error::other("the process is gone");
        match crate::hold_root(proc_root, exec.process.pid)
            .ok_or_else(gone)
            .and_then(|root| crate::open_named(&root, path, &exec.working_directory))
            .and_then(|file| capped(file, TEXT_MAX))
        {
            Ok((bytes, size)) => self.add(ItemKind::Script, role, path, bytes, size),
            Err(why) => self.missing.push(format!("{role}: script {path}: {why}")),
        }
    }

    /// Adds the last lines of a container's log. The path comes from the runtime, but what
    /// lies there may not.
    pub fn add_log(&mut self, path: &Path) {
        let tail = || -> std::io::Result<(Vec<u8>, u64)> {
            let mut file = Pinned::at(path)?.open()?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LOG_MAX)))?;
            let mut bytes = Vec::new();
            file.take(LOG_MAX).read_to_end(&mut bytes)?;
            Ok((bytes, length))
        };
        match tail() {
            Ok((bytes, size)) => self.add(ItemKind::Log, "container", &Text::from("log"), bytes, size),
            Err(why) => self.missing.push(format!("container log {}: {why}", path.display())),
        }
    }

    fn add(&mut self, kind: ItemKind, role: &str, name: &Text, bytes: Vec<u8>, original_size: u64) {
        let size = bytes.len() as u64;
        self.items.push(Item {
            kind,
            name: format!("{role}: {name}"),
            sha256: sha256(&bytes),
            size,
            content: Content::Bytes(bytes),
            original_size,
            truncated: size < original_size && kind != ItemKind::Environment,
        });
    }

    fn add_file(&mut self, kind: ItemKind, role: &str, name: &Text, file: File) {
        let hashed = file.metadata().and_then(|meta| Ok((meta.len(), hash(&file)?)));
        match hashed {
            Ok((original_size, (sha256, size))) => self.items.push(Item {
                kind,
                name: format!("{role}: {name}"),
                sha256,
                size,
                content: Content::File(file),
                original_size,
                truncated: size < original_size,
            }),
            Err(why) => self.missing.push(format!("{role}: {name}: {why}")),
        }
    }
}

fn capped(file: File, most: u64) -> std::io::Result<(Vec<u8>, u64)> {
    let size = file.metadata()?.len();
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    let original = size.max(bytes.len() as u64);
    Ok((bytes, original))
}

fn descriptors(folder: &Path) -> Option<Vec<u8>> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder.join("fd")).ok()?.take(4_096).flatten() {
        use std::os::unix::ffi::OsStrExt;
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        let line = format!(
            "{}\t{}\n",
            entry.file_name().to_string_lossy(),
            Text::new(target.as_os_str().as_bytes())
        );
        lines.push((entry.file_name().to_string_lossy().parse::<u32>().unwrap_or(0), line));
    }
    lines.sort();
    Some(lines.into_iter().flat_map(|(_, line)| line.into_bytes()).collect())
}
