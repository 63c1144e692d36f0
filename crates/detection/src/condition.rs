//! What a detector looks at, condition by condition.
//!
//! A detector walks through its conditions once, for two readers: the engine, which stops at the first that does not hold,
//! and whoever wants to know why. Both walk the same way, so that they cannot disagree.

/// Whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody knows, or nobody knows yet. A detector stays quiet then.
    Unknown,
}

impl Truth {
    /// Word of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::True => "TRUE",
            Self::False => "FALSE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// A condition of a detector, as it stands for one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What must be so.
    pub text: &'static str,
    /// Whether it is.
    pub truth: Truth,
    /// How that is known. It may hold names that an attacker chose.
    pub reason: String,
}

/// What conditions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// One does not hold.
    Quiet,
    /// Of one nobody knows whether it holds, and the others hold.
    Undecided,
    /// All hold.
    Found,
}

impl Verdict {
    /// What these come to.
    pub fn of(conditions: &[Condition]) -> Self {
        let any = |truth| conditions.iter().any(|condition| condition.truth == truth);
        match (any(Truth::False), any(Truth::Unknown)) {
            (true, _) => Self::Quiet,
            (false, true) => Self::Undecided,
            (false, false) => Self::Found,
        }
    }

    /// How telling conditions are: what they come to, then how many of them hold.
    pub fn weight(conditions: &[Condition]) -> (Self, usize) {
        let hold = conditions.iter().filter(|condition| condition.truth == Truth::True).count();
        (Self::of(conditions), hold)
    }

    /// Word of the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quiet => "QUIET",
            Self::Undecided => "UNDECIDED",
            Self::Found => "FOUND",
        }
    }
}

/// A walk through conditions.
#[derive(Debug)]
pub struct Conditions {
    kept: Option<Vec<Condition>>,
    hold: bool,
}

impl Conditions {
    /// For the engine: nothing is kept, and the first that does not hold is the last.
    pub(crate) const fn for_engine() -> Self {
        Self { kept: None, hold: true }
    }

    /// For a reader: all are kept.
    pub(crate) const fn for_reader() -> Self {
        Self { kept: Some(Vec::new()), hold: true }
    }

    /// A condition. `None` tells the detector to look no further.
    pub fn that(
        &mut self,
        text: &'static str,
        truth: impl Into<Truth>,
        reason: impl FnOnce() -> String,
    ) -> Option<()> {
        let truth = truth.into();
        self.hold &= truth == Truth::True;
        match &mut self.kept {
            Some(kept) => kept.push(Condition { text, truth, reason: reason() }),
            None if truth != Truth::True => return None,
            None => {}
        }
        Some(())
    }

    /// All that were named hold.
    pub(crate) const fn hold(&self) -> bool {
        self.hold
    }

    pub(crate) fn into_kept(self) -> Vec<Condition> {
        self.kept.unwrap_or_default()
    }
}
