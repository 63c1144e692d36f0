//! The arms of a comparison and the sensors that stand behind them.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::http::Api;
use crate::usage::{self, Usage};
use crate::{Arguments, http};

const READY_WITHIN: Duration = Duration::from_secs(60);
/// What a sensor does once, when it starts (reading live state, hashing what runs already), is no part of a load.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);
const ENDS_WITHIN: Duration = Duration::from_secs(15);

/// One side of the comparison.
pub(crate) struct Arm {
    /// As it stands in the tables.
    pub(crate) name: &'static str,
    sensor: Option<Sensor>,
}

/// How a sensor is started and when it counts as started.
struct Sensor {
    command: String,
    ready: Ready,
}

enum Ready {
    /// `/readyz` on its port answers 200.
    Answers,
    /// It says nothing, so it gets this long.
    After(Duration),
}

/// The base of every comparison, and the same thing again: what the two differ by is the machine's noise.
pub(crate) const BASE: &str = "none";
pub(crate) const AGAIN: &str = "none again (A/A)";

/// The arms that the arguments ask for.
pub(crate) fn plan(arguments: &Arguments) -> Result<Vec<Arm>> {
    let mut arms = Vec::new();
    if !arguments.sensors_only {
        arms.extend([Arm { name: BASE, sensor: None }, Arm { name: AGAIN, sensor: None }]);
    }
    if !arguments.no_sensor {
        let program = arguments.sensor.split_whitespace().next().context("--sensor is empty")?;
        if program.contains('/') && !Path::new(program).exists() {
            bail!(
                "{program} does not exist; build it (cargo build --release), name another --sensor, or say --no-sensor"
            );
        }
        let sensor = Sensor { command: arguments.sensor.clone(), ready: Ready::Answers };
        arms.push(Arm { name: "ours", sensor: Some(sensor) });
    }
    if let Some(command) = &arguments.other {
        let ready = Ready::After(Duration::from_secs(arguments.other_settle));
        arms.push(Arm { name: "other", sensor: Some(Sensor { command: command.clone(), ready }) });
    }
    Ok(arms)
}

impl Arm {
    /// The sensor's command, for the record.
    pub(crate) fn command(&self) -> &str {
        self.sensor.as_ref().map_or("(no sensor)", |sensor| &sensor.command)
    }

    /// Starts the sensor, if there is one, and waits until it is ready.
    pub(crate) fn start(&self, work: &Path) -> Result<Running> {
        match &self.sensor {
            None => Ok(Running::default()),
            Some(sensor) => {
                sensor.start(work).with_context(|| format!("the arm `{}` did not start", self.name))
            }
        }
    }
}

impl Sensor {
    fn start(&self, work: &Path) -> Result<Running> {
        let folder = work.join("sensor");
        std::fs::create_dir_all(&folder)?;
        let port = http::free_port()?;
        let words = self.command.split_whitespace();
        let mut words =
            words.map(|w| w.replace("{DIR}", &folder.to_string_lossy()).replace("{PORT}", &port.to_string()));
        let program = words.next().context("the command is empty")?;
        let log = work.join("sensor.log");
        let output = File::create(&log)?;
        let child = Command::new(&program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            // A group of its own: everything it starts is counted, and ended, with it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{program} could not be started"))?;
        let mut running =
            Running { sensor: Some(child), folder: Some(folder.clone()), log: Some(log.clone()), api: None };
        match self.ready {
            Ready::After(time) => std::thread::sleep(time),
            Ready::Answers => {
                running.wait_for(port).with_context(|| format!("its last words are in {}", log.display()))?;
                // a sensor that wants none to be shown makes none
                let token = std::fs::read_to_string(folder.join("token")).unwrap_or_default();
                running.api = Some(Api { port, token: token.trim().to_owned() });
                std::thread::sleep(SETTLES_WITHIN);
            }
        }
        Ok(running)
    }
}

/// An arm at work; ends its sensor when dropped.
#[derive(Default)]
pub(crate) struct Running {
    sensor: Option<Child>,
    /// Removed at the end, so that every round starts from nothing.
    folder: Option<PathBuf>,
    /// What it printed; removed with it unless it ended by itself.
    log: Option<PathBuf>,
    /// Where the findings are served, if they are.
    pub(crate) api: Option<Api>,
}

impl Running {
    fn wait_for(&mut self, port: u16) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while http::get(port, "/readyz").is_err() {
            if let Some(status) =
                self.sensor.as_mut().and_then(|child| child.try_wait().transpose()).transpose()?
            {
                bail!("it ended before it was ready ({status})");
            }
            if Instant::now() > deadline {
                bail!("/readyz did not answer 200 within {} s", READY_WITHIN.as_secs());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// What the sensor uses; none without a sensor.
    pub(crate) fn usage(&self) -> Option<Usage> {
        self.sensor.as_ref().map(|child| usage::of_group(child.id()))
    }

    /// Is the sensor, if there is one, still there?
    pub(crate) fn is_alive(&mut self) -> bool {
        self.sensor.as_mut().is_none_or(|child| matches!(child.try_wait(), Ok(None)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_alive()
            && self.api.is_some()
            && let Some(log) = &self.log
        {
            let _ = std::fs::remove_file(log);
        }
        if let Some(child) = &mut self.sensor {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let signal = |signal| group.map(|group| kill_process_group(group, signal));
            signal(Signal::TERM);
            let deadline = Instant::now() + ENDS_WITHIN;
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            signal(Signal::KILL);
            // It is ended; there is nobody left to tell if it cannot be waited for.
            let _ = child.wait();
        }
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
