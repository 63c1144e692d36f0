//! The executed file, from the process itself, so that a deleted file and one in memory count.

use enrichment::ExecutableFacts;
use event::{FileIdentity, Text};
use programs::executable::{EXAMINED_LIMIT, recognise_from};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

/// Bytes of a file that are hashed and kept at most.
pub const CONTENT_MAX: u64 = 64 << 20;
/// Bytes of a file whose content is looked at to say what it is: of what the loader maps, wherever it lies in the file.
pub const RECOGNISE_MAX: usize = EXAMINED_LIMIT;

/// Opens what the process executes, or, when it executes something else by now, the same file where it was. `None` when
/// that is not to be had. `size` is 0 and `path` empty when unknown.
pub fn open_executable(
    proc_root: &Path,
    pid: u32,
    wanted: &FileIdentity,
    size: u64,
    path: &Text,
) -> Option<File> {
    let running = File::open(proc_root.join(format!("{pid}/exe"))).ok();
    running.filter(|file| is_same(file, wanted, size)).or_else(|| {
        let left = (!path.is_empty()).then(|| loader_target(proc_root, pid, path, &Text::from("/")))??;
        is_same(&left, wanted, size).then_some(left)
    })
}

fn is_same(file: &File, wanted: &FileIdentity, size: u64) -> bool {
    let Ok(meta) = file.metadata() else { return false };
    let changed = i128::from(meta.ctime()) * 1_000_000_000 + i128::from(meta.ctime_nsec());
    // overlayfs reports another device, sometimes another inode than the kernel holds; unlinking changes the time
    let deleted = size != 0 && meta.nlink() == 0;
    let same = meta.ino() == wanted.inode || changed == i128::from(wanted.changed_ns) || deleted;
    same && (size == 0 || meta.size() == size)
}

/// Opens the program that a process runs through the dynamic loader: the argument, seen from its root and working
/// directory, links that leave the root refused.
pub fn loader_target(proc_root: &Path, pid: u32, argument: &Text, working_directory: &Text) -> Option<File> {
    let root = File::open(proc_root.join(format!("{pid}/root"))).ok()?;
    let argument = std::ffi::OsStr::from_bytes(argument.bytes());
    let working_directory = std::ffi::OsStr::from_bytes(working_directory.bytes());
    let path = Path::new(working_directory).join(argument);
    let fd = rustix::fs::openat2(
        &root,
        &path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    )
    .ok()?;
    let file = File::from(fd);
    file.metadata().ok()?.is_file().then_some(file)
}

/// Hashes a file and says what it is.
pub fn facts(file: &File, path: Option<Text>) -> std::io::Result<ExecutableFacts> {
    let size = file.metadata()?.len();
    let (sha256, hashed_size) = hash(file, |_| {})?;
    let recognised = recognise_from(size, &mut |offset, length| read_at(file, offset, length));
    Ok(ExecutableFacts { recognised, sha256, hashed_size, size, path })
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

/// SHA-256 of the first [`CONTENT_MAX`] bytes, and how many there were; `see` gets every chunk.
pub(crate) fn hash(mut file: &File, mut see: impl FnMut(&[u8])) -> std::io::Result<(String, u64)> {
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
        see(&chunk[..read]);
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
