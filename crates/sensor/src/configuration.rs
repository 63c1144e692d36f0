//! The configuration file. Every key is optional; without a file there is nothing to configure.

mod malformed;
mod server;

use crate::{Made, Named, RecordTo, Recorder, RecordingError};
use cloud::{Cloud, Facts, MetadataServer};
use findings::Place;
use host::Machine;
pub use malformed::Malformed;
use serde_saphyr::Spanned;
pub use server::Server;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A ring buffer has at least this many bytes.
const RING_BUFFER_LEAST: u32 = 65_536;

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// The file cannot be read.
    #[error("configuration {}: the file cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is no YAML, or holds a key or a value that has no place in it.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A key of `modules` names no detector.
    #[error("configuration {}: modules: no detector {module:?}; there are {known}", path.display())]
    UnknownDetector {
        /// The file.
        path: PathBuf,
        /// The name that was given.
        module: String,
        /// The names that there are.
        known: String,
    },
    /// The kernel would refuse a ring buffer of that size.
    #[error(
        "configuration {}: ringBufferBytes: {bytes} is not a power of two of at least {RING_BUFFER_LEAST}",
        path.display()
    )]
    RingBuffer {
        /// The file.
        path: PathBuf,
        /// The size that was given, bytes.
        bytes: u32,
    },
    /// This node's certificate cannot be used with the rest of the file.
    #[error("configuration {}: server.identity: {reason}", path.display())]
    Identity {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the remedies.
        reason: String,
    },
}

/// Whose metadata server is asked.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
enum CloudMetadata {
    /// That of the cloud which the machine's firmware names; nobody's elsewhere.
    #[default]
    Auto,
    /// Nobody's.
    Off,
    Google,
    Amazon,
    Azure,
}

/// The file. An unknown key is an error that names it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Configuration {
    organization: Option<String>,
    project: Option<String>,
    project_number: Option<String>,
    project_display_name: Option<String>,
    location: Option<String>,
    cluster: Option<String>,
    /// `container.googleapis.com` for a GKE cluster; a name of your own elsewhere.
    resource_service: Option<String>,
    node: Option<String>,
    instance_id: Option<String>,
    /// Whether the cloud is asked for what is not given above.
    cloud_metadata: CloudMetadata,
    /// Detectors by module name: true on, false off.
    modules: HashMap<String, bool>,
    /// Only the literal published rules.
    parity: bool,
    /// Container runtime sockets besides the usual ones.
    runtime_sockets: Vec<PathBuf>,
    /// The node's root as the sensor sees it.
    host_root: Option<PathBuf>,
    /// Ring buffers, bytes.
    ring_buffer_bytes: Option<u32>,
    /// Whom findings are sent to; without it they are printed.
    #[serde(rename = "server")]
    written_server: Option<Spanned<server::Written>>,
    /// The same, checked.
    #[serde(skip)]
    server: Option<Server>,
    /// Where all this is from, for warnings.
    #[serde(skip)]
    file: PathBuf,
}

impl Configuration {
    /// Reads the file, if one is named.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigurationError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigurationError::Unreadable { path: path.to_owned(), source })?;
        let configuration = Self::parse(&text, path)?;
        let written = (configuration.cluster.as_deref(), configuration.node.as_deref());
        match configuration.server.as_ref().and_then(|server| server.unusable_identity(written)) {
            Some(reason) => Err(ConfigurationError::Identity { path: path.to_owned(), reason }),
            None => Ok(configuration),
        }
    }

    /// Reads the file's text; `path` is for the errors.
    fn parse(text: &str, path: &Path) -> Result<Self, ConfigurationError> {
        let path = path.to_owned();
        let mut configuration: Self =
            serde_saphyr::from_str(text).map_err(|error| Malformed::new(path.clone(), text, &error))?;
        let server = configuration.written_server.take();
        configuration.server = server.map(|written| Server::check(written, &path)).transpose()?;
        let known: Vec<&str> = detectors::catalogue().iter().map(|d| d.metadata().module).collect();
        if let Some(module) = configuration.modules.keys().find(|m| !known.contains(&m.as_str())) {
            let (module, known) = (module.clone(), known.join(", "));
            return Err(ConfigurationError::UnknownDetector { path, module, known });
        }
        match configuration.ring_buffer_bytes {
            Some(bytes) if !bytes.is_power_of_two() || bytes < RING_BUFFER_LEAST => {
                Err(ConfigurationError::RingBuffer { path, bytes })
            }
            _ => {
                configuration.file = path;
                Ok(configuration)
            }
        }
    }

    /// Names of the place, as far as they are given.
    pub fn named(&self) -> Named {
        Named {
            organization: self.organization.clone(),
            project: self.project.clone(),
            project_number: self.project_number.clone(),
            project_display_name: self.project_display_name.clone(),
            location: self.location.clone(),
            cluster: self.cluster.clone(),
            service: self.resource_service.clone(),
            node: self.node.clone(),
            instance_id: self.instance_id.clone(),
        }
    }

    /// The place without what a cloud would say of it.
    pub fn place(&self) -> Place {
        self.named().place(&Machine::read(), &Facts::default())
    }

    /// Whom to ask for what is not given, if anybody; `sys_root` is `/sys` of the machine.
    pub fn metadata_server(&self, sys_root: &Path) -> Option<MetadataServer> {
        let cloud = match self.cloud_metadata {
            CloudMetadata::Auto => Cloud::of_machine(sys_root),
            CloudMetadata::Off => None,
            CloudMetadata::Google => Some(Cloud::Google),
            CloudMetadata::Amazon => Some(Cloud::Amazon),
            CloudMetadata::Azure => Some(Cloud::Azure),
        };
        cloud.map(MetadataServer::new)
    }

    /// Whom findings are sent to, if anybody.
    pub fn server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// Detector settings.
    pub fn settings(&self) -> detection::Settings {
        detection::Settings { modules: self.modules.clone(), parity: self.parity }
    }

    fn host_root(&self) -> &Path {
        self.host_root.as_deref().unwrap_or(Path::new("/"))
    }

    /// Paths that are named and lead nowhere now. No error: a runtime may start later than we do.
    fn missing_paths(&self) -> Vec<String> {
        let mut missing = self.missing_on_host();
        missing.extend(self.server.iter().flat_map(Server::missing_paths));
        missing
    }

    fn missing_on_host(&self) -> Vec<String> {
        let root = self.host_root();
        if !root.is_dir() {
            return vec![format!(
                "hostRoot: {} is no folder here, so no container of the node gets a name; mount the node's root there, or leave the key out",
                root.display()
            )];
        }
        let sockets = self.runtime_sockets.iter();
        let sockets = sockets.map(|path| root.join(path.strip_prefix("/").unwrap_or(path)));
        let missing = sockets.filter(|path| !path.exists());
        missing.map(|path| format!("runtimeSockets: {} does not exist now", path.display())).collect()
    }

    /// Everything the sensor is told, and the file of a recording, if one is wanted.
    ///
    /// # Errors
    /// When the recording cannot be made.
    pub fn sensor(&self, record: Option<&RecordTo>) -> Result<crate::Config, RecordingError> {
        let metadata = self.metadata_server(Path::new("/sys"));
        let learns = self.cluster.is_none() && metadata.is_some();
        let stranger = self.server.as_ref().and_then(|server| server.stranger(&self.place(), learns));
        for doubt in self.missing_paths().into_iter().chain(stranger) {
            tracing::warn!("configuration {}: {doubt}", self.file.display());
        }
        let recorder = |to: &RecordTo| Recorder::create(to, &Made::here(self.place().node));
        let mut probes = probes::Settings::default();
        if let Some(bytes) = self.ring_buffer_bytes {
            probes.deciding_bytes = bytes;
        }
        Ok(crate::Config {
            named: self.named(),
            metadata,
            settings: self.settings(),
            modules: None,
            probes,
            runtimes: container_runtime::Config {
                host_root: self.host_root().to_owned(),
                proc_root: "/proc".into(),
                extra_sockets: self.runtime_sockets.clone(),
                timeout: Duration::from_secs(2),
            },
            proc_root: "/proc".into(),
            recorder: record.map(recorder).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the command line prints it.
    fn refusal(text: &str) -> String {
        crate::with_causes(&Configuration::parse(text, Path::new("v.yaml")).unwrap_err())
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, key) in [
            ("colour: red\n", "colour"),
            ("parity: perhaps\n", "parity"),
            ("runtimeSockets: 7\n", "runtimeSockets"),
            ("project: shop\nringBufferBytes: many\n", "ringBufferBytes"),
            ("modules:\n  REVERSE_SHELL: 3\n", "modules.REVERSE_SHELL"),
            ("modules:\n  NO_SUCH: true\n", "modules: no detector \"NO_SUCH\"; there are "),
            ("ringBufferBytes: 100000\n", "ringBufferBytes: 100000 is not a power of two of at least 65536"),
            ("ringBufferBytes: 4096\n", "ringBufferBytes: 4096 is not a power of two"),
            ("cloudMetadata: aws\n", "cloudMetadata"),
            ("project: shop\ncloudMetadata: true\n", "cloudMetadata"),
        ] {
            let said = refusal(text);
            assert!(said.starts_with("configuration v.yaml") && said.contains(key), "{text:?}: {said}");
        }
    }

    #[test]
    fn what_is_written_is_told_to_the_sensor() {
        let text = "cluster: shop\nparity: true\nringBufferBytes: 131072\nhostRoot: /host\nmodules: {REVERSE_SHELL: false}\n";
        let config = Configuration::parse(text, Path::new("v.yaml")).unwrap().sensor(None).unwrap();
        assert_eq!(config.named.cluster.as_deref(), Some("shop"));
        assert_eq!((config.settings.parity, config.settings.modules["REVERSE_SHELL"]), (true, false));
        assert_eq!(config.probes.deciding_bytes, 131_072);
        assert_eq!(config.runtimes.host_root, Path::new("/host"));
    }

    #[test]
    fn paths_that_lead_nowhere_are_named_with_their_key() {
        let root = tempfile::tempdir().unwrap();
        let missing = |text: &str| {
            let text = text.replace("ROOT", root.path().to_str().unwrap());
            Configuration::parse(&text, Path::new("v.yaml")).unwrap().missing_paths().join("\n")
        };
        std::fs::write(root.path().join("there.sock"), "").unwrap();
        assert_eq!(missing(""), "");
        assert_eq!(missing("hostRoot: ROOT\nruntimeSockets: [/there.sock]\n"), "");
        let said = missing("hostRoot: ROOT\nruntimeSockets: [/there.sock, /none.sock]\n");
        assert_eq!(said, format!("runtimeSockets: {}/none.sock does not exist now", root.path().display()));
        assert!(missing("hostRoot: ROOT/none\n").starts_with("hostRoot: "), "the sockets are below it");
    }

    #[test]
    fn a_cloud_is_asked_where_there_is_one_unless_it_is_switched_off() {
        let asked = |text: &str, sys_root: &Path| {
            let configuration = Configuration::parse(text, Path::new("v.yaml")).unwrap();
            configuration.metadata_server(sys_root).map(|server| server.cloud())
        };
        let sys = tempfile::tempdir().unwrap();
        assert_eq!(asked("", sys.path()), None, "outside a cloud nothing is asked");
        assert_eq!(asked("cloudMetadata: amazon\n", sys.path()), Some(Cloud::Amazon));
        let tables = sys.path().join("class/dmi/id");
        std::fs::create_dir_all(&tables).unwrap();
        std::fs::write(tables.join("product_name"), "Google Compute Engine\n").unwrap();
        for (text, cloud) in [
            ("", Some(Cloud::Google)),
            ("cloudMetadata: auto\n", Some(Cloud::Google)),
            ("cloudMetadata: azure\n", Some(Cloud::Azure)),
            ("cloudMetadata: off\n", None),
            ("cloudMetadata: \"off\"\n", None),
        ] {
            assert_eq!(asked(text, sys.path()), cloud, "{text:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Configuration::load(Some(Path::new("/nowhere/v.yaml"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/v.yaml"), "{error}");
    }
}
