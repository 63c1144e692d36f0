//! The folder of evidence: files named by what is in them.
//!
//! `incoming/<number>` → fsync → rename → `<2 digits>/<sha256>`; a name given by anyone else is never part of a path.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use sha2::Digest;
use store::{Part, Received, Sha256, StoreError};

use crate::failure;

/// Where pieces stand that have not been received whole: a folder for each holder.
const PARTIAL: &str = "partial";

/// Makes a folder that only its owner can read, with its parents.
pub(crate) fn make(path: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| failure::file("create", path, e))
}

/// The folder. All calls block.
pub(crate) struct Folder {
    root: PathBuf,
    next: AtomicU64,
    /// What evidence leaves to others of its disk; without it, a part of the disk.
    floor: OnceLock<u64>,
    /// What is about to be recorded, and by how many: not removed meanwhile.
    pinned: Mutex<HashMap<Sha256, usize>>,
}

/// Keeps a piece from being removed until it is recorded.
pub(crate) struct Pin {
    folder: Arc<Folder>,
    sha256: Sha256,
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pinned = self.folder.pinned();
        if let Some(holders) = pinned.get_mut(&self.sha256) {
            *holders -= 1;
            if *holders == 0 {
                pinned.remove(&self.sha256);
            }
        }
    }
}

impl Folder {
    /// Opens or creates it, and clears what a crash left half written.
    pub(crate) fn open(root: PathBuf) -> Result<Self, StoreError> {
        let incoming = root.join("incoming");
        make(&incoming)?;
        let failed = |e| failure::file("clear", &incoming, e);
        for entry in fs::read_dir(&incoming).map_err(failed)? {
            fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
        }
        Ok(Self { root, next: AtomicU64::new(0), floor: OnceLock::new(), pinned: Mutex::default() })
    }

    /// Leaves so many bytes of the disk free, from now on and for good.
    pub(crate) fn leave(&self, bytes: u64) {
        // what was said first holds
        let _ = self.floor.set(bytes);
    }

    fn pinned(&self) -> MutexGuard<'_, HashMap<Sha256, usize>> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pin(self: &Arc<Self>, sha256: Sha256) -> Pin {
        *self.pinned().entry(sha256).or_default() += 1;
        Pin { folder: Arc::clone(self), sha256 }
    }

    fn path_of(&self, sha256: Sha256) -> PathBuf {
        let name = sha256.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Keeps the bytes unless they are kept already. On return they survive a power cut.
    pub(crate) fn keep(self: &Arc<Self>, bytes: &[u8]) -> Result<(Sha256, Pin), StoreError> {
        let sha256 = digest(bytes);
        let pin = self.pin(sha256);
        let path = self.path_of(sha256);
        let kept = fs::metadata(&path).is_ok_and(|m| m.is_file() && m.len() == bytes.len() as u64);
        if kept {
            return Ok((sha256, pin));
        }
        self.room_for(bytes.len() as u64)?;
        self.draft(|draft, name| {
            let failed = |e| failure::file("write", &path, e);
            draft.write_all(bytes).and_then(|()| draft.sync_all()).map_err(failed)?;
            self.settle(name, &path)
        })?;
        Ok((sha256, pin))
    }

    /// Keeps the first `size` bytes of a file, unless what they were is kept already. Answers what was kept, and how
    /// much.
    pub(crate) fn keep_file(
        self: &Arc<Self>,
        file: File,
        size: u64,
        expected: Sha256,
    ) -> Result<(Sha256, u64, Pin), StoreError> {
        let pin = self.pin(expected);
        if fs::metadata(self.path_of(expected)).is_ok_and(|m| m.is_file() && m.len() == size) {
            return Ok((expected, size, pin));
        }
        self.room_for(size)?;
        self.draft(|draft, name| {
            let failed = |e| failure::file("write", name, e);
            let mut source = file;
            source.rewind().map_err(failed)?;
            let (sha256, size) = copy(&mut source.take(size), draft).map_err(failed)?;
            draft.sync_all().map_err(failed)?;
            let pin = self.pin(sha256);
            self.settle(name, &self.path_of(sha256))?;
            Ok((sha256, size, pin))
        })
    }

    /// A new file in `incoming`, removed again when `fill` fails.
    fn draft<T>(
        &self,
        fill: impl FnOnce(&mut File, &Path) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let name = self.root.join("incoming").join(number.to_string());
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&name)
            .map_err(|e| failure::file("write", &name, e))?;
        fill(&mut file, &name).inspect_err(|_| {
            // Half a file only takes room; when it cannot be removed either, the next start does it.
            let _ = fs::remove_file(&name);
        })
    }

    /// From its draft's name to its own.
    fn settle(&self, draft: &Path, path: &Path) -> Result<(), StoreError> {
        let failed = |e| failure::file("write", path, e);
        let folder = path.parent().unwrap_or(&self.root);
        let fresh = !folder.is_dir();
        make(folder)?;
        fs::rename(draft, path).map_err(failed)?;
        // The name, and the name of its folder, are data of the folders above.
        sync(folder).map_err(failed)?;
        if fresh {
            sync(&self.root).map_err(failed)?;
        }
        Ok(())
    }

    /// More of a holder's upload. On return it survives a power cut. One call at a time.
    pub(crate) fn receive(&self, part: &Part) -> Result<Received, StoreError> {
        let path = self.partial(part);
        let failed = |e| failure::file("write", &path, e);
        let here = match fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed(error)),
        };
        let until = here.saturating_add(part.bytes.len() as u64);
        if here < part.total && (part.bytes.is_empty() || part.offset != here || until > part.total) {
            return Ok(Received::Until(here));
        }
        let holder = path.parent().unwrap_or(&self.root);
        if here < part.total {
            // before there is a file: what is refused leaves nothing
            part.within_quota(sizes_beside(holder, &path)?)?;
            self.room_for(part.bytes.len() as u64)?;
        }
        make(holder)?;
        let mut file =
            File::options().read(true).append(true).create(true).mode(0o600).open(&path).map_err(failed)?;
        if here < part.total {
            file.write_all(&part.bytes).and_then(|()| file.sync_all()).map_err(failed)?;
            if until < part.total {
                return Ok(Received::Until(until));
            }
        }
        file.rewind().map_err(failed)?;
        let (found, _) = copy(&mut file, &mut io::sink()).map_err(failed)?;
        if found != part.sha256 {
            fs::remove_file(&path).map_err(failed)?;
            return Err(StoreError::Mismatch { subject: part.sha256.to_string() });
        }
        self.settle(&path, &self.path_of(part.sha256))?;
        Ok(Received::Whole)
    }

    /// Whether so many more bytes leave enough to findings.
    fn room_for(&self, bytes: u64) -> Result<(), StoreError> {
        let room =
            rustix::fs::statvfs(&self.root).map_err(|e| failure::file("read", &self.root, e.into()))?;
        let free = room.f_bavail.saturating_mul(room.f_frsize);
        let usual = || floor(room.f_blocks.saturating_mul(room.f_frsize));
        let floor = self.floor.get().copied().unwrap_or_else(usual);
        if free < floor.saturating_add(bytes) {
            return Err(StoreError::Scarce { subject: self.root.display().to_string(), free, floor });
        }
        Ok(())
    }

    /// Removes uploads that did not go on since a time; how many. Not while one is received.
    pub(crate) fn sweep_uploads(&self, before: SystemTime) -> Result<u64, StoreError> {
        let mut removed = 0;
        for holder in entries(&self.root.join(PARTIAL))? {
            // versions before this one kept uploads in the folder itself
            if !holder.is_dir() {
                removed += u64::from(remove_old(&holder, before)?);
                continue;
            }
            for upload in entries(&holder)? {
                removed += u64::from(remove_old(&upload, before)?);
            }
            // stays while there is something in it
            let _ = fs::remove_dir(&holder);
        }
        Ok(removed)
    }

    /// The first two digits of the pieces that are here.
    pub(crate) fn shelves(&self) -> Result<Vec<String>, StoreError> {
        let names =
            entries(&self.root)?.into_iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
        Ok(names.filter(|name| name.len() == 2).collect())
    }

    /// Whole pieces of a shelf that were kept before a time.
    pub(crate) fn kept_before(&self, shelf: &str, before: SystemTime) -> Result<Vec<Sha256>, StoreError> {
        let mut old = Vec::new();
        for path in entries(&self.root.join(shelf))? {
            let sha256 = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            if let Some(sha256) = sha256
                && is_before(&path, before)?
            {
                old.push(sha256);
            }
        }
        Ok(old)
    }

    /// Size of a piece that is here whole.
    pub(crate) fn size(&self, sha256: Sha256) -> Option<u64> {
        fs::metadata(self.path_of(sha256)).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
    }

    /// Removes what no finding has any more, unless one is about to; whether it did.
    pub(crate) fn remove(&self, sha256: Sha256) -> Result<bool, StoreError> {
        let pinned = self.pinned();
        if pinned.contains_key(&sha256) {
            return Ok(false);
        }
        let path = self.path_of(sha256);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failure::file("remove", &path, error)),
        }
    }

    /// A holder's name is any text; its hash is a name of a folder.
    fn partial(&self, part: &Part) -> PathBuf {
        let holder = digest(part.holder.as_bytes()).to_string();
        self.root.join(PARTIAL).join(holder).join(part.sha256.to_string())
    }

    /// The bytes, if they are kept and still what they were.
    pub(crate) fn read(&self, sha256: Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.path_of(sha256);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failure::file("read", &path, error)),
        };
        let found = digest(&bytes);
        if found != sha256 {
            let detail = format!("its content is now {found}");
            return Err(StoreError::Corrupt { subject: path.display().to_string(), detail });
        }
        Ok(Some(bytes))
    }
}

/// What of a disk of that size evidence leaves to findings.
fn floor(size: u64) -> u64 {
    (size / 20).min(1 << 30)
}

/// What is in a folder; nothing when there is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |e| failure::file("read", folder, e);
    match fs::read_dir(folder) {
        Ok(found) => found.map(|entry| entry.map(|entry| entry.path()).map_err(failed)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(error)),
    }
}

fn sizes_beside(folder: &Path, own: &Path) -> Result<Vec<u64>, StoreError> {
    let others = entries(folder)?.into_iter().filter(|path| path != own);
    others
        .map(|path| fs::metadata(&path).map(|m| m.len()).map_err(|e| failure::file("read", &path, e)))
        .collect()
}

/// Whether a file is older than a time; one that is gone is not.
fn is_before(path: &Path, time: SystemTime) -> Result<bool, StoreError> {
    match fs::metadata(path).and_then(|metadata| metadata.modified()) {
        Ok(modified) => Ok(modified < time),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failure::file("read", path, error)),
    }
}

fn remove_old(path: &Path, before: SystemTime) -> Result<bool, StoreError> {
    let is_old = is_before(path, before)?;
    if is_old {
        fs::remove_file(path).map_err(|e| failure::file("remove", path, e))?;
    }
    Ok(is_old)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<(Sha256, u64)> {
    let mut hash = sha2::Sha256::new();
    let mut chunk = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok((Sha256::new(hash.finalize().into()), size));
        }
        hash.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
        size += read as u64;
    }
}

fn digest(bytes: &[u8]) -> Sha256 {
    Sha256::new(sha2::Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::Folder;
    use std::sync::Arc;

    #[test]
    fn a_twentieth_stays_free_and_no_more_than_a_gibibyte() {
        assert_eq!(super::floor(100 << 20), 5 << 20);
        assert_eq!(super::floor(10 << 40), 1 << 30);
    }

    #[test]
    fn what_is_about_to_be_recorded_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Arc::new(Folder::open(folder.path().join("evidence")).unwrap());
        let (sha256, pin) = folder.keep(b"abc").unwrap();
        let second = folder.pin(sha256);
        drop(pin);
        folder.remove(sha256).unwrap();
        assert_eq!(folder.size(sha256), Some(3));
        drop(second);
        folder.remove(sha256).unwrap();
        assert_eq!(folder.size(sha256), None);
    }
}
