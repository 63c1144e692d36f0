//! `vedette server` as a user meets it: a process with a configuration file, administered by commands, over TLS.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "why a test did not run is its report")]

#[path = "server/bench.rs"]
mod bench;
#[path = "server/database.rs"]
mod database;
#[path = "server/exit_codes.rs"]
mod exit_codes;
#[path = "server/guesses.rs"]
mod guesses;
#[path = "kill/finding.rs"]
mod made;
#[path = "server/outputs.rs"]
mod outputs;
#[path = "server/stage.rs"]
mod stage;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use intake::proto::HeartbeatRequest;
use intake::{Sender, SenderOptions, Spool};
use made::{CLUSTER, NODE, item, now};
use serde_json::Value;
use stage::Stage;

/// What a sensor says of itself.
fn beat() -> HeartbeatRequest {
    let resource = item(0, "").resource;
    HeartbeatRequest {
        sensor_version: "1".into(),
        probes_loaded: true,
        start_time_ns: now().nanos(),
        now_ns: now().nanos(),
        parent: "organizations/1/sources/v".into(),
        resource_json: serde_json::to_vec(&resource).unwrap(),
        ..HeartbeatRequest::default()
    }
}

#[test]
fn a_node_joins_delivers_is_told_its_modules_and_is_shut_out() {
    let stage = Stage::start("intake: {listen: \"INTAKE\", heartbeatSeconds: 1}\n");
    let folder = stage.folder();
    let [pem, authority] = ["node.pem", "authority.crt"].map(|name| folder.join(name));
    let said = stage.good(&[
        "sensors",
        "certificate",
        &format!("{CLUSTER}/{NODE}"),
        "-o",
        pem.to_str().unwrap(),
        "--authority-out",
        authority.to_str().unwrap(),
    ]);
    assert!(!said.contains("PRIVATE KEY"), "{said}");

    let mut options = SenderOptions::new(vec![format!("https://{}", stage.intake())], authority);
    options.identity = Some(pem.clone());
    options.pause = Duration::from_millis(50);
    options.heartbeat = Duration::from_millis(200);
    let spool = Arc::new(Spool::open(&folder.join("spool"), 64 << 20).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let sender = Sender::new(options, Arc::clone(&spool), Arc::new(beat));
    let (settings, counters) = (sender.settings(), sender.counters());
    runtime.spawn(sender.run(std::future::pending()));
    spool.put_findings(&[item(1, "a shell"), item(2, "another")], now()).unwrap();
    stage.eventually("delivered", || spool.status().oldest_ns == 0);

    let listed = stage.good(&["findings", "list", "--format", "value(finding.description)"]);
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let sensors = stage.good(&["sensors", "list"]);
    assert!(sensors.contains(CLUSTER) && sensors.contains(NODE) && sensors.contains("attached"), "{sensors}");

    // nobody said anything of modules; then somebody does, for the cluster
    stage.eventually("heard", || counters.heartbeats.load(Ordering::Relaxed) > 0);
    assert!(!settings.borrow().modules_set);
    let cluster = format!("projects/p/locations/l/clusters/{CLUSTER}");
    let body = r#"{"modules": {"REVERSE_SHELL": {"moduleEnablementState": "DISABLED"}}}"#;
    stage.patch(&format!("/v1beta2/{cluster}/containerThreatDetectionSettings?updateMask=modules"), body);
    stage.eventually("told", || {
        let told = settings.borrow();
        told.modules_set
            && !told.modules.iter().any(|name| name == "REVERSE_SHELL")
            && !told.modules.is_empty()
    });

    let node = format!("{CLUSTER}/{NODE}");
    stage.good(&["sensors", "revoke", &node, "--reason", "the node was stolen"]);
    stage.eventually("shut out", || !counters.connected.load(Ordering::Relaxed));
    spool.put_findings(&[item(3, "a lie")], now()).unwrap();
    let heard = counters.heartbeats.load(Ordering::Relaxed);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(counters.heartbeats.load(Ordering::Relaxed), heard);
    assert!(spool.status().oldest_ns != 0, "what was not taken stays in the spool");

    // a node that is heard no more is a finding, from the server's side
    stage.eventually("missed", || {
        stage.good(&["findings", "list", "--filter", "category=\"Vedette: Sensor Silent\""]).contains(NODE)
    });
    let audit = stage.good(&["audit", "list"]);
    for method in ["sensors.issueCertificate", "revokedCertificates.create"] {
        assert!(audit.contains(method), "{audit}");
    }
}

#[test]
fn roles_count_over_tls_and_what_is_revoked_ends() {
    let stage = Stage::start_with_tls("organization: \"1\"\n");
    stage.deny(&["findings", "list"], None, "token");
    let secret =
        |name: &str, role: &str| stage.good(&["tokens", "create", name, "--role", role]).trim().to_owned();
    let (viewer, editor) = (secret("viewer", "viewer@projects/shop"), secret("editor", "editor"));
    let list = ["findings", "list", "projects/shop/sources/-"];
    stage.good_as(&viewer, &list);
    stage.deny(&["findings", "list"], Some(&viewer), "findings.read");
    let mute = ["findings", "bulk-mute", "--filter", "severity=\"LOW\"", "--parent", "projects/shop"];
    stage.deny(&mute, Some(&viewer), "findings.setMute");
    stage.deny(&["tokens", "list"], Some(&editor), "tokens.manage");
    stage.deny(&["audit", "list"], Some(&editor), "audit.read");
    stage.good_as(&editor, &["findings", "list"]);
    stage.good(&["tokens", "revoke", "editor"]);
    stage.deny(&["findings", "list"], Some(&editor), "revoked");
    let audit = stage.good(&["audit", "list", "--format", "json"]);
    let audit: Vec<Value> = serde_json::from_str(&audit).unwrap();
    let said = |method: &str, outcome: &str| {
        audit.iter().any(|entry| entry["method"] == method && entry["outcome"] == outcome)
    };
    assert!(said("tokens.create", "OK") && said("tokens.list", "PERMISSION_DENIED"), "{audit:?}");
    assert!(!serde_json::to_string(&audit).unwrap().contains(&viewer), "no secret is written down");
}

/// Google's own library, with a key file made here and another address: nothing else is changed.
#[test]
fn googles_client_works_with_a_key_file_of_ours() {
    let python = match pypi::environment(
        Path::new(env!("CARGO_TARGET_TMPDIR")),
        &["google-cloud-securitycenter==1.48.0"],
    ) {
        Ok(programs) => programs.join("python"),
        Err(why) => return println!("skipped: google-cloud-securitycenter cannot be had from PyPI: {why}"),
    };
    let stage = Stage::start("");
    let key = stage.folder().join("key.json");
    let key = key.to_str().unwrap();
    stage.good(&["service-accounts", "create-key", "soar", "--role", "admin", "-o", key]);
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/with_key.py"));
    let output = command.args([&stage.api().to_string(), key]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("works with a key file"), "{said}");
    let audit = stage.good(&["audit", "list", "--principal", "serviceAccount:soar@vedette.local"]);
    assert!(audit.contains("findings.create"), "{audit}");
    assert!(audit.contains("serviceAccountKeys.grantToken"), "{audit}");
}
