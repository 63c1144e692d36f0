//! The spool's folder: what is written there, what is found there, what is set aside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::SpoolError;

/// So many damaged files are kept to be looked at.
const ASIDE: usize = 8;

#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

pub(super) fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> SpoolError + use<'a> {
    move |source| SpoolError::Io { action, path: path.to_owned(), source }
}

impl Folder {
    pub(super) fn open(root: &Path) -> Result<Self, SpoolError> {
        let inside = ["segments", "evidence", "damaged", "refused"].map(|name| root.join(name));
        for folder in [root.to_owned()].into_iter().chain(inside) {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .map_err(failed("create the folder", &folder))?;
        }
        Ok(Self { root: root.to_owned() })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn segment(&self, number: u64) -> PathBuf {
        self.root.join("segments").join(format!("{number:020}"))
    }

    pub(super) fn evidence(&self, name: &str) -> PathBuf {
        self.root.join("evidence").join(name)
    }

    pub(super) fn refused(&self) -> PathBuf {
        self.root.join("refused")
    }

    pub(super) fn position(&self) -> PathBuf {
        self.root.join("position.json")
    }

    /// The plain files of a subfolder by their names; whatever else is there is set aside.
    pub(super) fn list(&self, subfolder: &str, aside: &mut u64) -> Result<Vec<(String, u64)>, SpoolError> {
        let folder = self.root.join(subfolder);
        let mut names = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed("read", &folder))? {
            let entry = entry.map_err(failed("read", &folder))?;
            let path = entry.path();
            let facts = fs::symlink_metadata(&path).map_err(failed("look at", &path))?;
            match entry.file_name().into_string() {
                Ok(name) if facts.is_file() => names.push((name, facts.len())),
                _ => {
                    *aside += 1;
                    self.set_aside(&path, "it is no plain file");
                }
            }
        }
        names.sort();
        Ok(names)
    }

    /// Moves a file to where it harms nobody. The oldest of too many is removed.
    pub(super) fn set_aside(&self, path: &Path, why: &str) {
        let target = self.room_for(path);
        match fs::rename(path, &target) {
            Ok(()) => tracing::error!(
                "{} of the spool was set aside as {} ({why}); what it held is lost, the spool goes on without it",
                path.display(),
                target.display()
            ),
            Err(error) => tracing::error!("{} cannot be used ({why}) nor moved: {error}", path.display()),
        }
    }

    /// Keeps a copy of a file of which the good part goes on being used.
    pub(super) fn keep_copy(&self, path: &Path, why: &str) {
        let target = self.room_for(path);
        match fs::copy(path, &target) {
            Ok(_) => tracing::error!(
                "{} of the spool is damaged ({why}); what is whole goes on, a copy is {}",
                path.display(),
                target.display()
            ),
            Err(error) => {
                tracing::error!("{} is damaged ({why}); no copy could be kept: {error}", path.display());
            }
        }
    }

    fn room_for(&self, path: &Path) -> PathBuf {
        let folder = self.root.join("damaged");
        let mut kept: Vec<_> = fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        kept.sort();
        for (_, old) in kept.iter().take(kept.len().saturating_sub(ASIDE - 1)) {
            let _ = fs::remove_file(old);
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        (0_u32..)
            .map(|number| folder.join(format!("{name}.{number}")))
            .find(|target| fs::symlink_metadata(target).is_err())
            .unwrap_or_else(|| folder.join(name))
    }

    /// A new file, written and on the disk under its name.
    pub(super) fn write_whole(&self, path: &Path, bytes: &[u8], durable: bool) -> Result<(), SpoolError> {
        let temporary = path.with_extension("new");
        let written = create(&temporary)
            .and_then(|mut file| {
                file.write_all(bytes)?;
                if durable { file.sync_all() } else { Ok(()) }
            })
            .and_then(|()| fs::rename(&temporary, path))
            .and_then(|()| if durable { self.sync_parent(path) } else { Ok(()) });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.map_err(failed("write", path))
    }

    /// Makes sure that names in a file's folder survive a power cut.
    pub(super) fn sync_parent(&self, path: &Path) -> io::Result<()> {
        File::open(path.parent().unwrap_or(&self.root))?.sync_all()
    }
}

/// A new file for its owner only; one that was there is emptied, a link is not followed.
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(no_follow())
        .open(path)
}

/// A link is an error.
const fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}

/// Bytes of a file from an offset on, at most `limit`.
pub(super) fn read_at(path: &Path, offset: u64, limit: u64) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
