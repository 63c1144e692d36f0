//! Nothing is lost and nothing is stored twice though sensor, servers and database are killed at any moment: real processes,
//! real PostgreSQL, real TLS. More findings with VEDETTE_DELIVERIES=100000.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "kill/finding.rs"]
mod made;
#[path = "kill/stage.rs"]
mod stage;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use finding::FindingName;
use intake::{Sender, SenderOptions, Spool};
use made::{CLUSTER, NODE, item, now};
use stage::Stage;
use store::{FindingStore, ListQuery};
use store_postgres::PostgresStore;

/// Where the process that plays the sensor works; set only for it.
const SENSOR: &str = "VEDETTE_TEST_SENSOR";

fn deliveries() -> usize {
    std::env::var("VEDETTE_DELIVERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(4_000)
}

/// The process of the sensor: the test starts its own executable for it.
fn be_the_sensor(folder: &Path) {
    let servers = std::fs::read_to_string(folder.join("servers")).unwrap();
    let mut options =
        SenderOptions::new(servers.lines().map(str::to_owned).collect(), folder.join("authority.crt"));
    options.identity = Some(folder.join("node.pem"));
    options.pause = Duration::from_millis(50);
    options.deadline = Duration::from_secs(10);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let spool = Arc::new(Spool::open(&folder.join("spool"), 1 << 30).unwrap());
    let sender = Sender::new(options, Arc::clone(&spool), Arc::new(stage::beat));
    runtime.spawn(sender.run(std::future::pending()));
    let (progress, count) = (folder.join("next"), deliveries());
    let mut next: usize =
        std::fs::read_to_string(&progress).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    while next < count {
        let end = count.min(next + 50);
        let both = |number| [item(number, "first"), item(number, "second")];
        let items: Vec<_> = (next..end).flat_map(both).collect();
        spool.put_findings(&items, now()).unwrap();
        // killed here, it accepts some again: of one finding there is one
        std::fs::write(folder.join("next.new"), end.to_string()).unwrap();
        std::fs::rename(folder.join("next.new"), &progress).unwrap();
        next = end;
    }
    while spool.status().oldest_ns != 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(spool.status().losses, intake::Losses::default());
}

#[test]
fn all_is_stored_once_though_sensor_servers_and_database_are_killed() {
    if let Some(folder) = std::env::var_os(SENSOR) {
        return be_the_sensor(Path::new(&folder));
    }
    let Some(mut stage) = Stage::new() else { return };
    let count = deliveries();
    let (mut kills, mut chance) = ([0_u32; 4], 0x5eed_u64);
    let began = Instant::now();
    stage.start_all();
    loop {
        if let Some(status) = stage.sensor_ended() {
            assert!(status.success(), "the sensor's process: {status}");
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(1_800), "no progress; killed {kills:?}");
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // of very many, some must get through between two kills
        let pace = u32::try_from(count / 20_000).unwrap_or(u32::MAX).max(1);
        std::thread::sleep(Duration::from_millis(300 + (chance >> 33) % 1_500) * pace);
        let victim = (chance >> 60) as usize % 4;
        match victim {
            0 | 1 => stage.kill_server(victim),
            2 => stage.kill_database(),
            _ => stage.kill_sensor(),
        }
        kills[victim] += 1;
    }
    println!("killed: servers {} and {}, database {}, sensor {}", kills[0], kills[1], kills[2], kills[3]);
    stage.start_servers();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = PostgresStore::open(&stage.url()).await.unwrap();
        let query = ListQuery::new("organizations/1/sources/-".parse().unwrap());
        assert_eq!(store.list(query).await.unwrap().total_size as usize, count);
        for number in (0..count).step_by(97) {
            let name: FindingName = item(number, "").finding.name.parse().unwrap();
            assert_eq!(store.get(&name).await.unwrap().unwrap().finding.description, "second", "{number}");
        }
        store.close().await;
    });
    // either server answers for all of them
    for server in 0..2 {
        let listed = stage.vedette(server, &["findings", "group", "--group-by", "state", "--format", "json"]);
        assert!(listed.contains(&format!("\"{count}\"")) || listed.contains(&count.to_string()), "{listed}");
    }
    let known = stage.documents();
    assert!(known.contains(&format!("{CLUSTER}/{NODE}")), "{known:?}");
}
