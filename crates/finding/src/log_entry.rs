//! Log entries that belong to a finding.

use crate::Timestamp;
use crate::wire::message;

message! {
    /// One entry.
    LogEntry {
        /// Where it is.
        cloud_logging_entry: CloudLoggingEntry,
    }
}

message! {
    /// Identity of a log entry.
    CloudLoggingEntry {
        /// Identity within its log and time.
        insert_id: String,
        /// Log, not URL-encoded.
        log_id: String,
        /// Project or other container of the log.
        resource_container: String,
        /// When.
        timestamp: Option<Timestamp>,
    }
}
