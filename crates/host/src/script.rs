//! The text of a script that a process runs, and the whole of its arguments.

use crate::process::start_of;
use crate::regular::Pinned;
use event::{ProcessKey, Text};
use programs::invocation::{ScriptSource, script_source};
use rustix::fs::{Mode, OFlags, openat};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Bytes of a script that are read at most.
pub const SCRIPT_MAX: u64 = 1 << 20;
/// Bytes of arguments that are read at most: what one argument may hold.
pub const ARGUMENTS_MAX: u64 = 128 << 10;
/// Links that are followed from one name.
const LINKS_MAX: usize = 8;

/// A process that can be asked for its files later, also when its pid belongs to another one.
#[derive(Debug)]
pub struct Asked {
    folder: Pinned,
    root: Pinned,
}

impl Asked {
    /// Holds it. `None` when it is gone.
    pub fn hold(proc_root: &Path, process: ProcessKey) -> Option<Self> {
        // once held, it is this process's folder or nobody's
        let folder = Pinned::at(&proc_root.join(process.pid.to_string())).ok()?;
        let this = Self { root: Pinned::within_proc(&folder, "root").ok()?, folder };
        (this.start_ticks()? == process.start_ticks()).then_some(this)
    }

    /// Its root.
    pub fn root(&self) -> &Pinned {
        &self.root
    }

    /// The first [`SCRIPT_MAX`] bytes, and one more if there are more, of a script that it names as a path or as one
    /// of its own descriptors.
    pub fn script(&self, name: &Text, working_directory: &Text) -> io::Result<Vec<u8>> {
        let file = match script_source(name.bytes(), working_directory.bytes()) {
            ScriptSource::Descriptor(number) => {
                Pinned::within_proc(&self.folder, &format!("fd/{number}"))?.open()?
            }
            ScriptSource::Path(_) => crate::open_named(&self.root, name, working_directory)?,
        };
        capped(file, SCRIPT_MAX)
    }

    /// The descriptor of its own that a name leads to over links, as the process sees them.
    pub fn descriptor_behind(&self, name: &Text, working_directory: &Text) -> Option<u32> {
        let (mut name, mut from) = (name.clone(), working_directory.clone());
        for _ in 0..LINKS_MAX {
            let path = match script_source(name.bytes(), from.bytes()) {
                ScriptSource::Descriptor(number) => return Some(number),
                ScriptSource::Path(path) => path,
            };
            let target = Pinned::link_within(&self.root, Path::new(OsStr::from_bytes(path.bytes()))).ok()?;
            let folder = path.bytes().rsplitn(2, |byte| *byte == b'/').nth(1).unwrap_or_default();
            from = Text::new([folder, b"/"].concat());
            name = Text::new(target);
        }
        None
    }

    /// All its arguments, and whether there are more than [`ARGUMENTS_MAX`] bytes of them.
    pub fn arguments(&self) -> io::Result<(Vec<Text>, bool)> {
        let file = openat(&self.folder, "cmdline", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let mut bytes = capped(File::from(file), ARGUMENTS_MAX)?;
        if bytes.is_empty() {
            return Err(io::Error::other("the process is ending"));
        }
        let truncated = bytes.len() as u64 > ARGUMENTS_MAX;
        bytes.truncate(ARGUMENTS_MAX as usize);
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
        Ok((bytes.split(|byte| *byte == 0).map(Text::new).collect(), truncated))
    }

    fn start_ticks(&self) -> Option<u64> {
        let file = openat(&self.folder, "stat", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        start_of(&capped(File::from(file), 4_096).ok()?)
    }
}

fn capped(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
