//! What to do where a test cannot run.

use std::path::{Path, PathBuf};

/// A test cannot run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// What lacks and how to get it.
    pub reason: String,
}

/// Why there is no node.
#[derive(Debug)]
pub enum NotStarted {
    /// Something lacks.
    Skip(Skip),
    /// Nothing lacks, and it failed.
    Failed(anyhow::Error),
}

impl Skip {
    /// Prints `skipped: <reason>`, which the test report collects.
    #[expect(clippy::print_stdout, reason = "this line is the report")]
    pub fn print(&self) {
        println!("skipped: {}", self.reason);
    }
}

impl From<anyhow::Error> for NotStarted {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// Where a program is, by the usual folders of root.
pub(crate) fn program(name: &str, package: &str) -> Result<PathBuf, Skip> {
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
        .ok_or_else(|| Skip { reason: format!("no {name} here; install the package {package}") })
}

/// Root, or a reason.
pub(crate) fn root() -> Result<(), Skip> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(Skip { reason: "containers need root; run the tests with sudo".to_owned() })
}
