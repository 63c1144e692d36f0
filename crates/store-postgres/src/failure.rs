//! From what PostgreSQL and the network say to what a user can do.

use std::error::Error;
use std::sync::Arc;

use sqlx::error::DatabaseError;
use store::StoreError;

/// Classes and codes of SQLSTATE.
const CONNECTION: &str = "08";
const SHUTTING_DOWN: [&str; 4] = ["57P01", "57P02", "57P03", "53300"];
/// The statement's time was up.
const TOOK_TOO_LONG: &str = "57014";
const DISK_FULL: &str = "53100";
/// Serialization failure, deadlock, and a row for which there is no partition.
const REPEAT: [&str; 3] = ["40001", "40P01", "23514"];

pub(crate) fn postgres(action: &'static str, subject: &str, error: sqlx::Error) -> StoreError {
    let subject = subject.to_owned();
    let code = code(&error);
    let code = code.as_deref().unwrap_or_default();
    let is_away = matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed
    ) || code.starts_with(CONNECTION)
        || SHUTTING_DOWN.contains(&code);
    match error {
        sqlx::Error::PoolClosed => StoreError::Closed { subject },
        error if is_away => StoreError::Away { subject, source: Arc::new(error) },
        _ if code == TOOK_TOO_LONG => StoreError::took_too_long(subject),
        error if code == DISK_FULL => StoreError::Full { subject, source: Arc::new(error) },
        error => StoreError::Io { action, subject, source: Arc::new(error) },
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(|code| code.into_owned())
}

/// Whether the database took everything back because two transactions met: the same again may succeed.
pub(crate) fn met_another(error: &StoreError) -> bool {
    let StoreError::Io { source, .. } = error else { return false };
    let source: &(dyn Error + 'static) = &**source;
    let code = source.downcast_ref::<sqlx::Error>().and_then(code);
    code.is_some_and(|code| REPEAT.contains(&code.as_str()))
}

/// A stored document that is not one.
pub(crate) fn document(subject: &str, name: &str, error: &serde_json::Error) -> StoreError {
    StoreError::Corrupt {
        subject: subject.to_owned(),
        detail: format!("the document of {name:?} cannot be read: {error}"),
    }
}
