//! `vedette findings` against a real API over a real store, as scripts use it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use api::{Hosts, Service, Token, router};
use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use finding::{Finding, FindingResource, Severity, State, Timestamp};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use store::FindingStore;
use store_sqlite::SqliteStore;
use tempfile::TempDir;

const SECRET: &str = "an-example";
const PARENT: &str = "projects/shop/sources/vedette/locations/global";

fn example(n: i64, severity: Severity) -> FindingResource {
    let finding = Finding {
        name: format!("{PARENT}/findings/f{n:03}"),
        parent: PARENT.into(),
        category: if n % 2 == 0 { "Reverse Shell" } else { "=cmd|' /C calc'!A0\u{1b}[2J" }.into(),
        severity,
        event_time: Some(Timestamp::from_nanos(n * 1_000_000_000)),
        ..Finding::default()
    };
    FindingResource { finding, ..FindingResource::default() }
}

struct Server {
    address: String,
    _folder: TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    /// With that many findings, the one that is worst the newest.
    fn with(findings: i64) -> Self {
        Self::behind(findings, |_, router| router)
    }

    /// The same with something before it.
    fn behind(findings: i64, before: impl FnOnce(Arc<SqliteStore>, Router) -> Router) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let address = runtime.block_on(async {
            let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
            for n in 0..findings {
                let severity = if n == findings - 1 { Severity::High } else { Severity::Low };
                let time = Timestamp::from_nanos(n + 1);
                store.upsert(&example(n, severity), 1, time).await.unwrap();
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
                check_notification: Box::new(|_, _| Ok(())),
                administration: api::Administration::default(),
                metrics: Box::new(String::new),
                ready: Box::new(|| Ok(())),
                hosts: Hosts::Loopback,
            };
            let router = before(store, router(service));
            tokio::spawn(async move { axum::serve(listener, router).await });
            address
        });
        Self { address: format!("http://{address}"), _folder: folder, _runtime: runtime }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vedette"));
        command.arg("findings").args(arguments).env("VEDETTE_SERVER", &self.address);
        command.args(["--token-file", self.token_file().to_str().unwrap()]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
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
    for filter in ["-severity=LOW", "-severity:\"LOW\""] {
        for command in
            [&["list", "--filter", filter][..], &["group", "--group-by", "name", "--filter", filter]]
        {
            let table = server.said(command);
            assert!(table.contains("f024") && !table.contains("f023"), "{table}");
        }
    }
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
    assert_eq!(
        server.run(&["list", "--filter=severity=LOW OR severity=HIGH", "--fail-on=high"]).status.code(),
        Some(4)
    );
    let one = server.run(&["list", "--limit=1", "--order-by=event_time", "--fail-on=high"]);
    let shown = String::from_utf8_lossy(&one.stdout).into_owned();
    assert_eq!(
        (one.status.code(), shown.contains("HIGH")),
        (Some(4), false),
        "also what is not shown: {shown}"
    );
    // a reader that has seen enough
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = server.command(&["list", "--fail-on=high"]).stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(4));
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

    let line = |words: &str| format!("{PARENT}/findings/f002: {words}\n");
    let updated = ["update", "f002", "--state", "INACTIVE", "--source-properties", "Case=18"];
    assert_eq!(server.said(&updated), line("Case=18, state INACTIVE"));
    assert_eq!(server.said(&["set-mute", "f002", "--mute=MUTED"]), line("mute MUTED"));
    let table = server.said(&["list", "--limit", "1"]);
    assert!(table.contains("INACTIVE") && table.contains("MUTED"), "{table}");
    assert_eq!(shown()["mute"], "MUTED");
    server.said(&["set-mute", "f002", "--mute=undefined"]);
    assert_eq!(shown()["mute"], "UNDEFINED");

    let marked = server.said(&["update-marks", "f002", "--security-marks", "team=red,seen=yes"]);
    assert_eq!(marked, line("team=red, seen=yes"));
    let marked = server.said(&[
        "update-marks",
        "f002",
        "--security-marks",
        "team=blue",
        "--update-mask",
        "marks.team,marks.seen",
    ]);
    assert_eq!(marked, line("team=blue, seen removed"));
    assert_eq!(server.json(&["list-marks", "f002", "-o", "json"])["marks"], json!({"team": "blue"}));

    let said = server.said(&["bulk-mute", "--filter", "-severity=HIGH"]);
    assert_eq!(said, "mute MUTED: 2 findings that match\n");
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

/// What is in the folder, hidden files too.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.into_string().unwrap()).collect()
}

fn names(jsonl: &str) -> Vec<String> {
    let items = jsonl.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    items.map(|item| item["finding"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn everything_is_exported_in_the_format_that_was_asked_for() {
    let server = Server::with(25);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let export = |more: &[&str]| server.run(&[&["export", "--page-size", "10"], more].concat());
    let said = |output: &Output| {
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr.clone()).unwrap()
    };

    let whole = export(&[]);
    assert_eq!(said(&whole), "25 findings exported to standard output\n");
    let expected: Vec<String> = (0..25).rev().map(|n| format!("{PARENT}/findings/f{n:03}")).collect();
    assert_eq!(names(&String::from_utf8_lossy(&whole.stdout)), expected);
    let listed = server.json(&["list", "--limit", "0", "-o", "json"]);
    let written: Vec<Value> =
        serde_json::Deserializer::from_slice(&whole.stdout).into_iter().map(Result::unwrap).collect();
    assert_eq!(Value::from(written), listed, "a line is what the API answers");

    let to = at("a.jsonl");
    let which = ["--filter", "severity=LOW", "--since", "1970-01-01T00:00:10Z", "-o", &to];
    assert_eq!(said(&export(&which)), format!("14 findings exported to {to}\n"));
    assert_eq!(names(&fs::read_to_string(&to).unwrap()), expected[1..15]);
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);

    let to = at("B.CSV");
    said(&export(&["-o", &to]));
    let csv = fs::read_to_string(&to).unwrap();
    assert_eq!(csv.lines().count(), 26);
    assert!(csv.starts_with("name,category,severity,") && csv.contains(",'=cmd|' /C calc'!A0"), "{csv}");

    let to = at("named-otherwise.txt");
    said(&export(&["--format", "parquet", "-o", &to]));
    let parquet = fs::read(&to).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));

    let to = at("none.csv");
    assert_eq!(said(&export(&["--pod", "none", "-o", &to])), format!("0 findings exported to {to}\n"));
    assert_eq!(fs::read_to_string(&to).unwrap().lines().count(), 1);
}

#[test]
fn an_export_replaces_nothing_unless_told_and_leaves_nothing_half_written() {
    let server = Server::with(3);
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.jsonl");
    let to = to.to_str().unwrap();
    let refused = |arguments: &[&str], word: &str| {
        let output = server.run(&[&["export"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(word), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty());
    };
    refused(&["-o", to, "--filter", "severity="], "filter");
    assert!(files(folder.path()).is_empty());
    fs::write(to, "mine").unwrap();
    refused(&["-o", to], "--overwrite");
    refused(&["-o", to, "--overwrite", "--filter", "severity="], "filter");
    assert_eq!(fs::read_to_string(to).unwrap(), "mine");
    server.said(&["export", "-o", to, "--overwrite"]);
    assert_eq!(names(&fs::read_to_string(to).unwrap()).len(), 3);
    assert_eq!(files(folder.path()), ["a.jsonl"]);

    let named = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    refused(&["-o", &named("a.json")], "--format");
    refused(&["-o", &named("none/a.csv")], "no file can be made");
    fs::create_dir(named("b.csv")).unwrap();
    refused(&["-o", &named("b.csv"), "--overwrite"], "is no file");
    refused(&["-o", "/dev/null", "--overwrite", "--format", "csv"], "is no file");
    refused(&["--overwrite"], "--output");
    refused(&["--format", "xml"], "jsonl, csv, parquet");
}

/// Every second answer is an error of the server, and sensors go on writing meanwhile.
#[test]
fn an_export_survives_pages_that_fail_and_findings_that_come_and_change() {
    let asked = Arc::new(AtomicI64::new(0));
    let counter = Arc::clone(&asked);
    let server = Server::behind(12, move |store, router| {
        router.layer(from_fn(move |request: axum::extract::Request, next: Next| {
            let (store, n) = (store.clone(), counter.fetch_add(1, Ordering::Relaxed));
            async move {
                store
                    .upsert(&example(100 + n, Severity::Low), 1, Timestamp::from_nanos(1_000 + n))
                    .await
                    .unwrap();
                let changed = example(n % 12, Severity::Critical);
                store.upsert(&changed, n + 2, Timestamp::from_nanos(2_000 + n)).await.unwrap();
                match n % 2 {
                    0 => next.run(request).await,
                    _ => (StatusCode::BAD_GATEWAY, "<html>").into_response(),
                }
            }
        }))
    });
    let output = server.run(&["export", "--page-size", "3"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("(502)") && said.contains("asking again in 250ms"), "{said}");
    assert!(said.ends_with("13 findings exported to standard output\n"), "{said}");
    let mut found = names(&String::from_utf8(output.stdout).unwrap());
    found.sort();
    let ids = (0..12).chain([100]).map(|n| format!("{PARENT}/findings/f{n:03}"));
    assert_eq!(found, ids.collect::<Vec<_>>(), "what was there, and what came before the first page");
    assert!(asked.load(Ordering::Relaxed) > 8);
}

#[test]
fn an_export_that_is_interrupted_leaves_nothing() {
    let asked = Arc::new(AtomicI64::new(0));
    let counter = Arc::clone(&asked);
    let server = Server::behind(1, move |_, router| {
        router.layer(from_fn(move |_: axum::extract::Request, _: Next| {
            counter.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<axum::response::Response>()
        }))
    });
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.csv");
    let mut command = server.command(&["export", "-o", to.to_str().unwrap()]);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    while asked.load(Ordering::Relaxed) == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(files(folder.path()).len(), 1);
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(files(folder.path()).is_empty());
}

/// A terminal: its end for the program, and what a reader sees of it.
fn terminal() -> (OwnedFd, fs::File) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let seen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&seen).unwrap();
    unlockpt(&seen).unwrap();
    let path = ptsname(&seen, Vec::new()).unwrap().into_string().unwrap();
    let inner = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    (inner.into(), seen.into())
}

/// What is shown until nothing holds the other end any more.
fn shown(mut seen: fs::File) -> String {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = seen.read(&mut part) {
        bytes.extend_from_slice(&part[..count]);
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_terminal_sees_how_far_it_is_and_nothing_that_it_would_obey() {
    let server = Server::with(25);
    let (inner, seen) = terminal();
    let mut command = server.command(&["export", "--format", "parquet"]);
    let output = command.stdout(inner).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    drop(command);
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("-o"), "{output:?}");
    assert_eq!(shown(seen), "");

    let (inner, seen) = terminal();
    let mut command = server.command(&["export", "--format", "csv", "--page-size", "10"]);
    let mut child = command.stdout(Stdio::null()).stderr(inner).spawn().unwrap();
    drop(command);
    let text = shown(seen);
    assert!(child.wait().unwrap().success());
    assert!(
        text.contains("10 of 25 findings") && text.ends_with("25 findings exported to standard output\r\n"),
        "{text:?}"
    );

    let (inner, seen) = terminal();
    let mut command = server.command(&["export", "--format", "csv"]);
    let mut child = command.stdout(inner).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    let text = shown(seen);
    assert!(child.wait().unwrap().success());
    assert!(text.contains("calc'!A0\\x1b[2J") && !text.contains('\u{1b}'), "{text:?}");
    assert_eq!(text.lines().count(), 26);
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
