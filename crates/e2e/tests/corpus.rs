//! Shells of other kinds, and benign uses: the former found, the latter not.
//!
//! The project's own lines; and a corpus kept elsewhere, in `$VEDETTE_CORPUS` or beside the working copy, where there
//! is one.
#![expect(clippy::print_stdout, reason = "the table is the report")]

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use e2e::acceptance::{
    Bench, Product, Tools, Variant, other_corpus, own_corpus, read_cases, run_all, vedette_binary,
};
use e2e::node_or_skip;

fn run(files: &[PathBuf]) -> Result<()> {
    let tools = match Tools::ready() {
        Ok(tools) => tools,
        Err(skip) => {
            skip.print();
            return Ok(());
        }
    };
    let Some(node) = node_or_skip()? else { return Ok(()) };
    let product = Product::start(&vedette_binary()?, &node.folder().join("vedette"))?;
    let watch = product.watch();
    let bench = Bench::corpus(&node, &watch, &tools)?;
    let mut jobs = Vec::new();
    for file in files {
        jobs.extend(read_cases(file)?.into_iter().map(|case| (case, Variant::Plain)));
    }
    let report = run_all(&bench, jobs, 6)?;
    println!("{}", report.text());
    ensure!(report.is_clean(), "see the table");
    Ok(())
}

#[test]
fn shells_are_found_and_benign_uses_are_not() -> Result<()> {
    let mut files: Vec<PathBuf> = ["other-shells.jsonl", "benign.jsonl"].map(own_corpus).to_vec();
    if let Some(other) = other_corpus() {
        let listed = std::fs::read_dir(&other)?.flatten().map(|entry| entry.path());
        files.extend(listed.filter(|path| path.extension() == Some("jsonl".as_ref())));
    }
    files.retain(|path: &PathBuf| Path::new(path).exists());
    run(&files)
}
