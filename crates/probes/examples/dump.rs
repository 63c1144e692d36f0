//! Prints every record as it comes: `cargo run -p probes --example dump`.

use probes::{Lane, Probes, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let started = std::time::Instant::now();
    let probes = Probes::load(Settings::default())?;
    let reader = probes.reader()?;
    eprintln!("loaded in {:?}", started.elapsed());
    let started = std::time::Instant::now();
    let tasks = probes.snapshotter()?.read()?;
    eprintln!(
        "{} tasks, {} bytes in {:?}",
        tasks.len(),
        tasks.iter().map(Vec::len).sum::<usize>(),
        started.elapsed()
    );
    for task in tasks.iter().rev().take(3) {
        println!("{:#?}", decoder::decode(task));
    }
    loop {
        reader.wait(std::time::Duration::from_secs(1));
        for lane in [Lane::Deciding, Lane::Bulk] {
            reader.drain(lane, 1000, |record| println!("{} {:?}", record.len(), decoder::decode(record)));
        }
    }
}
