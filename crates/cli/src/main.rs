//! The `vedette` command.

mod administration;
mod arguments;
mod bench;
mod client;
mod completion;
mod console;
mod credential;
mod data_folder;
mod doctor;
mod encoding;
mod findings;
mod inert;
mod intake;
mod interrupt;
mod private_file;
mod replay;
mod sensor_only;
mod serve;
mod simulate;
mod sweep;
mod switches;
mod up;

use anyhow::Result;
use arguments::{Arguments, Command};
use clap::{CommandFactory, FromArgMatches};
use std::ffi::OsStr;
use std::io::{self, ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A server makes and drops many small values for each finding: with the C library's allocator a third of its time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Something is wrong, with the arguments or otherwise.
const FAILED: u8 = 1;
/// What was asked for does not exist.
const NOT_FOUND: u8 = 2;

fn main() -> ExitCode {
    host::keep_small();
    let arguments = Arguments::command().bin_name(called()).try_get_matches();
    let arguments = match arguments.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { FAILED } else { 0 });
        }
    };
    let filter = std::env::var("VEDETTE_LOG").unwrap_or_else(|_| "info".into());
    let filter = match EnvFilter::try_new(&filter) {
        Ok(filter) => filter,
        Err(error) => {
            let (filter, error) = (inert::line(&filter), inert::line(&error.to_string()));
            eprintln!("vedette: VEDETTE_LOG={filter} is no level such as info or debug ({error})");
            return ExitCode::from(FAILED);
        }
    };
    let filter = quiet(filter);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run(arguments) {
        Ok(code) => code,
        // a reader such as `head` has seen enough
        Err(error) if error.chain().any(is_closed_pipe) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vedette: {}", inert::told(&sensor::with_causes(&*error)));
            let missing = error.chain().any(|cause| {
                cause.downcast_ref::<client::ClientError>().is_some_and(client::ClientError::is_not_found)
            });
            ExitCode::from(if missing { NOT_FOUND } else { FAILED })
        }
    }
}

/// Without what libraries say of what is no trouble, or what an error of our own says better.
fn quiet(filter: EnvFilter) -> EnvFilter {
    // a connection that the database closed is made anew; whoever looks closer is told
    let is_plain = filter.max_level_hint().is_some_and(|level| level <= LevelFilter::INFO);
    let said_again = ["rustls_platform_verifier=off"];
    let connections = ["sqlx_core::pool=warn"];
    let directives = said_again.iter().chain(connections.iter().filter(|_| is_plain));
    directives.filter_map(|text| text.parse().ok()).fold(filter, EnvFilter::add_directive)
}

/// As the user calls it: under the name of a plugin, kubectl does.
fn called() -> &'static str {
    let name = std::env::args_os().next().map(PathBuf::from);
    match name.as_deref().and_then(Path::file_name).and_then(OsStr::to_str) {
        Some("kubectl-vedette") => "kubectl vedette",
        _ => "vedette",
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match arguments.command {
        Command::Up(options) => up::run(options).map(done),
        Command::Server(options) => serve::run(&options).map(done),
        Command::Sensor(options) => sensor_only::run(options).map(done),
        Command::Replay(options) => replay::run(options).map(done),
        Command::Console(options) => console::run(&options).map(done),
        Command::Findings(command) => findings::run(command),
        Command::Tokens(command) => administration::tokens(command).map(done),
        Command::ServiceAccounts(command) => administration::service_accounts(command).map(done),
        Command::Sensors(command) => administration::sensors(command).map(done),
        Command::Audit(command) => administration::audit(command).map(done),
        Command::Outputs(command) => administration::outputs(command).map(done),
        Command::Modules(command) => administration::modules(command).map(done),
        Command::Completion(options) => completion::run(&options).map(done),
        Command::Doctor(options) => doctor::run(&options),
        Command::Simulate(options) => simulate::run(&options).map(done),
    }
}

pub(crate) fn is_closed_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
}
