//! Losses are events too.

/// Which kind of record was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossKind {
    /// Exec records.
    Exec,
    /// Fork records.
    Fork,
    /// Exit records.
    Exit,
    /// Socket records.
    Socket,
    /// Records that could not be decoded.
    Malformed,
    /// Findings that were given up because too many waited to be delivered.
    Finding,
}

impl LossKind {
    /// Every kind of record.
    pub const RECORDS: [Self; 5] = [Self::Exec, Self::Fork, Self::Exit, Self::Socket, Self::Malformed];

    /// Name used in metrics and findings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Fork => "fork",
            Self::Exit => "exit",
            Self::Socket => "socket",
            Self::Malformed => "malformed",
            Self::Finding => "finding",
        }
    }
}

/// Records of one kind were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss {
    /// Not lost before this time (nanoseconds since boot): the last time when the counter was read.
    pub from_ns: u64,
    /// Lost before this time.
    pub to_ns: u64,
    /// Kind of record.
    pub kind: LossKind,
    /// The cgroup whose records were lost; `None` when it cannot be known.
    pub cgroup: Option<u64>,
    /// How many.
    pub count: u64,
}
