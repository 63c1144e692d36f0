//! Who a container is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Identity of a container: 64 (sometimes 32) lower-case hexadecimal digits, validated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId(String);

impl ContainerId {
    /// Accepts 32 to 64 lower-case hexadecimal digits; anything else is not a container's id.
    pub fn new(text: &str) -> Option<Self> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        ((32..=64).contains(&text.len()) && hex).then(|| Self(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which runtime made the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuntimeKind {
    /// containerd.
    Containerd,
    /// CRI-O.
    Crio,
    /// Docker.
    Docker,
    /// Podman or another libpod user.
    Podman,
    /// Not known from the cgroup's name alone.
    Unknown,
}

impl RuntimeKind {
    /// Name as users know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::Crio => "cri-o",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Unknown => "unknown",
        }
    }
}

/// What is known of a container's image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageFacts {
    /// Reference as the user wrote it (`docker.io/library/nginx:1.27`).
    pub reference: String,
    /// Digest (`sha256:…`), empty until the runtime says it.
    pub digest: String,
}

/// What is known of the pod a container belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodFacts {
    /// Kubernetes uid; known from the cgroup alone.
    pub uid: String,
    /// Pod name; empty until the runtime says it.
    pub name: String,
    /// Namespace; empty until the runtime says it.
    pub namespace: String,
    /// Pod labels.
    pub labels: BTreeMap<String, String>,
}

/// What is known of a container. Fields are empty until the runtime says them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Identity.
    pub id: ContainerId,
    /// Runtime.
    pub runtime: RuntimeKind,
    /// Name within its pod (or the runtime's own name for a container without a pod).
    pub name: String,
    /// Image.
    pub image: ImageFacts,
    /// Pod, when it belongs to one.
    pub pod: Option<PodFacts>,
    /// The container's own labels.
    pub labels: BTreeMap<String, String>,
    /// Creation time, nanoseconds since the epoch; 0 until known.
    pub created_ns: u64,
    /// Folder that holds the runtime's `config.json`, on the node.
    pub bundle: Option<PathBuf>,
    /// File of the container's log lines, on the node.
    pub log_path: Option<PathBuf>,
    /// Everything that a runtime can tell has been told.
    pub complete: bool,
    /// The sandbox (pause) container of a pod, not a workload.
    pub sandbox: bool,
    /// The container that is this one's machine (kind, k3d). Until a runtime confirms this one, its name may be forged by
    /// whoever controls that one.
    pub within: Option<(ContainerId, RuntimeKind)>,
}

impl Container {
    /// What the cgroup alone says.
    pub fn bare(id: ContainerId, runtime: RuntimeKind, pod_uid: Option<String>) -> Self {
        Self {
            id,
            runtime,
            name: String::new(),
            image: ImageFacts::default(),
            pod: pod_uid.map(|uid| PodFacts { uid, ..PodFacts::default() }),
            labels: BTreeMap::new(),
            created_ns: 0,
            bundle: None,
            log_path: None,
            complete: false,
            sandbox: false,
            within: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ContainerId;

    #[test]
    fn only_hexadecimal_of_the_right_length_is_an_id() {
        assert!(ContainerId::new(&"a".repeat(64)).is_some());
        assert!(ContainerId::new(&"a".repeat(65)).is_none());
        assert!(ContainerId::new(&"A".repeat(64)).is_none());
        assert!(ContainerId::new("../../etc").is_none());
    }
}
