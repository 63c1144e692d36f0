//! How fast the findings service's stores are with very many findings.
//!
//! generator → upserts from many tasks → questions, many times each, at every size → a table

mod generator;
mod questions;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::{Parser, ValueEnum};
use finding::Timestamp;
use store::FindingStore;
use store_postgres::PostgresStore;
use store_postgres::server::Server;
use store_sqlite::SqliteStore;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Loads stores with findings and asks what analysts ask, at each size.
#[derive(Parser)]
#[command(name = "vedette-bench-findings", version)]
struct Arguments {
    /// Sizes at which questions are asked, in findings
    #[arg(long, value_delimiter = ',', default_value = "100000,1000000")]
    counts: Vec<u64>,
    /// Which stores, one after the other; PostgreSQL is started from Debian's package, in the folder for temporary files
    #[arg(long = "store", value_delimiter = ',', default_value = "sqlite")]
    stores: Vec<Engine>,
    /// How often each question is asked
    #[arg(long, default_value_t = 200)]
    times: usize,
    /// Tasks that write at the same time
    #[arg(long, default_value_t = 256)]
    writers: u64,
    /// Folder for SQLite's database, on the disk to be measured; removed afterwards
    #[arg(long, default_value = "target")]
    folder: PathBuf,
    /// Leave SQLite's database where it is, and say where: a data folder for `vedette up --data`
    #[arg(long)]
    keep: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A store that goes away with this.
enum Opened {
    Sqlite { store: Arc<SqliteStore>, folder: tempfile::TempDir },
    Postgres { store: Arc<PostgresStore>, server: Server },
}

impl Opened {
    async fn new(engine: Engine, base: &Path) -> Result<Self> {
        Ok(match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir_in(base)
                    .with_context(|| format!("no folder can be made in {}", base.display()))?;
                Self::Sqlite { store: Arc::new(SqliteStore::open(folder.path()).await?), folder }
            }
            Engine::Postgres => {
                let server = Server::start().map_err(|missing| anyhow!(missing))?;
                let url = server.database(DATABASE).map_err(|said| anyhow!(said))?;
                Self::Postgres { store: Arc::new(PostgresStore::open(&url).await?), server }
            }
        })
    }

    fn store(&self) -> Arc<dyn FindingStore> {
        match self {
            Self::Sqlite { store, .. } => Arc::<SqliteStore>::clone(store),
            Self::Postgres { store, .. } => Arc::<PostgresStore>::clone(store),
        }
    }

    /// Bytes on disk.
    fn size(&self) -> u64 {
        match self {
            Self::Sqlite { folder, .. } => ["findings.db", "findings.db-wal"]
                .iter()
                .filter_map(|file| std::fs::metadata(folder.path().join(file)).ok())
                .map(|metadata| metadata.len())
                .sum(),
            Self::Postgres { server, .. } => {
                let size = server.run(DATABASE, "SELECT pg_database_size(current_database())");
                size.ok().and_then(|size| size.parse().ok()).unwrap_or_default()
            }
        }
    }

    async fn close(&self) {
        match self {
            Self::Sqlite { store, .. } => store.close().await,
            Self::Postgres { store, .. } => store.close().await,
        }
    }
}

const DATABASE: &str = "bench";

/// What was measured so far, printed at each size: a long run that is ended early has not been for nothing.
struct Report {
    loads: String,
    answers: String,
    /// The 99th percentile of each question, and the size it was asked at.
    before: BTreeMap<(Engine, String), f64>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    std::fs::create_dir_all(&arguments.folder)?;
    let mut report = Report {
        loads: String::from(
            "| store | up to | findings/s | on disk, bytes each | memory MiB of this process, now and at most |\n\
             |---|---|---|---|---|\n",
        ),
        answers: String::from(
            "| store | findings | question | median ms | p99 ms | worst ms | p99 to the size before |\n\
             |---|---|---|---|---|---|---|\n",
        ),
        before: BTreeMap::new(),
    };
    for &engine in &arguments.stores {
        runtime.block_on(measure(&arguments, engine, &mut report))?;
    }
    Ok(())
}

async fn measure(arguments: &Arguments, engine: Engine, report: &mut Report) -> Result<()> {
    let opened = Opened::new(engine, &arguments.folder).await?;
    let all = arguments.counts.iter().copied().max().unwrap_or(1);
    let mut from = 0;
    for &count in &arguments.counts {
        let began = Instant::now();
        load(&opened.store(), from..count, all, arguments.writers).await?;
        let pace = (count - from) as f64 / began.elapsed().as_secs_f64();
        from = count;
        let (_, most) = memory();
        eprintln!("{}: {count} findings loaded, {pace:.0}/s, at most {most:.0} MiB", engine.name());
        for question in questions::all() {
            let times = question.ask(&*opened.store(), arguments.times).await;
            let times = times.with_context(|| question.name.clone())?;
            let at = |percent: usize| milliseconds(times[(times.len() - 1) * percent / 100]);
            let before = report.before.insert((engine, question.name.clone()), at(99));
            let growth = before.map_or_else(|| "-".into(), |before| format!("{:.2}", at(99) / before));
            writeln!(
                report.answers,
                "| {} | {count} | {} | {:.2} | {:.2} | {:.2} | {growth} |",
                engine.name(),
                question.name,
                at(50),
                at(99),
                at(100)
            )?;
        }
        let (now, most) = memory();
        let size = opened.size() / count.max(1);
        writeln!(report.loads, "| {} | {count} | {pace:.0} | {size} | {now:.1}, {most:.1} |", engine.name())?;
        println!("{}\n{}", report.loads, report.answers);
    }
    opened.close().await;
    if arguments.keep
        && let Opened::Sqlite { folder, .. } = opened
    {
        println!("the database is kept in {}", folder.keep().display());
    }
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
