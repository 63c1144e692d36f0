//! Every row of the reference's table of REST paths (3.2), quoted, asked of the real router: each parent, with and without a
//! location, v1 beside v2. What is left out on purpose says so.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::Server;

/// What the reference says, and what is asked of the router for it, in this order: method, path, body, status.
struct Row {
    quote: &'static str,
    asks: &'static [(&'static str, &'static str, &'static str, u16)],
}

/// In a path `{S}` stands for each scope, `[…]` is there once and once not, `{V}` is an id of its own for either, and `{v}` is
/// v1 and v2.
const ROWS: &[Row] = &[
    Row {
        quote: "GET `/v2/{S/*/sources/*}/findings`; POST `.../findings:group`; POST \
                `/v2/organizations/*/sources/*/findings` (create; org only); PATCH `/v2/{finding.name}`",
        asks: &[
            ("GET", "/{v}/{S}/sources/-[/locations/global]/findings", "", 200),
            (
                "POST",
                "/{v}/{S}/sources/-[/locations/global]/findings:group",
                r#"{"groupBy": "category"}"#,
                200,
            ),
            ("POST", "/{v}/{S}/sources/-[/locations/global]/findings:group", "{}", 400),
            // ours: created under folders and projects, too
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings?findingId={V}",
                r#"{"category": "C", "state": "ACTIVE"}"#,
                200,
            ),
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings?findingId={V}",
                r#"{"category": "C"}"#,
                409,
            ),
            (
                "PATCH",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}?updateMask=severity",
                r#"{"severity": "HIGH"}"#,
                200,
            ),
            ("GET", "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}", "", 200),
        ],
    },
    Row {
        quote: "POST `/v2/{finding}:setState` {state}; POST `/v2/{finding}:setMute` {mute}",
        asks: &[
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}:setState",
                r#"{"state": "INACTIVE"}"#,
                200,
            ),
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}:setState",
                "{}",
                400,
            ),
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}:setMute",
                r#"{"mute": "MUTED"}"#,
                200,
            ),
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}:setMute",
                "{}",
                400,
            ),
        ],
    },
    Row {
        quote: "PATCH `/v2/{finding}/securityMarks` (updateMask empty or \"marks\" replaces all; \"marks.<key>\" edits one).",
        asks: &[
            (
                "PATCH",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}/securityMarks",
                r#"{"marks": {"a": "b"}}"#,
                200,
            ),
            (
                "PATCH",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}/securityMarks?updateMask=marks",
                r#"{"marks": {"a": "b"}}"#,
                200,
            ),
            (
                "PATCH",
                "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}/securityMarks?updateMask=marks.c",
                r#"{"marks": {"c": "d"}}"#,
                200,
            ),
        ],
    },
    Row {
        quote: "PATCH `/v2/{finding}/externalSystems/*`",
        asks: &[(
            "PATCH",
            "/{v}/{S}/sources/container-threat-detection[/locations/global]/findings/{V}/externalSystems/jira",
            r#"{"status": "open"}"#,
            200,
        )],
    },
    Row {
        quote: "POST `/v2/{S/*}/findings:bulkMute` {filter, muteState MUTED|UNDEFINED}",
        asks: &[
            (
                "POST",
                "/{v}/{S}[/locations/global]/findings:bulkMute",
                r#"{"filter": "severity=LOW", "muteState": "MUTED"}"#,
                200,
            ),
            (
                "POST",
                "/{v}/{S}[/locations/global]/findings:bulkMute",
                r#"{"filter": "severity=LOW", "muteState": "UNDEFINED"}"#,
                200,
            ),
            ("POST", "/{v}/{S}[/locations/global]/findings:bulkMute", r#"{"muteState": "MUTED"}"#, 400),
        ],
    },
    Row {
        quote: "muteConfigs: POST/GET/PATCH/DELETE `/v2/{S/*}[/locations/*]/muteConfigs[/*]`; body {description, filter, type \
                STATIC|DYNAMIC (immutable), expiryTime (dynamic only), createTime, updateTime, mostRecentEditor}.",
        asks: &[
            (
                "POST",
                "/{v}/{S}[/locations/global]/muteConfigs?muteConfigId={V}",
                r#"{"filter": "severity=LOW", "type": "STATIC", "description": "d"}"#,
                200,
            ),
            (
                "POST",
                "/{v}/{S}[/locations/global]/muteConfigs?muteConfigId={V}2",
                r#"{"filter": "severity=LOW", "type": "STATIC", "expiryTime": "2199-01-01T00:00:00Z"}"#,
                400,
            ),
            ("GET", "/{v}/{S}[/locations/global]/muteConfigs", "", 200),
            ("GET", "/{v}/{S}[/locations/global]/muteConfigs/{V}", "", 200),
            (
                "PATCH",
                "/{v}/{S}[/locations/global]/muteConfigs/{V}?updateMask=description",
                r#"{"description": "e"}"#,
                200,
            ),
            (
                "PATCH",
                "/{v}/{S}[/locations/global]/muteConfigs/{V}?updateMask=type",
                r#"{"type": "DYNAMIC"}"#,
                400,
            ),
            ("DELETE", "/{v}/{S}[/locations/global]/muteConfigs/{V}", "", 200),
            ("GET", "/{v}/{S}[/locations/global]/muteConfigs/{V}", "", 404),
        ],
    },
    Row {
        quote: "notificationConfigs: `/v2/{S/*}/locations/*/notificationConfigs[/*]` {description<=1024, pubsubTopic, \
                serviceAccount (out), streamingConfig.filter, updateTime}",
        asks: &[
            (
                "POST",
                "/{v}/{S}[/locations/global]/notificationConfigs?configId={V}",
                r#"{"pubsubTopic": "projects/p/topics/t", "streamingConfig": {"filter": "severity=HIGH"}}"#,
                200,
            ),
            ("GET", "/{v}/{S}[/locations/global]/notificationConfigs", "", 200),
            ("GET", "/{v}/{S}[/locations/global]/notificationConfigs/{V}", "", 200),
            (
                "PATCH",
                "/{v}/{S}[/locations/global]/notificationConfigs/{V}?updateMask=description",
                r#"{"description": "e"}"#,
                200,
            ),
            ("DELETE", "/{v}/{S}[/locations/global]/notificationConfigs/{V}", "", 200),
        ],
    },
    Row {
        quote: "bigQueryExports: `/v2/{S/*}/locations/*/bigQueryExports[/*]` {description, filter, dataset \
                \"projects/P/datasets/D\", principal (out), ...}; one-off bulk export to BigQuery GA 2025-09-23 [REL]",
        asks: &[
            (
                "POST",
                "/{v}/{S}[/locations/global]/bigQueryExports?bigQueryExportId={V}",
                r#"{"dataset": "projects/p/datasets/d", "filter": "severity=HIGH"}"#,
                200,
            ),
            ("GET", "/{v}/{S}[/locations/global]/bigQueryExports", "", 200),
            ("GET", "/{v}/{S}[/locations/global]/bigQueryExports/{V}", "", 200),
            (
                "PATCH",
                "/{v}/{S}[/locations/global]/bigQueryExports/{V}?updateMask=description",
                r#"{"description": "e"}"#,
                200,
            ),
            ("DELETE", "/{v}/{S}[/locations/global]/bigQueryExports/{V}", "", 200),
            // left out on purpose: nothing is written to BigQuery
            ("POST", "/{v}/{S}/sources/-[/locations/global]/findings:export", "{}", 501),
        ],
    },
    Row {
        quote: "sources: GET `/v2/{S/*}/sources`, POST org, GET/PATCH one; IAM get/set/testIamPermissions on source. Source \
                {name, displayName 1..64 unique, description<=1024, canonicalName}",
        asks: &[
            ("GET", "/{v}/{S}/sources", "", 200),
            ("POST", "/{v}/{S}/sources", r#"{"displayName": "Scanner {v} {V}"}"#, 200),
            ("POST", "/{v}/{S}/sources", r#"{"displayName": "Scanner {v} {V}"}"#, 409),
            ("POST", "/{v}/{S}/sources", r#"{"displayName": ""}"#, 400),
            ("GET", "/{v}/{S}/sources/container-threat-detection", "", 200),
            (
                "PATCH",
                "/{v}/{S}/sources/container-threat-detection?updateMask=description",
                r#"{"description": "e"}"#,
                200,
            ),
            ("POST", "/{v}/{S}/sources/container-threat-detection:getIamPolicy", "{}", 200),
            (
                "POST",
                "/{v}/{S}/sources/container-threat-detection:testIamPermissions",
                r#"{"permissions": []}"#,
                200,
            ),
            // left out on purpose: roles belong to the whole server
            ("POST", "/{v}/{S}/sources/container-threat-detection:setIamPolicy", "{}", 501),
        ],
    },
    Row {
        quote: "Enablement: securitycentermanagement v1 \
                `/v1/{S/*/locations/*}/securityCenterServices/container-threat-detection` (GET, LIST, PATCH)",
        asks: &[
            ("GET", "/v1/{S}/locations/global/securityCenterServices", "", 200),
            ("GET", "/v1/{S}/locations/global/securityCenterServices/container-threat-detection", "", 200),
            (
                "PATCH",
                "/v1/{S}/locations/global/securityCenterServices/container-threat-detection",
                r#"{"intendedEnablementState": "ENABLED"}"#,
                200,
            ),
            (
                "PATCH",
                "/v1/{S}/locations/global/securityCenterServices/container-threat-detection",
                r#"{"intendedEnablementState": "SOME"}"#,
                400,
            ),
            ("GET", "/v1/{S}/locations/global/securityCenterServices/event-threat-detection", "", 404),
        ],
    },
    Row {
        quote: "Older v1beta2 `containerThreatDetectionSettings` exists down to `projects/*/locations/*/clusters/*` with \
                `serviceEnablementState`, `modules` map, `serviceAccount`, `:calculate` for effective state",
        asks: &[
            ("GET", "/v1beta2/{S}/containerThreatDetectionSettings", "", 200),
            (
                "PATCH",
                "/v1beta2/{S}/containerThreatDetectionSettings",
                r#"{"serviceEnablementState": "ENABLED"}"#,
                200,
            ),
            ("GET", "/v1beta2/{S}/containerThreatDetectionSettings:calculate", "", 200),
            (
                "GET",
                "/v1beta2/projects/shop/locations/eu/clusters/prod/containerThreatDetectionSettings",
                "",
                200,
            ),
            (
                "PATCH",
                "/v1beta2/projects/shop/locations/eu/clusters/prod/containerThreatDetectionSettings",
                r#"{"serviceEnablementState": "DISABLED"}"#,
                200,
            ),
            (
                "GET",
                "/v1beta2/projects/shop/locations/eu/clusters/prod/containerThreatDetectionSettings:calculate",
                "",
                200,
            ),
        ],
    },
];

const SCOPES: &[&str] = &["organizations/1", "folders/7", "projects/shop"];

/// What a pattern stands for: path and body.
fn expanded(path: &str, body: &str) -> Vec<(String, String)> {
    let versions: &[&str] = if path.contains("{v}") { &["v1", "v2"] } else { &[""] };
    let scopes = if path.contains("{S}") { SCOPES } else { &[""] };
    let mut all = Vec::new();
    for version in versions {
        for scope in scopes {
            let forms = match path.split_once('[').and_then(|(a, rest)| Some((a, rest.split_once(']')?))) {
                None => vec![(path.to_owned(), "n")],
                Some((before, (inner, behind))) => {
                    vec![(format!("{before}{behind}"), "a"), (format!("{before}{inner}{behind}"), "b")]
                }
            };
            for (form, place) in forms {
                let own = format!("{place}{version}");
                let fill =
                    |text: &str| text.replace("{S}", scope).replace("{V}", &own).replace("{v}", version);
                all.push((fill(&form), fill(body)));
            }
        }
    }
    all
}

/// Whether a path without its query is one of a path of the OpenAPI document.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let is_same = |(template, segment): (&&str, &&str)| match template.split_once('}') {
        Some((_, verb)) => segment.strip_suffix(verb).is_some_and(|id| !id.is_empty() && !id.contains(':')),
        None => template == segment,
    };
    template.len() == path.len() && template.iter().zip(&path).all(is_same)
}

#[tokio::test]
async fn every_row_of_the_rest_table_is_answered() {
    let server = Server::new().await;
    let mut answered = BTreeSet::new();
    for row in ROWS {
        // a row's requests build on each other, so each of its forms is asked for in turn
        for (method, pattern, body, status) in row.asks {
            for (path, body) in expanded(pattern, body) {
                let said = if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() };
                let (found, answer) = server.ask(method, &path, said).await;
                assert_eq!(found, *status, "{method} {path} {body}: {answer}\nof: {}", row.quote);
                let error = &answer["error"];
                if found == 200 {
                    answered
                        .insert((method.to_ascii_lowercase(), path.split('?').next().unwrap().to_owned()));
                } else {
                    assert_eq!(error["code"], found, "{answer}");
                    assert!(error["message"].as_str().is_some_and(|text| text.len() > 20), "{answer}");
                }
                if found == 501 {
                    assert_eq!(error["status"], "UNIMPLEMENTED", "{answer}");
                }
            }
        }
    }
    // ours, which the reference does not have, and what is only asked with what another answer said
    let others = [
        "/evidence",
        "/operations/",
        "/auditLogEntries",
        "/deadLetters",
        ":replayDeadLetters",
        ":test",
        "notificationConfigs:status",
        "/revokedCertificates",
        "/sensors",
        "/v2/configuration",
        "/v2/detectors",
        "/versions",
        ":histogram",
        ":shape",
        "/serviceAccounts/",
        "/tokens",
    ];
    let document: Value = serde_json::from_str(api::openapi_document()).unwrap();
    let mut unasked = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for verb in item.as_object().unwrap().keys().filter(|verb| *verb != "parameters") {
            let is_met = answered.iter().any(|(method, path)| method == verb && fits(template, path));
            let is_other = others.iter().any(|other| template.contains(other));
            if !is_met && !is_other {
                unasked.push(format!("{verb} {template}"));
            }
        }
    }
    assert_eq!(unasked, Vec::<String>::new(), "no row asks for these");
}

/// "It answers 501 with `UNIMPLEMENTED`": what `docs/api.md` says is left out, by the paths that are published.
#[tokio::test]
async fn what_is_left_out_on_purpose_says_so() {
    let server = Server::new().await;
    let document = include_str!("../../../docs/api.md");
    for (quote, asks) in [
        (
            "resource value configs",
            vec![
                ("POST", "/v2/organizations/1/locations/global/resourceValueConfigs:batchCreate"),
                ("GET", "/v2/organizations/1/resourceValueConfigs"),
                ("PATCH", "/v2/organizations/1/locations/global/resourceValueConfigs/x"),
            ],
        ),
        ("simulations", vec![("GET", "/v2/organizations/1/simulations/latest")]),
        ("attack paths", vec![("GET", "/v2/organizations/1/simulations/latest/attackPaths")]),
        (
            "valued resources",
            vec![
                ("GET", "/v2/organizations/1/simulations/7/valuedResources"),
                ("GET", "/v2/organizations/1/valuedResources/9"),
            ],
        ),
        ("attack exposure results", vec![("GET", "/v2/organizations/1/attackExposureResults/3")]),
        (
            "assets and their discovery",
            vec![
                ("GET", "/v1/organizations/1/assets"),
                ("POST", "/v1/organizations/1/assets:group"),
                ("POST", "/v1/organizations/1/assets:runDiscovery"),
                ("PATCH", "/v1/organizations/1/assets/5/securityMarks"),
            ],
        ),
        ("organization settings", vec![("GET", "/v1/organizations/1/organizationSettings")]),
        (
            "Event Threat Detection and Security Health Analytics modules",
            vec![
                ("GET", "/v1/organizations/1/eventThreatDetectionSettings/customModules"),
                ("POST", "/v1/folders/7/securityHealthAnalyticsSettings/customModules"),
            ],
        ),
        ("`setIamPolicy`", vec![("POST", "/v2/organizations/1/sources/5:setIamPolicy")]),
        ("cancelling an operation", vec![("POST", "/v2/organizations/1/operations/5:cancel")]),
        (
            "exports to BigQuery at once",
            vec![("POST", "/v2/organizations/1/sources/-/locations/global/findings:export")],
        ),
    ] {
        assert!(document.replace('\n', " ").contains(quote), "docs/api.md does not say {quote}");
        for (method, path) in asks {
            let (status, answer) = server.ask(method, path, json!({})).await;
            assert_eq!(
                (status, &answer["error"]["status"]),
                (501, &json!("UNIMPLEMENTED")),
                "{method} {path}: {answer}"
            );
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains("docs/api.md"), "{path}: {message}");
        }
    }
}

/// "order_by: … fields name,parent,state,category,resource_name,event_time,security_marks.marks (+source_properties in v1)": the
/// last two are left out.
#[tokio::test]
async fn orders_that_are_left_out_say_which_there_are() {
    let server = Server::new().await;
    let document = include_str!("../../../docs/api.md").replace('\n', " ");
    assert!(
        document.contains("Orders by `security_marks.marks` and by `source_properties` are refused with 400")
    );
    for path in ["/v2/organizations/1/sources/-/findings", "/v1/organizations/1/sources/-/findings"] {
        for order in ["security_marks.marks", "security_marks.marks.a", "source_properties.Pod_Name"] {
            let (status, answer) = server.ask("GET", &format!("{path}?orderBy={order}"), Value::Null).await;
            let said = &answer["error"]["details"][0]["fieldViolations"][0];
            assert_eq!((status, &said["field"]), (400, &json!("orderBy")), "{answer}");
            assert!(said["description"].as_str().unwrap().contains("event_time"), "{answer}");
        }
    }
}
