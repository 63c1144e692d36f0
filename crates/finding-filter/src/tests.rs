use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn finding() -> Value {
    json!({
        "name": "organizations/1/sources/2/locations/global/findings/ab",
        "state": "ACTIVE",
        "category": "Execution: Socat Reverse Shell Detected",
        "severity": "MEDIUM",
        "eventTime": "2026-11-23T20:13:52.500Z",
        "sourceProperties": {"Pod_Name": "shop-cart-1", "Pid": 4711, "Text_Number": "17"},
        "securityMarks": {"marks": {"team": "Blue"}},
        "indicator": {"ipAddresses": ["203.0.113.9", "2001:db8::1"]},
        "connections": [
            {"destinationIp": "203.0.113.9", "destinationPort": 4444, "protocol": "TCP"},
            {"destinationIp": "10.1.2.3", "destinationPort": 53, "protocol": "UDP"},
        ],
        "processes": [{"name": "sh", "pid": "77", "args": ["/bin/sh", "-i"]}],
        "kubernetes": {"pods": [{"ns": "shop", "name": "cart", "containers": [{"name": "app"}, {"name": "proxy"}]}]},
        "vedette": {"session": {"direction": "reverse"}},
    })
}

fn resource() -> Value {
    json!({"name": "//container.googleapis.com/projects/1/locations/l/clusters/c", "gcpMetadata": {
        "projectDisplayName": "Shop", "folders": [{"resourceFolder": "//folders/7"}]}})
}

fn matches(text: &str) -> bool {
    let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    filter.matches(&finding(), &resource())
}

#[test]
fn the_first_moment_of_1970_dates_no_finding() {
    let matches = |key: &str, nanos: i64, text: &str| {
        let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let time = finding::Timestamp::from_nanos(nanos).to_string();
        filter.matches(&json!({key: time, "containers": [{"createTime": time}]}), &json!({}))
    };
    for (key, name) in [("eventTime", "event_time"), ("createTime", "create_time")] {
        for (nanos, dated) in [(0, false), (1, true), (-1, true)] {
            for text in ["< 7000", "<= 7000", "> \"1969-01-01T00:00:00Z\""] {
                assert_eq!(matches(key, nanos, &format!("{name} {text}")), dated, "{nanos} {text}");
            }
            assert!(!matches(key, nanos, &format!("{name} = 0")), "{nanos}");
        }
    }
    assert!(
        matches("muteUpdateTime", 0, "mute_update_time = 0"),
        "it dates no finding, and is as it is written"
    );
    assert!(matches("eventTime", 0, "containers.create_time = 0"));
}

fn refused(text: &str) -> (usize, String) {
    let error = text.parse::<Filter>().expect_err(text);
    (error.position, error.to_string())
}

#[test]
fn what_is_true_of_the_finding_matches() {
    for text in [
        "",
        "  ",
        r#"state="ACTIVE""#,
        "state=ACTIVE",
        "state=active",
        r#"category:"reverse shell""#,
        r#"-category="Reverse Shell""#,
        r#"state="ACTIVE" AND NOT mute="MUTED""#,
        "mute=MUTE_UNSPECIFIED",
        r#"event_time > "2026-11-23T20:13:52Z" AND event_time <= "2026-11-23T21:13:52.5+01:00""#,
        "event_time >= 1795464832500 AND event_time < 1795464832501",
        r#"event_time = "1795464832500""#,
        r#"source_properties.Pod_Name : "CART""#,
        r#"source_properties.Pod_Name : """#,
        r#"-source_properties.Nothing : """#,
        "source_properties.Pid > 4710 AND source_properties.Pid < 4712",
        "source_properties.Text_Number = 17",
        r#"source_properties.Pod_Name >= "shop""#,
        r#"security_marks.marks.team = "Blue""#,
        r#"security_marks.marks : *"#,
        "connections.destination_port = 53",
        r#"connections : """#,
        "processes.pid = 77 AND processes.pid >= 77",
        "processes.arguments_truncated = false",
        "processes.user_id = 0",
        r#"processes.args = "-i""#,
        r#"contains(connections, destination_port=53 AND protocol=UDP)"#,
        r#"-contains(connections, destination_port=53 AND protocol=TCP)"#,
        r#"containsOnly(connections, destination_port > 50)"#,
        r#"-containsOnly(connections, protocol=TCP)"#,
        r#"contains(indicator.ip_addresses, "203.0.113.9")"#,
        r#"contains(indicator.ip_addresses, : "DB8")"#,
        r#"contains(kubernetes.pods, ns="shop" AND contains(containers, name="proxy"))"#,
        r#"contains(kubernetes.pods.containers, -name="app")"#,
        r#"inIpRange(connections.destination_ip, "10.0.0.0/8")"#,
        r#"inIpRange(indicator.ip_addresses, "2001:db8::/32")"#,
        r#"-inIpRange(connections.destination_ip, "192.168.0.0/16")"#,
        r#"resource.project_display_name = "Shop""#,
        r#"resource.gcp_metadata.project_display_name = "Shop""#,
        r#"resource.folders.resource_folder : "7""#,
        r#"resource.name : "clusters/c""#,
        r#"vedette.session.direction = "reverse""#,
        r#"severity="LOW" OR severity="MEDIUM" AND state="ACTIVE""#,
    ] {
        assert!(matches(text), "{text}");
        if !text.trim().is_empty() {
            assert!(!matches(&format!("NOT ({text})")), "not {text}");
            assert!(!matches(&format!("-({text})")), "minus {text}");
        }
    }
}

#[test]
fn or_binds_tighter_than_and() {
    // (HIGH or MEDIUM) and (INACTIVE or ACTIVE): read the other way it would be true for everything that is ACTIVE
    let text = r#"severity="HIGH" OR severity="LOW" AND state="INACTIVE" OR state="ACTIVE""#;
    assert!(!matches(text));
    let filter: Filter = text.parse().unwrap();
    let Some(Node::And(parts)) = filter.root() else { panic!("not an AND") };
    assert!(parts.iter().all(|part| matches!(part, Node::Or(both) if both.len() == 2)));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, position, said) in [
        ("severity", 9, "an operator"),
        ("severity=", 10, "one of SEVERITY_UNSPECIFIED"),
        ("severity=\"HUGE\"", 10, "one of SEVERITY_UNSPECIFIED, CRITICAL, HIGH, MEDIUM, LOW"),
        ("severity>\"LOW\"", 9, "= or :"),
        ("sevrity=\"LOW\"", 1, "such as severity"),
        ("eventTime>0", 1, "such as event_time"),
        ("resource.projct=\"a\"", 10, "such as"),
        ("resource.zone=\"a\"", 10, "one of the fields"),
        ("state.x=\"a\"", 7, "state has no parts"),
        ("source_properties.=\"a\"", 19, "a name behind the point"),
        ("connections=\"a\"", 12, "a field of it"),
        ("event_time>\"yesterday\"", 12, "RFC 3339"),
        ("event_time:\"2026\"", 11, "= < <="),
        ("connections.destination_port=http", 30, "a whole number"),
        ("connections.destination_port=99999999999999999999", 30, "63 bits"),
        ("processes.arguments_truncated=1", 31, "true or false"),
        ("state=\"ACTIVE\" and mute=\"MUTED\"", 16, "AND in capitals"),
        ("state=\"ACTIVE\" mute=\"MUTED\"", 16, "AND, OR or the end"),
        ("state=\"ACTIVE", 7, "a closing \""),
        ("(state=\"ACTIVE\"", 16, "a closing )"),
        ("state=\"ACTIVE\")", 15, "AND, OR or the end"),
        ("state!=\"ACTIVE\"", 6, "NOT or -"),
        ("state=\"ACTIVE\" AND", 19, "a comparison"),
        ("bogus(state)", 1, "contains(…)"),
        ("contains(state, \"a\")", 10, "a list"),
        ("contains(connections destination_port=1)", 22, "a comma"),
        ("contains(connections, port=1)", 23, "one of the fields destination_ip"),
        ("inIpRange(connections.destination_ip, \"10/8\")", 39, "a network"),
        ("inIpRange(connections.destination_ip, \"10.0.0.0/33\")", 39, "a network"),
        ("inIpRange(description, \"10.0.0.0/8\")", 11, "holds addresses"),
        ("inIpRange(event_time, \"10.0.0.0/8\")", 11, "holds addresses"),
        ("é§=1", 2, "a field"),
    ] {
        let (at, words) = refused(text);
        assert!(at == position && words.contains(said), "{text}: {words}");
    }
}

#[test]
fn hostile_filters_are_refused_and_overflow_nothing() {
    assert!(refused(&"(".repeat(10_000)).1.contains("50 levels"));
    assert!(refused(&"-".repeat(10_000)).1.contains("50 levels"));
    assert!(refused(&"NOT ".repeat(5_000)).1.contains("50 levels"));
    assert!(refused(&vec!["state=ACTIVE"; 501].join(" OR ")).1.contains("500 comparisons"));
    assert!(refused(&format!("category=\"{}\"", "a".repeat(LENGTH_MAX))).1.contains("bytes"));
    let (_, words) = refused(&format!("\u{1b}[31m{}", "x".repeat(100)));
    assert!(!words.contains('\u{1b}'));
    assert!(matches("event_time < 9223372036854 OR state=ACTIVE"));
    assert!(refused("event_time < 9223372036854775807").1.contains("RFC 3339"));
}

#[test]
fn fields_are_spelt_as_the_model_spells_them() {
    let path = |text: &str| match text.parse::<Filter>().unwrap().root() {
        Some(Node::Compare(Comparison { field, .. })) => field.path.clone(),
        other => panic!("{text}: {other:?}"),
    };
    let key = |name: &str| Step::Key(name.into());
    assert_eq!(path("mute_update_time>0"), [key("muteUpdateTime")]);
    assert_eq!(
        path("processes.binary.sha256=a"),
        [key("processes"), Step::Each, key("binary"), key("sha256")]
    );
    assert_eq!(
        path("external_systems.jira_1.case_uri=a"),
        [key("externalSystems"), key("jira_1"), key("caseUri")]
    );
    assert_eq!(path("resource.parent_name=a"), [key("gcpMetadata"), key("parent")]);
    assert_eq!(path("source_properties.Pod_Name=a"), [key("sourceProperties"), key("Pod_Name")]);
}

proptest! {
    #[test]
    fn any_text_is_a_filter_or_refused_with_a_place(text in ".{0,200}") {
        if let Err(error) = text.parse::<Filter>() {
            prop_assert!(error.position <= text.chars().count() + 1);
        }
    }

    #[test]
    fn any_row_of_tokens_is_a_filter_or_refused(words in proptest::collection::vec(
        prop::sample::select(vec!["(", ")", "-", "NOT", "AND", "OR", "state", "=", ":", "\"ACTIVE\"", "contains(", "connections",
            ",", "destination_port", "<", "4", "*", "processes.args"]), 0..40)) {
        if let Ok(filter) = words.join(" ").parse::<Filter>() {
            let _ = filter.matches(&finding(), &resource());
        }
    }
}
