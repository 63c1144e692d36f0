//! `vedette findings` against a real API over a real store, as scripts use it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::process::{Command, Output};
use std::sync::Arc;

use api::{Hosts, Service, Token, router};
use finding::{Finding, FindingResource, Severity, State, Timestamp};
use serde_json::{Value, json};
use store::FindingStore;
use store_sqlite::SqliteStore;
use tempfile::TempDir;

const SECRET: &str = "an-example";
const PARENT: &str = "projects/shop/sources/vedette/locations/global";

struct Server {
    address: String,
    _folder: TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// With that many findings, the one that is worst the newest.
    fn with(findings: i64) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let address = runtime.block_on(async {
            let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
            for n in 0..findings {
                let finding = Finding {
                    name: format!("{PARENT}/findings/f{n:03}"),
                    parent: PARENT.into(),
                    category: if n % 2 == 0 { "Reverse Shell" } else { "=cmd|' /C calc'!A0\u{1b}[2J" }.into(),
                    severity: if n == findings - 1 { Severity::High } else { Severity::Low },
                    event_time: Some(Timestamp::from_nanos(n * 1_000_000_000)),
                    ..Finding::default()
                };
                let item = FindingResource { finding, ..FindingResource::default() };
                store.upsert(&item, 1, Timestamp::from_nanos(n + 1)).await.unwrap();
            }
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let service = Service {
                findings: store.clone(),
                evidence: store.clone(),
                documents: store.clone(),
                audit: store.clone(),
                access: Arc::new(Token::new(SECRET, "the test")),
                modules: Vec::new(),
                ancestors: Box::new(|_| Vec::new()),
                check_notification: Box::new(|_| Ok(())),
                administration: api::Administration::default(),
                metrics: Box::new(String::new),
                ready: Box::new(|| Ok(())),
                hosts: Hosts::Loopback,
            };
            tokio::spawn(async move { axum::serve(listener, router(service)).await });
            address
        });
        Self { address: format!("http://{address}"), _folder: folder, _runtime: runtime }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_vedette"))
            .arg("findings")
            .args(arguments)
            .env("VEDETTE_SERVER", &self.address)
            .args(["--token-file", self.token_file().to_str().unwrap()])
            .output()
            .unwrap()
    }

    fn token_file(&self) -> std::path::PathBuf {
        let path = self._folder.path().join("shown");
        std::fs::write(&path, SECRET).unwrap();
        path
    }

    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.said(arguments)).unwrap()
    }
}

#[test]
fn lists_come_in_every_form_and_only_as_text() {
    let server = Server::with(25);
    let json = server.json(&["list", "--limit", "0", "--page-size", "10", "--format", "json"]);
    assert_eq!(json.as_array().unwrap().len(), 25);
    let names = server.said(&["list", "--limit", "3", "--format=value(finding.name,finding.severity)"]);
    assert_eq!(names.lines().next().unwrap(), format!("{PARENT}/findings/f024\tHIGH"));
    assert_eq!(names.lines().count(), 3);
    let csv = server.said(&["list", "--filter", "name:\"f023\"", "--format=csv(finding.category)"]);
    assert_eq!(csv, "\"finding.category\"\n\"'=cmd|' /C calc'!A0\\u{1b}[2J\"\n");
    let lines = server.said(&["list", "--limit", "0", "-o", "ndjson", "--filter", "severity=LOW"]);
    let items: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(items.len(), 24);
    let wrong = server.run(&["list", "--filter", "severity=HIGH AN"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && said.contains("character 15"), "{said}");
}

#[test]
fn a_script_can_fail_on_what_is_there() {
    let server = Server::with(3);
    assert_eq!(server.run(&["list", "--fail-on=HIGH"]).status.code(), Some(4));
    assert_eq!(server.run(&["list", "--fail-on=CRITICAL"]).status.code(), Some(0));
    assert_eq!(server.run(&["list", "--filter=severity=LOW", "--fail-on=high"]).status.code(), Some(0));
}

#[test]
fn findings_are_grouped_by_what_they_say() {
    let server = Server::with(5);
    let groups = server.json(&["group", "--group-by", "severity,state", "-o", "json"]);
    let low = json!({"properties": {"severity": "LOW", "state": "ACTIVE"}, "count": "4"});
    assert_eq!(groups.as_array().unwrap()[0], low);
    let table = server.said(&["group", "--group-by", "category", "--filter", "severity=HIGH"]);
    assert!(table.contains("1") && table.contains("category=Reverse Shell"), "{table}");
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{table:?}");
}

#[test]
fn a_user_changes_state_mute_facts_and_marks() {
    let server = Server::with(3);
    let shown = || server.json(&["show", "f002", "-o", "json"])["finding"].clone();
    let updated = server.json(&[
        "update",
        "f002",
        "--state",
        "INACTIVE",
        "--source-properties",
        "Case=17,Team=blue",
        "--external-uri",
        "https://tickets.example/17",
        "-o",
        "json",
    ]);
    assert_eq!(updated["state"], State::Inactive.name());
    let finding = shown();
    assert_eq!(finding["sourceProperties"], json!({"Case": "17", "Team": "blue"}));
    assert_eq!(finding["externalUri"], "https://tickets.example/17");

    server.said(&["set-mute", "f002", "--mute=MUTED"]);
    assert_eq!(shown()["mute"], "MUTED");
    server.said(&["set-mute", "f002", "--mute=undefined"]);
    assert_eq!(shown()["mute"], "UNDEFINED");

    server.said(&["update-marks", "f002", "--security-marks", "team=red,seen=yes"]);
    server.said(&[
        "update-marks",
        "f002",
        "--security-marks",
        "team=blue",
        "--update-mask",
        "marks.team,marks.seen",
    ]);
    assert_eq!(server.json(&["list-marks", "f002", "-o", "json"])["marks"], json!({"team": "blue"}));

    server.said(&["bulk-mute", "--filter", "severity=LOW"]);
    let muted = server.said(&["list", "--filter", "mute=MUTED", "--format=value(finding.name)"]);
    assert_eq!(muted.lines().count(), 2);

    for (arguments, wanted) in [
        (vec!["set-mute", "missing", "--mute=MUTED"], 2),
        (vec!["update", "f001"], 1),
        (vec!["update-marks", "f001", "--security-marks", "no"], 1),
        (vec!["show", "\" OR state=\"ACTIVE"], 2),
    ] {
        let output = server.run(&arguments);
        assert_eq!(output.status.code(), Some(wanted), "{arguments:?}: {output:?}");
    }
}

#[test]
fn shells_are_told_how_to_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let output =
            Command::new(env!("CARGO_BIN_EXE_vedette")).args(["completion", shell]).output().unwrap();
        assert!(
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("set-mute"),
            "{shell}"
        );
    }
}
