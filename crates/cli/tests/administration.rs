//! `vedette tokens`, `service-accounts`, `sensors`, `audit` and `outputs` against a real API over a real store.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::{
    Administration, AdministrationError, Answering, Credential, Credentials, Hosts, IssuedCertificate,
    NewCredential, NodeCertificates, OutputCounts, Outputs, Replayed, Service, Token, router,
};
use finding::Timestamp;
use serde_json::{Value, json};
use store::{AuditEntry, AuditLog, DocumentKind, DocumentStore, Expectation};
use store_sqlite::SqliteStore;
use tempfile::TempDir;

const SECRET: &str = "an-example";
const CONFIG: &str = "organizations/-/locations/global/notificationConfigs/pager";
const HOSTILE: &str = "a\u{1b}[2J\u{202e}\nb";

/// Keeps credentials in memory; the real ones are tested where they are.
#[derive(Default)]
struct Kept {
    tokens: Mutex<Vec<Credential>>,
    keys: Mutex<Vec<Credential>>,
}

fn made(id: &str, account: Option<&str>, new: NewCredential) -> Credential {
    Credential {
        id: id.into(),
        account: account.map(|account| format!("{account}@vedette.local")),
        bindings: new.bindings,
        create_time: Timestamp::from_nanos(1_500_000_000),
        created_by: format!("user:{HOSTILE}"),
        expire_time: new.expire_time,
        last_used_time: None,
    }
}

fn removed(all: &Mutex<Vec<Credential>>, id: &str) -> bool {
    let mut all = all.lock().unwrap();
    let before = all.len();
    all.retain(|one| one.id != id);
    all.len() < before
}

impl Credentials for Kept {
    fn tokens(&self) -> Answering<'_, Vec<Credential>> {
        Box::pin(async { Ok(self.tokens.lock().unwrap().clone()) })
    }
    fn create_token<'a>(&'a self, name: &'a str, new: NewCredential) -> Answering<'a, (Credential, String)> {
        Box::pin(async move {
            let token = made(name, None, new);
            self.tokens.lock().unwrap().push(token.clone());
            Ok((token, "vdt_secret".to_owned()))
        })
    }
    fn revoke_token<'a>(&'a self, name: &'a str) -> Answering<'a, bool> {
        Box::pin(async move { Ok(removed(&self.tokens, name)) })
    }
    fn keys(&self) -> Answering<'_, Vec<Credential>> {
        Box::pin(async { Ok(self.keys.lock().unwrap().clone()) })
    }
    fn create_key<'a>(&'a self, account: &'a str, new: NewCredential) -> Answering<'a, (Credential, Value)> {
        Box::pin(async move {
            let key = made(&"0f".repeat(20), Some(account), new);
            self.keys.lock().unwrap().push(key.clone());
            Ok((key, json!({"private_key": "the key"})))
        })
    }
    fn revoke_key<'a>(&'a self, id: &'a str) -> Answering<'a, bool> {
        Box::pin(async move { Ok(removed(&self.keys, id)) })
    }
}

struct Signer;

impl NodeCertificates for Signer {
    fn issue<'a>(
        &'a self,
        cluster: &'a str,
        node: &'a str,
        life: Duration,
    ) -> Answering<'a, IssuedCertificate> {
        Box::pin(async move {
            Ok(IssuedCertificate {
                certificate: format!("certificate of {cluster} {node}\n"),
                private_key: "its key\n".into(),
                authority: "the authority\n".into(),
                fingerprint: "0f".repeat(32),
                not_after: Timestamp::from_nanos(i64::try_from(life.as_nanos()).unwrap()),
            })
        })
    }
}

/// Each call sends one more again, and the third fails.
#[derive(Default)]
struct Sent(Mutex<u64>);

impl Outputs for Sent {
    fn send_test<'a>(&'a self, config: &'a str, _: &'a Value) -> Answering<'a, ()> {
        Box::pin(async move {
            let reason = format!("{config} was not delivered: {HOSTILE}");
            if config == CONFIG { Ok(()) } else { Err(AdministrationError::Refused { reason }) }
        })
    }
    fn replay<'a>(&'a self, _: &'a str) -> Answering<'a, Replayed> {
        Box::pin(async {
            let mut calls = self.0.lock().unwrap();
            *calls += 1;
            let stopped = (*calls > 3).then(|| HOSTILE.to_owned());
            Ok(Replayed { delivered: 1, remaining: 3_u64.saturating_sub(*calls), stopped })
        })
    }
    fn counts(&self) -> BTreeMap<String, OutputCounts> {
        [(CONFIG.to_owned(), OutputCounts { delivered: 51, failed: 4, dead_lettered: 3, waiting: 2 })].into()
    }
}

struct Server {
    address: String,
    folder: TempDir,
    store: Arc<SqliteStore>,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (address, store) = runtime.block_on(async {
            let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let service = Service {
                findings: store.clone(),
                evidence: store.clone(),
                documents: store.clone(),
                audit: store.clone(),
                access: Arc::new(Token::new(SECRET, "the test")),
                modules: vec![api::Module { name: "REVERSE_SHELL".into(), on_by_default: true }],
                ancestors: Box::new(|_| Vec::new()),
                check_notification: Box::new(|_, _| Ok(())),
                administration: Administration {
                    credentials: Some(Arc::new(Kept::default())),
                    certificates: Some(Arc::new(Signer)),
                    outputs: Some(Arc::new(Sent::default())),
                    ..Administration::default()
                },
                metrics: Box::new(String::new),
                ready: Box::new(|| Ok(())),
                hosts: Hosts::Loopback,
            };
            tokio::spawn(async move { axum::serve(listener, router(service)).await });
            (address, store)
        });
        std::fs::write(folder.path().join("shown"), SECRET).unwrap();
        Self { address: format!("http://{address}"), folder, store, runtime }
    }

    fn put(&self, kind: DocumentKind, name: &str, body: Value) {
        let now = Timestamp::from_nanos(1);
        let put = self.store.put_document(kind, name, body, Expectation::Any, now);
        self.runtime.block_on(put).unwrap().unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_vedette"))
            .args(arguments)
            .env("VEDETTE_SERVER", &self.address)
            .args(["--token-file", self.file("shown").to_str().unwrap()])
            .output()
            .unwrap();
        for shown in [&output.stdout, &output.stderr] {
            let shown = String::from_utf8(shown.clone()).unwrap();
            let bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
            assert!(!shown.contains(bad), "{arguments:?}: {shown:?}");
        }
        output
    }

    /// What is said on the standard output and beside it, of a command that must end well.
    fn said(&self, arguments: &[&str]) -> (String, String) {
        let output = self.run(arguments);
        let [out, beside] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{arguments:?}: {beside}");
        (out, beside)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_token_stands_alone_on_the_standard_output() {
    let server = Server::new();
    let (token, words) = server.said(&[
        "tokens",
        "create",
        "ci",
        "--role",
        "viewer",
        "--role",
        "editor@projects/shop",
        "--expires",
        "90d",
    ]);
    assert_eq!(token, "vdt_secret\n");
    assert!(words.contains("viewer, editor within projects/shop") && words.contains("once"), "{words}");
    let (table, _) = server.said(&["tokens", "list"]);
    assert!(table.contains("NAME") && table.contains("ci") && !table.contains("vdt_"), "{table}");
    let (json, _) = server.said(&["tokens", "list", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json[0]["bindings"][1], json!({"role": "editor", "parent": "projects/shop"}));
    let left = json[0]["expireTime"].as_str().unwrap().parse::<Timestamp>().unwrap().nanos()
        - Timestamp::from_nanos(i64::try_from(now().as_nanos()).unwrap()).nanos();
    assert_eq!((left + 3_600_000_000_000) / 86_400_000_000_000, 90);
    assert!(server.refused(&["tokens", "create", "x", "--role", "nonsense/x"]).contains("no role"));
    let beyond = ["tokens", "create", "x", "--parent", "organizations/1", "--role", "admin@organizations/2"];
    assert!(server.refused(&beyond).contains("bindings[0].parent"));
    server.said(&["tokens", "revoke", "ci"]);
    assert_eq!(server.run(&["tokens", "revoke", "ci"]).status.code(), Some(2));
    assert_eq!(server.run(&["tokens", "revoke", "../sources?x#y"]).status.code(), Some(2));
    assert!(server.said(&["tokens", "list"]).1.contains("no tokens"));
}

fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap()
}

#[test]
fn a_key_file_is_saved_for_its_owner_alone() {
    let server = Server::new();
    let file = server.file("soar.json");
    let path = file.to_str().unwrap();
    let (out, words) =
        server.said(&["service-accounts", "create-key", "soar", "--role", "viewer", "-o", path]);
    assert!(out.is_empty() && words.contains(path), "{words}");
    let saved: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((saved, mode(&file)), (json!({"private_key": "the key"}), 0o600));
    let again = ["service-accounts", "create-key", "soar", "--role", "viewer", "-o", path];
    assert!(server.refused(&again).contains("--overwrite"));
    let nowhere = server.file("none/soar.json");
    let create =
        ["service-accounts", "create-key", "soar", "--role", "viewer", "-o", nowhere.to_str().unwrap()];
    assert!(server.refused(&create).contains("cannot be written"));
    let (value, _) = server.said(&["service-accounts", "list-keys", "--format", "value(name)"]);
    assert_eq!(value.lines().count(), 1, "nothing was asked for what could not be saved: {value}");
    server.said(&[&again[..], &["--overwrite"]].concat());
    let (table, _) = server.said(&["service-accounts", "list-keys", "soar"]);
    assert!(table.contains("soar@vedette.local") && table.contains(&"0f".repeat(20)), "{table}");
    server.said(&["service-accounts", "revoke-key", &"0f".repeat(20)]);
    assert!(server.said(&["service-accounts", "list-keys"]).1.contains("no keys"));
}

#[test]
fn sensors_are_seen_and_nodes_get_certificates() {
    let server = Server::new();
    let body = json!({
        "cluster": "prod", "node": "n1", "sensorVersion": HOSTILE, "kernel": "6.1", "probesLoaded": false,
        "receivedAt": "2026-01-02T03:04:05.678Z", "lostLately": 7, "spoolBytes": 9, "parent": "projects/p/sources/s",
    });
    server.put(DocumentKind::Sensor, "prod/n1", body);
    let (table, _) = server.said(&["sensors", "list"]);
    for part in ["prod", "n1", "2026-01-02T03:04:05Z", "NOT ATTACHED", "a\\u{1b}[2J"] {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert!(server.said(&["sensors", "list", "--parent", "projects/other"]).1.contains("no sensors"));
    assert!(server.said(&["sensors", "show", "prod/n1"]).0.contains("spoolBytes: 9"));
    assert_eq!(server.run(&["sensors", "show", "prod/none"]).status.code(), Some(2));

    let (file, authority) = (server.file("node.pem"), server.file("ca.pem"));
    let (path, authority_path) = (file.to_str().unwrap(), authority.to_str().unwrap());
    let (out, words) =
        server.said(&["sensors", "certificate", "prod/n2", "-o", path, "--authority-out", authority_path]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "certificate of prod n2\nits key\n");
    assert_eq!(std::fs::read_to_string(&authority).unwrap(), "the authority\n");
    assert_eq!((mode(&file), mode(&authority) & 0o600, out.as_str()), (0o600, 0o600, ""));
    assert!(words.contains("1970-01-02T00:00:00Z") && words.contains(&"0f".repeat(32)), "{words}");
    let again = ["sensors", "certificate", "prod/n2", "-o", path, "--authority-out", "-"];
    assert!(server.refused(&again).contains("is there already; --overwrite"));
    let (out, _) = server.said(&[&again[..], &["--overwrite"]].concat());
    assert_eq!(out, "the authority\n");
    assert!(server.refused(&["sensors", "certificate", "prod", "-o", path]).contains("CLUSTER/NODE"));

    let fingerprint = "0F:".repeat(31) + "0F";
    server.said(&["sensors", "revoke", &fingerprint, "--reason", HOSTILE]);
    let (table, _) = server.said(&["sensors", "list-revoked"]);
    assert!(table.contains(&"0f".repeat(32)) && table.contains("token:local"), "{table}");
    server.said(&["sensors", "revoke", &fingerprint, "--undo"]);
    let (_, words) = server.said(&["sensors", "revoke", "prod/n3"]);
    assert!(words.contains("prod/n3") && words.contains("until 2"), "{words}");
    assert!(server.said(&["sensors", "list-revoked"]).0.contains("prod/n3"));
    assert!(server.refused(&["sensors", "revoke", "prod/n3", "--undo"]).contains("new one"));
    assert!(server.refused(&["sensors", "revoke", "beef"]).contains("fingerprint"));
}

#[test]
fn the_audit_log_says_who_did_what() {
    let server = Server::new();
    let hour = 3_600_000_000_000;
    let now = i64::try_from(now().as_nanos()).unwrap();
    for (ago, principal) in [(50, "token:old"), (2, HOSTILE), (1, "user:eve")] {
        let entry = AuditEntry {
            time: Timestamp::from_nanos(now - ago * hour),
            principal: principal.into(),
            method: "findings.setMute".into(),
            resource: "projects/p/sources/s/findings/f".into(),
            outcome: "OK".into(),
            address: "127.0.0.1".into(),
            detail: json!({}),
        };
        server.runtime.block_on(server.store.record(entry)).unwrap();
    }
    let principals = |more: &[&str]| {
        let all =
            [&["audit", "list", "--format=value(principal)", "--method=findings.setMute"][..], more].concat();
        server.said(&all).0.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(principals(&[]).len(), 3);
    assert_eq!(principals(&["--since", "1d"])[0], "user:eve");
    assert_eq!(principals(&["--since", "1d"]).len(), 2);
    assert_eq!(principals(&["--until", "1d"]), ["token:old"]);
    assert_eq!(principals(&["--principal", HOSTILE]).len(), 1);
    let (table, _) = server.said(&["audit", "list"]);
    assert!(
        table.contains("PRINCIPAL") && table.contains("auditLogEntries.list"),
        "looking is noted: {table}"
    );
    let (first, beside) = server.said(&["audit", "list", "--limit", "1", "--format", "ndjson"]);
    assert!(first.lines().count() == 1 && beside.contains("--limit 0"), "{beside}");
}

#[test]
fn modules_are_turned_on_and_off_down_to_a_cluster() {
    let server = Server::new();
    let cluster = "--cluster=projects/shop/locations/eu/clusters/prod";
    let state = |at: &[&str]| {
        let list = [&["modules", "list", "--format=csv(module,state,said)"][..], at].concat();
        server.said(&list).0.lines().last().unwrap().replace('"', "").replace(',', " ")
    };
    assert_eq!(state(&[]), "REVERSE_SHELL ENABLED INHERITED");
    let (_, words) = server.said(&["modules", "disable", "REVERSE_SHELL"]);
    assert!(words.contains("DISABLED for organizations/-"), "{words}");
    assert_eq!(state(&["--project=shop"]), "REVERSE_SHELL DISABLED INHERITED");
    server.said(&["modules", "enable", "REVERSE_SHELL", cluster]);
    assert_eq!(state(&[cluster]), "REVERSE_SHELL ENABLED ENABLED");
    assert_eq!(state(&["--project", "shop"]), "REVERSE_SHELL DISABLED INHERITED");
    server.said(&["modules", "inherit", "REVERSE_SHELL", cluster]);
    assert_eq!(state(&[cluster]), "REVERSE_SHELL DISABLED INHERITED");
    assert!(server.said(&["modules", "list"]).0.contains("MODULE"));
    assert!(server.refused(&["modules", "enable", "NONE"]).contains("NONE"));
    assert!(
        server.refused(&["modules", "list", "--project=p", "--organization=1"]).contains("cannot be used")
    );
    assert!(server.refused(&["modules", "list", "--cluster", "prod"]).contains("is not projects/PROJECT"));
}

/// Listens with a certificate of an authority made for it, and goes no further than the handshake.
fn tls_server(folder: &Path) -> (std::net::SocketAddr, PathBuf) {
    let now = std::time::SystemTime::now();
    let authority = certificates::Authority::open(&folder.join("ca"), now).unwrap();
    let issued = authority.server(&[], now, certificates::DAY).unwrap();
    let [certificate, key] = ["tls.crt", "tls.key"].map(|name| folder.join(name));
    certificates::write_private(&certificate, issued.certificate_pem.as_bytes()).unwrap();
    certificates::write_private(&key, issued.key_pem.as_bytes()).unwrap();
    let files = certificates::ServerFiles { certificate, key, clients: None, without_certificate: true };
    let tls = certificates::ServerTls::open(files, &[]).unwrap();
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(tls.current()).unwrap();
            let _ = connection.complete_io(&mut stream);
            let _ = connection.write_tls(&mut stream);
        }
    });
    (address, authority.certificate_file().to_owned())
}

#[test]
fn who_asks_in_a_wrong_way_is_told_the_right_one() {
    let server = Server::new();
    let (tls, authority) = tls_server(server.folder.path());
    let plain = server.address.strip_prefix("http://").unwrap();
    let port = tls.port();
    let authority = authority.to_str().unwrap();
    for (address, authority, remedy) in [
        (format!("https://127.0.0.1:{port}"), None, "--ca-file"),
        (format!("https://127.0.0.2:{port}"), Some(authority), "--host"),
        (format!("http://127.0.0.1:{port}"), None, "write https://"),
        (format!("https://{plain}"), Some(authority), "write http://"),
        ("http://no-such-host.invalid:1".to_owned(), None, "no address is known"),
    ] {
        let mut asked = vec!["tokens", "list", "--server", &address];
        asked.extend(authority.into_iter().flat_map(|file| ["--ca-file", file]));
        let said = server.refused(&asked);
        assert!(said.contains(remedy) && said.starts_with("vedette: "), "{asked:?}: {said}");
        assert!(!said.contains("vedette up`, or") && !said.contains("ERROR"), "{asked:?}: {said}");
    }
}

#[test]
fn outputs_are_tried_and_sent_again() {
    let server = Server::new();
    for name in [CONFIG, "projects/p/locations/global/notificationConfigs/away"] {
        server.put(DocumentKind::NotificationConfig, name, json!({"description": HOSTILE}));
    }
    let letter = json!({"finding": "projects/p/sources/s/findings/f", "reason": HOSTILE, "attempts": 10});
    server.put(DocumentKind::DeadLetter, &format!("{CONFIG}/1-msg"), letter);
    let (table, _) = server.said(&["outputs", "list"]);
    let words: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(words, [["ID", "PARENT"], ["pager", "organizations/-"], ["away", "projects/p"]], "{table}");
    assert!(table.contains("51"), "{table}");
    assert!(table.contains(&notifications::metrics_label(CONFIG)), "its name in metrics: {table}");
    server.said(&["outputs", "test", "pager"]);
    server.said(&["outputs", "test", CONFIG]);
    let away = "projects/p/locations/global/notificationConfigs/away";
    assert!(server.refused(&["outputs", "test", away]).contains("was not delivered"));
    assert!(
        server.refused(&["outputs", "test", "away", "--parent", "projects/p"]).contains("was not delivered")
    );
    assert_eq!(server.run(&["outputs", "test", "none"]).status.code(), Some(2));
    assert!(
        server.refused(&["outputs", "test", "away"]).contains("projects/p/locations/global"),
        "found by its id"
    );
    let other = "projects/q/locations/global/notificationConfigs/away";
    server.put(DocumentKind::NotificationConfig, other, json!({}));
    let several = server.refused(&["outputs", "test", "away"]);
    assert!(several.contains(away) && several.contains(other), "{several}");
    let (letters, _) = server.said(&["outputs", "dead-letters", "pager"]);
    assert!(
        letters.contains("pager") && letters.contains("findings/f") && letters.contains("10"),
        "{letters}"
    );
    let (_, words) = server.said(&["outputs", "replay", "pager"]);
    assert!(words.contains("3 were sent again, 0 are left"), "{words}");
    assert!(server.refused(&["outputs", "replay", "pager"]).contains("the other side did not take one"));
}
