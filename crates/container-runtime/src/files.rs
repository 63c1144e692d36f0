//! Reading files that somebody else may replace while we look.
//!
//! Every path is resolved inside a folder that was opened first (`openat2`), so that a link can lead nowhere else; only
//! regular files of a bounded size are read, and nothing that would block is waited for.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2};

/// A folder within which paths are resolved; absolute paths and links start at it.
#[derive(Debug)]
pub(crate) struct Root(OwnedFd);

/// A file's bytes and when it was last written, nanoseconds since the epoch.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) bytes: Vec<u8>,
    pub(crate) written_ns: u64,
}

impl Root {
    /// Opens `path`, which comes from us (a setting or a link below /proc), not from a container.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(rustix::fs::CWD, path, flags, Mode::empty())?))
    }

    /// The folder above. Only for a folder reached through a process's own link: there is no root to stay in.
    pub(crate) fn above(&self) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(openat(&self.0, "..", flags, Mode::empty())?))
    }

    /// Reads a regular file of at most `limit` bytes. Its last component must not be a link.
    pub(crate) fn read(&self, path: &Path, limit: u64) -> io::Result<Content> {
        // Without NONBLOCK a FIFO in the file's place would hold us for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = self.resolve(path, flags)?;
        let status = fstat(&file)?;
        if FileType::from_raw_mode(status.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"));
        if u64::try_from(status.st_size).is_ok_and(|size| size > limit) {
            return Err(too_large());
        }
        // It may grow while it is read, and a file of /proc has no size at all.
        let mut bytes = Vec::new();
        std::fs::File::from(file).take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        let seconds = u64::try_from(status.st_mtime).unwrap_or_default();
        let written_ns =
            seconds.saturating_mul(1_000_000_000).saturating_add(u64::from(status.st_mtime_nsec as u32));
        Ok(Content { bytes, written_ns })
    }

    /// Names of at most `limit` entries of a folder.
    pub(crate) fn names(&self, path: &Path, limit: usize) -> Vec<String> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let Ok(folder) = self.resolve(path, flags).and_then(|folder| Ok(rustix::fs::Dir::new(folder)?))
        else {
            return Vec::new();
        };
        folder
            .filter_map(|entry| entry.ok()?.file_name().to_str().ok().map(str::to_owned))
            .filter(|name| name != "." && name != "..")
            .take(limit)
            .collect()
    }

    /// A descriptor of a socket file, to connect to by `/proc/self/fd`.
    pub(crate) fn socket(&self, path: &Path) -> io::Result<OwnedFd> {
        let file = self.resolve(path, OFlags::PATH | OFlags::CLOEXEC)?;
        if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::Socket {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a socket"));
        }
        Ok(file)
    }

    fn resolve(&self, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
        Ok(openat2(&self.0, path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::Root;

    #[test]
    fn links_lead_nowhere_else_and_nothing_blocks() {
        let scratch = tempfile::tempdir().unwrap();
        let inside = scratch.path().join("inside");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(scratch.path().join("secret"), "s").unwrap();
        std::fs::write(inside.join("plain"), "p").unwrap();
        symlink("plain", inside.join("link")).unwrap();
        symlink("..", inside.join("up")).unwrap();
        symlink(scratch.path(), inside.join("far")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            inside.join("fifo"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();

        let root = Root::open(&inside).unwrap();
        assert_eq!(root.read(Path::new("plain"), 10).unwrap().bytes, b"p");
        assert_eq!(root.read(Path::new("/plain"), 10).unwrap().bytes, b"p");
        for refused in ["link", "up/secret", "far/secret", "../secret", "fifo", "none", "."] {
            assert!(root.read(Path::new(refused), 10).is_err(), "{refused}");
        }
        assert!(root.socket(Path::new("plain")).is_err());
    }

    #[test]
    fn a_file_over_the_limit_is_refused_before_it_is_held() {
        let scratch = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(scratch.path().join("large")).unwrap();
        file.set_len(100 << 20).unwrap();
        let root = Root::open(scratch.path()).unwrap();
        let error = root.read(Path::new("large"), 1 << 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }
}
