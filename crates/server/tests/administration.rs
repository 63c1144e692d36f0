//! What administrators ask of a server, done by those who do it: identity, certificates, notifications.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use api::{
    AdministrationError, Binding, Credentials as _, NewCredential, NodeCertificates as _, Outputs as _,
};
use certificates::Authority;
use identity::{AccessConfig, Identity};
use notifications::{Notifications, Settings};
use serde_json::json;
use server::{Credentials, Doorkeeper, NodeCertificates, Outputs, now};
use store::{DocumentKind, DocumentStore, Expectation};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn store() -> (Arc<SqliteStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (Arc::new(SqliteStore::open(folder.path()).await.unwrap()), folder)
}

fn new(role: &str, parent: Option<&str>) -> NewCredential {
    let bindings = vec![Binding { role: role.into(), parent: parent.map(str::to_owned) }];
    NewCredential { bindings, expire_time: None, created_by: "token:first".into() }
}

fn field<T>(result: Result<T, AdministrationError>) -> String {
    match result.err().unwrap() {
        AdministrationError::Invalid { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn tokens_and_keys_are_those_that_count() {
    let (store, _folder) = store().await;
    let config = AccessConfig { hosts: vec!["vedette.example".into()], ..AccessConfig::default() };
    let identity = Arc::new(Identity::open(config, store).await.unwrap());
    let credentials = Credentials::new(Arc::clone(&identity));
    let (made, secret) = credentials.create_token("ci", new("editor", Some("projects/shop"))).await.unwrap();
    let header = format!("Bearer {secret}").into_bytes();
    let who = identity.authenticate(Some(&header), now()).await.unwrap();
    assert_eq!((who.name.as_str(), who.roles().as_str()), ("token:ci", "editor within projects/shop"));
    let listed = credentials.tokens().await.unwrap();
    assert_eq!((listed[0].bindings.clone(), listed[0].created_by.as_str()), (made.bindings, "token:first"));
    assert!(listed[0].last_used_time.is_some() && !format!("{listed:?}").contains(&secret));
    let again = credentials.create_token("ci", new("viewer", None)).await;
    assert!(matches!(again, Err(AdministrationError::Exists { .. })), "{again:?}");
    assert!(credentials.revoke_token("ci").await.unwrap() && !credentials.revoke_token("ci").await.unwrap());
    assert!(identity.authenticate(Some(&header), now()).await.is_err());

    let (key, file) = credentials.create_key("soar", new("viewer", None)).await.unwrap();
    assert_eq!(key.account.as_deref(), Some("soar@vedette.local"));
    assert_eq!((&file["private_key_id"], &file["type"]), (&json!(key.id), &json!("service_account")));
    assert_eq!(credentials.keys().await.unwrap(), std::slice::from_ref(&key));
    assert!(credentials.revoke_key(&key.id).await.unwrap());
    assert_eq!(credentials.keys().await.unwrap(), []);

    assert_eq!(field(credentials.create_token("a b", new("viewer", None)).await), "tokenId");
    assert_eq!(field(credentials.create_token("a", new("root", None)).await), "bindings[0].role");
    // what the audit log calls the server's own
    let local = credentials.create_token("local", new("admin", None)).await;
    assert!(local.as_ref().is_err_and(|error| error.to_string().contains("audit log")), "{local:?}");
    assert_eq!(field(local), "tokenId");
    assert_eq!(credentials.tokens().await.unwrap(), []);
    assert_eq!(field(credentials.create_key("a@b", new("viewer", None)).await), "account");
    let past =
        NewCredential { expire_time: Some("2020-01-01T00:00:00Z".parse().unwrap()), ..new("viewer", None) };
    assert_eq!(field(credentials.create_token("a", past).await), "expireTime");
}

#[tokio::test]
async fn without_an_address_a_key_file_cannot_be_made_and_says_what_to_set() {
    let (store, _folder) = store().await;
    let identity = Identity::open(AccessConfig::default(), store).await.unwrap();
    let refused = Credentials::new(Arc::new(identity)).create_key("soar", new("viewer", None)).await;
    let Err(AdministrationError::Refused { reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("access.hosts"), "{reason}");
}

#[tokio::test]
async fn a_certificate_names_its_node_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Arc::new(Authority::open(folder.path(), std::time::SystemTime::now()).unwrap());
    let issuer = NodeCertificates::new(Arc::clone(&authority), "vedette.local");
    let before = now();
    let issued = issuer.issue("prod", "node-1", Duration::from_secs(3_600)).await.unwrap();
    let file = folder.path().join("node.pem");
    std::fs::write(&file, format!("{}{}", issued.certificate, issued.private_key)).unwrap();
    let peer = certificates::identity_of(&file).unwrap();
    let nothing = certificates::nothing_revoked();
    let node = peer.check(&nothing, std::time::SystemTime::now()).unwrap();
    assert_eq!(node.to_string(), "spiffe://vedette.local/cluster/prod/node/node-1");
    let revoked: certificates::Revocations = {
        let fingerprint = issued.fingerprint.clone();
        Arc::new(move |one| one.fingerprint().to_string() == fingerprint)
    };
    assert!(peer.check(&revoked, std::time::SystemTime::now()).is_err(), "it is revoked by its fingerprint");
    let life = (issued.not_after.nanos() - before.nanos()) / 1_000_000_000;
    assert!((3_598..=3_600 + 60).contains(&life), "{life}");
    assert_eq!(issued.authority, authority.certificate_pem());
    for (cluster, node) in [("", "n"), ("c", "../n"), ("c", "a b"), ("c\n", "n")] {
        assert_eq!(
            field(issuer.issue(cluster, node, Duration::from_secs(60)).await),
            "name",
            "{cluster:?} {node:?}"
        );
    }
}

/// An HTTP server that answers every request the same, and its URL.
async fn answering(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 65_536];
            let _ = stream.read(&mut bytes).await;
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

#[tokio::test]
async fn an_output_is_tested_and_its_dead_letters_are_sent_again() {
    let (store, _folder) = store().await;
    let stores = notifications::Stores {
        findings: Arc::clone(&store) as _,
        changes: Arc::clone(&store) as _,
        documents: Arc::clone(&store) as _,
    };
    let notifications = Arc::new(Notifications::start(stores, Settings::new("test")).unwrap());
    let outputs = Outputs::new(Arc::clone(&notifications));
    let (good, gone) = (answering("200 OK").await, answering("410 Gone").await);
    let config = "organizations/1/locations/global/notificationConfigs/n";
    outputs.send_test(config, &json!({ "pubsubTopic": good })).await.unwrap();
    let refused = outputs.send_test(config, &json!({ "pubsubTopic": gone })).await;
    let Err(AdministrationError::Refused { reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("410"), "{reason}");
    let wrong = outputs.send_test(config, &json!({"pubsubTopic": "ftp://h"})).await;
    assert_eq!(field(wrong), "notificationConfig.pubsubTopic");
    assert!(
        matches!(outputs.replay(config).await, Err(AdministrationError::Refused { .. })),
        "no such config"
    );

    let put = async |kind, name: &str, body| {
        store.put_document(kind, name, body, Expectation::Any, now()).await.unwrap().unwrap();
    };
    put(DocumentKind::NotificationConfig, config, json!({ "pubsubTopic": gone })).await;
    let finding = store::contract::example(1);
    store::FindingStore::upsert(&*store, &finding, 1, now()).await.unwrap();
    for n in 0..2 {
        let letter = json!({"id": format!("msg_{n}"), "finding": finding.finding.name});
        put(DocumentKind::DeadLetter, &format!("{config}/000{n}"), letter).await;
    }
    let stopped = outputs.replay(config).await.unwrap();
    assert_eq!(stopped.delivered, 0);
    assert!(stopped.remaining >= 2 && stopped.stopped.unwrap().contains("410"));
    put(DocumentKind::NotificationConfig, config, json!({ "pubsubTopic": good })).await;
    let all = outputs.replay(config).await.unwrap();
    assert!(all.delivered >= 2 && all.remaining == 0 && all.stopped.is_none(), "{all:?}");
    assert!(outputs.counts()[config].delivered >= 2);
    notifications.stop().await;
    notifications.stop().await;
}

/// A whole API with real identities, as it answers on a port.
async fn api_of(store: &Arc<SqliteStore>, identity: &Arc<Identity>) -> std::net::SocketAddr {
    let service = api::Service {
        findings: Arc::clone(store) as _,
        evidence: Arc::clone(store) as _,
        documents: Arc::clone(store) as _,
        audit: Arc::clone(store) as _,
        access: Arc::new(Doorkeeper::new(Arc::clone(identity), None)),
        modules: Vec::new(),
        ancestors: Box::new(|place| match place {
            "projects/shop" => vec!["organizations/1".into()],
            _ => Vec::new(),
        }),
        check_notification: Box::new(|_, _| Ok(())),
        administration: api::Administration {
            credentials: Some(Arc::new(Credentials::new(Arc::clone(identity)))),
            configuration: Some(Arc::new(json!({"version": "1"}))),
            ..api::Administration::default()
        },
        metrics: Box::new(String::new),
        ready: Box::new(|| Ok(())),
        hosts: api::Hosts::Loopback,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, api::router(service)).await });
    address
}

/// The status and the body.
async fn ask(to: std::net::SocketAddr, token: &str, request: &str, body: &str) -> (u16, serde_json::Value) {
    let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn an_admin_within_one_organization_makes_nobody_mightier() {
    let (store, _folder) = store().await;
    let config = AccessConfig { hosts: vec!["vedette.example".into()], ..AccessConfig::default() };
    let identity = Arc::new(Identity::open(config, Arc::clone(&store) as _).await.unwrap());
    let credentials = Credentials::new(Arc::clone(&identity));
    let within = credentials.create_token("within", new("admin", Some("organizations/1"))).await.unwrap().1;
    let shop = credentials.create_token("shop", new("admin", Some("projects/shop"))).await.unwrap().1;
    let root = credentials.create_token("root", new("admin", None)).await.unwrap().1;
    let to = api_of(&store, &identity).await;
    let everywhere = json!({"bindings": [{"role": "admin"}]}).to_string();
    let in_shop = json!({"bindings": [{"role": "admin", "parent": "projects/shop"}]}).to_string();
    for (token, request, body, should) in [
        (&within, "POST /v2/organizations/-/tokens?tokenId=a", &everywhere, 403),
        (&within, "POST /v2/organizations/1/tokens?tokenId=a", &everywhere, 400),
        (&within, "POST /v2/organizations/2/tokens?tokenId=a", &in_shop, 403),
        (&within, "POST /v2/organizations/1/serviceAccounts/a/keys", &everywhere, 400),
        (&within, "POST /v2/organizations/1/tokens?tokenId=b", &in_shop, 200),
        (&within, "DELETE /v2/organizations/1/tokens/root", &String::new(), 404),
        (&within, "POST /v2/organizations/-/revokedCertificates", &String::new(), 403),
        (&within, "POST /v2/organizations/1/sensors/c/n:issueCertificate", &String::new(), 400),
        (&shop, "POST /v2/organizations/1/tokens?tokenId=c", &in_shop, 403),
        (&shop, "POST /v2/projects/shop/tokens?tokenId=c", &in_shop, 400),
        (&shop, "GET /v2/organizations/-/auditLogEntries", &String::new(), 403),
        (&root, "POST /v2/organizations/-/tokens?tokenId=d", &everywhere, 200),
    ] {
        let (status, answer) = ask(to, token, request, body).await;
        assert_eq!(status, should, "{request}: {answer}");
    }
    let (_, made) = ask(to, &root, "POST /v2/organizations/-/tokens?tokenId=e", &in_shop).await;
    let secret = made["token"].as_str().unwrap();
    assert_eq!(ask(to, secret, "GET /v2/projects/shop/sources", "").await.0, 200, "it counts at once");
    assert_eq!(ask(to, &root, "DELETE /v2/organizations/-/tokens/e", "").await.0, 200);
    assert_eq!(ask(to, secret, "GET /v2/projects/shop/sources", "").await.0, 401);
    let entries = store::AuditLog::audit(&*store, None, 100).await.unwrap();
    assert!(entries.iter().all(|record| !format!("{record:?}").contains(secret)));
    let denied = entries.iter().filter(|record| record.entry.outcome == "PERMISSION_DENIED").count();
    assert_eq!(denied, 5, "who tried what they may not is written down");
}

#[tokio::test]
async fn what_the_server_is_set_to_is_for_whoever_has_a_role_everywhere() {
    let (store, _folder) = store().await;
    let identity = Arc::new(Identity::open(AccessConfig::default(), Arc::clone(&store) as _).await.unwrap());
    let credentials = Credentials::new(Arc::clone(&identity));
    let to = api_of(&store, &identity).await;
    for (name, role, parent, should) in [
        ("a", "viewer", None, 200),
        ("b", "admin", None, 200),
        ("c", "admin", Some("organizations/1"), 403),
        ("d", "viewer", Some("projects/shop"), 403),
    ] {
        let token = credentials.create_token(name, new(role, parent)).await.unwrap().1;
        let (status, answer) = ask(to, &token, "GET /v2/configuration", "").await;
        assert_eq!(status, should, "{role} {parent:?}: {answer}");
    }
    assert_eq!(ask(to, "none", "GET /v2/configuration", "").await.0, 401);
}

/// Evidence is for those who may download it, however it is packed.
#[tokio::test]
async fn an_archive_of_evidence_needs_what_a_download_needs() {
    let (store, _folder) = store().await;
    let identity = Arc::new(Identity::open(AccessConfig::default(), Arc::clone(&store) as _).await.unwrap());
    let credentials = Credentials::new(Arc::clone(&identity));
    let to = api_of(&store, &identity).await;
    let finding = "projects/shop/sources/s/locations/global/findings/f1";
    let body = json!({"password": "twelve or more"}).to_string();
    for (role, should) in [("viewer", 403), ("editor", 403), ("investigator", 404), ("admin", 404)] {
        let token = credentials.create_token(role, new(role, None)).await.unwrap().1;
        let request = format!("POST /v2/{finding}/evidence:archive");
        assert_eq!(ask(to, &token, &request, &body).await.0, should, "{role}");
    }
}

#[tokio::test]
async fn a_scope_has_so_many_configs_in_all_its_locations() {
    let (store, _folder) = store().await;
    let identity = Arc::new(Identity::open(AccessConfig::default(), Arc::clone(&store) as _).await.unwrap());
    let credentials = Credentials::new(Arc::clone(&identity));
    let root = credentials.create_token("root", new("admin", None)).await.unwrap().1;
    let to = api_of(&store, &identity).await;
    let body = json!({"filter": "severity=LOW", "type": "STATIC"});
    let writes: Vec<_> = (0..999)
        .map(|n| {
            let (store, body) = (Arc::clone(&store), body.clone());
            tokio::spawn(async move {
                let name = format!("projects/shop/locations/l{}/muteConfigs/m{n}", n % 7);
                let put = store.put_document(DocumentKind::MuteConfig, &name, body, Expectation::Any, now());
                put.await.unwrap().unwrap();
            })
        })
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    let body = body.to_string();
    let make = async |scope: &str, id: &str| {
        let request = format!("POST /v2/{scope}/muteConfigs?muteConfigId={id}");
        ask(to, &root, &request, &body).await
    };
    assert_eq!(make("projects/shop/locations/global", "last").await.0, 200);
    for location in ["global", "new"] {
        let (status, said) = make(&format!("projects/shop/locations/{location}"), "more").await;
        assert_eq!((status, &said["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{said}");
        assert_eq!(said["error"]["details"][0]["fieldViolations"][0]["field"], "parent");
        assert!(said["error"]["message"].as_str().unwrap().contains("1000"), "{said}");
    }
    assert_eq!(make("projects/shop2/locations/global", "first").await.0, 200, "another scope has its own");
    let gone = ask(to, &root, "DELETE /v2/projects/shop/locations/global/muteConfigs/last", "").await;
    assert_eq!(gone.0, 200, "{gone:?}");
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = bytes.chunks(3).flat_map(|three| {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        (0..=three.len()).map(move |at| char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]))
    });
    digits.collect()
}

#[tokio::test]
async fn who_asks_for_a_token_with_a_key_that_is_known_is_written_down() {
    let (store, _folder) = store().await;
    let config = AccessConfig { hosts: vec!["vedette.example".into()], ..AccessConfig::default() };
    let identity = Arc::new(Identity::open(config, Arc::clone(&store) as _).await.unwrap());
    let credentials = Credentials::new(Arc::clone(&identity));
    let (key, _) = credentials.create_key("soar", new("viewer", None)).await.unwrap();
    let to = api_of(&store, &identity).await;
    let form = |kid: &str| {
        let part = |value: serde_json::Value| base64url(value.to_string().as_bytes());
        let head = part(json!({"alg": "RS256", "typ": "JWT", "kid": kid}));
        let claims = part(json!({"iss": "soar@vedette.local", "iat": 1, "exp": 2}));
        let assertion = format!("{head}.{claims}.{}", base64url(&[7; 256]));
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}")
    };
    let (status, said) = ask(to, "none", "POST /oauth2/token", &form(&"0".repeat(40))).await;
    assert_eq!((status, &said["error"]), (400, &json!("invalid_grant")));
    assert_eq!(store::AuditLog::audit(&*store, None, 100).await.unwrap(), [], "anybody can invent a key");
    for _ in 0..40 {
        let (status, said) = ask(to, "none", "POST /oauth2/token", &form(&key.id)).await;
        assert!([400, 429].contains(&status), "{said}");
    }
    let entries = store::AuditLog::audit(&*store, None, 100).await.unwrap();
    assert!((1..=30).contains(&entries.len()), "{}", entries.len());
    let entry = &entries[0].entry;
    assert_eq!(
        (entry.principal.as_str(), entry.method.as_str(), entry.outcome.as_str()),
        ("unauthenticated", "serviceAccountKeys.grantToken", "UNAUTHENTICATED")
    );
    assert_eq!(entry.resource, format!("organizations/-/serviceAccounts/soar@vedette.local/keys/{}", key.id));
    assert!(entry.detail["reason"].as_str().unwrap().contains("service account's token"), "{entry:?}");
}
