//! What is too much, too deep, said twice or at an impossible time: the right status, the field named, nothing half-written.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Map, Value, json};
use server::{Server, TOKEN, encoded, name};
use tower::ServiceExt;

const ALL: &str = "/v2/organizations/1/sources/-/findings";
const GROUP: &str = "/v2/organizations/1/sources/-/findings:group";
/// Bytes of a body that are read, and of a finding that are kept.
const LIMIT: usize = 4 << 20;

/// The status of an answer to bytes that need not be JSON.
async fn sent(server: &Server, method: &str, path: &str, announced: Option<usize>, body: Body) -> u16 {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:1");
    request = request.header("authorization", format!("Bearer {TOKEN}"));
    if let Some(length) = announced {
        request = request.header("content-length", length);
    }
    server.router.clone().oneshot(request.body(body).unwrap()).await.unwrap().status().as_u16()
}

/// The message of a refusal, which must be 400 and blame that field.
async fn refused(server: &Server, method: &str, path: &str, body: Value, field: &str) -> String {
    let (status, answer) = server.ask(method, path, body).await;
    let shown: String = answer.to_string().chars().take(400).collect();
    assert_eq!((status, &answer["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{shown}");
    assert_eq!(answer["error"]["details"][0]["fieldViolations"][0]["field"], field, "{shown}");
    answer["error"]["message"].as_str().unwrap().to_owned()
}

/// One finding as it is stored.
async fn stored(server: &Server) -> Value {
    server.good("GET", &format!("/v2/{}", name(0)), Value::Null).await["finding"].take()
}

#[tokio::test]
async fn bodies_that_are_too_long_are_not_read() {
    let server = Server::with(1).await;
    let before = stored(&server).await;
    let patch = format!("/v2/{}?updateMask=description", name(0));
    for (path, method) in [
        (patch.as_str(), "PATCH"),
        (GROUP, "POST"),
        ("/v2/organizations/1/findings:bulkMute", "POST"),
        ("/v2/organizations/1/muteConfigs?muteConfigId=a", "POST"),
        ("/v2/organizations/1/sources", "POST"),
    ] {
        // announced, and not announced
        assert_eq!(sent(&server, method, path, Some(LIMIT + 1), Body::empty()).await, 413, "{path}");
        let body = format!("{{\"description\": \"{}\"}}", "x".repeat(LIMIT));
        assert_eq!(sent(&server, method, path, None, Body::from(body)).await, 413, "{path}");
    }
    assert_eq!(stored(&server).await, before);
    let long = format!("{ALL}?filter={}", encoded(&"x".repeat(17 << 10)));
    assert_eq!(sent(&server, "GET", &long, None, Body::empty()).await, 414);
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused_and_what_is_kept_can_be_read() {
    let server = Server::with(1).await;
    let before = stored(&server).await;
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let body = |depth: usize| format!("{{\"sourceProperties\": {{\"Deep\": {}}}}}", nested(depth));
    let patch = format!("/v2/{}?updateMask=sourceProperties.Deep", name(0));
    for depth in [63, 100, 124, 126, 127, 10_000, 1_000_000] {
        assert_eq!(sent(&server, "PATCH", &patch, None, Body::from(body(depth))).await, 400, "{depth}");
    }
    assert_eq!(stored(&server).await, before);
    // brackets in a text are none
    let text = json!({"sourceProperties": {"Deep": format!("\\\"{}", "[".repeat(500))}});
    server.good("PATCH", &patch, text).await;
    assert_eq!(sent(&server, "PATCH", &patch, None, Body::from(body(62))).await, 200);
    for path in
        [format!("{ALL}?$fields=listFindingsResults"), format!("{ALL}?prettyPrint=true"), ALL.to_owned()]
    {
        let (status, _) = server.ask("GET", &path, Value::Null).await;
        assert_eq!(status, 200, "{path}");
    }
    let message = refused(&server, "PATCH", &patch, serde_json::from_str(&body(100)).unwrap(), "body").await;
    assert!(message.contains("64 levels"), "{message}");
}

#[tokio::test]
async fn masks_and_paths_lead_only_so_deep() {
    let server = Server::with(1).await;
    let before = stored(&server).await;
    let deep = |first: &str, levels: usize| format!("{first}{}", ".a".repeat(levels));
    for first in ["access", "kubernetes", "indicator", "processes", "description"] {
        let path = format!("/v2/{}?updateMask={}", name(0), deep(first, 8_000));
        refused(&server, "PATCH", &path, json!({}), "updateMask").await;
    }
    let path = format!("/v2/{}/externalSystems/jira?updateMask={}", name(0), deep("ticketInfo", 8_000));
    refused(&server, "PATCH", &path, json!({}), "updateMask").await;
    let path = format!("/v2/{}/securityMarks?updateMask={}", name(0), deep("marks", 8_000));
    refused(&server, "PATCH", &path, json!({}), "securityMarks.marks").await;
    for (parameter, levels) in [("fieldMask", 8_000), ("$fields", 8_000)] {
        let (status, answer) =
            server.ask("GET", &format!("{ALL}?{parameter}={}", deep("access", levels)), Value::Null).await;
        assert!(status == 200 || status == 400, "{parameter}: {answer}");
    }
    assert_eq!(stored(&server).await, before);
}

#[tokio::test]
async fn filters_that_are_too_much_are_refused_wherever_one_stands() {
    let server = Server::with(1).await;
    let topic =
        |filter: &str| json!({"pubsubTopic": "projects/p/topics/t", "streamingConfig": {"filter": filter}});
    for (filter, said) in [
        (format!("{}state=ACTIVE{}", "(".repeat(51), ")".repeat(51)), "50 levels"),
        ("-".repeat(60) + "state=ACTIVE", "50 levels"),
        ("NOT ".repeat(60) + "state=ACTIVE", "50 levels"),
        (vec!["state=ACTIVE"; 501].join(" OR "), "500 comparisons"),
    ] {
        for (path, body, field) in [
            (GROUP, json!({"groupBy": "category", "filter": filter}), "filter"),
            ("/v2/organizations/1/findings:bulkMute", json!({"filter": filter}), "filter"),
            (
                "/v2/organizations/1/muteConfigs?muteConfigId=a",
                json!({"filter": filter}),
                "muteConfig.filter",
            ),
            (
                "/v2/organizations/1/notificationConfigs?configId=a",
                topic(&filter),
                "notificationConfig.streamingConfig.filter",
            ),
            (
                "/v2/organizations/1/bigQueryExports?bigQueryExportId=a",
                json!({"dataset": "projects/p/datasets/d", "filter": filter}),
                "bigQueryExport.filter",
            ),
        ] {
            let message = refused(&server, "POST", path, body, field).await;
            assert!(message.contains(said), "{path}: {message}");
            assert!(message.len() < 1_000, "{path}: {message}");
        }
        if filter.len() < 10_000 {
            let path = format!("{ALL}?filter={}", encoded(&filter));
            let message = refused(&server, "GET", &path, Value::Null, "filter").await;
            assert!(message.contains(said), "{message}");
        }
    }
    // limited to its scope a rule has a little more than was said, and must still be one
    let path = "/v2/organizations/1/muteConfigs?muteConfigId=a";
    for filter in
        [vec!["severity=LOW"; 500].join(" OR "), format!("{}severity=LOW{}", "(".repeat(49), ")".repeat(49))]
    {
        refused(&server, "POST", path, json!({"filter": filter}), "muteConfig.filter").await;
    }
    assert_eq!(
        server.good("GET", "/v2/organizations/1/muteConfigs", Value::Null).await["muteConfigs"],
        json!([])
    );
}

#[tokio::test]
async fn the_largest_filters_work_wherever_one_stands() {
    let server = Server::with(4).await;
    let many = |count: usize| vec!["severity=HIGH"; count - 1].join(" OR ") + " OR category=\"nothing\"";
    let all = |count: usize| vec!["severity=HIGH"; count].join(" AND ");
    let deep = |depth: usize| format!("{}severity=HIGH{}", "(".repeat(depth), ")".repeat(depth));
    let steps = format!("severity=HIGH AND -vedette{}:*", ".a".repeat(7_000));
    let long = |length: usize| format!("severity=HIGH OR category=\"{}\"", "x".repeat(length));
    for (filter, rule) in [
        (many(500), many(498)),
        (all(500), all(498)),
        (deep(49), deep(48)),
        ("-".repeat(48) + "severity=HIGH", "-".repeat(48) + "severity=HIGH"),
        (steps.clone(), steps),
        (long(32_000), long(16_000)),
    ] {
        let begins: String = filter.chars().take(60).collect();
        let asked = json!({"groupBy": "severity", "filter": filter});
        let groups = server.good("POST", GROUP, asked).await;
        let high = json!([{"properties": {"severity": "HIGH"}, "count": "2"}]);
        assert_eq!(groups["groupByResults"], high, "{begins}");
        let path = "/v2/organizations/1/muteConfigs?muteConfigId=a";
        server.good("POST", path, json!({"filter": rule, "type": "DYNAMIC"})).await;
        let muted = format!("{ALL}?filter=mute%3DMUTED");
        assert_eq!(server.listed(&muted).await, ["f000", "f002"], "{begins}");
        server.good("DELETE", "/v2/organizations/1/muteConfigs/a", Value::Null).await;
        let bulk = "/v2/organizations/1/findings:bulkMute";
        for (state, count) in [("MUTED", 2), ("UNDEFINED", 0)] {
            server.good("POST", bulk, json!({"filter": filter, "muteState": state})).await;
            assert_eq!(server.listed(&muted).await.len(), count, "{begins}");
        }
    }
}

/// Bytes of marks can be many; how many there are is bounded.
#[tokio::test]
async fn a_finding_has_a_hundred_marks_however_they_come() {
    let server = Server::with(2).await;
    let path = format!("/v2/{}/securityMarks", name(0));
    let marks = |from: usize, to: usize| -> Value {
        let marks: Map<String, Value> = (from..to).map(|n| (format!("k{n}"), json!("v"))).collect();
        json!({ "marks": marks })
    };
    // a patch with hundreds of thousands of them, with a mask that names one, and with none
    let many = marks(0, 250_000);
    assert!(many.to_string().len() < LIMIT);
    for mask in ["", "?updateMask=marks", "?updateMask=marks.k1"] {
        let message =
            refused(&server, "PATCH", &format!("{path}{mask}"), many.clone(), "securityMarks.marks").await;
        assert!(message.contains("at most 100"), "{message}");
    }
    assert_eq!(stored(&server).await["securityMarks"], Value::Null);

    // many patches, each of which adds some
    let added = async |from: usize, to: usize| {
        let mask: Vec<String> = (from..to).map(|n| format!("marks.k{n}")).collect();
        server.ask("PATCH", &format!("{path}?updateMask={}", mask.join(",")), marks(from, to)).await
    };
    for from in (0..100).step_by(20) {
        assert_eq!(added(from, from + 20).await.0, 200);
    }
    let full = stored(&server).await;
    assert_eq!(full["securityMarks"]["marks"].as_object().unwrap().len(), 100);
    for (from, to) in [(100, 101), (95, 102), (200, 300)] {
        let (status, answer) = added(from, to).await;
        assert_eq!(status, 400, "{answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("at most 100 marks") && message.contains("take some away"), "{message}");
    }
    assert_eq!(stored(&server).await, full, "nothing half-written");
    // other spellings of the same keys are the same marks, and the place of one that goes is free
    let spelt =
        server.good("PATCH", &format!("{path}?updateMask=marks.K7"), json!({"marks": {"K7": "w"}})).await;
    assert_eq!((spelt["marks"].as_object().unwrap().len(), &spelt["marks"]["k7"]), (100, &json!("w")));
    let one = server
        .good("PATCH", &format!("{path}?updateMask=marks.k3,marks.new"), json!({"marks": {"new": "v"}}))
        .await;
    assert_eq!(one["marks"].as_object().unwrap().len(), 100);
    // as large as they can be, the finding is still answered
    let long = "k".repeat(250);
    let large: Map<String, Value> =
        (0..100).map(|n| (format!("{long}{n}"), json!("\u{1f600}".repeat(4_096)))).collect();
    server.good("PATCH", &path, json!({ "marks": large })).await;
    assert_eq!(stored(&server).await["securityMarks"]["marks"].as_object().unwrap().len(), 100);
    assert_eq!(server.listed(ALL).await, ["f000", "f001"]);
}

/// Each patch is small enough; what they add up to is bounded, too.
#[tokio::test]
async fn a_finding_does_not_grow_without_end() {
    let server = Server::with(1).await;
    let text = "x".repeat(900 << 10);
    let (mut last, mut kept) = ((200, Value::Null), 0);
    while last.0 == 200 && kept < 8 {
        let path = format!("/v2/{}?updateMask=sourceProperties.Part{kept}", name(0));
        let mut properties = Map::new();
        properties.insert(format!("Part{kept}"), text.clone().into());
        last = server.ask("PATCH", &path, json!({ "sourceProperties": properties })).await;
        kept += 1;
    }
    let (status, answer) = last;
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert_eq!((status, kept), (400, 5), "{message}");
    assert_eq!(answer["error"]["details"][0]["fieldViolations"][0]["field"], "finding");
    assert!(message.contains("at most 4194304 bytes"), "{message}");
    let before = stored(&server).await;
    assert_eq!(before["sourceProperties"]["Part4"], Value::Null);
    // other systems count, and what makes it smaller or leaves it as large is always taken
    let path = format!("/v2/{}/externalSystems/jira", name(0));
    let (status, answer) = server.ask("PATCH", &path, json!({"status": text})).await;
    assert_eq!(status, 400, "{}", answer["error"]["message"]);
    let path = format!("/v2/{}:setMute", name(0));
    assert_eq!(server.ask("POST", &path, json!({"mute": "MUTED"})).await.0, 200);
    let path = format!("/v2/{}?updateMask=sourceProperties.Part0", name(0));
    server.good("PATCH", &path, json!({})).await;
}

#[tokio::test]
async fn a_parameter_stands_once() {
    let server = Server::with(3).await;
    for (query, field) in [
        ("pageSize=1&pageSize=2", "pageSize"),
        ("pageSize=1&page_size=1", "pageSize"),
        ("filter=severity%3DHIGH&filter=severity%3DLOW", "filter"),
        ("filter=severity%3DHIGH&filter=severity%3DHIGH", "filter"),
        ("order_by=name&orderBy=name", "orderBy"),
        ("fieldMask=name&fieldMask=state", "fieldMask"),
        ("pageToken=00&pageToken=01", "pageToken"),
        ("$alt=json&$alt=json", "$alt"),
        ("nope=1&nope=2", "query"),
    ] {
        let message = refused(&server, "GET", &format!("{ALL}?{query}"), Value::Null, field).await;
        assert!(field == "query" || message.contains("more than once"), "{message}");
    }
    let path = format!("/v2/{}?updateMask=severity&updateMask=description", name(0));
    refused(&server, "PATCH", &path, json!({"severity": "LOW"}), "updateMask").await;
    let path = "/v2/organizations/1/muteConfigs?muteConfigId=a&mute_config_id=b";
    refused(&server, "POST", path, json!({"filter": "severity=LOW"}), "muteConfigId").await;
    // an empty one is absent
    assert_eq!(
        server.listed(&format!("{ALL}?pageSize=&pageSize=2&filter=&filter=severity%3DHIGH")).await.len(),
        2
    );
}

#[tokio::test]
async fn times_are_those_of_a_clock_that_is_right_or_refused() {
    let server = Server::with(1).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_nanos()).unwrap();
    let at = |seconds: i64| finding::Timestamp::from_nanos(now + seconds * 1_000_000_000).to_string();
    let patch = format!("/v2/{}?updateMask=eventTime", name(0));
    let create = |id: &str| format!("/v2/{}/findings?findingId={id}", server::SOURCE);
    // a clock may be ahead by five minutes
    for (number, time) in [at(240), at(0), at(-86_400), at(-20 * 365 * 86_400), "1970-01-01T00:00:00Z".into()]
        .iter()
        .enumerate()
    {
        assert_eq!(server.good("PATCH", &patch, json!({"eventTime": time})).await["eventTime"], **time);
        let made = json!({"category": "C", "eventTime": time});
        assert_eq!(server.good("POST", &create(&format!("t{number}")), made).await["eventTime"], **time);
    }
    // before 1970, down to what a number of nanoseconds holds
    for time in ["1969-12-31T23:59:59.500Z", "1700-01-01T00:00:00Z"] {
        assert_eq!(server.good("PATCH", &patch, json!({"eventTime": time})).await["eventTime"], time);
        assert_eq!(
            server.listed(&format!("{ALL}?filter={}", encoded(&format!("event_time=\"{time}\"")))).await,
            ["f000"]
        );
    }
    let before = stored(&server).await;
    for time in [
        at(360),
        at(86_400),
        "2199-01-01T00:00:00Z".into(),
        "9999-12-31T23:59:59Z".into(),
        "0001-01-01T00:00:00Z".into(),
        "2026-13-01T00:00:00Z".into(),
        "2026-02-30T00:00:00Z".into(),
        "2026-01-01T24:00:00Z".into(),
        "2026-01-01".into(),
        "1767225600".into(),
        "99999999999999999999-01-01T00:00:00Z".into(),
        "x".repeat(100_000),
    ] {
        let message =
            refused(&server, "PATCH", &patch, json!({"eventTime": time}), "finding.eventTime").await;
        assert!(message.chars().count() < 1_010 && message.contains("not"), "{message}");
        let made = json!({"category": "C", "eventTime": time});
        refused(&server, "POST", &create("never"), made, "finding.eventTime").await;
    }
    assert_eq!(stored(&server).await, before, "nothing half-written");
    assert_eq!(
        server.ask("GET", &format!("/v2/{}/findings/never", server::SOURCE), Value::Null).await.0,
        404
    );
    for order in ["event_time", "event_time%20desc"] {
        assert_eq!(server.listed(&format!("{ALL}?pageSize=100&orderBy={order}")).await.len(), 6);
    }
    let expiry = json!({"filter": "severity=LOW", "type": "DYNAMIC", "expiryTime": "0001-01-01T00:00:00Z"});
    refused(&server, "POST", "/v2/organizations/1/muteConfigs?muteConfigId=a", expiry, "expiryTime").await;
    let configs = server.good("GET", "/v2/organizations/1/muteConfigs", Value::Null).await;
    assert_eq!(configs["muteConfigs"], json!([]));
}
