//! Every shape of a socat shell, and every disguise of socat.

use super::images::{LOADER, RENAMED};

/// How socat is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// As it is.
    Plain,
    /// A copy by another name.
    Renamed,
    /// By the dynamic loader.
    Loader,
    /// From a file that is gone by the time anybody looks.
    Deleted,
    /// By `kubectl exec` in a container that does something else.
    Exec,
}

/// All of them.
pub fn variants() -> [Variant; 5] {
    [Variant::Plain, Variant::Renamed, Variant::Loader, Variant::Deleted, Variant::Exec]
}

impl Variant {
    /// Name in tables and pods.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Renamed => "renamed",
            Self::Loader => "loader",
            Self::Deleted => "deleted",
            Self::Exec => "exec",
        }
    }

    /// A line with `{SOCAT}` filled.
    pub(crate) fn apply(self, line: &str) -> String {
        let uses = line.matches("{SOCAT}").count();
        match self {
            Self::Plain | Self::Exec => line.replace("{SOCAT}", "socat"),
            Self::Renamed => line.replace("{SOCAT}", RENAMED),
            Self::Loader => line.replace("{SOCAT}", &format!("{LOADER} /usr/bin/socat")),
            // Gone as soon as as many processes as the line starts run it.
            Self::Deleted => format!(
                "cp /usr/bin/socat /tmp/.d; ( while [ $(ls -l /proc/[0-9]*/exe 2>/dev/null | grep -c ' /tmp/.d$') -lt {uses} ]; do :; done; rm /tmp/.d ) & {}",
                line.replace("{SOCAT}", "/tmp/.d")
            ),
        }
    }
}
