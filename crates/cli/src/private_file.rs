//! Files that are readable by their owner only, never executable, never written through somebody's link; whole or not at all.

use anyhow::{Context, Result, ensure};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that is being made: nothing is there under its name until it is finished.
pub(crate) struct PrivateFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: Option<File>,
}

impl PrivateFile {
    /// Begins one, so that it is known early whether it can be written. What is there is replaced only if told so: it may be
    /// the one copy of a key that counts.
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self> {
        let is_there = std::fs::symlink_metadata(path).is_ok();
        ensure!(overwrite || !is_there, "{} is there already; --overwrite replaces it", path.display());
        Self::begin(path, 0o600)
            .with_context(|| format!("{} cannot be written; choose another file", path.display()))
    }

    fn begin(path: &Path, mode: u32) -> io::Result<Self> {
        let Some(name) = path.file_name().filter(|_| !path.is_dir()) else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let mut unfinished = name.to_owned();
        unfinished.push(".partial");
        let unfinished = path.with_file_name(unfinished);
        let _ = std::fs::remove_file(&unfinished);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
        Ok(Self { path: path.to_owned(), unfinished, file: Some(file) })
    }

    /// Writes it, and replaces what was there.
    pub(crate) fn finish(self, bytes: &[u8]) -> Result<()> {
        let path = self.path.clone();
        self.write(bytes).with_context(|| format!("{} cannot be written", path.display()))
    }

    fn write(mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(mut file) = self.file.take() {
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&self.unfinished, &self.path)?;
        }
        Ok(())
    }
}

impl Drop for PrivateFile {
    /// One that was not finished goes; one that was is not under this name any more.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.unfinished);
    }
}

/// Writes a private file.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> io::Result<()> {
    PrivateFile::begin(path, 0o600)?.write(bytes)
}

/// Writes a file that everybody may read.
pub(crate) fn save_public(path: &Path, bytes: &[u8]) -> Result<()> {
    let saved = PrivateFile::begin(path, 0o644).and_then(|file| file.write(bytes));
    saved.with_context(|| format!("{} cannot be written; choose another file", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{PrivateFile, save};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn files_are_private_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, b"mine").unwrap();
        let path = folder.path().join("a.evidence");
        symlink(&victim, &path).unwrap();
        symlink(&victim, folder.path().join("a.evidence.partial")).unwrap();
        save(&path, b"theirs").unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"mine");
        assert_eq!(std::fs::read(&path).unwrap(), b"theirs");
        let meta = std::fs::symlink_metadata(&path).unwrap();
        assert!(meta.is_file());
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        std::fs::write(&path, b"before").unwrap();
        let refused = PrivateFile::create(&path, false).err().unwrap().to_string();
        assert!(refused.contains("--overwrite"), "{refused}");
        drop(PrivateFile::create(&path, true).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"before");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(PrivateFile::create(folder.path(), true).is_err());
        let nowhere = folder.path().join("none/key.json");
        let error = PrivateFile::create(&nowhere, false).err().unwrap().to_string();
        assert!(error.contains("none/key.json"), "{error}");
    }
}
