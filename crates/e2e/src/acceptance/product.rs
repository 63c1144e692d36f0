//! The product itself: one `vedette up`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::findings::Watch;
use super::http::{self, Api};

const READY_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// A running `vedette up`. Ends with this value.
#[derive(Debug)]
pub struct Product {
    child: Child,
    api: Api,
    data: PathBuf,
    log: PathBuf,
    binary: PathBuf,
}

impl Product {
    /// Starts it with `data` as its folder and waits until it watches.
    ///
    /// # Errors
    /// With its last words when it ends or does not get ready.
    pub fn start(binary: &Path, data: &Path) -> Result<Self> {
        fs::create_dir_all(data)?;
        let port = http::free_port()?;
        let log = data.with_extension("log");
        let output = File::options().create(true).append(true).open(&log)?;
        let level = std::env::var("VEDETTE_LOG").unwrap_or_else(|_| "info".to_owned());
        let child = Command::new(binary)
            .args(["up", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .env("VEDETTE_LOG", level)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let mut product = Self {
            child,
            api: Api { port, token: String::new() },
            data: data.to_owned(),
            log,
            binary: binary.to_owned(),
        };
        product.wait()?;
        product.api.token =
            fs::read_to_string(data.join("token")).context("the API's token")?.trim().to_owned();
        Ok(product)
    }

    fn wait(&mut self) -> Result<()> {
        let until = Instant::now() + READY_WITHIN;
        while http::get(self.api.port, "/readyz").is_err() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > until {
                let log = self.log();
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                bail!("vedette up is not ready ({ended:?}); its log, newest first:\n{}", tail.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(30));
        }
        Ok(())
    }

    /// Follows its findings.
    pub fn watch(&self) -> Watch {
        Watch::start(self.api.clone())
    }

    /// Asks it to end, or kills it, and starts it again on the same folder.
    ///
    /// # Errors
    /// When it does not end, or not come up again.
    pub fn restart(mut self, signal: Signal) -> Result<Self> {
        self.end(signal)?;
        Self::start(&self.binary, &self.data)
    }

    /// Sends `signal` and waits for the end.
    ///
    /// # Errors
    /// When it goes on regardless.
    pub fn end(&mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("its pid")?;
        kill_process(pid, signal)?;
        let until = Instant::now() + ENDS_WITHIN;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                bail!("vedette up still runs {} s after {signal:?}", ENDS_WITHIN.as_secs());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its metrics, as Prometheus reads them.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn metrics(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&http::get(self.api.port, "/metrics")?).into_owned())
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if self.end(Signal::TERM).is_err() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The `vedette` to test: `$VEDETTE_BIN`, or the one of this build, built now if need be.
///
/// # Errors
/// When it cannot be built.
pub fn vedette_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("VEDETTE_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    // target/<profile>/deps/<test> or target/<profile>/<binary>
    let folder =
        own.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).context("a target folder")?;
    let profile = folder.file_name().and_then(|name| name.to_str()).unwrap_or("debug");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        // the whole workspace's features, with which its tests are built: nothing is compiled a second time
        "--workspace",
        "--bin",
        "vedette",
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"),
    ]);
    if let Some(target) = folder.parent() {
        build.arg("--target-dir").arg(target);
    }
    if profile != "debug" {
        build.args(["--profile", profile]);
    }
    // A binary that is out of date would test yesterday's detectors.
    let built =
        build.output().context("cargo, to build the vedette binary (or name one with VEDETTE_BIN)")?;
    if !built.status.success() {
        bail!("cargo build --bin vedette: {}", String::from_utf8_lossy(&built.stderr));
    }
    Ok(folder.join("vedette"))
}
