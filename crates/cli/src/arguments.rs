//! Arguments.

mod administration;
mod findings;
mod modules;

pub(crate) use administration::*;
pub(crate) use findings::*;
pub(crate) use modules::*;

use crate::data_folder;
use clap::{Args, Parser, Subcommand, ValueEnum};
use sensor::RecordTo;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What scripts are told; docs/configuration.md has the same.
const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 not done, or not said right: the reason is on standard error; 2 what was asked for does not exist;
4 `findings list --fail-on` found something; 130 an export was interrupted.";

/// Container threat detection for any Kubernetes cluster, or for one machine.
#[derive(Parser)]
#[command(name = "vedette", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Watch this machine: sensor, store and API in one process.
    Up(Up),
    /// Keep and serve the findings of many sensors.
    Server(Serve),
    /// Watch this machine and send each finding to a server, or, without one, print it as a line of JSON.
    Sensor(SensorOnly),
    /// Print the address at which the console opens in a browser, signed in: it holds the token.
    Console(Console),
    /// Look at findings through the API.
    #[command(subcommand)]
    Findings(Findings),
    /// Make, list and revoke tokens for scripts.
    #[command(subcommand)]
    Tokens(Tokens),
    /// Make, list and revoke keys of service accounts.
    #[command(subcommand)]
    ServiceAccounts(ServiceAccounts),
    /// See how sensors do; make and revoke certificates of nodes.
    #[command(subcommand)]
    Sensors(Sensors),
    /// See who did what.
    #[command(subcommand)]
    Audit(Audit),
    /// See where findings are sent, try it, and send again what could not be delivered.
    #[command(subcommand)]
    Outputs(Outputs),
    /// See which detectors are on, and turn them on or off.
    #[command(subcommand)]
    Modules(Modules),
    /// Print what makes a shell complete vedette's words.
    Completion(Completion),
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
    /// Address of the API. Beyond loopback it is spoken over TLS, with a certificate of Vedette's own authority.
    #[arg(long, default_value = "127.0.0.1:7979", env = "VEDETTE_LISTEN")]
    pub(crate) listen: SocketAddr,
    /// Findings and their evidence go this many days after they last changed; 396 are thirteen months.
    #[arg(long, value_name = "DAYS", default_value_t = 396, env = "VEDETTE_RETENTION_DAYS",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(server::Retention::DAYS_MAX)))]
    pub(crate) retention_days: u32,
    /// Folder with the secrets that notification configs name, a file each (a project's in projects/P); see docs/notifications.md.
    #[arg(long, value_name = "DIR", env = "VEDETTE_OUTPUT_SECRETS")]
    pub(crate) output_secrets: Option<PathBuf>,
    /// Where messages for projects/P/topics/T are pushed, in the form of a Pub/Sub push.
    #[arg(long, value_name = "URL", env = "VEDETTE_PUBSUB_PUSH")]
    pub(crate) pubsub_push: Option<String>,
    /// A name or an address under which clients reach the API, for its certificate; may be given several times.
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<String>,
    /// Speak in clear beyond loopback, too: a proxy in front of it speaks TLS.
    #[arg(long)]
    pub(crate) behind_proxy: bool,
    /// So many proxies in front append to X-Forwarded-For whom they were asked by: refused tokens are counted by that address,
    /// instead of the nearest proxy's.
    #[arg(long, default_value_t = 0)]
    pub(crate) proxies: u8,
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
pub(crate) struct Serve {
    /// Configuration file (YAML); see docs/server.md.
    #[arg(long, env = "VEDETTE_SERVER_CONFIG")]
    pub(crate) config: Option<PathBuf>,
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
    /// Certificate (PEM) of the authority that the server's certificate is from; without it those of this machine.
    #[arg(long, value_name = "FILE", env = "VEDETTE_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// File of the API's token. Default: VEDETTE_TOKEN, the token itself; else that of the Vedette of this machine.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Endpoint {
    /// Scheme, and host and port; `None` when the address does not begin as one.
    pub(crate) fn parts(&self) -> Option<(&'static str, &str)> {
        let address = self.address.trim_end_matches('/');
        let of = |scheme: &'static str| Some((scheme, address.strip_prefix(scheme)?.strip_prefix("://")?));
        of("https").or_else(|| of("http"))
    }
}

#[derive(Args)]
pub(crate) struct Console {
    #[command(flatten)]
    pub(crate) server: Server,
    /// A finding's name or id, to open its page.
    pub(crate) finding: Option<String>,
}

#[derive(Args)]
pub(crate) struct Completion {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
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
