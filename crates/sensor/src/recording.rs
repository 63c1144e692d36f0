//! Recordings: probe records in a file, replayed through the same lines as the ring buffers.
//!
//! Layout: the magic line, a line of JSON that says where and when they were made, then the records one behind the other;
//! the first four bytes of each are its length. Only records that a probe wrote are kept; facts that are looked up live are not there at replay.

use std::fs::{File, Permissions};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"vedette-recording 2\n";
/// Begins the recordings of every version.
const MAGIC_ANY: &[u8] = b"vedette-recording ";
/// Longest line that says where a recording was made, bytes.
const MADE_MAX: u64 = 4 << 10;
const RECORD_MAX: u32 = 64 << 10;

/// Where and when a recording was made: what findings' ids, names and times depend on besides the records.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// The machine's boot.
    pub boot_id: String,
    /// When that boot began, nanoseconds since the epoch, as of the start of the recording.
    pub boot_time_nanos: i64,
    /// The node, as findings name it.
    pub node: String,
    /// The node's kernel.
    pub kernel: String,
}

impl Made {
    /// Here and now, on the node of that name.
    pub fn here(node: String) -> Self {
        let host::Machine { boot_id, kernel, .. } = host::Machine::read();
        Self { boot_id, boot_time_nanos: host::Clock::read().wall_ns(0), node, kernel }
    }
}

/// The file that a recording goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordTo {
    /// The file.
    pub path: PathBuf,
    /// It may be there already, and is then replaced.
    pub overwrite: bool,
}

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
    #[error("{0} is not a Vedette recording: make one with `vedette sensor --record FILE`")]
    NotARecording(PathBuf),
    /// A recording of another version of Vedette.
    #[error(
        "recording {0} was made by another version of Vedette, whose recordings this one cannot replay: replay it with that version, or record again with `vedette sensor --record FILE`"
    )]
    OtherVersion(PathBuf),
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
    ///
    /// # Errors
    /// When there is a file that is not to be replaced, and what the system says.
    pub fn create(to: &RecordTo, made: &Made) -> Result<Self, RecordingError> {
        let RecordTo { path, overwrite } = to;
        let io = |source| RecordingError::Io { path: path.to_owned(), source };
        let mut options = File::options();
        options.write(true).mode(0o600);
        let (file, is_bare) = match options.create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && *overwrite => {
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
        serde_json::to_writer(&mut file, made).map_err(|e| io(e.into()))?;
        file.write_all(b"\n").map_err(io)?;
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
    file: Box<dyn BufRead + Send>,
    path: PathBuf,
    made: Made,
    at: u64,
    records: usize,
}

impl Recording {
    /// Opens a recording.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let file = File::open(path).map_err(|source| RecordingError::Io { path: path.to_owned(), source })?;
        Self::of(path, BufReader::new(file))
    }

    /// Reads a recording from elsewhere; `path` is what errors call it.
    pub fn of(path: &Path, file: impl BufRead + Send + 'static) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.to_owned(), source };
        let mut file: Box<dyn BufRead + Send> = Box::new(file);
        let mut magic = vec![0; MAGIC.len()];
        match file.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => {}
            Ok(()) if magic.starts_with(MAGIC_ANY) => {
                return Err(RecordingError::OtherVersion(path.to_owned()));
            }
            Err(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => return Err(io(source)),
            _ => return Err(RecordingError::NotARecording(path.to_owned())),
        }
        let mut line = Vec::new();
        file.by_ref().take(MADE_MAX).read_until(b'\n', &mut line).map_err(io)?;
        let at = MAGIC.len() as u64;
        let made = serde_json::from_slice(&line).map_err(|_| RecordingError::Damaged {
            path: path.to_owned(),
            at,
            replayed: 0,
        })?;
        Ok(Self { file, path: path.to_owned(), made, at: at + line.len() as u64, records: 0 })
    }

    /// Where and when it was made.
    pub fn made(&self) -> &Made {
        &self.made
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

    fn made() -> Made {
        Made { boot_id: "b".into(), boot_time_nanos: 7, node: "n\n\"".into(), kernel: "6.1".into() }
    }

    fn to(path: &Path, overwrite: bool) -> RecordTo {
        RecordTo { path: path.to_owned(), overwrite }
    }

    fn record(byte: u8) -> Vec<u8> {
        let mut record = vec![byte; 40];
        record[..4].copy_from_slice(&40u32.to_le_bytes());
        record
    }

    #[test]
    fn what_is_recorded_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("day.rec");
        let mut recorder = Recorder::create(&to(&path, false), &made()).unwrap();
        recorder.write(&record(1)).unwrap();
        recorder.write(&record(b'\n')).unwrap();
        recorder.finish().unwrap();
        let mut recording = Recording::open(&path).unwrap();
        assert_eq!(recording.made(), &made());
        assert_eq!(recording.next_record().unwrap(), Some(record(1)));
        assert_eq!(recording.next_record().unwrap(), Some(record(b'\n')));
        assert_eq!(recording.next_record().unwrap(), None);
    }

    #[test]
    fn what_cannot_be_replayed_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let refused = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            match Recording::open(&path) {
                Ok(_) => panic!("{bytes:?} was taken"),
                Err(error) => error,
            }
        };
        let old = refused(b"vedette-recording 1\n\x28\0\0\0");
        assert!(matches!(&old, RecordingError::OtherVersion(_)), "{old}");
        assert!(old.to_string().contains("record again"), "{old}");
        assert!(matches!(refused(b""), RecordingError::NotARecording(_)));
        assert!(matches!(refused(b"a text that is no recording"), RecordingError::NotARecording(_)));
        for line in ["", "{}\n", "{\"bootId\":\n"] {
            let error = refused(&[MAGIC, line.as_bytes()].concat());
            assert!(matches!(error, RecordingError::Damaged { at: 20, replayed: 0, .. }), "{error}");
        }
    }

    #[test]
    fn a_recording_is_its_owners_and_never_replaces_a_file_unasked() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("day.rec");
        let mode = || path.metadata().unwrap().mode() & 0o777;
        Recorder::create(&to(&path, false), &made()).unwrap().finish().unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::write(&path, "yesterday's").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let refused = Recorder::create(&to(&path, false), &made()).err().unwrap().to_string();
        assert!(refused.contains("day.rec") && refused.contains("--overwrite"), "{refused}");
        assert_eq!(std::fs::read(&path).unwrap(), b"yesterday's");
        Recorder::create(&to(&path, true), &made()).unwrap().finish().unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(MAGIC));
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_sensor_that_never_recorded_leaves_no_file_of_its_own() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("day.rec");
        drop(Recorder::create(&to(&path, false), &made()).unwrap());
        assert!(!path.exists());
        std::fs::write(&path, "theirs").unwrap();
        drop(Recorder::create(&to(&path, true), &made()).unwrap());
        assert!(path.exists(), "it was there before");
    }
}
