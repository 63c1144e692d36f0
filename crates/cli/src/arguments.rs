//! Arguments.

use crate::data_folder;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sensor::RecordTo;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Container threat detection for any Kubernetes cluster, or for one machine.
#[derive(Parser)]
#[command(name = "vedette", version, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Watch this machine: sensor, store and API in one process.
    Up(Up),
    /// Watch this machine and print each finding, and each update of one, as a line of JSON; nothing is stored.
    Sensor(SensorOnly),
    /// Look at findings through the API.
    #[command(subcommand)]
    Findings(Findings),
    /// Check what this machine offers and what is missing, with the remedy.
    Doctor(Doctor),
    /// Carry out a harmless attack in a container of its own and show the finding.
    Simulate(Simulate),
    /// Run a recording through the detectors and print the findings as JSON, one a line.
    Replay(Replay),
}

#[derive(Args)]
pub(crate) struct Watching {
    /// Configuration file (YAML); see docs/configuration.md.
    #[arg(long, env = "VEDETTE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Keep every record in this file, for `vedette replay`: a new file that only you can read.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// Let --record replace a file that is there.
    #[arg(long, requires = "record")]
    pub(crate) overwrite: bool,
}

impl Watching {
    /// The recording that is wanted.
    pub(crate) fn record_to(&self) -> Option<RecordTo> {
        Some(RecordTo { path: self.record.clone()?, overwrite: self.overwrite })
    }
}

#[derive(Args)]
pub(crate) struct Up {
    /// Folder of findings and evidence, for this Vedette alone.
    #[arg(long, default_value = data_folder::DEFAULT, env = "VEDETTE_DATA")]
    pub(crate) data: PathBuf,
    /// Address of the API. Beyond loopback its token, and what it answers, travel unencrypted: step carefully.
    #[arg(long, default_value = "127.0.0.1:7979", env = "VEDETTE_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// Allow an address beyond loopback.
    #[arg(long)]
    pub(crate) listen_beyond_loopback: bool,
    #[command(flatten)]
    pub(crate) watching: Watching,
}

#[derive(Args)]
pub(crate) struct SensorOnly {
    #[command(flatten)]
    pub(crate) watching: Watching,
}

#[derive(Args)]
pub(crate) struct Replay {
    /// The recording.
    pub(crate) file: PathBuf,
    /// Configuration file (YAML).
    #[arg(long, env = "VEDETTE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Server {
    #[command(flatten)]
    pub(crate) url: Endpoint,
}

#[derive(Args)]
pub(crate) struct Endpoint {
    /// Where the API is.
    #[arg(
        long = "server",
        value_name = "URL",
        default_value = "http://127.0.0.1:7979",
        env = "VEDETTE_SERVER"
    )]
    pub(crate) address: String,
    /// File of the API's token. Default: VEDETTE_TOKEN, the token itself; else that of the Vedette of this machine.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Endpoint {
    /// Host and port; `None` when the address does not begin as one.
    pub(crate) fn host(&self) -> Option<&str> {
        self.address.trim_end_matches('/').strip_prefix("http://")
    }
}

#[derive(Subcommand)]
pub(crate) enum Findings {
    /// List findings, newest first.
    List(Box<List>),
    /// Show one finding, for a reader.
    Show(Show),
    /// Save everything that was kept for a finding.
    Evidence(Evidence),
}

#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) server: Server,
    /// What they are listed under: {organizations|folders|projects}/ID/sources/ID[/locations/LOCATION]; - is all.
    #[arg(default_value = "organizations/-/sources/-")]
    pub(crate) parent: finding::Parent,
    #[command(flatten)]
    pub(crate) which: Which,
    /// Stop after this many; 0 for all.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u64,
    /// Findings asked for at once, 1 to 1000.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) page_size: u16,
    /// Fields to sort by, such as "severity desc,event_time".
    #[arg(long, default_value = "")]
    pub(crate) order_by: String,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value_t = ListForm::Table)]
    pub(crate) output: ListForm,
}

/// Which findings: those to which every word given applies.
#[derive(Args, Default)]
pub(crate) struct Which {
    /// Of this container: its name, its id, or the first 8 or more characters of its id.
    #[arg(long)]
    pub(crate) container: Option<String>,
    /// Of the pod of this name.
    #[arg(long)]
    pub(crate) pod: Option<String>,
    /// Of pods in this namespace.
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// Of this category, by its name or the detector's.
    #[arg(long)]
    pub(crate) category: Option<String>,
    /// That match this filter of findings, such as severity="HIGH" AND NOT mute="MUTED"; see docs/filter.md.
    #[arg(long)]
    pub(crate) filter: Option<String>,
    /// Whose event time is not before this: RFC 3339, or how long ago (15m, 6h, 2d).
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) since: Option<finding::Timestamp>,
    /// Whose event time is before this.
    #[arg(long, value_name = "TIME", value_parser = crate::findings::moment)]
    pub(crate) until: Option<finding::Timestamp>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum ListForm {
    Table,
    Json,
    Yaml,
}

#[derive(Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value_t = ShowForm::Text)]
    pub(crate) output: ShowForm,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum ShowForm {
    Text,
    Json,
    Yaml,
}

#[derive(Args)]
pub(crate) struct Evidence {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Full name of the finding, or its id alone.
    pub(crate) name: String,
    /// Folder to save into; made when it is not there. Default: vedette-evidence-ID.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Folder of findings and evidence to look at. Default: that of the Vedette at the server's address, else
    /// /var/lib/vedette.
    #[arg(long, env = "VEDETTE_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (YAML), for sockets of container runtimes.
    #[arg(long, env = "VEDETTE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Form of the answer.
    #[arg(short, long, value_enum, default_value_t = DoctorForm::Table)]
    pub(crate) output: DoctorForm,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum DoctorForm {
    Table,
    Json,
}

#[derive(Args)]
pub(crate) struct Simulate {
    /// The attack.
    #[arg(value_enum)]
    pub(crate) attack: Attack,
    #[command(flatten)]
    pub(crate) server: Server,
    /// What makes the container: auto takes the first that works of those that follow it.
    #[arg(long, value_enum, default_value_t = RuntimeChoice::Auto)]
    pub(crate) runtime: RuntimeChoice,
    /// Socket of containerd, when it is not in a usual place.
    #[arg(long, value_name = "PATH", env = "CONTAINERD_ADDRESS")]
    pub(crate) containerd: Option<PathBuf>,
    /// Leave the session open until Ctrl-C, to look at its container.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Longest wait for the connection, and for the finding: 10s, 500ms, 2m.
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Attack {
    /// socat connects a shell to a listener on this machine's loopback; one `id` is run in it.
    SocatReverseShell,
}

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum)]
pub(crate) enum RuntimeChoice {
    Auto,
    /// The containerd that runs on this machine.
    Containerd,
    /// A containerd that is started for this container and ended after it.
    OwnContainerd,
    /// runc alone; the container belongs to no pod.
    Runc,
    /// The kernel alone; the container belongs to no pod.
    Namespaces,
}

impl fmt::Display for RuntimeChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// A number with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("{text:?} is not a duration; write it like 10s, 500ms or 2m");
    let number: u32 = number.parse().map_err(|_| wrong())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number.into())),
        "s" => Ok(Duration::from_secs(number.into())),
        "m" => Ok(Duration::from_secs(u64::from(number) * 60)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, duration};
    use clap::{CommandFactory, Parser};
    use std::time::Duration;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_carry_their_unit() {
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "10", "-1s", "1.5s", "1h", "10 s", "99999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_parent_that_is_none_is_refused_before_anything_is_asked() {
        let list = |parent: &str| Arguments::try_parse_from(["vedette", "findings", "list", parent]).is_ok();
        assert!(list("projects/p/sources/-"));
        assert!(list("organizations/-/sources/-"));
        assert!(!list("projects/../sources/-"));
        assert!(!list("nonsense"));
    }
}
