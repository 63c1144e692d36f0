//! Who a container is.

use crate::Text;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Longest name that a runtime gives a container: it is the name of a folder.
const LONGEST_NAME: usize = 255;

/// Identity of a container, validated: 32 to 64 lower-case hexadecimal digits, the name that its runtime knows it by, or
/// nothing where no runtime claims it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId {
    text: String,
    /// Tells apart what has the same name, or none. Digits are never used twice and need none.
    instance: u64,
}

impl ContainerId {
    /// Accepts 32 to 64 lower-case hexadecimal digits, which tell by their form alone that they are an id.
    pub fn new(text: &str) -> Option<Self> {
        let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        ((32..=64).contains(&text.len()) && hex).then(|| Self { text: text.to_owned(), instance: 0 })
    }

    /// What a runtime calls a container of its own; a name is used again, so `instance` says which one it is. Accepts what
    /// runc, crun and containerd accept, as far as it can be the name of a folder and is no option.
    pub fn named(text: &str, instance: u64) -> Option<Self> {
        if let Some(id) = Self::new(text) {
            return Some(id);
        }
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_+-.".contains(&b);
        let begins = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
        (begins && text.len() <= LONGEST_NAME && text.bytes().all(plain))
            .then(|| Self { text: text.to_owned(), instance })
    }

    /// What no runtime has claimed so far.
    pub const fn unclaimed(instance: u64) -> Self {
        Self { text: String::new(), instance }
    }

    /// Whether a runtime calls it so.
    pub fn is_claimed(&self) -> bool {
        !self.text.is_empty()
    }

    /// Whether its form says that it is an id.
    pub fn is_digits(&self) -> bool {
        Self::new(&self.text).is_some()
    }

    /// The digits or the name; empty where no runtime claims it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
    /// runc, without another runtime above it.
    Runc,
    /// crun, without another runtime above it.
    Crun,
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
            Self::Runc => "runc",
            Self::Crun => "crun",
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
    /// Its control group, from the top downwards; that of its process where no runtime claims it.
    pub cgroup: Vec<Text>,
}

impl Container {
    /// Its control group as a path.
    pub fn cgroup_path(&self) -> String {
        self.cgroup.iter().map(|name| format!("/{}", name.lossy())).collect()
    }

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
            cgroup: Vec::new(),
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

    #[test]
    fn a_name_is_a_folders_name_and_no_option() {
        for name in ["shop-cart-2", "_x", "a.b+c", &"n".repeat(255)] {
            assert!(ContainerId::named(name, 1).is_some(), "{name}");
        }
        for refused in ["", ".", "..", "-v", "a/b", "a b", "\u{e4}", "a\n", &"n".repeat(256)] {
            assert!(ContainerId::named(refused, 1).is_none(), "{refused}");
        }
        assert_ne!(ContainerId::named("web", 1), ContainerId::named("web", 2), "started anew");
        assert_eq!(ContainerId::named(&"a".repeat(64), 1), ContainerId::new(&"a".repeat(64)));
        assert!(!ContainerId::unclaimed(1).is_claimed());
    }
}
