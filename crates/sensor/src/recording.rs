//! Recordings: probe records in a file, replayed through the same lines as the ring buffers.
//!
//! Layout: the magic line, then the records one behind the other; the first four bytes of each are its
//! length. Only records that a probe wrote are kept; facts that are looked up live are not there at replay.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8] = b"vedette-recording 1\n";
const RECORD_MAX: u32 = 64 << 10;

/// A recording could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file could not be opened, read or written.
    #[error("recording {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
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
}

impl Recorder {
    /// Creates the file.
    pub fn create(path: &Path) -> Result<Self, RecordingError> {
        let io = |source| RecordingError::Io { path: path.to_owned(), source };
        let mut file = BufWriter::new(File::create(path).map_err(io)?);
        file.write_all(MAGIC).map_err(io)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends a record.
    pub fn write(&mut self, record: &[u8]) -> Result<(), RecordingError> {
        self.file.write_all(record).map_err(|source| RecordingError::Io { path: self.path.clone(), source })
    }

    /// Puts everything on disk.
    pub fn finish(mut self) -> Result<(), RecordingError> {
        self.file.flush().map_err(|source| RecordingError::Io { path: self.path.clone(), source })
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
