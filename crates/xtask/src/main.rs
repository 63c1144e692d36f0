//! The project's own chores, one file each: `cargo xtask CHORE`.
//!
//! workspace + sources → layers | tidy | codegen → complaints → exit code

mod code_map;
mod codegen;
mod detector_pages;
mod kernel_vm;
mod layers;
mod new_detector;
mod policy;
mod sources;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask CHORE
  layers                        every crate stands on its floor; I/O and foreign libraries stay where they belong
  tidy                          file sizes, names, safety comments, the code map
  codegen [--check]             write the generated documents; with --check only compare
  new-detector TACTIC NAME      a new detector's file, from the template
  kernel-vm SUITE PAYLOAD_DIR [--cmdline TEXT] [--modules A,B] [--memory MIB] [--timeout SECONDS]
                                run PAYLOAD_DIR/run.sh as root on Debian's cloud kernel of SUITE (bullseye-security 5.10,
                                bookworm-security 6.1, bookworm-backports 6.12, trixie-backports, sid)";

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["layers"] => Ok(verdict("layers", &layers::check()?)),
        ["tidy"] => Ok(verdict("tidy", &tidy::check()?)),
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => Ok(verdict("codegen", &codegen::check()?)),
        ["new-detector", tactic, name] => new_detector::write(tactic, name),
        ["kernel-vm", suite, payload, options @ ..] => kernel_vm::run(suite, payload, options),
        ["help" | "--help" | "-h"] | [] => {
            println!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("cannot make sense of `{}`\n{USAGE}", words.join(" ")),
    }
}

/// Prints the complaints of a check and turns them into an exit code.
fn verdict(chore: &str, complaints: &[String]) -> ExitCode {
    for complaint in complaints {
        eprintln!("{chore}: {complaint}");
    }
    if complaints.is_empty() {
        println!("{chore}: fine");
        return ExitCode::SUCCESS;
    }
    eprintln!("{chore}: {} complaint(s)", complaints.len());
    ExitCode::FAILURE
}
