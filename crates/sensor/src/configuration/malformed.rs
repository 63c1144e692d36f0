//! What is wrong with the file: which line, which key, what belongs there.

use std::path::PathBuf;

/// What a key takes; the others take text.
const TAKES: [(&str, &str); 13] = [
    ("modules", "detectors by name, each true or false"),
    ("parity", "true or false"),
    ("runtimeSockets", "a list of paths, such as [/srv/containerd/containerd.sock]"),
    ("hostRoot", "a path, such as /host"),
    ("ringBufferBytes", "a number of bytes, such as 4194304"),
    ("cloudMetadata", "auto, off, google, amazon or azure"),
    ("server", "addresses, authority, and identity or token"),
    ("server.addresses", "a list, such as [https://vedette:7443]"),
    ("server.authority", "a path, such as /etc/vedette/authority.pem"),
    ("server.identity", "a path, such as /etc/vedette/node.pem"),
    ("server.token", "a path, such as /var/run/secrets/vedette/token"),
    ("server.spool", "a path, such as /var/lib/vedette-sensor/spool"),
    ("server.spoolBytes", "a number of bytes, such as 1073741824"),
];

/// The file is no YAML, or holds a key or a value that has no place in it.
#[derive(Debug, thiserror::Error)]
#[error("configuration {}{place}: {reason} (docs/configuration.md shows every key)", path.display())]
pub struct Malformed {
    path: PathBuf,
    /// `, line 3, parity`, as far as it is known.
    place: String,
    reason: String,
}

impl Malformed {
    pub(super) fn new(path: PathBuf, text: &str, error: &serde_saphyr::Error) -> Self {
        let line = error.location().map(|at| at.line());
        let at = line.and_then(|n| usize::try_from(n).ok()?.checked_sub(1));
        let mut reason = yaml::words(error);
        // where the lines are not yet understood, nothing is inside of anything
        let key = match at {
            Some(at) if reason.contains("pars") => {
                text.lines().nth(at).map(yaml::plain_key).unwrap_or_default().to_owned()
            }
            Some(at) => yaml::key_at(text, at),
            None => String::new(),
        };
        let takes = match TAKES.iter().find(|(name, _)| *name == key) {
            Some((_, takes)) => Some(*takes),
            None if key.starts_with("modules.") => Some("true or false"),
            None => None,
        };
        if let Some(takes) = takes {
            reason += &format!("; {key} takes {takes}");
        }
        let mut place = line.map(|line| format!(", line {line}")).unwrap_or_default();
        if !key.is_empty() {
            place += &format!(", {key}");
        }
        Self { path, place, reason }
    }

    /// Something that the parser had no objection to.
    pub(super) fn at(path: PathBuf, line: u64, key: &str, reason: &str) -> Self {
        Self { path, place: format!(", line {line}, {key}"), reason: reason.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;

    #[test]
    fn the_line_the_key_and_what_belongs_there_are_named() {
        for (text, wanted) in [
            (
                "project: shop\nruntimeSockets: /a\n",
                ", line 2, runtimeSockets: expected a list; runtimeSockets takes a list of",
            ),
            ("parity: perhaps\n", ", line 1, parity: neither true nor false; parity takes true or false"),
            (
                "modules:\n  REVERSE_SHELL: 3\n",
                ", line 2, modules.REVERSE_SHELL: neither true nor false; modules.REVERSE_SHELL takes true",
            ),
            ("ringBufferBytes: 4MB\n", ", line 1, ringBufferBytes: no whole number"),
            ("cloudMetadata: aws\n", "cloudMetadata takes auto, off"),
            ("modules:\n  REVERSE_SHELL: true\n parity: false\n", ", line 3, parity: "),
            ("project: a\nproject: b\n", ", line 2, project: duplicate mapping key: project (docs"),
            ("colour: red\n", ", line 1, colour: no such key; there are organization, "),
            ("hello\n", ", line 1: expected keys with values (docs"),
        ] {
            let error: Result<Configuration, _> = serde_saphyr::from_str(text);
            let said = Malformed::new("v.yaml".into(), text, &error.unwrap_err()).to_string();
            assert!(said.starts_with("configuration v.yaml") && said.contains(wanted), "{text:?}: {said}");
            assert!(!said.contains('\n'), "{said}");
        }
    }
}
