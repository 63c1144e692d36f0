//! What a database and its machine do to a store: it stops, it is killed, other servers write at once.

use finding::Timestamp;
use store::contract::{everything, example, name};
use store::{
    ChangeFeed, ChangeKind, EvidenceKind, EvidenceMeta, EvidenceStore, FindingStore, PageSize, Part,
    Received, Sha256, StoreError, Upserted,
};
use store_postgres::PostgresStore;
use store_postgres::server::Server;

/// A server of this test's own; ends with it.
fn server() -> Option<Server> {
    Server::start().map_err(|missing| println!("skipped: {missing}")).ok()
}

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// Writes without a pause until the numbers end; which were acknowledged.
async fn write(store: &PostgresStore, numbers: std::ops::Range<i64>) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    for n in numbers {
        match store.upsert(&example(n), 1, at(n + 1)).await {
            Ok(_) => acknowledged.push(n),
            Err(StoreError::Away { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    acknowledged
}

async fn interrupted(case: &str, end: fn(&Server)) {
    let Some(server) = server() else { return };
    let url = server.database(case).expect("a database");
    let store = PostgresStore::open(&url).await.expect("a store");
    let (server, store) = (std::sync::Arc::new(server), std::sync::Arc::new(store));
    let writing = tokio::spawn({
        let store = std::sync::Arc::clone(&store);
        async move { write(&store, 0..1500).await }
    });
    while store.get(&name(100)).await.is_ok_and(|found| found.is_none()) {
        tokio::task::yield_now().await;
    }
    let again = std::sync::Arc::clone(&server);
    tokio::task::spawn_blocking(move || {
        end(&again);
        again.resume().expect("it starts again");
    })
    .await
    .expect("a restart");
    let acknowledged = writing.await.expect("the writer");
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    for n in &acknowledged {
        assert!(store.get(&name(*n)).await.expect("a get").is_some(), "{n} was acknowledged");
    }
    let told = store.changes(None, 10_000).await.expect("changes");
    let mut query = everything();
    query.page_size = PageSize::MAX;
    let total = store.list(query).await.expect("a list").total_size;
    assert_eq!(told.len() as u64, total, "each finding is told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_restart() {
    interrupted("restarted", Server::stop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_kill() {
    interrupted("killed", Server::kill).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_and_write_at_once_agree() {
    let Some(server) = server() else { return };
    let url = server.database("many").expect("a database");
    let open = || async { PostgresStore::open(&url).await.expect("a store") };
    let (a, b, c) = tokio::join!(open(), open(), open());
    let write = async |store: &PostgresStore| {
        let mut created = 0;
        for n in 0..100 {
            let done = store.upsert(&example(n), 1, at(n + 1)).await.expect("an upsert");
            created += u32::from(done == Upserted::Created);
        }
        created
    };
    let created = tokio::join!(write(&a), write(&b), write(&c));
    assert_eq!(created.0 + created.1 + created.2, 100);
    assert_eq!(b.changes(None, 1000).await.expect("changes").len(), 100);
}

/// Several servers say the same findings at once, each in another order and in batches: nobody meets a deadlock, the last version
/// stays, totals are right, and the feed tells each creation once and each place once.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_write_the_same_in_opposite_order_agree() {
    let Some(server) = server() else { return };
    let url = server.database("opposite").expect("a database");
    let mut servers = Vec::new();
    for _ in 0..2 {
        servers.push(std::sync::Arc::new(PostgresStore::open(&url).await.expect("a store")));
    }
    let (findings, rounds) = (150_i64, 4_i64);
    let mut writes = tokio::task::JoinSet::new();
    for order in 1..=rounds {
        for n in 0..findings {
            for (store, n, order) in
                [(&servers[0], n, order * 2 - 1), (&servers[1], findings - 1 - n, order * 2)]
            {
                let store = std::sync::Arc::clone(store);
                writes.spawn(async move {
                    let mut item = example(n);
                    item.finding.description = format!("version {order}");
                    store.upsert(&item, order, at(order)).await
                });
            }
        }
    }
    let mut wrote = 0;
    while let Some(done) = writes.join_next().await {
        wrote += usize::from(done.expect("a task").expect("an upsert") != Upserted::Unchanged);
    }
    let names: Vec<_> = (0..findings).map(name).collect();
    for found in servers[0].get_many(&names).await.expect("findings") {
        assert_eq!(found.map(|item| item.finding.description), Some(format!("version {}", rounds * 2)));
    }
    let told = servers[1].changes(None, 10_000).await.expect("changes");
    assert_eq!(told.len(), wrote);
    assert!(told.is_sorted_by(|one, next| one.cursor < next.cursor), "each place once");
    let mut kinds = std::collections::BTreeMap::<String, Vec<ChangeKind>>::new();
    for change in told {
        kinds.entry(change.finding.to_string()).or_default().push(change.kind);
    }
    assert_eq!(kinds.len(), names.len());
    for (name, kinds) in kinds {
        let created = kinds.iter().filter(|kind| **kind == ChangeKind::Created).count();
        assert_eq!(
            (created, kinds[0]),
            (1, ChangeKind::Created),
            "{name} is told in the order of its commits"
        );
    }
    assert_eq!(servers[0].list(everything()).await.expect("a list").total_size, names.len() as u64);
}

/// A batch waits for one name while another server changes the next: the feed tells the change that was committed first first,
/// although the batch has the smaller number.
#[tokio::test]
async fn a_batch_that_is_overtaken_is_told_last() {
    let Some(server) = server() else { return };
    let server = std::sync::Arc::new(server);
    let url = server.database("overtaken").expect("a database");
    let store = PostgresStore::open(&url).await.expect("a store");
    let version = |n: i64, order: i64| {
        let mut item = example(n);
        item.finding.description = format!("version {order}");
        item
    };
    for n in 0..3 {
        store.upsert(&version(n, 1), 1, at(1)).await.expect("an upsert");
    }
    let hold =
        format!("SELECT 1 FROM finding_names WHERE name = '{}' FOR UPDATE; SELECT pg_sleep(600)", name(1));
    let run = |sql: String| {
        let server = std::sync::Arc::clone(&server);
        tokio::task::spawn_blocking(move || server.run("overtaken", &sql))
    };
    let until = async |condition: &str| {
        let sql = format!("SELECT count(*) > 0 FROM pg_stat_activity WHERE {condition}");
        while run(sql.clone()).await.expect("psql").expect("an answer") != "t" {}
    };
    let holding = run(hold);
    until("wait_event = 'PgSleep'").await;
    let items: Vec<_> = (0..3).map(|n| version(n, 3)).collect();
    let batch = async {
        let upsert = |n: usize| store.upsert(&items[n], 3, at(30));
        tokio::join!(upsert(0), upsert(1), upsert(2))
    };
    let meanwhile = async {
        until("wait_event_type = 'Lock'").await;
        let other = PostgresStore::open(&url).await.expect("a second server");
        assert_eq!(other.upsert(&version(2, 2), 2, at(20)).await.expect("an upsert"), Upserted::Updated);
        let end = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        run(end.to_owned()).await.expect("psql").expect("an end");
        assert!(holding.await.expect("psql").is_err());
    };
    let (batch, ()) = tokio::join!(batch, meanwhile);
    for done in [batch.0, batch.1, batch.2] {
        assert_eq!(done.expect("an upsert"), Upserted::Updated);
    }
    let told = store.changes(None, 100).await.expect("changes");
    let times = told.iter().filter(|change| change.finding == name(2)).map(|change| change.time.nanos());
    assert_eq!(times.collect::<Vec<_>>(), [1, 20, 30]);
}

/// A transaction that began first and ends last puts its change before others' that are committed already.
#[tokio::test]
async fn a_late_commit_is_not_skipped() {
    let Some(server) = server() else { return };
    let url = server.database("late").expect("a database");
    let store = PostgresStore::open(&url).await.expect("a store");
    store.upsert(&example(0), 1, at(1)).await.expect("an upsert");
    let slow = "INSERT INTO changes (finding, kind, time) SELECT finding, 0, 7 FROM changes LIMIT 1; SELECT pg_sleep(600)";
    std::thread::scope(|scope| {
        let running = scope.spawn(|| server.run("late", slow));
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        while server.run("late", sleeping).expect("a count") != "1" {
            assert!(!running.is_finished());
            std::thread::yield_now();
        }
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let told = scope
            .spawn(move || {
                runtime.block_on(async {
                    let other = PostgresStore::open(&url).await.expect("a store");
                    other.upsert(&example(1), 1, at(2)).await.expect("an upsert");
                    let during = other.changes(None, 100).await.expect("changes").len();
                    (during, other)
                })
            })
            .join();
        let (during, other) = told.expect("the second store");
        assert_eq!(during, 1, "what could still be put before it is waited for");
        server.run("late", cancel).expect("a cancel");
        assert!(running.join().expect("psql").is_err());
        drop(other);
    });
    assert_eq!(store.changes(None, 100).await.expect("changes").len(), 2);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let Some(server) = server() else { return };
    let url = server.database("newer").expect("a database");
    PostgresStore::open(&url).await.expect("a store").close().await;
    server.run("newer", "INSERT INTO schema_version VALUES (99)").expect("a newer version");
    let answer = PostgresStore::open(&url).await.err();
    assert!(matches!(answer, Some(StoreError::Newer { found: 99, .. })), "{answer:?}");
}

#[tokio::test]
async fn the_audit_log_cannot_be_rewritten() {
    let Some(server) = server() else { return };
    let url = server.database("audit").expect("a database");
    let store = PostgresStore::open(&url).await.expect("a store");
    let entry = store::AuditEntry {
        time: at(1),
        principal: "user:a".into(),
        method: "findings.patch".into(),
        resource: "projects/p".into(),
        outcome: "OK".into(),
        address: String::new(),
        detail: serde_json::json!({}),
    };
    store::AuditLog::record(&store, entry).await.expect("a record");
    assert!(server.run("audit", "UPDATE audit SET principal = 'nobody'").is_err());
}

#[tokio::test]
async fn evidence_has_a_bound_and_findings_go_on() {
    let Some(server) = server() else { return };
    let url = server.database("quota").expect("a database");
    let open = async || PostgresStore::open(&url).await.expect("a store").with_evidence_quota(1_000);
    let meta = |n: i64| EvidenceMeta {
        finding: name(n),
        kind: EvidenceKind::Log,
        name: "log".into(),
        taken_at: at(1),
        original_size: 600,
        truncated: false,
    };
    let part = |bytes: &[u8], total: u64| Part {
        holder: "a".into(),
        sha256: Sha256::new([7; 32]),
        meta: meta(1),
        total,
        offset: 0,
        bytes: bytes.to_vec(),
        quota: u64::MAX,
    };
    let store = open().await;
    let kept = store.put(vec![1; 600], meta(1)).await.expect("there is room");
    for store in [&store, &open().await] {
        let refused = store.put(vec![2; 600], meta(1)).await.expect_err("there is none");
        assert!(matches!(refused, StoreError::Scarce { free: 400, .. }), "{refused:?}");
        let refused = store.receive(part(&[2; 600], 600)).await.expect_err("there is none");
        assert!(matches!(refused, StoreError::Scarce { .. }), "{refused:?}");
        assert!(!refused.to_string().contains("postgres@"), "{refused}");
        // a question costs nothing
        assert_eq!(store.receive(part(&[], 600)).await.expect("an answer"), Received::Until(0));
    }
    assert_eq!(store.upsert(&example(1), 1, at(1)).await.expect("findings go on"), Upserted::Created);
    assert_eq!(EvidenceStore::open(&store, kept).await.expect("a read"), Some(vec![1; 600]));
    // what goes with its finding makes room
    server.run("quota", "DELETE FROM evidence; DELETE FROM evidence_pieces").expect("it is gone");
    open().await.put(vec![2; 600], meta(1)).await.expect("there is room again");
}

/// An old month's partition goes when nothing is left in it; what changed since keeps it.
#[tokio::test]
async fn a_month_that_is_over_goes_with_its_last_finding() {
    let Some(server) = server() else { return };
    let url = server.database("months").expect("a database");
    let store = PostgresStore::open(&url).await.expect("a store");
    let now: Timestamp = "2026-11-25T00:00:00Z".parse().expect("a time");
    let (old, older) = ("2025-03-05T00:00:00Z", "2025-01-05T00:00:00Z");
    for (n, when) in [(1, old), (2, older), (3, older)] {
        store.upsert(&example(n), 1, when.parse().expect("a time")).await.expect("an upsert");
    }
    let edit = || -> store::Edit {
        Box::new(|item| {
            item.finding.description = "seen".into();
            Ok(())
        })
    };
    store.amend(&name(3), edit(), now).await.expect("an edit");
    let partitions = || {
        let sql = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'findings'::regclass";
        server.run("months", sql).expect("a count")
    };
    assert_eq!(partitions(), "4", "two months and each one's next");
    let before = "2025-10-01T00:00:00Z".parse().expect("a time");
    assert_eq!(store.expire(before, 100).await.expect("expire"), 2);
    assert_eq!(store.expire(before, 100).await.expect("expire"), 0);
    assert_eq!(partitions(), "1", "the month of what changed since");
    assert!(store.get(&name(3)).await.expect("a get").is_some());
    assert!(store.get(&name(1)).await.expect("a get").is_none());
    store.upsert(&example(4), 1, old.parse().expect("a time")).await.expect("a dropped month comes back");

    // this server does not know what another one drops
    let other = PostgresStore::open(&url).await.expect("another server");
    assert_eq!(other.expire(before, 100).await.expect("expire"), 1);
    assert_eq!(other.expire(before, 100).await.expect("expire"), 0);
    assert_eq!(partitions(), "1");
    let created = store.create(&example(5), old.parse().expect("a time")).await.expect("it is made again");
    assert!(matches!(created, store::Created::Yes(_)), "{created:?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_away() {
    let answer = PostgresStore::open("postgres://vedette:secret@127.0.0.1:1/none").await.err();
    assert!(matches!(answer, Some(StoreError::Away { .. })), "{answer:?}");
    assert!(!answer.map(|error| error.to_string()).unwrap_or_default().contains("secret"));
}

/// A database as the first version of Vedette made it is brought up to date with everything in it.
#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date() {
    let Some(server) = server() else { return };
    let url = server.database("first").expect("a database");
    let run = |sql: &str| server.run("first", sql).expect("the database as it was");
    run(include_str!("../migrations/0001_first.sql"));
    run("CREATE TABLE schema_version (version BIGINT NOT NULL)");
    run("INSERT INTO schema_version VALUES (1)");
    run("CREATE TABLE findings_23640 PARTITION OF findings FOR VALUES IN (23640)");
    for n in 0..3 {
        let mut item = example(n);
        item.finding.state = finding::State::Active;
        item.finding.create_time = Some(at(n + 1));
        item.finding.source_properties.insert("Pod_Name".into(), "p".into());
        item.finding.source_properties.insert("Pod_Namespace".into(), "n".into());
        let destination_ip = format!("192.0.2.{n}");
        item.finding.connections = vec![finding::Connection { destination_ip, ..<_>::default() }];
        let name = &item.finding.name;
        let document = serde_json::to_string(&item).expect("a document");
        run(&format!("INSERT INTO finding_names VALUES ('{name}', 23640)"));
        run(&format!(
            "INSERT INTO findings VALUES (23640, '{name}', '', 'projects/p', '', 'vedette', 'global', '{}', '{}', '', 1, 0, 0,
                {n}, {n} + 1, 0, '', 1, 1, '{document}')",
            item.finding.parent, item.finding.category
        ));
    }
    let store = PostgresStore::open(&url).await.expect("an older database");
    for (filter, total) in [
        ("state=ACTIVE", 3),
        ("source_properties.Pod_Name=\"p\" AND source_properties.Pod_Namespace=\"n\"", 3),
        ("inIpRange(connections.destination_ip, \"192.0.2.1/32\")", 1),
    ] {
        let mut query = everything();
        query.filter = filter.parse().expect("a filter");
        let page = store.list(query).await.expect("a list");
        assert_eq!((page.total_size, page.results.len()), (total, total as usize), "{filter}");
    }
    assert_eq!(store.upsert(&example(0), 2, at(9)).await.expect("an upsert"), Upserted::Updated);
    let mut query = everything();
    query.filter = "state=ACTIVE".parse().expect("a filter");
    assert_eq!(store.list(query).await.expect("a list").total_size, 3, "counted by statement from now on");
}
