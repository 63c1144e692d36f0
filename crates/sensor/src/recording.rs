//! Recordings: probe records in a file, replayed through the same lines as the ring buffers.
//!
//! Layout: the magic line, then the records one behind the other; the first four bytes of each are its
//! length. Only records that a probe wrote are kept; facts that are looked up live are not there at replay.

use std::fs::{File, Permissions};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"vedette-recording 1\n";
const RECORD_MAX: u32 = 64 << 10;

/// A recording could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file could not be opened, read or written.
    #[error("recording {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// What is in the file would be lost.
    #[error("recording {0}: the file exists; name another one, or add --overwrite to replace it")]
    Exists(PathBuf),
    /// Not a recording.
    #[error(
        "{0} is not a Vedette recording (or of another version): make one with `vedette sensor --record FILE`"
    )]
    NotARecording(PathBuf),
    /// The file is damaged.
    #[error("recording {path} is damaged at byte {at}: {replayed} records before that were replayed")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        at: u64,
        /// Records that could be used.
        replayed: usize,
    },
}

/// Writes a recording.
pub struct Recorder {
    file: BufWriter<File>,
    path: PathBuf,
    /// Nothing was recorded yet into a file of our own making: it goes when there is no more to come.
    is_bare: bool,
}

impl Recorder {
    /// Creates the file, readable by its owner alone: records hold every command line of the machine.
    pub fn create(path: &Path, overwrite: bool) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.to_owned(), source };
        let mut options = File::options();
        options.write(true).mode(0o600);
        let (file, is_bare) = match options.create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && overwrite => {
                let file = options.create_new(false).truncate(true).open(path).map_err(io)?;
                if file.metadata().map_err(io)?.is_file() {
                    file.set_permissions(Permissions::from_mode(0o600)).map_err(io)?;
                }
                (file, false)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(RecordingError::Exists(path.to_owned()));
            }
            made => (made.map_err(io)?, true),
        };
        let mut file = BufWriter::new(file);
        file.write_all(MAGIC).map_err(io)?;
        Ok(Self { file, path: path.to_owned(), is_bare })
    }

    /// Appends a record.
    pub fn write(&mut self, record: &[u8]) -> Result<(), RecordingError> {
        self.is_bare = false;
        self.file.write_all(record).map_err(|source| RecordingError::Io { path: self.path.clone(), source })
    }

    /// Puts everything on disk.
    pub fn finish(mut self) -> Result<(), RecordingError> {
        self.is_bare = false;
        self.file.flush().map_err(|source| RecordingError::Io { path: self.path.clone(), source })
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // a sensor that did not start must not make the next attempt fail
        if self.is_bare {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// A recording being read.
pub struct Recording {
    file: BufReader<File>,
    path: PathBuf,
    at: u64,
    records: usize,
}

impl Recording {
    /// Opens a recording.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.to_owned(), source };
        let mut file = BufReader::new(File::open(path).map_err(io)?);
        let mut magic = vec![0; MAGIC.len()];
        match file.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Err(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => return Err(io(source)),
            _ => return Err(RecordingError::NotARecording(path.to_owned())),
        }
        Ok(Self { file, path: path.to_owned(), at: MAGIC.len() as u64, records: 0 })
    }

    /// The next record; `None` at the end.
    pub fn next_record(&mut self) -> Result<Option<Vec<u8>>, RecordingError> {
        let mut head = [0; 4];
        let mut filled = 0;
        while filled < 4 {
            match self.file.read(&mut head[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(self.damaged()),
                Ok(read) => filled += read,
                Err(source) => return Err(RecordingError::Io { path: self.path.clone(), source }),
            }
        }
        let length = u32::from_le_bytes(head);
        if !(32..=RECORD_MAX).contains(&length) {
            return Err(self.damaged());
        }
        let mut record = vec![0; length as usize];
        record[..4].copy_from_slice(&head);
        self.file.read_exact(&mut record[4..]).map_err(|_| self.damaged())?;
        self.at += u64::from(length);
        self.records += 1;
        Ok(Some(record))
    }

    fn damaged(&self) -> RecordingError {
        RecordingError::Damaged { path: self.path.clone(), at: self.at, replayed: self.records }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_recording_is_its_owners_and_never_replaces_a_file_unasked() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("day.rec");
        let mode = || path.metadata().unwrap().mode() & 0o777;
        Recorder::create(&path, false).unwrap().finish().unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::write(&path, "yesterday's").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let refused = Recorder::create(&path, false).err().unwrap().to_string();
        assert!(refused.contains("day.rec") && refused.contains("--overwrite"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"yesterday's");
        Recorder::create(&path, true).unwrap().finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), MAGIC);
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_sensor_that_never_recorded_leaves_no_file_of_its_own() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("day.rec");
        drop(Recorder::create(&path, false).unwrap());
        assert!(!path.exists());
        std::fs::write(&path, "theirs").unwrap();
        drop(Recorder::create(&path, true).unwrap());
        assert!(path.exists(), "it was there before");
    }
}
