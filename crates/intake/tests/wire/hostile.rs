//! What a node with one valid certificate may not.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use finding::{FindingName, FindingResource, Mute, State, Timestamp};
use intake::Tenancy;
use intake::proto::intake_client::IntakeClient;
use intake::proto::{DeliverRequest, EvidenceMeta, HeartbeatRequest, Refused, UploadEvidenceRequest};
use intake::watchers::{Trouble, WatchRules, watch_once};
use serde_json::json;
use sha2::Digest;
use store::{DocumentStore, EvidenceStore, FindingStore};
use tonic::Code;
use tonic::codegen::tokio_stream;
use tonic::transport::Channel;

use super::batch;
use super::stage::{Stage, item, now};

type Client = IntakeClient<Channel>;

async fn refused(client: &mut Client, batches: Vec<DeliverRequest>) -> Vec<Refused> {
    let mut answers = client.deliver(tokio_stream::iter(batches)).await.unwrap().into_inner();
    let mut refused = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        refused.extend(answer.refused);
    }
    refused
}

/// Whether one finding alone is refused, and why.
async fn reason(client: &mut Client, item: &FindingResource) -> Option<String> {
    refused(client, vec![batch(1, &[(i64::MAX, item.clone())])]).await.pop().map(|refused| refused.reason)
}

async fn stored(stage: &Stage, name: &str) -> Option<FindingResource> {
    stage.store.get(&name.parse::<FindingName>().unwrap()).await.unwrap()
}

/// The same finding under another id.
fn called(id: &str) -> FindingResource {
    let mut item = item(1, "n1", "x");
    item.finding.name = format!("{}/findings/{id}", item.finding.parent);
    item.finding.canonical_name = format!("projects/p/sources/2/locations/global/findings/{id}");
    item
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_cannot_hide_its_own_troubles() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut client = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let blind = |parent: &str| HeartbeatRequest {
        now_ns: now().nanos(),
        parent: parent.into(),
        resource_json: br#"{"displayName": "another cluster"}"#.to_vec(),
        ..HeartbeatRequest::default()
    };
    let findings: Arc<dyn FindingStore> = stage.store.clone();
    let documents: Arc<dyn DocumentStore> = stage.store.clone();
    let (rules, tenancy) = (WatchRules::default(), Tenancy::default());
    let watched = || async {
        let since = Timestamp::from_nanos(0);
        watch_once(&findings, &documents, "a", &rules, &tenancy, since, now()).await.unwrap().unwrap()
    };
    client.heartbeat(blind("")).await.unwrap();
    let opened = watched().await.open;
    assert_eq!(opened[0].finding.category, Trouble::ProbesGone.category());
    let name = opened[0].finding.name.clone();
    assert!(
        name.starts_with("organizations/local/sources/vedette/locations/global/findings/sensor"),
        "{name}"
    );
    assert_eq!(opened[0].resource.display_name, "c1");
    // a usable parent counts, and what comes after it and is none does not
    let parent = "organizations/1/sources/2/locations/global";
    for said in [parent, "organizations/1/../x", ""] {
        client.heartbeat(blind(said)).await.unwrap();
    }
    let opened = watched().await.open;
    assert_eq!(opened[0].finding.parent, parent);

    // the watchers' names and categories are theirs alone
    let id = opened[0].finding.name.rsplit('/').next().unwrap();
    for id in [id, "sensorx"] {
        assert!(reason(&mut client, &called(id)).await.unwrap().contains("server's own"), "{id}");
    }
    let mut lie = called("a1");
    lie.finding.category = Trouble::Silent.category().into();
    assert!(reason(&mut client, &lie).await.unwrap().contains("category"));
    assert!(stored(&stage, &lie.finding.name).await.is_none());

    let large = HeartbeatRequest { resource_json: vec![b' '; (64 << 10) + 1], ..HeartbeatRequest::default() };
    assert_eq!(client.heartbeat(large).await.unwrap_err().code(), Code::InvalidArgument);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_the_users_and_the_time_is_not_a_nodes_to_say() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut client = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let before = now();
    let hidden = json!({
        "state": "INACTIVE", "mute": "MUTED", "muteInitiator": "the owner", "muteUpdateTime": "2020-01-01T00:00:00Z",
        "muteInfo": {"staticMute": {"state": "MUTED", "applyTime": "2020-01-01T00:00:00Z"}},
        "securityMarks": {"marks": {"handled": "yes"}},
        "externalSystems": {"jira": {"status": "done"}},
        "createTime": "2001-01-01T00:00:00Z", "eventTime": "2199-01-01T00:00:00Z",
    });
    let mut whole = serde_json::to_value(item(1, "n1", "x")).unwrap();
    whole["finding"].as_object_mut().unwrap().extend(hidden.as_object().unwrap().clone());
    let lie: FindingResource = serde_json::from_value(whole).unwrap();
    assert_eq!((lie.finding.mute, lie.finding.state), (Mute::Muted, State::Inactive));
    assert_eq!(reason(&mut client, &lie).await, None);
    let found = stored(&stage, &lie.finding.name).await.unwrap().finding;
    assert_eq!(
        (found.state, found.mute, found.mute_initiator.as_str()),
        (State::Active, Mute::Undefined, "")
    );
    assert_eq!((&found.mute_info, found.mute_update_time), (&Default::default(), None));
    assert_eq!((&found.security_marks, &found.external_systems), (&Default::default(), &Default::default()));
    assert!(found.create_time.unwrap() >= before && found.create_time.unwrap() <= now());
    assert!(found.event_time.unwrap() >= before && found.event_time.unwrap() <= now());
    assert_eq!(found.vedette["eventTimeSaid"], json!("2199-01-01T00:00:00Z"));
    // again, and nothing changes; what users did meanwhile stays
    assert_eq!(reason(&mut client, &lie).await, None);
    assert_eq!(stored(&stage, &lie.finding.name).await.unwrap().finding, found);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_answers_to_no_name_of_another_one() {
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut owner = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let mut thief = IntakeClient::new(stage.channel(address, &stage.node_file("n2")).await.unwrap());
    let own = item(1, "n1", "theirs");
    assert_eq!(reason(&mut owner, &own).await, None);
    let lie = |name: &str, canonical: &str| {
        let mut lie = item(1, "n2", "nothing happened");
        let name: &str = &format!("{name}/findings/n1f1");
        lie.finding.parent = name.rsplit_once("/findings/").unwrap().0.into();
        (lie.finding.name, lie.finding.canonical_name) = (name.into(), canonical.into());
        lie
    };
    let (o, p) = ("organizations/1/sources/2", "projects/p/sources/2");
    let global = format!("{p}/locations/global/findings/n1f1");
    for (name, canonical) in [
        // sorted before the owner's, with its canonical name
        ("organizations/0/sources/2/locations/global".to_owned(), global.clone()),
        // as v1 writes it
        (o.to_owned(), format!("{p}/findings/n1f1")),
        (p.to_owned(), format!("{p}/findings/n1f1")),
        (format!("{p}/locations/global"), global.clone()),
        // no name, or another finding's
        (format!("{o}/locations/eu"), String::new()),
        (format!("{o}/locations/eu"), "anything".to_owned()),
        (format!("{o}/locations/eu"), global.clone()),
        (format!("{o}/locations/eu"), format!("{p}/locations/eu/findings/n1f2")),
        (format!("{o}/locations/eu"), "projects/p/sources/3/locations/eu/findings/n1f1".to_owned()),
        (format!("{o}/locations/eu"), format!("{o}/locations/eu/findings/n1f1")),
    ] {
        let refused = reason(&mut thief, &lie(&name, &canonical)).await;
        assert!(refused.is_some(), "{name} {canonical:?}");
    }
    let mut elsewhere =
        lie(&format!("{o}/locations/eu"), "projects/bank/sources/2/locations/eu/findings/n1f1");
    elsewhere.resource.name = "//h/projects/shop/locations/eu/clusters/c1".into();
    let refused = reason(&mut thief, &elsewhere).await.unwrap();
    assert!(refused.contains("bank") && refused.contains("shop") && refused.contains("c1"), "{refused}");
    for name in [&own.finding.name, &global] {
        assert_eq!(stored(&stage, name).await.unwrap().finding.description, "theirs");
    }
    assert_eq!(stage.count().await, 1);
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_writes_for_its_own_projects_and_organization() {
    let projects = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let tenancy = |cluster: &str, names: &[&str]| Tenancy {
        organization: Some("1".into()),
        clusters: Some([(cluster.to_owned(), projects(names))].into()),
    };
    let stage = Stage::new("n1").await.bounded(tenancy("c1", &["p", "42"]));
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut client = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    assert_eq!(reason(&mut client, &item(1, "n1", "x")).await, None);
    let mut other = item(2, "n1", "x");
    other.finding.canonical_name = other.finding.canonical_name.replace("projects/p", "projects/bank");
    let refused = reason(&mut client, &other).await.unwrap();
    assert!(refused.contains("bank") && refused.contains("c1"), "{refused}");
    let mut other = item(2, "n1", "x");
    other.finding.parent = other.finding.parent.replace("organizations/1", "organizations/2");
    other.finding.name = other.finding.name.replace("organizations/1", "organizations/2");
    assert!(reason(&mut client, &other).await.unwrap().contains("organization"));
    assert_eq!(stage.count().await, 1);
    server.kill();

    let stage = stage.bounded(tenancy("c2", &["p"]));
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut client = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let refused = client.heartbeat(HeartbeatRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    assert!(refused.message().contains("c1"), "{refused}");
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_one_finding_do_not_overtake_each_other() {
    let stage = Stage::new("n1").await.settled(|stored, new| {
        // as it was read: each version must have seen the one before it
        let mut new = new;
        let before = stored.map_or("", |stored| stored.finding.description.as_str());
        new.finding.description = format!("{before}{}", new.finding.description);
        Some(new)
    });
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let file = stage.node_file("n1");
    let mut client = IntakeClient::new(stage.channel(address, &file).await.unwrap());
    let versions: Vec<_> = (0..40_i64)
        .flat_map(|order| (0..5).map(move |number| (order, item(number, "n1", &format!("{order} ")))))
        .collect();
    assert_eq!(refused(&mut client, vec![batch(1, &versions)]).await, []);
    let wanted: String = (0..40).map(|order| format!("{order} ")).collect();
    for number in 0..5 {
        let found = stored(&stage, &item(number, "n1", "").finding.name).await.unwrap();
        assert_eq!(found.finding.description, wanted);
    }
    server.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_taken_for_a_nodes_own_findings_alone() {
    let bytes = b"abc";
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    let ask = |finding: &str| UploadEvidenceRequest {
        sha256: digest.to_vec(),
        size: bytes.len() as u64,
        offset: 0,
        bytes: bytes.to_vec(),
        meta: Some(EvidenceMeta { finding: finding.into(), ..EvidenceMeta::default() }),
    };
    let stage = Stage::new("n1").await;
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut owner = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    let mut thief = IntakeClient::new(stage.channel(address, &stage.node_file("n2")).await.unwrap());
    let code = async |client: &mut Client, finding: &str| {
        client.upload_evidence(ask(finding)).await.map_or_else(|status| status.code(), |_| Code::Ok)
    };
    // nothing lies in wait under a name that somebody else's finding will have
    let own = item(1, "n1", "x");
    assert_eq!(code(&mut thief, &own.finding.name).await, Code::FailedPrecondition);
    assert_eq!(reason(&mut owner, &own).await, None);
    assert_eq!(code(&mut thief, &own.finding.name).await, Code::PermissionDenied);
    let name = own.finding.name.parse::<FindingName>().unwrap();
    assert_eq!(stage.store.evidence_of(&name).await.unwrap(), []);
    assert_eq!(code(&mut owner, &own.finding.name).await, Code::Ok);
    assert_eq!(stage.store.evidence_of(&name).await.unwrap().len(), 1);

    // what the server itself says of a node, whether it has said it yet or not
    let reserved = called("sensor00");
    assert_eq!(code(&mut owner, &reserved.finding.name).await, Code::PermissionDenied);
    stage.store.upsert(&reserved, 1, now()).await.unwrap();
    assert_eq!(code(&mut owner, &reserved.finding.name).await, Code::PermissionDenied);
    assert_eq!(stage.counters().wrong_node.load(Ordering::Relaxed), 3);
    server.kill();

    // a finding of before this server's bounds
    let clusters = Some([("c1".to_owned(), ["another".to_owned()].into())].into());
    let stage = stage.bounded(Tenancy { organization: Some("1".into()), clusters });
    let address = stage.reserve().await;
    let server = stage.serve(address).await;
    let mut owner = IntakeClient::new(stage.channel(address, &stage.node_file("n1")).await.unwrap());
    assert_eq!(code(&mut owner, &own.finding.name).await, Code::PermissionDenied);
    server.kill();
}
