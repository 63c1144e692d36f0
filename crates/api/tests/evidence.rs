//! What is told of evidence, and the archive that holds all of a finding's.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use std::path::Path;
use std::process::Command;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, header};
use finding::Timestamp;
use serde_json::{Value, json};
use server::{Server, TOKEN, name};
use store::{AuditLog, EvidenceKind, EvidenceMeta, EvidenceStore, Sha256};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse ' battery";

async fn put(server: &Server, bytes: &[u8], label: &str, kind: EvidenceKind) -> Sha256 {
    let meta = EvidenceMeta {
        finding: name(0).parse().unwrap(),
        kind,
        name: label.to_owned(),
        taken_at: Timestamp::from_nanos(1_795_464_832_000_000_000),
        original_size: bytes.len() as u64,
        truncated: false,
    };
    server.store.put(bytes.to_vec(), meta).await.unwrap()
}

/// A server with three pieces for one finding.
async fn stocked() -> (Server, [Sha256; 3]) {
    let server = Server::with(1).await;
    let program = std::fs::read("/bin/true").unwrap();
    let script = "#!/bin/sh\n\u{202e}evil";
    let pieces = [
        put(&server, &program, "/usr/bin/true", EvidenceKind::Executable).await,
        put(&server, script.as_bytes(), "../../etc/cron.d/x\r\n", EvidenceKind::Script).await,
        put(&server, b"\x7fELF\xff\xff\xff", "/tmp/broken", EvidenceKind::Executable).await,
    ];
    (server, pieces)
}

async fn raw(server: &Server, path: &str, body: Value) -> (u16, HeaderMap, Vec<u8>) {
    let method = if body.is_null() { "GET" } else { "POST" };
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    let request = request.header("authorization", format!("Bearer {TOKEN}"));
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let response = server.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status.as_u16(), parts.headers, to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

fn piece(list: &Value, sha256: Sha256) -> Value {
    let pieces = list["evidence"].as_array().unwrap();
    pieces.iter().find(|piece| piece["sha256"] == sha256.to_string()).unwrap().clone()
}

#[tokio::test]
async fn executables_are_described_by_their_headers() {
    let (server, [program, script, broken]) = stocked().await;
    let list = server.good("GET", &format!("/v2/{}/evidence", name(0)), Value::Null).await;
    let elf = &piece(&list, program)["elf"];
    assert_eq!((&elf["class"], &elf["machine"]), (&json!("ELF64"), &json!(std::env::consts::ARCH)), "{elf}");
    assert_eq!(
        (&elf["type"], &elf["static"], &elf["stripped"]),
        (&json!("DYN"), &json!(false), &json!(true))
    );
    assert!(elf["interpreter"].as_str().unwrap().contains("ld-linux"), "{elf}");
    assert!(elf["buildId"].as_str().unwrap().len() >= 16, "{elf}");
    assert!(elf["needed"].as_array().unwrap().contains(&json!("libc.so.6")), "{elf}");
    for other in [script, broken] {
        assert_eq!(piece(&list, other)["elf"], Value::Null);
    }
}

#[tokio::test]
async fn custody_says_who_had_a_piece_however_it_was_asked_for() {
    let (server, [program, script, _]) = stocked().await;
    let list = format!("/v2/{}/evidence", name(0));
    let actions = async |sha256| {
        let list = server.good("GET", &list, Value::Null).await;
        let custody = piece(&list, sha256)["custody"].clone();
        let entries = custody.as_array().unwrap().iter();
        entries.map(|e| (e["action"].clone(), e["principal"].clone())).collect::<Vec<_>>()
    };
    let begin = [(json!("taken"), json!("sensor")), (json!("stored"), json!("server"))];
    assert_eq!(actions(program).await, begin);
    let encoded = format!("/v1/{}/evidence/{program}", name(0)).replace("findings/f", "findings/%66");
    let canonical = format!(
        "/v2/projects/shop/sources/container-threat-detection/locations/global/findings/f000/evidence/{program}"
    );
    let without = format!("{list}/{program}").replace("/locations/global", "");
    for path in [&format!("{list}/{program}"), &encoded, &canonical, &without] {
        assert_eq!(raw(&server, path, Value::Null).await.0, 200, "{path}");
    }
    let missing = format!("{list}/{}", "0f".repeat(32));
    assert_eq!(raw(&server, &missing, Value::Null).await.0, 404);
    let downloaded = (json!("downloaded"), json!("token:local"));
    assert_eq!(actions(program).await[2..], vec![downloaded.clone(); 4]);
    assert_eq!(actions(script).await, begin);
    let body = json!({"password": PASSWORD});
    assert_eq!(raw(&server, &format!("{list}:archive"), body).await.0, 200);
    assert_eq!(actions(program).await.len(), 7);
    assert_eq!(actions(script).await[2..], [downloaded]);
}

/// Opens an archive with a program that others wrote, and prints what is in it as JSON.
const OPEN: &str = r#"
import json, sys, hashlib, pyzipper
archive, password = sys.argv[1], sys.argv[2].encode()
files = {}
with pyzipper.AESZipFile(archive) as zip:
    for info in zip.infolist():
        assert info.flag_bits & 1, info.filename
        assert info.wz_aes_strength == 3, info.wz_aes_strength
        try:
            zip.read(info.filename, pwd=b"a wrong password")
            sys.exit("a wrong password opens it")
        except RuntimeError:
            pass
        files[info.filename] = zip.read(info.filename, pwd=password)
manifest = json.loads(files.pop("manifest.json"))
print(json.dumps({"manifest": manifest, "files": {n: hashlib.sha256(b).hexdigest() for n, b in files.items()}}))
"#;

#[tokio::test]
async fn an_archive_holds_every_piece_and_a_manifest_for_whoever_knows_the_password() {
    let (server, pieces) = stocked().await;
    let path = format!("/v2/{}/evidence:archive", name(0));
    let (status, headers, bytes) = raw(&server, &path, json!({"password": PASSWORD})).await;
    assert_eq!((status, &headers[header::CONTENT_TYPE]), (200, &"application/zip".parse().unwrap()));
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"evidence-f000.zip\"");
    assert_eq!(headers[header::CONTENT_LENGTH], bytes.len().to_string());
    assert!(bytes.starts_with(b"PK\x03\x04"));
    let shown = String::from_utf8_lossy(&bytes);
    assert!(!shown.contains("evil") && !shown.contains("cron.d/") && !shown.contains(PASSWORD));

    let entry = server.store.audit(None, 1).await.unwrap().remove(0).entry;
    assert_eq!((entry.method.as_str(), entry.outcome.as_str()), ("evidence.archive", "OK"));
    assert_eq!(entry.detail["pieces"].as_array().unwrap().len(), 3);
    assert!(!format!("{entry:?}").contains(PASSWORD));

    let programs = match pypi::environment(Path::new(env!("CARGO_TARGET_TMPDIR")), &["pyzipper==0.3.6"]) {
        Ok(programs) => programs,
        Err(why) => return println!("skipped: pyzipper cannot be had from PyPI: {why}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("evidence.zip");
    std::fs::write(&archive, &bytes).unwrap();
    let mut command = Command::new(programs.join("python"));
    let output = command.args(["-c", OPEN]).arg(&archive).arg(PASSWORD).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = told["files"].as_object().unwrap();
    let mut hashes: Vec<String> = files.values().map(|hash| hash.as_str().unwrap().to_owned()).collect();
    let mut wanted = pieces.map(|sha256| sha256.to_string());
    hashes.sort();
    wanted.sort();
    assert_eq!(hashes, wanted);
    let is_safe = |name: &String| {
        name.ends_with(".evidence") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    assert!(files.keys().all(is_safe), "{files:?}");
    let manifest = &told["manifest"];
    assert_eq!((&manifest["finding"], &manifest["principal"]), (&json!(name(0)), &json!("token:local")));
    for piece in manifest["pieces"].as_array().unwrap() {
        assert_eq!(files[piece["file"].as_str().unwrap()], piece["sha256"]);
        assert_eq!(piece["custody"][0]["action"], "taken");
    }
}

#[tokio::test]
async fn an_archive_needs_a_password_that_is_worth_one() {
    let (server, _) = stocked().await;
    let path = format!("/v2/{}/evidence:archive", name(0));
    for password in [
        json!(null),
        json!(""),
        json!("elevenchars"),
        json!("passwörter-lang"),
        json!("a\nlonger password"),
        json!("x".repeat(100)),
        json!(123_456_789_012_i64),
    ] {
        let body = json!({"password": password});
        assert_eq!(server.blamed("POST", &path, body).await, "password", "{password}");
    }
    assert_eq!(server.ask("POST", &path, json!({"password": "x".repeat(99)})).await.0, 200);
    let none = format!("/v2/{}/evidence:archive", name(3));
    assert_eq!(server.ask("POST", &none, json!({"password": PASSWORD})).await.0, 404);
}
