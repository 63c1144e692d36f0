//! The loads, by the numbers of bench/README.md. Each is bounded in time and count and stays on this machine.

mod containers;
mod exec_generator;
mod idle;
mod ladder;
mod microloops;
mod needle;
mod redis;
mod storms;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::arm::Running;
use crate::statistics::Random;

/// A load under its number.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Room, &Scale, &Running, &mut Random) -> Result<Vec<Measure>>,
}

const ALL: &[Load] = &[
    Load { name: "w1", run: microloops::run },
    Load { name: "w2", run: redis::run },
    Load { name: "w3", run: storms::run },
    Load { name: "w5", run: ladder::run },
    Load { name: "w6", run: needle::run },
    Load { name: "w8", run: containers::run },
    Load { name: "w13", run: idle::run },
];

/// The loads of these names, or all of them.
pub(crate) fn select(names: &[String]) -> Result<Vec<Load>> {
    if names.is_empty() {
        return Ok(ALL.to_vec());
    }
    let find = |name: &String| ALL.iter().find(|load| load.name == name).copied();
    let known = || ALL.iter().map(|load| load.name).collect::<Vec<_>>().join(" ");
    names
        .iter()
        .map(|name| find(name).with_context(|| format!("no load `{name}`; there are: {}", known())))
        .collect()
}

/// One value of one load.
pub(crate) struct Measure {
    pub(crate) metric: String,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
}

impl Measure {
    /// A value of which less is better.
    pub(crate) fn less(metric: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { metric: format!("{} ↓", metric.into()), unit, value }
    }

    /// A value of which more is better.
    pub(crate) fn more(metric: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { metric: format!("{} ↑", metric.into()), unit, value }
    }
}

/// How much of everything.
pub(crate) struct Scale {
    /// Cheap system calls in one loop.
    pub(crate) calls: u32,
    /// Operations that cost a process or a connection.
    pub(crate) heavy_calls: u32,
    /// Requests for each kind of redis command.
    pub(crate) redis_requests: u32,
    /// How long a storm blows.
    pub(crate) storm: Duration,
    /// C files in the build load.
    pub(crate) build_files: u32,
    /// Execs a second, rung by rung; each lasts as long as a storm.
    pub(crate) rungs: &'static [u32],
    /// Shells planted at each rung of the needle test.
    pub(crate) needles: u32,
    /// How long a finding may take before it counts as missed.
    pub(crate) patience: Duration,
    pub(crate) containers: u32,
    pub(crate) idle: Duration,
}

impl Scale {
    /// For figures that are published.
    pub(crate) fn full() -> Self {
        Self {
            calls: 1_000_000,
            heavy_calls: 5_000,
            redis_requests: 100_000,
            storm: Duration::from_secs(20),
            build_files: 120,
            rungs: &[500, 1_000, 2_000, 4_000, 8_000],
            needles: 50,
            patience: Duration::from_secs(15),
            containers: 500,
            idle: Duration::from_secs(120),
        }
    }

    /// For a look: about two minutes with three arms and three rounds.
    pub(crate) fn quick() -> Self {
        Self {
            calls: 100_000,
            heavy_calls: 300,
            redis_requests: 10_000,
            storm: Duration::from_secs(1),
            build_files: 12,
            rungs: &[500],
            needles: 8,
            patience: Duration::from_secs(5),
            containers: 4,
            idle: Duration::from_secs(2),
        }
    }
}

/// The folder in which loads work, with the tiny program that the storms start.
pub(crate) struct Room {
    pub(crate) folder: PathBuf,
    /// A static program that does nothing: what remains is the price of exec itself.
    pub(crate) tiny: PathBuf,
}

const TINY: &str = r#"
void _start(void) {
#if defined(__x86_64__)
    __asm__ volatile("syscall" : : "a"(231), "D"(0) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long number __asm__("x8") = 94;
    register long code __asm__("x0") = 0;
    __asm__ volatile("svc 0" : : "r"(number), "r"(code) : "memory");
#else
#error "exit_group is not spelt out for this processor"
#endif
    for (;;) {}
}
"#;

impl Room {
    /// Compiles the tiny program.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        let (source, tiny) = (folder.join("tiny.c"), folder.join("tiny"));
        std::fs::write(&source, TINY)?;
        let mut compiler = Command::new("cc");
        compiler
            .args(["-O1", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-o"])
            .arg(&tiny)
            .arg(&source);
        quietly(&mut compiler)?;
        Ok(Self { folder: folder.to_owned(), tiny })
    }
}

/// Runs a command to its end; what it printed is part of the error and otherwise the result.
fn quietly(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.output().with_context(|| format!("{program} could not be started (./setup --for bench)"))?;
    if !output.status.success() {
        bail!("{program} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How many threads the loads use.
fn cores() -> Result<usize> {
    let cores = std::thread::available_parallelism().context("the number of cores is unknown")?.get();
    ensure!(cores > 0, "no cores");
    Ok(cores)
}
