//! From what SQLite and the system say to what a user can do.

use std::io;
use std::path::Path;
use std::sync::Arc;

use store::StoreError;

/// SQLite's primary result codes, and the one extended code that also means a full disk: the shared-memory file
/// could not grow.
const INTERRUPTED: i32 = 9;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const NOT_A_DATABASE: i32 = 26;
const IOERR_SHMSIZE: i32 = 4874;

pub(crate) fn sqlite(action: &'static str, path: &Path, error: sqlx::Error) -> StoreError {
    let subject = path.display().to_string();
    let code = error.as_database_error().and_then(|e| e.code()).and_then(|code| code.parse::<i32>().ok());
    match code {
        // the handler of a reader that took too long is all that interrupts
        Some(INTERRUPTED) => StoreError::took_too_long(subject),
        Some(IOERR_SHMSIZE) => StoreError::Full { subject, source: Arc::new(error) },
        Some(code) if code & 0xff == FULL => StoreError::Full { subject, source: Arc::new(error) },
        Some(code) if matches!(code & 0xff, CORRUPT | NOT_A_DATABASE) => {
            StoreError::Corrupt { subject, detail: error.to_string() }
        }
        _ => StoreError::Io { action, subject, source: Arc::new(error) },
    }
}

pub(crate) fn file(action: &'static str, path: &Path, error: io::Error) -> StoreError {
    let subject = path.display().to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::Full { subject, source: Arc::new(error) }
        }
        _ => StoreError::Io { action, subject, source: Arc::new(error) },
    }
}

/// A stored document that is not one.
pub(crate) fn document(path: &Path, name: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt {
        subject: path.display().to_string(),
        detail: format!("the document of {name:?} cannot be read: {error}"),
    }
}
