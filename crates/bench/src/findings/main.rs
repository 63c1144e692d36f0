//! How fast the findings service's stores are with very many findings.
//!
//! generator → upserts from many tasks → questions, many times each, at every size → a table

mod generator;
mod questions;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use finding::Timestamp;
use store::FindingStore;
use store_sqlite::SqliteStore;

/// Loads a store with findings and asks what analysts ask, at each size.
#[derive(Parser)]
#[command(name = "vedette-bench-findings", version)]
struct Arguments {
    /// Sizes at which questions are asked, in findings
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
    counts: Vec<u64>,
    /// How often each question is asked
    #[arg(long, default_value_t = 200)]
    times: usize,
    /// Tasks that write at the same time
    #[arg(long, default_value_t = 256)]
    writers: u64,
    /// Folder for the database, on the disk to be measured; removed afterwards
    #[arg(long, default_value = "target")]
    folder: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    std::fs::create_dir_all(&arguments.folder)?;
    let folder = tempfile::tempdir_in(&arguments.folder)
        .with_context(|| format!("no folder can be made in {}", arguments.folder.display()))?;
    let store = Arc::new(runtime.block_on(SqliteStore::open(folder.path()))?);
    let mut table =
        String::from("| findings | question | median ms | p99 ms | worst ms |\n|---|---|---|---|---|\n");
    let mut loads = String::from(
        "| up to | findings/s | on disk, bytes each | memory MiB, now and at most |\n|---|---|---|---|\n",
    );
    let all = arguments.counts.iter().copied().max().unwrap_or(1);
    let mut from = 0;
    let loaded: Arc<dyn FindingStore> = Arc::<SqliteStore>::clone(&store);
    for &count in &arguments.counts {
        let began = Instant::now();
        runtime.block_on(load(&loaded, from..count, all, arguments.writers))?;
        let pace = (count - from) as f64 / began.elapsed().as_secs_f64();
        from = count;
        for question in questions::all() {
            let times = runtime.block_on(question.ask(&*loaded, arguments.times))?;
            let at = |percent: usize| milliseconds(times[(times.len() - 1) * percent / 100]);
            writeln!(
                table,
                "| {count} | {} | {:.2} | {:.2} | {:.2} |",
                question.name,
                at(50),
                at(99),
                at(100)
            )?;
        }
        let size: u64 = ["findings.db", "findings.db-wal"]
            .iter()
            .filter_map(|file| std::fs::metadata(folder.path().join(file)).ok())
            .map(|metadata| metadata.len())
            .sum();
        let (now, most) = memory();
        writeln!(loads, "| {count} | {pace:.0} | {} | {now:.1}, {most:.1} |", size / count)?;
        eprintln!("{count} findings: loaded and asked");
    }
    println!("{loads}\n{table}");
    runtime.block_on(store.close());
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Through the trait: any store is loaded so.
async fn load(store: &Arc<dyn FindingStore>, numbers: Range<u64>, all: u64, writers: u64) -> Result<()> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut tasks = Vec::new();
    for _ in 0..writers {
        let (store, next, numbers) = (Arc::clone(store), Arc::clone(&next), numbers.clone());
        tasks.push(tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= numbers.end {
                    return Ok::<_, store::StoreError>(());
                }
                let item = generator::finding(n, all);
                let now = item.finding.event_time.unwrap_or(Timestamp::from_nanos(0));
                store.upsert(&item, 1, now).await?;
            }
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// Resident memory of this process in MiB: now, and at most.
fn memory() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or_default() / 1024.0
    };
    (of("VmRSS:"), of("VmHWM:"))
}
