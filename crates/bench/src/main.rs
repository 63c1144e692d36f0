//! What a sensor costs its machine, and what it still finds under load.
//!
//! arms × rounds, shuffled → loads → samples → raw.csv → medians with intervals, beside an A/A test

mod arm;
mod environment;
mod http;
mod loads;
mod report;
mod rounds;
mod statistics;
mod usage;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

/// Measures loads with no sensor, with ours and with another one, in turns and in shuffled order.
#[derive(Parser)]
#[command(name = "vedette-bench", version)]
struct Arguments {
    /// Loads to run (w1 w2 w3 w5 w6 w8 w13); all of them if none is named
    loads: Vec<String>,
    /// Small counts and three rounds: about two minutes, for looking, not for publishing
    #[arg(long)]
    quick: bool,
    /// Rounds; each runs every arm once (default 7, quick 3)
    #[arg(long)]
    rounds: Option<usize>,
    /// Our sensor's command; {DIR} is an empty folder, {PORT} a free loopback port that must answer /readyz and give
    /// findings to who shows the token in {DIR}/token
    #[arg(long, default_value = "target/release/vedette up --data {DIR} --listen 127.0.0.1:{PORT}")]
    sensor: String,
    /// Leave our sensor out
    #[arg(long)]
    no_sensor: bool,
    /// Leave the arms without a sensor out: nothing to compare with, for loads that only ask what a sensor uses (w8, w13)
    #[arg(long)]
    sensors_only: bool,
    /// Another sensor's command, run as a third arm; {DIR} as above, words are split at blanks
    #[arg(long)]
    other: Option<String>,
    /// Seconds that the other sensor gets before its loads start
    #[arg(long, default_value_t = 10)]
    other_settle: u64,
    /// Containers in w8 (default 500, quick 4)
    #[arg(long)]
    containers: Option<u32>,
    /// Seed of the shuffle, the variants and the intervals
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where raw.csv, summary.md and environment.txt go
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let loads = loads::select(&arguments.loads)?;
    let mut scale = if arguments.quick { loads::Scale::quick() } else { loads::Scale::full() };
    scale.containers = arguments.containers.unwrap_or(scale.containers);
    let rounds = arguments.rounds.unwrap_or(if arguments.quick { 3 } else { 7 });
    let arms = arm::plan(&arguments)?;
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("cannot make the folder {}", arguments.out.display()))?;
    let environment = environment::describe(&arms, rounds, arguments.seed);
    println!("{environment}");
    std::fs::write(arguments.out.join("environment.txt"), &environment)?;
    let samples = rounds::run(&arms, &loads, &scale, rounds, arguments.seed, &arguments.out.join("raw.csv"))?;
    let summary = report::summary(&samples, &arms, arguments.seed);
    println!("{summary}");
    std::fs::write(arguments.out.join("summary.md"), format!("{environment}\n{summary}"))?;
    println!("raw figures: {}", arguments.out.join("raw.csv").display());
    Ok(ExitCode::SUCCESS)
}
