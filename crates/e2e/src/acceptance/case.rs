//! One line of a corpus file.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The shell calls out.
    Reverse,
    /// The shell waits for a caller.
    Bind,
    /// What the attacker runs at the other end: no shell.
    Attacker,
    /// Nothing bad.
    Benign,
    /// Does what a networked shell does and is meant so.
    BenignByIntent,
}

/// One case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Identity in its file.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// The shell lines, one container each; placeholders as the corpus has them.
    pub lines: Vec<String>,
    /// Whether somebody has seen it work.
    pub verified: bool,
    /// Programs that it needs, in words.
    pub needs: String,
    /// What else the file says.
    pub more: Value,
}

impl Kind {
    /// Name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reverse => "reverse_shell",
            Self::Bind => "bind_shell",
            Self::Attacker => "attacker_side",
            Self::Benign => "benign",
            Self::BenignByIntent => "benign_by_intent",
        }
    }

    /// A finding is due.
    pub fn is_shell(self) -> bool {
        matches!(self, Self::Reverse | Self::Bind)
    }

    /// A finding is an error.
    pub fn is_quiet(self) -> bool {
        matches!(self, Self::Attacker | Self::Benign)
    }
}

impl Case {
    /// The lines as one, for a reader.
    pub fn text(&self) -> String {
        self.lines.join("  ||container||  ")
    }

    /// A word that the file gives under `key`.
    pub fn word(&self, key: &str) -> Option<&str> {
        self.more.get(key).and_then(Value::as_str)
    }

    fn of(value: Value) -> Result<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        let kind = match text("kind").context("no kind")? {
            "reverse_shell" => Kind::Reverse,
            "bind_shell" => Kind::Bind,
            "attacker_side" => Kind::Attacker,
            "benign" if flag("networked_shell_by_behaviour") == Some(true) => Kind::BenignByIntent,
            "benign" => Kind::Benign,
            other => anyhow::bail!("unknown kind {other:?}"),
        };
        let lines = match (value.get("lines").and_then(Value::as_array), text("shell_line")) {
            (Some(lines), _) => lines.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            (None, Some(line)) => vec![line.to_owned()],
            (None, None) => anyhow::bail!("neither shell_line nor lines"),
        };
        Ok(Self {
            id: text("id").context("no id")?.to_owned(),
            kind,
            lines,
            verified: flag("verified").unwrap_or(!matches!(kind, Kind::Reverse | Kind::Bind)),
            needs: text("needs").unwrap_or_default().to_owned(),
            more: value,
        })
    }
}

/// Reads a file of one JSON object a line.
///
/// # Errors
/// With the file's name and the line's number.
pub fn read_cases(path: &Path) -> Result<Vec<Case>> {
    let text = fs::read_to_string(path).with_context(|| format!("the corpus {}", path.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line)
                .map_err(anyhow::Error::from)
                .and_then(Case::of)
                .with_context(|| format!("{} line {}", path.display(), at + 1))
        })
        .collect()
}
