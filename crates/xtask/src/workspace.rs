//! What Cargo says about the workspace: its crates, their floors and what they depend on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The workspace as `cargo metadata` describes it, without the registry.
pub(crate) struct Workspace {
    /// The folder that holds the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Our own crates, sorted by floor and then by name.
    pub(crate) crates: Vec<Crate>,
}

/// One of our own crates.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// From `description`; empty when the manifest has none.
    pub(crate) description: String,
    /// From `[package.metadata.vedette] floor`.
    pub(crate) floor: Option<u64>,
    pub(crate) folder: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A line under one of a manifest's dependency tables.
pub(crate) struct Dependency {
    /// The package's name in the registry or in the workspace, whatever it is renamed to.
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    /// Ours, by path.
    pub(crate) is_local: bool,
}

/// Which of the manifest's dependency tables a line is under.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Product,
    Build,
    Test,
}

impl Workspace {
    /// Asks Cargo; works without a network.
    pub(crate) fn read() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
            .output()
            .context("cargo metadata could not be started")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let metadata = serde_json::from_slice(&output.stdout)
            .context("cargo metadata wrote something else than JSON")?;
        Self::from_metadata(&metadata)
    }

    fn from_metadata(metadata: &Value) -> Result<Self> {
        let root =
            metadata["workspace_root"].as_str().context("cargo metadata names no workspace_root")?.into();
        let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
        let mut crates = packages.iter().map(Crate::from_metadata).collect::<Result<Vec<_>>>()?;
        crates.sort_by(|a, b| (a.floor, &a.name).cmp(&(b.floor, &b.name)));
        Ok(Self { root, crates })
    }

    /// The crate of this name, if it is ours.
    pub(crate) fn find(&self, name: &str) -> Option<&Crate> {
        self.crates.iter().find(|c| c.name == name)
    }
}

impl Crate {
    fn from_metadata(package: &Value) -> Result<Self> {
        let name = package["name"].as_str().context("a package without a name")?.to_owned();
        let manifest = package["manifest_path"]
            .as_str()
            .with_context(|| format!("crate {name} has no manifest_path"))?;
        let folder =
            Path::new(manifest).parent().with_context(|| format!("{manifest} has no folder"))?.to_owned();
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        Ok(Self {
            description: package["description"].as_str().unwrap_or_default().to_owned(),
            floor: package["metadata"]["vedette"]["floor"].as_u64(),
            dependencies: dependencies.filter_map(Dependency::from_metadata).collect(),
            name,
            folder,
        })
    }
}

impl Dependency {
    fn from_metadata(dependency: &Value) -> Option<Self> {
        Some(Self {
            name: dependency["name"].as_str()?.to_owned(),
            is_local: dependency["path"].is_string(),
            purpose: match dependency["kind"].as_str() {
                Some("dev") => Purpose::Test,
                Some("build") => Purpose::Build,
                _ => Purpose::Product,
            },
        })
    }
}
