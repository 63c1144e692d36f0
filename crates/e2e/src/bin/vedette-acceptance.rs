//! `vedette-acceptance ground-truth | ground-truth-newer-socat | corpus FILE.jsonl…`: what the product finds and misses, as a table.
//!
//! Exit code 1 when something was missed, wrong, found twice or found where nothing is.
#![expect(clippy::print_stdout, reason = "the table is what it is for")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use e2e::acceptance::{
    Bench, Case, Product, Tools, Variant, own_corpus, read_cases, run_all, variants, vedette_binary,
};
use e2e::node_or_skip;

const USAGE: &str = "usage: vedette-acceptance [--only ID[,ID…]] [--workers N] ground-truth | ground-truth-newer-socat | corpus FILE.jsonl…";

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args().skip(1).peekable();
    let (mut only, mut workers) = (Vec::new(), 4);
    while let Some(option) = arguments.next_if(|argument| argument.starts_with("--")) {
        let value = arguments.next().with_context(|| format!("{option} needs a value; {USAGE}"))?;
        match option.as_str() {
            "--only" => only = value.split(',').map(str::to_owned).collect(),
            "--workers" => workers = value.parse().context("--workers takes a number")?,
            _ => bail!("unknown option {option}; {USAGE}"),
        }
    }
    let command = arguments.next().context(USAGE)?;
    let files: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let wanted = |case: &Case| only.is_empty() || only.contains(&case.id);

    let Some(node) = node_or_skip()? else { return Ok(ExitCode::SUCCESS) };
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let report = match command.as_str() {
        "ground-truth" | "ground-truth-newer-socat" => {
            let bench = match command.as_str() {
                "ground-truth" => Bench::ground_truth(&node, &watch)?,
                _ => match Tools::newer_socat() {
                    Ok(debian) => Bench::newer_socat(&node, &watch, &debian)?,
                    Err(skip) => {
                        skip.print();
                        return Ok(ExitCode::SUCCESS);
                    }
                },
            };
            let cases = read_cases(&own_corpus("ground-truth.jsonl"))?;
            let jobs = cases.into_iter().filter(wanted);
            let jobs = jobs.flat_map(|case| variants().map(|variant| (case.clone(), variant))).collect();
            run_all(&bench, jobs, workers)?
        }
        "corpus" if !files.is_empty() => {
            let tools = match Tools::ready() {
                Ok(tools) => tools,
                Err(skip) => {
                    skip.print();
                    return Ok(ExitCode::SUCCESS);
                }
            };
            let mut cases = Vec::new();
            for file in &files {
                cases.extend(read_cases(file)?);
            }
            let jobs = cases.into_iter().filter(wanted).map(|case| (case, Variant::Plain)).collect();
            run_all(&Bench::corpus(&node, &watch, &tools)?, jobs, workers)?
        }
        _ => bail!(USAGE),
    };
    println!("{}", report.text());
    if std::env::var_os("VEDETTE_KEEP_LOG").is_some() {
        println!("{}", product.log());
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
