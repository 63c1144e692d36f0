//! Docker's own record of a container: `config.v2.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use event::ContainerId;
use serde::Deserialize;

use super::{Config, Told, digest_of, mount_source, nanoseconds, or_default};

/// Docker's record, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Docker {
    #[serde(default, rename = "ID")]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    created: String,
    #[serde(default)]
    image: String,
    #[serde(default)]
    log_path: String,
    #[serde(default, deserialize_with = "or_default")]
    config: Inner,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inner {
    #[serde(default)]
    image: String,
    #[serde(default, deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
}

impl Docker {
    /// `None` when the bytes are not the record of container `id`.
    pub(crate) fn parse(bytes: &[u8], id: &ContainerId) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|record: &Self| record.id == id.as_str())
    }

    /// What it tells. The kubelet's labels name the pod (Docker as a Kubernetes runtime through cri-dockerd).
    pub(crate) fn told(self) -> Told {
        let label = |key: &str| self.config.labels.get(key).cloned().unwrap_or_default();
        let name = label("io.kubernetes.container.name");
        let own_name = self.name.strip_prefix('/').unwrap_or(&self.name).to_owned();
        Told {
            name: if name.is_empty() { own_name } else { name },
            pod_name: label("io.kubernetes.pod.name"),
            pod_namespace: label("io.kubernetes.pod.namespace"),
            pod_uid: label("io.kubernetes.pod.uid"),
            sandbox: label("io.kubernetes.docker.type") == "podsandbox",
            image: self.config.image,
            digest: digest_of(&self.image),
            created_ns: nanoseconds(&self.created),
            log_path: Some(self.log_path).filter(|path| path.starts_with('/')).map(PathBuf::from),
            labels: self.config.labels,
            ..Told::default()
        }
    }
}

/// The folder in which Docker keeps its record, wherever its data are: it mounts the container's host name from there.
pub(crate) fn container_folder(config: &Config, id: &ContainerId) -> Option<PathBuf> {
    ["/etc/hostname", "/etc/resolv.conf", "/etc/hosts"]
        .iter()
        .filter_map(|destination| mount_source(config, destination)?.parent())
        .find(|folder| folder.is_absolute() && folder.file_name() == Path::new(id.as_str()).file_name())
        .map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use event::ContainerId;

    use super::{Docker, container_folder};
    use crate::bundle::Config;

    #[test]
    fn dockers_record_names_container_image_and_labels() {
        let id = ContainerId::new(&"d".repeat(64)).unwrap();
        let digits = "1".repeat(64);
        let record = format!(
            r#"{{"ID":"{id}","Name":"/web","Created":"2026-01-02T03:04:05Z","Image":"sha256:{digits}","LogPath":"/l/x-json.log",
                "Config":{{"Image":"nginx:1.27","Labels":{{"team":"a"}}}},"State":{{"Running":true}}}}"#
        );
        let told = Docker::parse(record.as_bytes(), &id).unwrap().told();
        assert_eq!((told.name.as_str(), told.image.as_str()), ("web", "nginx:1.27"));
        assert_eq!(told.digest, format!("sha256:{digits}"));
        assert_eq!(told.labels["team"], "a");
        assert!(told.pod_name.is_empty());
        let other = ContainerId::new(&"e".repeat(64)).unwrap();
        assert!(Docker::parse(record.as_bytes(), &other).is_none(), "another container's record");
    }

    #[test]
    fn dockers_folder_is_found_from_its_own_mounts() {
        let id = ContainerId::new(&"d".repeat(64)).unwrap();
        let config = |folder: &str| {
            Config::parse(
                format!(r#"{{"mounts":[{{"destination":"/etc/hostname","source":"{folder}/hostname"}}]}}"#)
                    .as_bytes(),
            )
            .unwrap()
        };
        let folder = format!("/data/docker/containers/{id}");
        assert_eq!(container_folder(&config(&folder), &id).as_deref(), Some(Path::new(&folder)));
        assert_eq!(container_folder(&config("/data/elsewhere"), &id), None);
    }
}
