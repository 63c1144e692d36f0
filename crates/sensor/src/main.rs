//! `vedette-sensor`: what `vedette sensor` does, without the rest of Vedette; for nodes.

use clap::Parser;
use sensor::RecordTo;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Watch this machine and print each finding, and each update of one, as a line of JSON, or send them to a server.
#[derive(Parser)]
#[command(name = "vedette-sensor", version)]
struct Arguments {
    /// Configuration file (YAML); see docs/configuration.md.
    #[arg(long, env = "VEDETTE_CONFIG")]
    config: Option<PathBuf>,
    /// Keep every record in this file, for `vedette replay`: a new file that only you can read.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Let --record replace a file that is there.
    #[arg(long, requires = "record")]
    overwrite: bool,
    /// Level of the log on standard error: error, warn, info, debug, trace, or a filter such as sensor=debug.
    #[arg(long, env = "VEDETTE_LOG", default_value = "info", value_parser = |filter: &str| EnvFilter::try_new(filter))]
    log: EnvFilter,
}

fn main() -> ExitCode {
    host::keep_small();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(arguments.log)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    let overwrite = arguments.overwrite;
    let record = arguments.record.map(|path| RecordTo { path, overwrite });
    match sensor::alone::run(arguments.config.as_deref(), record.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vedette-sensor: {}", sensor::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_refused_value_names_its_flag() {
        let error = Arguments::try_parse_from(["vedette-sensor", "--log", "sensor=[loud"]).err().unwrap();
        assert!(error.to_string().contains("--log"), "{error}");
    }
}
