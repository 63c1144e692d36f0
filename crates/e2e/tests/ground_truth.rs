//! Every shape of a socat shell, as it is and in one of its disguises: found once, with everything right.
//!
//! `vedette-acceptance ground-truth` runs every shape in every disguise.
#![expect(clippy::print_stdout, reason = "the table is the report")]

use std::sync::{Mutex, PoisonError};

use anyhow::{Result, ensure};
use e2e::acceptance::{
    Bench, Product, Tools, Variant, own_corpus, read_cases, run_all, variants, vedette_binary,
};
use e2e::node_or_skip;

/// Each test's Vedette watches the whole machine and would see the other's pods, which have the same names.
static MACHINE: Mutex<()> = Mutex::new(());

#[test]
fn every_socat_shell_is_found_once_and_told_right() -> Result<()> {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let bench = Bench::ground_truth(&node, &watch)?;
    let disguises = &variants()[1..];
    let cases = read_cases(&own_corpus("ground-truth.jsonl"))?;
    let jobs = cases.into_iter().enumerate().flat_map(|(at, case)| {
        let disguise = disguises[at % disguises.len()];
        [(case.clone(), Variant::Plain), (case, disguise)]
    });
    let report = run_all(&bench, jobs.collect(), 4)?;
    println!("{}", report.text());
    ensure!(report.is_clean(), "see the table");
    Ok(())
}

#[test]
fn every_shell_of_socat_1_8_is_found_once_and_told_right() -> Result<()> {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let debian = match Tools::newer_socat() {
        Ok(debian) => debian,
        Err(skip) => {
            skip.print();
            return Ok(());
        }
    };
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let bench = Bench::newer_socat(&node, &watch, &debian)?;
    let cases = read_cases(&own_corpus("ground-truth.jsonl"))?;
    let jobs = cases.into_iter().map(|case| (case, Variant::Plain)).collect();
    let report = run_all(&bench, jobs, 4)?;
    println!("{}", report.text());
    ensure!(report.is_clean(), "see the table");
    Ok(())
}
