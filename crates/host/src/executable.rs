//! The executed file, from the process itself, so that a deleted file and one in memory count.

use crate::regular::Pinned;
use enrichment::ExecutableFacts;
use event::{FileIdentity, Text};
use programs::executable::{EXAMINED_LIMIT, recognise_from};
use rustix::fs::{AtFlags, StatxFlags, statx};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of a file that are hashed and kept at most.
pub const CONTENT_MAX: u64 = 64 << 20;
/// Bytes of a file whose content is looked at to say what it is: of what the loader maps, wherever it lies in the file.
pub const RECOGNISE_MAX: usize = EXAMINED_LIMIT;

/// Holds what a process executes, so that it can be opened when the process is gone.
#[derive(Debug)]
pub struct Executable {
    wanted: FileIdentity,
    size: u64,
    held: Held,
}

#[derive(Debug)]
enum Held {
    /// The file.
    File(Pinned),
    /// The process executes something else by now: its root, and where the file was.
    Left { root: Pinned, path: Text },
}

impl Executable {
    /// Quick, and asks nothing of the file's own file system, which may be the attacker's. `None` when the process is
    /// gone. `size` is 0 and `path` empty when unknown.
    pub fn hold(proc_root: &Path, pid: u32, wanted: &FileIdentity, size: u64, path: &Text) -> Option<Self> {
        let running = Pinned::at(&proc_root.join(format!("{pid}/exe"))).ok();
        let held = match running.filter(|file| is_same(file, wanted, size, Ask::Nobody)) {
            Some(file) => Held::File(file),
            None if path.is_empty() => return None,
            None => Held::Left { root: hold_root(proc_root, pid)?, path: path.clone() },
        };
        Some(Self { wanted: *wanted, size, held })
    }

    /// Opens it; `None` when it is not to be had any more. May block.
    pub fn open(&self) -> Option<File> {
        match &self.held {
            Held::File(file) => file.open().ok(),
            Held::Left { root, path } => {
                let left = Pinned::within(root, Path::new(std::ffi::OsStr::from_bytes(path.bytes()))).ok()?;
                is_same(&left, &self.wanted, self.size, Ask::Owner).then(|| left.open().ok())?
            }
        }
    }
}

/// Opens what the process executes, or, when it executes something else by now, the same file where it was. `None` when
/// that is not to be had. `size` is 0 and `path` empty when unknown.
pub fn open_executable(
    proc_root: &Path,
    pid: u32,
    wanted: &FileIdentity,
    size: u64,
    path: &Text,
) -> Option<File> {
    Executable::hold(proc_root, pid, wanted, size, path)?.open()
}

/// Who is asked for a file's times and size.
enum Ask {
    /// What the kernel remembers will do: it executes the file.
    Nobody,
    /// Its file system.
    Owner,
}

fn is_same(file: impl AsFd, wanted: &FileIdentity, size: u64, ask: Ask) -> bool {
    let how = match ask {
        Ask::Nobody => AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC,
        Ask::Owner => AtFlags::EMPTY_PATH,
    };
    let Ok(meta) = statx(file, c"", how, StatxFlags::BASIC_STATS) else { return false };
    let changed = i128::from(meta.stx_ctime.tv_sec) * 1_000_000_000 + i128::from(meta.stx_ctime.tv_nsec);
    // overlayfs reports another device, sometimes another inode than the kernel holds; unlinking changes the time
    let deleted = size != 0 && meta.stx_nlink == 0;
    let same = meta.stx_ino == wanted.inode || changed == i128::from(wanted.changed_ns) || deleted;
    same && (size == 0 || meta.stx_size == size)
}

/// Holds a process's root. `None` when the process is gone.
pub fn hold_root(proc_root: &Path, pid: u32) -> Option<Pinned> {
    Pinned::at(&proc_root.join(format!("{pid}/root"))).ok()
}

/// Opens a file that a process names: seen from its root and working directory, links that leave the root end in it.
pub fn open_named(root: &Pinned, name: &Text, working_directory: &Text) -> std::io::Result<File> {
    let name = std::ffi::OsStr::from_bytes(name.bytes());
    let working_directory = std::ffi::OsStr::from_bytes(working_directory.bytes());
    Pinned::within(root, &Path::new(working_directory).join(name))?.open()
}

/// Says what a file is; its hash is another matter, see [`hash`].
pub fn recognised(file: &File, path: Option<Text>) -> std::io::Result<ExecutableFacts> {
    let size = file.metadata()?.len();
    let mut recognised = recognise_from(size, &mut |offset, length| read_at(file, offset, length));
    if let Some(elf) = &mut recognised.elf {
        elf.needed = Vec::new(); // decided; a hostile file lists a megabyte of them, and thousands of files are kept
    }
    Ok(ExecutableFacts { recognised, sha256: String::new(), hashed_size: 0, size, path })
}

/// What a file holds from an offset on, at most so much; empty where it cannot be read.
fn read_at(file: &File, offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length.min(RECOGNISE_MAX)];
    let mut filled = 0;
    while let Ok(read @ 1..) = file.read_at(&mut bytes[filled..], offset.saturating_add(filled as u64)) {
        filled += read;
    }
    bytes.truncate(filled);
    bytes
}

/// SHA-256 of the first [`CONTENT_MAX`] bytes, lower-case hexadecimal, and how many there were.
pub fn hash(mut file: &File) -> std::io::Result<(String, u64)> {
    file.rewind()?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; 128 << 10];
    let mut size = 0;
    while size < CONTENT_MAX {
        let room = chunk.len().min(usize::try_from(CONTENT_MAX - size).unwrap_or(usize::MAX));
        let read = file.read(&mut chunk[..room])?;
        if read == 0 {
            break;
        }
        digest.update(&chunk[..read]);
        size += read as u64;
    }
    Ok((hex(&digest.finalize()), size))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256, lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
