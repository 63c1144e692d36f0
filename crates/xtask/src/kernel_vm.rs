//! A payload on another kernel: Debian's cloud kernel of a suite, under software emulation, as root.
//!
//! suite → kernel (cached) → initramfs (busybox + modules + payload) → QEMU → output and exit code

mod boot;
mod initramfs;
mod kernel;
mod module;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What the command line may change.
struct Options {
    /// Appended to the kernel's own command line.
    cmdline: String,
    /// Kernel modules to load before the payload; what they depend on is found.
    modules: Vec<String>,
    /// The guest's memory, MiB.
    memory: u32,
    /// The whole run, download aside.
    timeout: Duration,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            cmdline: String::new(),
            modules: Vec::new(),
            memory: 1024,
            timeout: Duration::from_secs(180),
        };
        for pair in words.chunks(2) {
            let [name, value] = pair else { bail!("`{}` needs a value", pair[0]) };
            match *name {
                "--cmdline" => options.cmdline = (*value).to_owned(),
                "--modules" => {
                    options.modules = value.split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect()
                }
                "--memory" => {
                    options.memory =
                        value.parse().with_context(|| format!("--memory {value}: not a number of MiB"))?
                }
                "--timeout" => {
                    let seconds = value
                        .parse()
                        .with_context(|| format!("--timeout {value}: not a number of seconds"))?;
                    options.timeout = Duration::from_secs(seconds);
                }
                other => bail!("kernel-vm knows no option `{other}`"),
            }
        }
        Ok(options)
    }
}

/// Runs `payload/run.sh` on the kernel of `suite`; the result is the payload's own exit code.
pub(crate) fn run(suite: &str, payload: &str, words: &[&str]) -> Result<ExitCode> {
    let options = Options::parse(words)?;
    let payload = Path::new(payload);
    if !payload.join("run.sh").is_file() {
        bail!("{} holds no run.sh", payload.display());
    }
    let started = Instant::now();
    let kernel = kernel::of_suite(suite, &cache_folder()?.join(suite))?;
    let modules = module::with_dependencies(&kernel.modules, &options.modules)?;
    let image = kernel.folder.join(format!("initramfs-{}.cpio", std::process::id()));
    initramfs::write(&image, payload, &modules)?;
    let outcome = boot::boot(&kernel.vmlinuz, &image, &options);
    std::fs::remove_file(&image).with_context(|| format!("cannot remove {}", image.display()))?;
    let code = outcome?;
    eprintln!("kernel-vm: {suite} ended with {code} after {:.1} s", started.elapsed().as_secs_f32());
    Ok(ExitCode::from(code))
}

/// `$VEDETTE_CACHE/kernels`, or `.cache/kernels` in the checkout.
fn cache_folder() -> Result<PathBuf> {
    let cache = match std::env::var_os("VEDETTE_CACHE") {
        Some(folder) => PathBuf::from(folder),
        None => crate::workspace::Workspace::read()?.root.join(".cache"),
    };
    std::path::absolute(cache.join("kernels")).context("the cache folder has no absolute path")
}
