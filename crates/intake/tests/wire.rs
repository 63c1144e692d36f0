//! Real TLS, a real server on loopback, the embedded store.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[path = "wire/hostile.rs"]
mod hostile;
#[path = "wire/stage.rs"]
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use finding::{FindingName, State};
use intake::Tenancy;
use intake::proto::intake_client::IntakeClient;
use intake::proto::{DeliverRequest, Delivery, EvidenceMeta, HeartbeatRequest, UploadEvidenceRequest};
use intake::watchers::{Trouble, WatchRules, watch_once};
use sha2::Digest;
use stage::{Stage, eventually, item, now};
use store::{AuditLog, DocumentKind, DocumentStore, EvidenceItem, EvidenceStore, FindingStore, Sha256};
use tonic::Code;
use tonic::codegen::tokio_stream;
use tonic::transport::Channel;

fn batch(number: u64, items: &[(i64, finding::FindingResource)]) -> DeliverRequest {
    let deliveries = items.iter().map(|(order, item)| Delivery {
        order: *order,
        finding: item.finding.name.clone(),
        json: serde_json::to_vec(item).unwrap(),
    });
    DeliverRequest { batch: number, deliveries: deliveries.collect() }
}

/// Stores a node's finding.
async fn deliver(client: &mut IntakeClient<Channel>, number: usize, node: &str) {
    let batches = vec![batch(1, &[(1, item(number, node, "x"))])];
    let mut answers = client.deliver(tokio_stream::iter(batches)).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().refused, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_once_though_the_server_is_killed_again_and_again() {
    // more with VEDETTE_DELIVERIES=100000
    let count: usize =
        std::env::var("VEDETTE_DELIVERIES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let stage = Stage::new("n1").await;
    let spool = stage.spool();
    let done = Arc::new(AtomicBool::new(false));
    let writer = {
        let (spool, done) = (spool.clone(), done.clone());
        tokio::task::spawn_blocking(move || {
            for start in (0..count).step_by(50) {
                // each one in two versions: the second one counts
                let items: Vec<_> = (start..start + 50)
                    .flat_map(|number| [item(number, "n1", "first"), item(number, "n1", "second")])
                    .collect();
                spool.put_findings(&items, now()).unwrap();
            }
            done.store(true, Ordering::SeqCst);
        })
    };
    let address = stage.reserve().await;
    let sender = stage.sender(spool.clone(), &[address]);
    let counters = sender.counters();
    let sending = tokio::spawn(sender.run(std::future::pending()));
    let mut kills = 0;
    let mut delay = 37;
    loop {
        let server = stage.serve(address).await;
        delay = (delay * 31 + 17) % 400;
        tokio::time::sleep(Duration::from_millis(100 + delay)).await;
        if done.load(Ordering::SeqCst) && spool.status().oldest_ns == 0 {
            server.kill();
            break;
        }
        // connections end in the middle of batches, with acknowledgements under way
        server.kill();
        kills += 1;
        assert!(kills < 2_000, "no progress: {:?}", spool.status());
    }
    writer.await.unwrap();
    sending.abort();
    println!("killed {kills} times, {} connections", counters.connects.load(Ordering::Relaxed));
    assert_eq!(stage.count().await, count);
    for number in (0..count).step_by(97) {
        let name: FindingName = item(number, "n1", "").finding.name.parse().unwrap();
        assert_eq!(stage.store.get(&name).await.unwrap().unwrap().finding.description, "second");
    }
    assert_eq!(spool.status().losses, intake::Losses::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_late_versions_change_nothing_and_lies_are_refused() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut client = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let mut foreign = item(5, "n2", "another node's");
    foreign.finding.name = item(5, "n2", "").finding.name;
    let mut other_cluster = item(6, "n1", "x");
    other_cluster.resource.display_name = "elsewhere".into();
    let mut unreadable = batch(3, &[(50, item(7, "n1", "x"))]);
    unreadable.deliveries[0].json = b"{\"finding\": 3".to_vec();
    let batches = vec![
        batch(1, &[(20, item(1, "n1", "newest")), (10, item(1, "n1", "older"))]),
        batch(2, &[(10, item(1, "n1", "older")), (30, foreign), (31, other_cluster)]),
        unreadable,
        batch(4, &[(20, item(1, "n1", "newest"))]),
    ];
    let mut answers = client.deliver(tokio_stream::iter(batches)).await.unwrap().into_inner();
    let mut refused = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        refused.extend(answer.refused.into_iter().map(|refused| refused.order));
    }
    assert_eq!(refused, [30, 31, 50]);
    assert_eq!(stage.count().await, 1);
    let name: FindingName = item(1, "n1", "").finding.name.parse().unwrap();
    assert_eq!(stage.store.get(&name).await.unwrap().unwrap().finding.description, "newest");
    // another node cannot take the finding over
    let mut thief = IntakeClient::new(stage.channel(address, &stage.node_file("n2")).await.unwrap());
    let mut stolen = item(1, "n2", "nothing happened");
    let canonical = item(1, "n1", "").finding.canonical_name;
    (stolen.finding.name, stolen.finding.canonical_name) = (name.to_string(), canonical);
    let mut answers =
        thief.deliver(tokio_stream::iter(vec![batch(1, &[(99, stolen)])])).await.unwrap().into_inner();
    assert_eq!(answers.message().await.unwrap().unwrap().refused.len(), 1);
    assert_eq!(stage.counters().wrong_node.load(Ordering::Relaxed), 3);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_refused_on_a_connection_that_is_open() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let file = stage.node_file("n1");
    let mut client = IntakeClient::new(stage.channel(address, &file).await.unwrap());
    let (send, stream) = tokio::sync::mpsc::channel(4);
    let stream = tokio_stream::wrappers::ReceiverStream::new(stream);
    let mut answers = client.deliver(stream).await.unwrap().into_inner();
    send.send(batch(1, &[(1, item(1, "n1", "x"))])).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().refused, []);
    client.heartbeat(HeartbeatRequest::default()).await.unwrap();
    stage.revoke(certificates::identity_of(&file).unwrap().fingerprint());
    // the stream that is open, and a call on the connection that is open
    send.send(batch(2, &[(2, item(2, "n1", "x"))])).await.unwrap();
    assert_eq!(answers.message().await.unwrap_err().code(), Code::Unauthenticated);
    let status = client.heartbeat(HeartbeatRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    assert_eq!(stage.count().await, 1);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_foreign_and_missing_certificates_are_refused() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    for file in [stage.expired_file(), stage.foreign_file()] {
        let outcome = match stage.channel(address, &file).await {
            Err(_) => continue,
            // with TLS 1.3 a client learns at its first call that it was refused
            Ok(channel) => IntakeClient::new(channel).heartbeat(HeartbeatRequest::default()).await,
        };
        assert!(outcome.is_err(), "{}", file.display());
    }
    let bare = stage.channel_without_certificate(address).await.unwrap();
    let status = IntakeClient::new(bare).heartbeat(HeartbeatRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    assert_eq!(stage.sensors().await, 0);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_goes_on_at_another_server_where_the_first_one_ended() {
    let stage = Stage::new("n1").await;
    let (one, two) = (stage.reserve().await, stage.reserve().await);
    let (first, second) = (stage.serve(one).await, stage.serve(two).await);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let digest: [u8; 32] = sha2::Sha256::digest(&bytes).into();
    let name = item(1, "n1", "").finding.name;
    let ask = |offset: usize, part: &[u8]| UploadEvidenceRequest {
        sha256: digest.to_vec(),
        size: bytes.len() as u64,
        offset: offset as u64,
        bytes: part.to_vec(),
        meta: Some(EvidenceMeta {
            finding: name.clone(),
            kind: "EXECUTABLE".into(),
            ..EvidenceMeta::default()
        }),
    };
    let file = stage.node_file("n1");
    let mut client = IntakeClient::new(stage.channel(one, &file).await.unwrap());
    deliver(&mut client, 1, "n1").await;
    let half = client.upload_evidence(ask(0, &bytes[..1_500_000])).await.unwrap().into_inner();
    assert_eq!((half.whole, half.received), (false, 1_500_000));
    first.kill();
    // the sender has the same piece in its spool and finds half of it at the other server
    let spool = stage.spool();
    let meta = store::EvidenceMeta {
        finding: name.parse().unwrap(),
        kind: store::EvidenceKind::Executable,
        name: "/tmp/nc".into(),
        taken_at: now(),
        original_size: 3_000_000,
        truncated: false,
    };
    spool.put_finding(&item(1, "n1", "x"), now()).unwrap();
    spool.put_evidence(&bytes, &meta, now()).unwrap();
    let sender = stage.sender(spool.clone(), &[one, two]);
    let counters = sender.counters();
    let sending = tokio::spawn(sender.run(std::future::pending()));
    eventually(|| counters.evidence.load(Ordering::Relaxed) == 1).await;
    sending.abort();
    assert_eq!(counters.evidence_bytes.load(Ordering::Relaxed), 1_500_000, "only the missing half was sent");
    assert_eq!(EvidenceStore::open(&*stage.store, Sha256::new(digest)).await.unwrap(), Some(bytes));
    second.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_waits_for_its_finding_and_not_for_one_that_never_comes() {
    let stage = Stage::new("n1").await;
    let spool = stage.spool();
    let about = |number: usize| store::EvidenceMeta {
        finding: item(number, "n1", "").finding.name.parse().unwrap(),
        kind: store::EvidenceKind::Executable,
        name: "/tmp/nc".into(),
        taken_at: now(),
        original_size: 3,
        truncated: false,
    };
    spool.put_evidence(b"one", &about(1), now()).unwrap();
    spool.put_evidence(b"two", &about(2), now()).unwrap();
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let sender = stage.sender(spool.clone(), &[address]);
    let counters = sender.counters();
    let sending = tokio::spawn(sender.run(std::future::pending()));
    eventually(|| counters.heartbeats.load(Ordering::Relaxed) > 0).await;
    spool.put_finding(&item(1, "n1", "x"), now()).unwrap();
    eventually(|| counters.evidence.load(Ordering::Relaxed) == 1).await;
    // the finding of the other one was refused, or never accepted
    eventually(|| counters.refused.load(Ordering::Relaxed) == 1).await;
    sending.abort();
    assert_eq!(counters.connects.load(Ordering::Relaxed), 1, "to wait is no failure");
    assert_eq!(stage.store.evidence_of(&about(1).finding).await.unwrap().len(), 1);
    assert_eq!(stage.store.evidence_of(&about(2).finding).await.unwrap(), []);
    assert_eq!(spool.status().losses.refused, 1);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_at_the_server_says_what_a_full_spool_lost() {
    let stage = Stage::new("n1").await;
    let spool = stage.spool();
    let about = |number: usize| store::EvidenceMeta {
        finding: item(number, "n1", "").finding.name.parse().unwrap(),
        kind: store::EvidenceKind::Executable,
        name: "shell: /tmp/nc".into(),
        taken_at: now(),
        original_size: 3,
        truncated: false,
    };
    for number in 1..3 {
        spool.put_finding(&item(number, "n1", "x"), now()).unwrap();
    }
    let never = Sha256::new([9; 32]);
    spool.put_evidence(b"abc", &about(1), now()).unwrap();
    spool.not_kept(&[EvidenceItem { sha256: never, size: 3, meta: about(2) }], now(), false);
    spool.put_finding(&item(3, "n2", "another node's"), now()).unwrap();
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let sending = tokio::spawn(stage.sender(spool.clone(), &[address]).run(std::future::pending()));
    let kept = |number: usize| item(number, "n1", "").finding.name.parse::<FindingName>().unwrap();
    let mut found = serde_json::Map::new();
    for _ in 0..3_000 {
        if let Some(stored) = stage.store.get(&kept(2)).await.unwrap() {
            found = stored.finding.vedette;
        }
        if found.contains_key("evidenceLost") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sending.abort();
    assert_eq!(found["evidenceLost"][0]["sha256"], never.to_string());
    assert_eq!(found["coverage"]["complete"], false);
    let whole = stage.store.get(&kept(1)).await.unwrap().unwrap().finding.vedette;
    assert!(!whole.contains_key("evidenceLost"));
    let losses = spool.status().losses;
    assert_eq!((losses.evidence, losses.refused), (1, 1));
    // what was refused is kept beside the spool
    let root = stage.folder.path().join("spool/refused");
    let aside: Vec<_> = std::fs::read_dir(root).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(aside.len(), 1);
    assert!(std::fs::read_to_string(&aside[0]).unwrap().contains("another node's"));
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_knows_a_hash_gets_nothing_and_harms_nobody() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let bytes: Vec<u8> = (0..100_000_u32).map(|number| (number % 251) as u8).collect();
    let digest: [u8; 32] = sha2::Sha256::digest(&bytes).into();
    let ask = |node: &str, offset: usize, part: &[u8]| UploadEvidenceRequest {
        sha256: digest.to_vec(),
        size: bytes.len() as u64,
        offset: offset as u64,
        bytes: part.to_vec(),
        meta: Some(EvidenceMeta {
            finding: item(1, node, "").finding.name,
            kind: "EXECUTABLE".into(),
            ..EvidenceMeta::default()
        }),
    };
    let line =
        async |node: &str| IntakeClient::new(stage.channel(address, &stage.node_file(node)).await.unwrap());
    let (mut victim, mut attacker) = (line("n1").await, line("n2").await);
    deliver(&mut victim, 1, "n1").await;
    deliver(&mut attacker, 1, "n2").await;
    // wrong bytes under the hash that the other is about to send
    let wrong = ask("n2", 0, &[0; 99_999]);
    assert_eq!(attacker.upload_evidence(wrong).await.unwrap().into_inner().received, 99_999);
    let question = victim.upload_evidence(ask("n1", 0, &[])).await.unwrap().into_inner();
    assert_eq!((question.whole, question.received), (false, 0));
    assert!(victim.upload_evidence(ask("n1", 0, &bytes)).await.unwrap().into_inner().whole);
    assert!(victim.upload_evidence(ask("n1", 0, &[])).await.unwrap().into_inner().whole, "it has it");

    let status = attacker.upload_evidence(ask("n2", 99_999, &[0])).await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss, "{status}");
    for offset in [0, bytes.len()] {
        let answer = attacker.upload_evidence(ask("n2", offset, &[])).await.unwrap().into_inner();
        assert_eq!((answer.whole, answer.received), (false, 0));
    }
    let own = item(1, "n2", "").finding.name.parse().unwrap();
    assert_eq!(stage.store.evidence_of(&own).await.unwrap(), []);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_while_the_old_one_holds() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let before = certificates::identity_of(&stage.node_file("n1")).unwrap().fingerprint();
    let spool = stage.spool();
    let mut options = stage.options(&[address]);
    // the certificate of the stage has an hour left
    options.renew_before = Duration::from_secs(2 * 3600);
    let sender = intake::Sender::new(options, spool.clone(), Arc::new(HeartbeatRequest::default));
    let counters = sender.counters();
    let sending = tokio::spawn(sender.run(std::future::pending()));
    spool.put_finding(&item(1, "n1", "x"), now()).unwrap();
    eventually(|| counters.findings.load(Ordering::Relaxed) == 1).await;
    sending.abort();
    assert_eq!(counters.renewed.load(Ordering::Relaxed), 1);
    let after = certificates::identity_of(&stage.node_file("n1")).unwrap();
    assert_ne!(after.fingerprint(), before);
    let audit = stage.store.audit(None, 10).await.unwrap();
    let entry = &audit[0].entry;
    assert_eq!((entry.principal.as_str(), entry.method.as_str()), ("node:c1/n1", "sensors.renewCertificate"));
    assert_eq!(entry.detail["fingerprint"], after.fingerprint().to_string());
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_a_certificate_proves_itself_by_its_token_and_is_given_one() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let spool = stage.spool();
    let mut options = stage.options(&[address]);
    let identity = stage.folder.path().join("fresh.pem");
    options.identity = Some(identity.clone());
    options.token = Some(stage.token_file("token of n1"));
    let sender = intake::Sender::new(options, spool.clone(), Arc::new(HeartbeatRequest::default));
    let counters = sender.counters();
    let sending = tokio::spawn(sender.run(std::future::pending()));
    spool.put_finding(&item(1, "n1", "x"), now()).unwrap();
    eventually(|| counters.findings.load(Ordering::Relaxed) == 1).await;
    sending.abort();
    assert!(identity.exists());
    let mut liar = stage.options(&[address]);
    liar.identity = None;
    liar.token = Some(stage.token_file("a token of nobody"));
    let sender = intake::Sender::new(liar, stage.spool_at("other"), Arc::new(HeartbeatRequest::default));
    let counters = sender.counters();
    let sending = tokio::spawn(sender.run(std::future::pending()));
    eventually(|| counters.failures.load(Ordering::Relaxed) > 0).await;
    sending.abort();
    assert_eq!(counters.heartbeats.load(Ordering::Relaxed), 0);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_sensor_becomes_a_finding_and_is_inactive_when_it_is_back() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut client = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let beat = || HeartbeatRequest {
        now_ns: now().nanos(),
        probes_loaded: true,
        parent: "organizations/1/sources/2/locations/global".into(),
        ..HeartbeatRequest::default()
    };
    let answer = client.heartbeat(beat()).await.unwrap().into_inner();
    assert_eq!(answer.settings.unwrap().heartbeat_seconds, 30);
    let findings: Arc<dyn FindingStore> = stage.store.clone();
    let documents: Arc<dyn DocumentStore> = stage.store.clone();
    let (rules, tenancy) = (WatchRules::default(), Tenancy::default());
    let later = finding::Timestamp::from_nanos(now().nanos() + 600_000_000_000);
    let since = finding::Timestamp::from_nanos(0);
    let opened =
        watch_once(&findings, &documents, "a", &rules, &tenancy, since, later).await.unwrap().unwrap();
    assert_eq!(opened.open[0].finding.category, Trouble::Silent.category());
    assert!(watch_once(&findings, &documents, "b", &rules, &tenancy, since, later).await.unwrap().is_none());
    let name: FindingName = opened.open[0].finding.name.parse().unwrap();
    let state = || async { stage.store.get(&name).await.unwrap().unwrap().finding.state };
    assert_eq!(state().await, State::Active);
    client.heartbeat(beat()).await.unwrap();
    let closed =
        watch_once(&findings, &documents, "a", &rules, &tenancy, since, now()).await.unwrap().unwrap();
    assert_eq!(closed.close, [name.to_string()]);
    assert_eq!(state().await, State::Inactive);
    watch_once(&findings, &documents, "a", &rules, &tenancy, since, later).await.unwrap();
    assert_eq!(state().await, State::Active, "the same finding again");
    assert_eq!(stage.count().await, 1);
    let sensor = stage.store.document(DocumentKind::Sensor, "c1/n1").await.unwrap().unwrap();
    assert_eq!(sensor.revision, 2);
    server.kill();
}
