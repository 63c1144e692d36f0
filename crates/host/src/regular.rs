//! Opening what somebody else has named: only regular files, and without any effect on what is none.
//!
//! Opening a device may start something (a watchdog, a tape), opening a FIFO waits for its other end. So the path is
//! first opened as a path only, which touches nothing; what it leads to is looked at, and that very file, whatever the
//! path leads to by then, is opened for reading.

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, readlinkat};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// A file or a folder that is held, but not open: it cannot be read, and its owner notices nothing.
#[derive(Debug)]
pub struct Pinned(OwnedFd);

impl Pinned {
    /// Follows links as any program would. For paths below /proc and those that the runtime names.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self(openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Follows links as a process with that root would; those that leave it end inside it, and what the kernel makes
    /// up in /proc is not followed.
    pub(crate) fn within(root: impl AsFd, path: &Path) -> io::Result<Self> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        Ok(Self(openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)?))
    }

    /// What a link says, without following it.
    pub(crate) fn link_within(root: impl AsFd, path: &Path) -> io::Result<Vec<u8>> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let link = openat2(root, path, flags, Mode::empty(), resolve)?;
        Ok(readlinkat(link, "", Vec::new())?.into_bytes())
    }

    /// Follows what the kernel keeps in a process's folder of /proc.
    pub(crate) fn within_proc(folder: &Self, name: &str) -> io::Result<Self> {
        Ok(Self(openat(folder, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Opens it for reading if it is a regular file.
    pub(crate) fn open(&self) -> io::Result<File> {
        let found = FileType::from_raw_mode(fstat(&self.0)?.st_mode);
        if found != FileType::RegularFile {
            return Err(io::Error::other(format!("not a regular file but {}", name(found))));
        }
        // the sensor's own descriptor, in its own /proc, whichever one is watched
        let link = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        Ok(File::from(openat(CWD, link, flags, Mode::empty())?))
    }
}

impl AsFd for Pinned {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn name(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests;
