//! A real sensor, a real server, a real shell: the finding comes to the store whatever ends in between.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "why a test did not run is its report")]

#[path = "server/stage.rs"]
mod stage;

use intake::SensorDocument;
use intake::proto::Settings;
use rustix::process::Signal;
use serde_json::Value;
use stage::{Process, Shell, Stage, cannot_watch, eventually};
use store::DocumentKind;

const CATEGORY: &str = "Execution: Socat Reverse Shell Detected";

#[test]
fn a_finding_reaches_a_server_that_came_late_though_the_sensor_was_killed() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    let stage = Stage::new();
    let Some(mut sensor) = stage.sensor() else { return };
    let shell = Shell::open();
    let kept = || stage.spool_holds(&format!(":{}", shell.port)).then_some(());
    eventually("the finding is in the spool", kept);
    sensor.end(Signal::KILL);
    assert_eq!(sensor.printed(), "", "nothing is printed where a server is told");

    let mut sensor = stage.sensor().unwrap();
    let read = || stage.spool_holds("\"fromSnapshot\":true").then_some(());
    eventually("the open session is found again", read);
    let server = stage.serve();
    let item = eventually("the finding is in the store", || stage.finding_of(shell.port));
    assert_eq!(item.finding.category, CATEGORY);
    assert_eq!(item.resource.display_name, "shop");
    sensor.after("connected to a server");
    // what the second sensor read of the open session knows less than what the first saw
    eventually("everything is sent", || stage.spool_is_empty().then_some(()));
    let item = stage.finding_of(shell.port).unwrap();
    assert_eq!(item.finding.vedette["coverage"]["fromSnapshot"], false);
    assert_eq!(item.finding.vedette["session"]["ended"], Value::Null);
    for piece in item.finding.vedette["evidence"].as_array().unwrap() {
        let sha256 = piece["sha256"].as_str().unwrap();
        eventually("the evidence is in the store", || stage.has_evidence(sha256).then_some(()));
    }

    let beat: SensorDocument = eventually("a heartbeat that counts the finding is in the store", || {
        let document = stage.document(DocumentKind::Sensor, "shop/n1")?;
        let beat: SensorDocument = serde_json::from_value(document).ok()?;
        beat.counters.get("finding").is_some_and(|findings| findings.out > 0).then_some(beat)
    });
    assert_eq!((beat.cluster.as_str(), beat.node.as_str(), beat.mode.as_str()), ("shop", "n1", "ebpf"));
    assert_eq!(beat.sensor_version, env!("CARGO_PKG_VERSION"));
    assert!(beat.probes_loaded, "{beat:?}");
    assert_eq!(beat.parent, item.finding.parent);
    assert_eq!(beat.resource, serde_json::to_value(&item.resource).unwrap());
    assert_eq!(beat.configuration_hash, stage.hash_of_configuration());
    assert_eq!(beat.binary_hash, Stage::hash_of_sensor());

    drop(shell);
    eventually("the session's end is in the store", || {
        let item = stage.finding_of(item.finding.connections[0].destination_port.try_into().ok()?)?;
        item.finding.vedette["session"]["ended"].is_string().then_some(())
    });
    assert!(sensor.end(Signal::TERM).success(), "a requested end is no failure");
    assert!(stage.spool_is_empty());
    drop(server);
}

#[test]
fn the_server_says_which_detectors_run() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    let stage = Stage::new();
    stage.tell(Settings { modules_set: true, modules: Vec::new(), heartbeat_seconds: 1 });
    let server = stage.serve();
    let Some(mut sensor) = stage.sensor() else { return };
    sensor.after("detectors that run from now on: ");
    let unseen = Shell::open();
    let module = |shell: &Shell| Some(stage.finding_of(shell.port)?.finding.module_name);

    let modules = vec!["REVERSE_SHELL".to_owned()];
    stage.tell(Settings { modules_set: true, modules, heartbeat_seconds: 1 });
    assert_eq!(sensor.after("detectors that run from now on: "), "REVERSE_SHELL");
    let seen = Shell::open();
    assert_eq!(eventually("the one that runs finds it", || module(&seen)), "REVERSE_SHELL");
    let then = eventually("what is open when a detector begins to run is found", || module(&unseen));
    assert_eq!(then, "REVERSE_SHELL");

    stage.tell(Settings { modules_set: false, modules: Vec::new(), heartbeat_seconds: 1 });
    assert!(sensor.after("detectors that run from now on: ").contains("SOCAT_REVERSE_SHELL_DETECTED"));
    let last = Shell::open();
    let named = eventually("its own configuration holds again", || module(&last));
    assert_eq!(named, "SOCAT_REVERSE_SHELL_DETECTED");
    assert!(sensor.end(Signal::TERM).success());
    drop(server);
}

#[test]
fn what_the_server_said_holds_after_a_restart_without_it() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    let stage = Stage::new();
    let modules = vec!["REVERSE_SHELL".to_owned()];
    stage.tell(Settings { modules_set: true, modules, heartbeat_seconds: 1 });
    let server = stage.serve();
    let Some(mut sensor) = stage.sensor() else { return };
    let running = "detectors that run from now on: ";
    assert_eq!(sensor.after(running), "REVERSE_SHELL");
    let kept = stage.folder().join("spool/modules.json");
    eventually("it is kept", || kept.exists().then_some(()));
    drop(server);
    sensor.end(Signal::KILL);

    let Some(mut sensor) = stage.sensor() else { return };
    let heard = sensor.said().split_once(running).map(|(_, rest)| rest.lines().next().unwrap().to_owned());
    assert_eq!(heard.unwrap_or_else(|| sensor.after(running)), "REVERSE_SHELL");
    let shell = Shell::open();
    let read = || stage.spool_holds(&format!(":{}", shell.port)).then_some(());
    eventually("what runs finds it", read);
    let server = stage.serve();
    let module = eventually("the server has it", || Some(stage.finding_of(shell.port)?.finding.module_name));
    assert_eq!(module, "REVERSE_SHELL", "the other one is switched off");

    stage.tell(Settings { modules_set: false, modules: Vec::new(), heartbeat_seconds: 1 });
    assert!(sensor.after(running).contains("SOCAT_REVERSE_SHELL_DETECTED"));
    eventually("nothing is kept", || (!kept.exists()).then_some(()));
    assert!(sensor.end(Signal::TERM).success());
    drop(server);
}

#[test]
fn a_spool_that_cannot_be_had_is_named() {
    let stage = Stage::new();
    std::fs::write(stage.folder().join("spool"), "no folder").unwrap();
    let mut sensor: Process = stage.start();
    assert_eq!(sensor.wait().code(), Some(1));
    let said = sensor.said();
    assert!(said.contains("spool") && said.contains("give the spool another folder"), "{said}");
}
