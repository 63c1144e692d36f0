//! Processes that belong to a finding.

use crate::File;
use crate::wire::{int64, known_int64, message};

message! {
    /// A process as it was when the finding was made.
    Process {
        /// Command name (`comm`).
        name: String,
        /// The executable. With a script: its interpreter.
        binary: File,
        /// Libraries it loaded.
        libraries: Vec<File>,
        /// The script it runs.
        script: File,
        /// Arguments, the program's name included.
        args: Vec<String>,
        /// There were more.
        arguments_truncated: bool,
        /// Environment.
        env_variables: Vec<EnvironmentVariable>,
        /// There were more.
        env_variables_truncated: bool,
        /// Process id, as the node sees it.
        #[serde(with = "int64")]
        pid: i64,
        /// Process id of the parent, as the node sees it.
        #[serde(with = "int64")]
        parent_pid: i64,
        /// User it acts as; 0 is root.
        #[serde(with = "known_int64")]
        user_id: Option<i64>,
    }
}

message! {
    /// One variable of the environment.
    EnvironmentVariable {
        /// Name.
        name: String,
        /// Value. (The wire says `val`.)
        val: String,
    }
}
