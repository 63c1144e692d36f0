//! What a bundle's `config.json` says about its container.
//!
//! `bytes → annotations (containerd, CRI-O, podman, nerdctl) → Told → Container`

mod docker;
mod podman;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use event::{Container, PodFacts, RuntimeKind};
use serde::Deserialize;

pub(crate) use docker::{Docker, container_folder};
pub(crate) use podman::stored;

/// A `config.json` larger than this is not read, bytes. The largest real ones (many mounts and variables) stay below 1 MiB.
pub(crate) const CONFIG_MAX: u64 = 4 << 20;
/// Longest name or reference kept, bytes.
const NAME_MAX: usize = 1 << 10;
/// Labels kept.
const LABELS_MAX: usize = 256;
/// Longest label key or value kept, bytes.
const LABEL_MAX: usize = 4 << 10;

/// A runtime's `config.json`, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Config {
    #[serde(default, deserialize_with = "or_default")]
    annotations: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "or_default")]
    mounts: Vec<Mount>,
    #[serde(default, deserialize_with = "or_default")]
    linux: Linux,
}

#[derive(Debug, Default, Deserialize)]
struct Linux {
    #[serde(default, rename = "cgroupsPath", deserialize_with = "or_default")]
    control_group: String,
}

#[derive(Debug, Deserialize)]
struct Mount {
    #[serde(default)]
    destination: String,
    #[serde(default)]
    source: PathBuf,
}

/// Go writes an empty map or list as `null`.
fn or_default<'de, D: serde::Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// What somebody told about a container; empty where he told nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) digest: String,
    pub(crate) pod_name: String,
    pub(crate) pod_namespace: String,
    pub(crate) pod_uid: String,
    pub(crate) pod_labels: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) created_ns: u64,
    pub(crate) log_path: Option<PathBuf>,
    pub(crate) sandbox: bool,
}

impl Config {
    /// `None` when the bytes are not a `config.json`.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Which runtime's annotations these are.
    pub(crate) fn runtime(&self) -> RuntimeKind {
        let has = |prefix: &str| self.annotations.keys().any(|key| key.starts_with(prefix));
        // libpod writes a few of CRI-O's keys too.
        if self.is("io.container.manager", "libpod") || has("io.podman.") {
            RuntimeKind::Podman
        } else if has("io.kubernetes.cri-o.") {
            RuntimeKind::Crio
        } else if has("io.kubernetes.cri.") || has("nerdctl/") {
            RuntimeKind::Containerd
        } else {
            RuntimeKind::Unknown
        }
    }

    /// What its annotations tell.
    pub(crate) fn told(&self) -> Told {
        match self.runtime() {
            RuntimeKind::Crio | RuntimeKind::Podman => self.crio(),
            _ => self.containerd(),
        }
    }

    /// Its control group: a path, or `slice:prefix:name` for systemd.
    pub(crate) fn control_group(&self) -> Option<String> {
        Some(self.linux.control_group.clone()).filter(|group| !group.is_empty())
    }

    fn get(&self, key: &str) -> String {
        self.annotations.get(key).cloned().unwrap_or_default()
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.annotations.get(key).is_some_and(|found| found == value)
    }

    fn first(&self, keys: &[&str]) -> String {
        keys.iter().map(|key| self.get(key)).find(|value| !value.is_empty()).unwrap_or_default()
    }

    fn containerd(&self) -> Told {
        Told {
            name: self.first(&["io.kubernetes.cri.container-name", "nerdctl/name"]),
            image: self.get("io.kubernetes.cri.image-name"),
            pod_name: self.get("io.kubernetes.cri.sandbox-name"),
            pod_namespace: self.get("io.kubernetes.cri.sandbox-namespace"),
            pod_uid: self.get("io.kubernetes.cri.sandbox-uid"),
            sandbox: self.is("io.kubernetes.cri.container-type", "sandbox"),
            ..Told::default()
        }
    }

    /// CRI-O also copies a pod's own annotations to the top level, where their author could imitate the kubelet's
    /// keys; so the kubelet's labels are taken from the list that CRI-O wrote itself.
    fn crio(&self) -> Told {
        let json = |key: &str| -> BTreeMap<String, String> {
            self.annotations.get(key).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
        };
        let mut labels = json("io.kubernetes.cri-o.Labels");
        let label = |key: &str| labels.get(key).cloned().unwrap_or_default();
        let sandbox = self.is("io.kubernetes.cri-o.ContainerType", "sandbox");
        let mut told = Told {
            name: if sandbox { String::new() } else { label("io.kubernetes.container.name") },
            image: self.first(&[
                "io.kubernetes.cri-o.UserRequestedImage",
                "io.kubernetes.cri-o.ImageName",
                "io.kubernetes.cri-o.Image",
            ]),
            digest: digest_of(&self.get("io.kubernetes.cri-o.ImageRef")),
            pod_name: label("io.kubernetes.pod.name"),
            pod_namespace: label("io.kubernetes.pod.namespace"),
            pod_uid: label("io.kubernetes.pod.uid"),
            created_ns: nanoseconds(&self.get("io.kubernetes.cri-o.Created")),
            log_path: Some(self.get("io.kubernetes.cri-o.LogPath"))
                .filter(|path| path.starts_with('/'))
                .map(PathBuf::from),
            sandbox,
            ..Told::default()
        };
        if sandbox {
            labels.retain(|key, _| !is_kubelets(key));
            told.pod_labels = labels;
        } else {
            told.labels = labels;
        }
        told
    }
}

impl Told {
    /// Fills what `container` does not know yet. What the kernel's names said stays.
    pub(crate) fn fill(self, container: &mut Container) {
        let fill = |field: &mut String, value: String| {
            if field.is_empty() {
                *field = bounded(value);
            }
        };
        container.sandbox |= self.sandbox;
        fill(&mut container.name, self.name);
        fill(&mut container.image.reference, self.image);
        fill(&mut container.image.digest, self.digest);
        if !self.pod_name.is_empty() || container.pod.is_some() {
            let pod = container.pod.get_or_insert_with(PodFacts::default);
            fill(&mut pod.uid, self.pod_uid);
            fill(&mut pod.name, self.pod_name);
            fill(&mut pod.namespace, self.pod_namespace);
            if pod.labels.is_empty() {
                pod.labels = bounded_labels(self.pod_labels);
            }
        }
        if container.labels.is_empty() {
            container.labels = bounded_labels(self.labels);
        }
        if container.created_ns == 0 {
            container.created_ns = self.created_ns;
        }
        if container.log_path.is_none() {
            container.log_path = self.log_path;
        }
    }
}

/// The three labels with which the kubelet repeats a pod's names.
pub(crate) fn is_kubelets(key: &str) -> bool {
    matches!(key, "io.kubernetes.pod.name" | "io.kubernetes.pod.namespace" | "io.kubernetes.pod.uid")
}

/// `sha256:…` out of a digest, a reference with digest, or an identity without its algorithm; empty if there is none.
pub(crate) fn digest_of(reference: &str) -> String {
    let last = reference.rsplit('@').next().unwrap_or_default();
    let digits = last.strip_prefix("sha256:").unwrap_or(last);
    let hex = digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if hex { format!("sha256:{digits}") } else { String::new() }
}

/// A time as runtimes write it, as nanoseconds since the epoch; 0 if it is none.
fn nanoseconds(text: &str) -> u64 {
    text.parse::<jiff::Timestamp>()
        .ok()
        .and_then(|time| u64::try_from(time.as_nanosecond()).ok())
        .unwrap_or_default()
}

pub(crate) fn bounded(text: String) -> String {
    cut(text, NAME_MAX)
}

fn cut(mut text: String, limit: usize) -> String {
    text.truncate(text.floor_char_boundary(limit));
    text
}

/// Labels within their limits.
pub(crate) fn bounded_labels(labels: BTreeMap<String, String>) -> BTreeMap<String, String> {
    labels
        .into_iter()
        .take(LABELS_MAX)
        .map(|(key, value)| (cut(key, LABEL_MAX), cut(value, LABEL_MAX)))
        .collect()
}

/// A path below `folder` that ends in the container's identity, taken from a mount that the runtime made.
fn mount_source<'a>(config: &'a Config, destination: &str) -> Option<&'a Path> {
    config.mounts.iter().find(|mount| mount.destination == destination).map(|mount| mount.source.as_path())
}

#[cfg(test)]
mod tests {
    use event::{Container, ContainerId, RuntimeKind};

    use super::{Config, Told, digest_of, nanoseconds};

    fn bare() -> Container {
        Container::bare(
            ContainerId::new(&"a".repeat(64)).unwrap(),
            RuntimeKind::Unknown,
            Some("from-kernel".into()),
        )
    }

    #[test]
    fn containerds_annotations_name_container_and_pod() {
        let config = Config::parse(
            br#"{"ociVersion":"1.0.2","mounts":null,"annotations":{
                "io.kubernetes.cri.container-name":"app","io.kubernetes.cri.container-type":"container",
                "io.kubernetes.cri.image-name":"registry/app:1","io.kubernetes.cri.sandbox-id":"s",
                "io.kubernetes.cri.sandbox-name":"web-1","io.kubernetes.cri.sandbox-namespace":"shop",
                "io.kubernetes.cri.sandbox-uid":"another"}}"#,
        )
        .unwrap();
        assert_eq!(config.runtime(), RuntimeKind::Containerd);
        let mut container = bare();
        config.told().fill(&mut container);
        assert_eq!(container.name, "app");
        assert_eq!(container.image.reference, "registry/app:1");
        let pod = container.pod.unwrap();
        assert_eq!((pod.name.as_str(), pod.namespace.as_str()), ("web-1", "shop"));
        assert_eq!(pod.uid, "from-kernel", "the kernel's word stands");
        assert!(!container.sandbox);
    }

    #[test]
    fn crios_own_list_of_labels_wins_over_a_pods_annotations() {
        let config = Config::parse(
            br#"{"annotations":{
                "io.kubernetes.pod.name":"imitated","io.kubernetes.container.name":"imitated",
                "io.kubernetes.cri-o.ContainerType":"container","io.kubernetes.cri-o.Created":"2026-01-02T03:04:05.5Z",
                "io.kubernetes.cri-o.ImageName":"quay.io/x:2","io.kubernetes.cri-o.LogPath":"/var/log/pods/x/0.log",
                "io.kubernetes.cri-o.ImageRef":"1111111111111111222222222222222233333333333333334444444444444444",
                "io.kubernetes.cri-o.Labels":"{\"io.kubernetes.container.name\":\"app\",\"io.kubernetes.pod.name\":\"web-1\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.pod.uid\":\"u\"}"}}"#,
        )
        .unwrap();
        assert_eq!(config.runtime(), RuntimeKind::Crio);
        let told = config.told();
        assert_eq!(
            (told.name.as_str(), told.pod_name.as_str(), told.pod_namespace.as_str()),
            ("app", "web-1", "shop")
        );
        assert_eq!(told.created_ns, 1_767_323_045_500_000_000);
        assert_eq!(told.digest, "sha256:1111111111111111222222222222222233333333333333334444444444444444");
        assert_eq!(told.log_path.unwrap().to_str(), Some("/var/log/pods/x/0.log"));
    }

    #[test]
    fn broken_bytes_are_none_and_odd_ones_tell_nothing() {
        for broken in [&b""[..], b"{", b"[1]", b"\xff\xfe", b"{\"annotations\":{\"a\":1}}", &[b'['; 100_000]]
        {
            assert!(Config::parse(broken).is_none());
        }
        for empty in [&b"{\"annotations\":null}"[..], b"{}", b"[]"] {
            assert_eq!(Config::parse(empty).unwrap().told(), Told::default());
        }
        let broken =
            br#"{"annotations":{"io.kubernetes.cri-o.Labels":"[","io.kubernetes.cri-o.LogPath":"relative"}}"#;
        assert_eq!(Config::parse(broken).unwrap().told(), Told::default());
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let mut container = bare();
        let told = Told { name: "ä".repeat(100_000), ..Told::default() };
        told.fill(&mut container);
        assert_eq!(container.name.len(), 1024);
    }

    #[test]
    fn a_digest_is_one_or_nothing() {
        let digits = "1".repeat(64);
        assert_eq!(digest_of(&format!("docker.io/x@sha256:{digits}")), format!("sha256:{digits}"));
        assert_eq!(digest_of(&digits), format!("sha256:{digits}"));
        assert_eq!(digest_of("docker.io/x:latest"), "");
        assert_eq!(nanoseconds("yesterday"), 0);
        assert_eq!(nanoseconds("1969-12-31T23:59:59Z"), 0);
    }
}
