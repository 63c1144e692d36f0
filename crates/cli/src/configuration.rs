//! The configuration file. Every key is optional; without a file there is nothing to configure.

use anyhow::{Context, Result};
use findings::Place;
use host::Machine;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The file. An unknown key is an error that names it.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Configuration {
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
}

impl Configuration {
    /// Reads the file, if one is named.
    pub(crate) fn load(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text =
            std::fs::read_to_string(path).with_context(|| format!("configuration {}", path.display()))?;
        let configuration: Self =
            serde_saphyr::from_str(&text).with_context(|| format!("configuration {}", path.display()))?;
        let known: Vec<&str> = detectors::catalogue().iter().map(|d| d.metadata().module).collect();
        for module in configuration.modules.keys() {
            anyhow::ensure!(
                known.contains(&module.as_str()),
                "configuration {}: modules: no detector {module:?}; there are {}",
                path.display(),
                known.join(", ")
            );
        }
        if let Some(bytes) = configuration.ring_buffer_bytes {
            anyhow::ensure!(
                bytes.is_power_of_two() && bytes >= 65_536,
                "configuration {}: ringBufferBytes: {bytes} is not a power of two of at least 65536",
                path.display()
            );
        }
        Ok(configuration)
    }

    /// Names of the place.
    pub(crate) fn place(&self) -> Place {
        let machine = Machine::read();
        let local = Place::local(&machine.node, &machine.machine_id, &machine.kernel);
        let or = |chosen: &Option<String>, local: String| {
            chosen.clone().filter(|c| !c.is_empty()).unwrap_or(local)
        };
        let project = or(&self.project, local.project);
        Place {
            organization: or(&self.organization, local.organization),
            project_number: or(&self.project_number, project.clone()),
            project_display_name: or(&self.project_display_name, project.clone()),
            project,
            location: or(&self.location, local.location),
            cluster: or(&self.cluster, local.cluster),
            service: or(&self.resource_service, local.service),
            node: or(&self.node, local.node),
            instance_id: or(&self.instance_id, local.instance_id),
            kernel: local.kernel,
        }
    }

    /// Detector settings.
    pub(crate) fn settings(&self) -> detection::Settings {
        detection::Settings { modules: self.modules.clone(), parity: self.parity }
    }

    /// Everything the sensor is told.
    pub(crate) fn sensor(&self, record: Option<&Path>) -> Result<sensor::Config> {
        let mut probes = probes::Settings::default();
        if let Some(bytes) = self.ring_buffer_bytes {
            probes.deciding_bytes = bytes;
        }
        Ok(sensor::Config {
            place: self.place(),
            settings: self.settings(),
            probes,
            runtimes: container_runtime::Config {
                host_root: self.host_root.clone().unwrap_or_else(|| "/".into()),
                proc_root: "/proc".into(),
                extra_sockets: self.runtime_sockets.clone(),
                timeout: Duration::from_secs(2),
            },
            proc_root: "/proc".into(),
            recorder: record.map(sensor::Recorder::create).transpose()?,
        })
    }
}
