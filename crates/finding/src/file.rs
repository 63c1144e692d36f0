//! Files that belong to a finding.

use crate::wire::{int64, message, wire_enum};

message! {
    /// A file as it was when the finding was made.
    File {
        /// Absolute path, as the container sees it.
        path: String,
        /// Size in bytes.
        #[serde(with = "int64")]
        size: i64,
        /// SHA-256 of the first `hashed_size` bytes, lower-case hexadecimal.
        sha256: String,
        /// How many bytes were hashed.
        #[serde(with = "int64")]
        hashed_size: i64,
        /// The file is longer than what was hashed.
        partially_hashed: bool,
        /// The first bytes, as text.
        contents: String,
        /// Where it lies on a disk.
        disk_path: DiskPath,
        /// What was done with it.
        operations: Vec<FileOperation>,
    }
}

message! {
    /// A path relative to a partition.
    DiskPath {
        /// UUID of the partition.
        partition_uuid: String,
        /// Path on it.
        relative_path: String,
    }
}

message! {
    /// One thing that was done with a file.
    FileOperation {
        /// What.
        #[serde(rename = "type")]
        kind: FileOperationKind,
    }
}

wire_enum! {
    /// What was done with a file.
    FileOperationKind {
        Unspecified = 0 "OPERATION_TYPE_UNSPECIFIED",
        /// Opened.
        Open = 1 "OPEN",
        /// Read.
        Read = 2 "READ",
        /// Renamed.
        Rename = 3 "RENAME",
        /// Written.
        Write = 4 "WRITE",
        /// Executed.
        Execute = 5 "EXECUTE",
    }
}
