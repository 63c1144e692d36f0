//! Each row of the reference's tables of REST paths (3.2) and of filters (3.1), quoted.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use std::sync::Arc;

use api::{Access, Decision, Denied, Permission, Principal, Request};
use serde_json::{Value, json};
use server::{SOURCE, Server, encoded, name};
use store::{AuditLog, DocumentStore};

const ALL: &str = "/v2/organizations/1/sources/-/findings";

/// "S = organizations|folders|projects; every one also exists with `/locations/*` before the last collection"
#[tokio::test]
async fn all_parents_with_and_without_locations() {
    let server = Server::with(3).await;
    for version in ["v1", "v2"] {
        for parent in [
            "organizations/1/sources/-",
            "organizations/1/sources/container-threat-detection",
            "organizations/1/sources/-/locations/global",
            "organizations/1/sources/-/locations/-",
            "projects/shop/sources/-",
            "projects/shop/sources/container-threat-detection/locations/global",
            "organizations/-/sources/-",
        ] {
            assert_eq!(server.listed(&format!("/{version}/{parent}/findings")).await.len(), 3, "{parent}");
        }
        for parent in
            ["folders/7/sources/-", "projects/other/sources/-", "organizations/1/sources/-/locations/eu"]
        {
            assert!(server.listed(&format!("/{version}/{parent}/findings")).await.is_empty(), "{parent}");
        }
    }
}

/// "GET `/v2/{S/*/sources/*}/findings`", "page_size default 10, min 1, max 1000; field_mask on list"
#[tokio::test]
async fn row_list() {
    let server = Server::with(12).await;
    let first = server.good("GET", &format!("{ALL}?fieldMask=name"), Value::Null).await;
    assert_eq!(first["listFindingsResults"].as_array().unwrap().len(), 10);
    assert_eq!(first["totalSize"], 12);
    assert_eq!(first["listFindingsResults"][0]["finding"], json!({"name": name(11)}));
    assert_eq!(server.blamed("GET", &format!("{ALL}?pageSize=1001"), Value::Null).await, "pageSize");
}

/// "v1 only: … read_time, compare_duration -> state_change CHANGED/UNCHANGED/ADDED/REMOVED/UNUSED",
/// "v2 drops source_properties from the listed fields, read_time and compare_duration"
#[tokio::test]
async fn row_read_time_and_compare_duration() {
    let server = Server::with(2).await;
    let list = "/v1/organizations/1/sources/-/findings";
    let compared = server.good("GET", &format!("{list}?compareDuration=3600s&pageSize=1"), Value::Null).await;
    assert_eq!(compared["listFindingsResults"][0]["stateChange"], "UNCHANGED", "{compared}");
    let token = compared["nextPageToken"].as_str().unwrap();
    let next = format!("{list}?compareDuration=3600s&pageSize=1&pageToken={token}");
    let next = server.good("GET", &next, Value::Null).await;
    assert_eq!(next["readTime"], compared["readTime"], "pages of one walk share a time");
    assert_eq!(next["listFindingsResults"].as_array().unwrap().len(), 1);
    server.good("POST", &format!("/v1/{}:setState", name(0)), json!({"state": "INACTIVE"})).await;
    let compared = server
        .good("GET", &format!("{list}?compareDuration=3600s&filter=state%3DINACTIVE"), Value::Null)
        .await;
    assert_eq!(compared["listFindingsResults"][0]["stateChange"], "ADDED", "{compared}");
    let before = server.good("GET", &format!("{list}?readTime=2026-01-01T00:00:00Z"), Value::Null).await;
    assert_eq!(before["readTime"], "2026-01-01T00:00:00Z");
    assert_eq!(before["listFindingsResults"][0]["stateChange"], "UNUSED");
    assert_eq!(before["listFindingsResults"][1]["finding"]["state"], "ACTIVE");
    let groups = json!({"groupBy": "state_change", "compareDuration": "3600s"});
    let groups = server.good("POST", "/v1/organizations/1/sources/-/findings:group", groups).await;
    assert!(groups["groupByResults"][0]["properties"]["state_change"].is_string(), "{groups}");

    assert_eq!(
        server.blamed("GET", &format!("{ALL}?readTime=2026-01-01T00:00:00Z"), Value::Null).await,
        "query"
    );
    assert_eq!(
        server.blamed("GET", &format!("{list}?compareDuration=1h"), Value::Null).await,
        "compareDuration"
    );
    assert_eq!(server.blamed("GET", &format!("{list}?readTime=9999"), Value::Null).await, "readTime");
}

/// "GroupFindings: POST body {filter, groupBy "a,b" (required), pageToken, pageSize} -> {groupByResults[{properties map,
/// count}], nextPageToken, totalSize}"
#[tokio::test]
async fn row_group() {
    let server = Server::with(9).await;
    for (parent, by) in [
        ("organizations/1/sources/-", "category,severity"),
        ("projects/shop/sources/-/locations/global", "category, severity"),
    ] {
        let path = format!("/v2/{parent}/findings:group");
        let answer = server.good("POST", &path, json!({"groupBy": by, "pageSize": 3})).await;
        assert_eq!(answer["totalSize"], 4, "{answer}");
        assert_eq!(answer["groupByResults"].as_array().unwrap().len(), 3);
        assert_eq!(
            answer["groupByResults"][0],
            json!({"properties": {"category": "Execution: Socat Reverse Shell Detected", "severity": "HIGH"}, "count": "3"})
        );
        let token = &answer["nextPageToken"];
        let next =
            server.good("POST", &path, json!({"group_by": by, "page_size": 3, "page_token": token})).await;
        assert_eq!(next["groupByResults"].as_array().unwrap().len(), 1);
    }
    let path = "/v2/organizations/1/sources/-/findings:group";
    let one = server.good("POST", path, json!({"groupBy": "severity", "filter": "severity=HIGH"})).await;
    assert_eq!(one["groupByResults"], json!([{"properties": {"severity": "HIGH"}, "count": "5"}]));
    for (body, field) in [
        (json!({}), "groupBy"),
        (json!({"groupBy": "colour"}), "groupBy"),
        (json!({"groupBy": "processes.pid"}), "groupBy"),
        (json!({"groupBy": "category", "filter": "severity="}), "filter"),
        (json!({"groupBy": "category", "pageSize": 5000}), "pageSize"),
        (json!({"groupBy": "category", "pageToken": "x"}), "pageToken"),
        (json!({"groupBy": "state_change"}), "groupBy"),
        (json!({"groupBy": 5}), "groupBy"),
    ] {
        assert_eq!(server.blamed("POST", path, body.clone()).await, field, "{body}");
    }
}

/// "POST `/v2/organizations/*/sources/*/findings` (create; org only)" and "finding id on create: alphanumeric, 1..32 chars"
#[tokio::test]
async fn row_create() {
    let server = Server::new().await;
    let source = server.good("POST", "/v2/organizations/1/sources", json!({"displayName": "Scanner"})).await;
    let source = source["name"].as_str().unwrap();
    let body = json!({
        "category": "MEDIUM_RISK", "state": "ACTIVE", "resource_name": "//x.example/y", "severity": 2,
        "event_time": "2026-01-02T03:04:05Z", "sourceProperties": {"A_b": 1}, "unknown": {"x": 1}, "mute": "MUTED"
    });
    let made = server.good("POST", &format!("/v2/{source}/findings?findingId=abc"), body.clone()).await;
    assert_eq!(made["name"], format!("{source}/findings/abc"));
    assert_eq!(made["parentDisplayName"], "Scanner");
    assert_eq!(
        (&made["severity"], &made["mute"], &made["resourceName"]),
        (&json!("HIGH"), &json!("UNDEFINED"), &json!("//x.example/y"))
    );
    assert_eq!(made["sourceProperties"], json!({"A_b": 1}));
    let (status, again) =
        server.ask("POST", &format!("/v2/{source}/findings?findingId=abc"), body.clone()).await;
    assert_eq!((status, &again["error"]["status"]), (409, &json!("ALREADY_EXISTS")));
    // the same finding in the other spelling of its name
    let (status, _) = server
        .ask("POST", &format!("/v2/{source}/locations/global/findings?findingId=abc"), body.clone())
        .await;
    assert_eq!(status, 409);
    for (scope, should) in [("projects/p", 200), ("folders/7", 200), ("projects/p/x", 404)] {
        let path = format!("/v2/{scope}/sources/container-threat-detection/findings?finding_id=n1");
        assert_eq!(server.ask("POST", &path, body.clone()).await.0, should, "{scope}");
    }
    let (status, _) =
        server.ask("POST", "/v2/organizations/1/sources/77/findings?findingId=a", body.clone()).await;
    assert_eq!(status, 404, "a source that is not there");
    let long = "a".repeat(33);
    for id in ["", "a-b", "%C3%A9", &long] {
        assert_eq!(
            server.blamed("POST", &format!("/v2/{source}/findings?findingId={id}"), body.clone()).await,
            "findingId"
        );
    }
    for (key, value, field) in [
        ("category", json!(""), "finding.category"),
        ("severity", json!("WORST"), "finding.severity"),
        ("eventTime", json!("2199-01-01T00:00:00Z"), "finding.eventTime"),
        ("externalUri", json!("javascript:1"), "finding.externalUri"),
        ("sourceProperties", json!({"1": 1}), "finding.sourceProperties"),
        ("processes", json!([{"pid": "x"}]), "finding.processes"),
    ] {
        let mut body = body.clone();
        body[key] = value;
        body.as_object_mut().unwrap().remove("event_time");
        assert_eq!(server.blamed("POST", &format!("/v2/{source}/findings?findingId=zz"), body).await, field);
    }
    assert_eq!(server.blamed("POST", &format!("{ALL}?findingId=a"), body).await, "parent");
    assert_eq!(
        server.ask("GET", &format!("/v2/{source}/findings/zz"), Value::Null).await.0,
        404,
        "nothing half-written"
    );
}

/// "PATCH `/v2/{finding.name}`"
#[tokio::test]
async fn row_update() {
    let server = Server::with(1).await;
    let path = format!("/v2/{}", name(0));
    let mask = "event_time,sourceProperties.Pod_Name,source_properties.New_One,finding.external_uri,severity";
    let body = json!({
        "eventTime": "2026-01-01T00:00:00Z", "sourceProperties": {"New_One": [1]}, "severity": "CRITICAL",
        "category": "not in the mask", "state": "INACTIVE"
    });
    let changed = server.good("PATCH", &format!("{path}?updateMask={mask}"), body).await;
    assert_eq!(changed["eventTime"], "2026-01-01T00:00:00Z");
    assert_eq!(changed["sourceProperties"], json!({"New_One": [1], "Pid": 0}));
    assert_eq!((&changed["severity"], &changed["externalUri"]), (&json!("CRITICAL"), &Value::Null));
    assert_eq!((&changed["category"], &changed["state"]), (&json!("Reverse Shell"), &json!("ACTIVE")));
    for (mask, field) in [
        ("category", "updateMask: category"),
        ("resource_name", "updateMask: resourceName"),
        ("name", "updateMask: name"),
        ("mute", "updateMask: mute"),
        ("securityMarks.marks.a", "updateMask: securityMarks.marks.a"),
        ("colour", "updateMask: colour"),
        ("a..b", "updateMask"),
    ] {
        assert_eq!(server.blamed("PATCH", &format!("{path}?updateMask={mask}"), json!({})).await, field);
    }
    assert_eq!(server.blamed("PATCH", &path, json!({"category": "another"})).await, "finding.category");
    // without a mask: everything that is said, the source's properties as a whole
    let changed = server
        .good("PATCH", &path, json!({"category": "Reverse Shell", "sourceProperties": {"Only": "1"}}))
        .await;
    assert_eq!(changed["sourceProperties"], json!({"Only": "1"}));
    assert_eq!(changed["severity"], "CRITICAL");
    // without a mask and without a finding it is created
    let new = format!("/v1/{SOURCE}/findings/new1");
    let made = server.good("PATCH", &new, json!({"category": "C", "state": "ACTIVE"})).await;
    assert_eq!((&made["state"], &made["category"]), (&json!("ACTIVE"), &json!("C")));
    let (status, _) =
        server.ask("PATCH", &format!("/v1/{SOURCE}/findings/new2?updateMask=state"), json!({})).await;
    assert_eq!(status, 404);
}

/// "POST `/v2/{finding}:setState` {state}; POST `/v2/{finding}:setMute` {mute}"
#[tokio::test]
async fn row_set_state_and_set_mute() {
    let server = Server::with(1).await;
    for (version, finding) in [("v1", format!("{SOURCE}/findings/f000")), ("v2", name(0))] {
        let path = format!("/{version}/{finding}");
        let changed = server.good("POST", &format!("{path}:setState"), json!({"state": "INACTIVE"})).await;
        assert_eq!((&changed["state"], &changed["name"]), (&json!("INACTIVE"), &json!(finding)));
        assert_eq!(
            server.good("POST", &format!("{path}:setState"), json!({"state": 1})).await["state"],
            "ACTIVE"
        );
        let changed = server.good("POST", &format!("{path}:setMute"), json!({"mute": "MUTED"})).await;
        assert_eq!((&changed["mute"], &changed["muteInitiator"]), (&json!("MUTED"), &json!("token:local")));
        let undefined = if version == "v1" { 4 } else { 3 };
        let changed = server.good("POST", &format!("{path}:setMute"), json!({"mute": undefined})).await;
        assert_eq!(changed["mute"], "UNDEFINED");
        for (verb, body, field) in [
            ("setState", json!({"state": "OPEN"}), "state"),
            ("setState", json!({}), "state"),
            ("setMute", json!({"mute": "MUTE_UNSPECIFIED"}), "mute"),
            ("setMute", json!({"mute": 9}), "mute"),
            ("setMute", json!([]), "body"),
        ] {
            assert_eq!(server.blamed("POST", &format!("{path}:{verb}"), body).await, field);
        }
    }
    let (status, _) = server.ask("POST", &format!("/v2/{}:setMute", name(7)), json!({"mute": "MUTED"})).await;
    assert_eq!(status, 404);
}

/// "PATCH `/v2/{finding}/securityMarks` (updateMask empty or "marks" replaces all; "marks.<key>" edits one). Marks: keys
/// case-insensitive, 1..256, letters/digits/_/-; values trimmed, 1..4096"
#[tokio::test]
async fn row_security_marks() {
    let server = Server::with(1).await;
    let path = format!("/v2/{}/securityMarks", name(0));
    let marks = async |mask: &str, marks: Value| {
        server.good("PATCH", &format!("{path}?updateMask={mask}"), json!({"marks": marks})).await["marks"]
            .take()
    };
    assert_eq!(marks("", json!({"Team": " a ", "x-1_y": "b"})).await, json!({"Team": "a", "x-1_y": "b"}));
    assert_eq!(
        marks("marks.team,marks.new", json!({"team": "c", "new": "d", "other": "e"})).await,
        json!({"Team": "c", "x-1_y": "b", "new": "d"})
    );
    assert_eq!(marks("marks.NEW", json!({})).await, json!({"Team": "c", "x-1_y": "b"}));
    assert_eq!(marks("marks", json!({"TEAM": "f"})).await, json!({"Team": "f"}));
    assert_eq!(server.listed(&format!("{ALL}?filter=security_marks.marks.Team%3Df")).await, ["f000"]);
    let long = "k".repeat(257);
    let many: serde_json::Map<String, Value> = (0..101).map(|n| (format!("k{n}"), json!("v"))).collect();
    for (mask, marks, field) in [
        ("", json!({"a b": "x"}), "securityMarks.marks"),
        ("", json!({"": "x"}), "securityMarks.marks"),
        ("", json!({long: "x"}), "securityMarks.marks"),
        ("", json!({"a": "  "}), "securityMarks.marks.a"),
        ("", json!({"a": 5}), "securityMarks.marks.a"),
        ("", json!({"a": "x".repeat(4_097)}), "securityMarks.marks.a"),
        ("", json!({"a": "x", "A": "y"}), "securityMarks.marks"),
        ("", Value::Object(many), "securityMarks.marks"),
        ("name", json!({}), "updateMask"),
        ("marks.a%20b", json!({}), "securityMarks.marks"),
    ] {
        let path = format!("{path}?updateMask={mask}");
        assert_eq!(server.blamed("PATCH", &path, json!({"marks": marks})).await, field, "{mask}");
    }
    assert_eq!(marks("marks.none", json!({})).await, json!({"Team": "f"}), "nothing half-written");
}

/// "PATCH `/v2/{finding}/externalSystems/*`"
#[tokio::test]
async fn row_external_systems() {
    let server = Server::with(1).await;
    let path = format!("/v2/{}/externalSystems/jira", name(0));
    let body =
        json!({"assignees": ["a"], "external_uid": "SEC-1", "status": "open", "ticketInfo": {"id": "1"}});
    let made = server.good("PATCH", &path, body).await;
    assert_eq!(made["name"], format!("{}/externalSystems/jira", name(0)));
    let changed = server
        .good(
            "PATCH",
            &format!("{path}?updateMask=status,case_uri"),
            json!({"status": "done", "assignees": []}),
        )
        .await;
    assert_eq!(
        (&changed["status"], &changed["assignees"], &changed["externalUid"]),
        (&json!("done"), &json!(["a"]), &json!("SEC-1"))
    );
    let found = server.good("GET", &format!("/v2/{}", name(0)), Value::Null).await;
    assert_eq!(found["finding"]["externalSystems"]["jira"]["status"], "done");
    assert_eq!(
        server.blamed("PATCH", &format!("{path}?updateMask=name"), json!({})).await,
        "updateMask: name"
    );
    assert_eq!(server.blamed("PATCH", &path, json!({"assignees": "a"})).await, "externalSystem.assignees");
    assert_eq!(server.blamed("PATCH", &format!("{path}%20x"), json!({})).await, "externalSystem.name");
}

/// "POST `/v2/{S/*}/findings:bulkMute` {filter, muteState MUTED|UNDEFINED}"
#[tokio::test]
async fn row_bulk_mute() {
    let server = Server::with(5).await;
    for (version, scope) in [("v1", "organizations/1"), ("v2", "projects/shop/locations/global")] {
        let path = format!("/{version}/{scope}/findings:bulkMute");
        let operation = server.good("POST", &path, json!({"filter": "severity=HIGH"})).await;
        assert_eq!(operation["done"], true, "{operation}");
        let kind =
            format!("type.googleapis.com/google.cloud.securitycenter.{version}.BulkMuteFindingsResponse");
        assert_eq!(operation["response"], json!({"@type": kind}));
        let asked = format!("/{version}/{}", operation["name"].as_str().unwrap());
        assert_eq!(server.good("GET", &asked, Value::Null).await, operation);
        assert_eq!(server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await, ["f000", "f002", "f004"]);
        let back = json!({"filter": "severity=HIGH", "mute_state": "UNDEFINED"});
        server.good("POST", "/v2/folders/7/findings:bulkMute", back.clone()).await;
        assert_eq!(server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await.len(), 3, "another scope");
        server.good("POST", "/v2/organizations/1/findings:bulkMute", back).await;
        assert!(server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await.is_empty());
    }
    let path = "/v2/organizations/1/findings:bulkMute";
    assert_eq!(server.blamed("POST", path, json!({})).await, "filter");
    assert_eq!(server.blamed("POST", path, json!({"filter": "x="})).await, "filter");
    assert_eq!(
        server.blamed("POST", path, json!({"filter": "state=ACTIVE", "muteState": 7})).await,
        "muteState"
    );
    assert_eq!(server.ask("GET", "/v2/organizations/1/operations/none", Value::Null).await.0, 404);
}

/// "sources: GET `/v2/{S/*}/sources`, POST org, GET/PATCH one; IAM get/set/testIamPermissions on source. Source {name,
/// displayName 1..64 unique, description<=1024, canonicalName}"
#[tokio::test]
async fn row_sources() {
    let server = Server::new().await;
    let own = server.good("GET", "/v2/folders/7/sources", Value::Null).await;
    assert_eq!(own["sources"][0]["displayName"], "Container Threat Detection");
    let path = "/v2/organizations/1/sources";
    let made = server.good("POST", path, json!({"display_name": "My Scanner", "description": "d"})).await;
    let name = made["name"].as_str().unwrap().to_owned();
    assert_eq!(server.good("GET", &format!("/v1/{name}"), Value::Null).await, made);
    let (status, _) = server.ask("POST", path, json!({"displayName": "My Scanner"})).await;
    assert_eq!(status, 409);
    let (status, _) = server.ask("POST", path, json!({"displayName": "Container threat detection"})).await;
    assert_eq!(status, 409);
    let changed = server
        .good(
            "PATCH",
            &format!("/v2/{name}?updateMask=description"),
            json!({"description": "e", "displayName": "no"}),
        )
        .await;
    assert_eq!((&changed["description"], &changed["displayName"]), (&json!("e"), &json!("My Scanner")));
    let page = server.good("GET", &format!("{path}?pageSize=1"), Value::Null).await;
    let next = format!("{path}?pageSize=1&pageToken={}", page["nextPageToken"].as_str().unwrap());
    let next = server.good("GET", &next, Value::Null).await;
    assert_ne!(page["sources"], next["sources"]);
    assert_eq!(next["nextPageToken"], Value::Null);
    assert_eq!(server.blamed("POST", path, json!({"displayName": "a".repeat(65)})).await, "displayName");
    for display in ["", "-a", "a!"] {
        assert_eq!(server.blamed("POST", path, json!({"displayName": display})).await, "source.displayName");
    }
    assert_eq!(server.blamed("GET", &format!("{path}?pageToken=zz"), Value::Null).await, "pageToken");
    let asked = json!({"permissions": ["securitycenter.findings.setState", "compute.instances.delete"]});
    let held = server.good("POST", &format!("/v2/{name}:testIamPermissions"), asked).await;
    assert_eq!(held, json!({"permissions": ["securitycenter.findings.setState"]}));
    assert_eq!(
        server.good("POST", &format!("/v2/{name}:getIamPolicy"), json!({})).await["bindings"],
        json!([])
    );
    assert_eq!(server.ask("POST", &format!("/v2/{name}:setIamPolicy"), json!({})).await.0, 501);
    assert_eq!(server.ask("GET", "/v2/organizations/1/sources/9", Value::Null).await.0, 404);
}

/// "muteConfigs: POST/GET/PATCH/DELETE … STATIC affects future matches once; DYNAMIC affects existing + future and un-applies
/// when no longer matching."
#[tokio::test]
async fn row_mute_configs() {
    let server = Server::with(4).await;
    let muted = async || server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await;
    let path = "/v2/organizations/1/locations/global/muteConfigs";
    let config = json!({"filter": "severity=HIGH", "type": "DYNAMIC", "description": "d"});
    let made = server.good("POST", &format!("{path}?muteConfigId=high"), config.clone()).await;
    assert_eq!(made["name"], "organizations/1/locations/global/muteConfigs/high");
    assert_eq!((&made["type"], &made["mostRecentEditor"]), (&json!("DYNAMIC"), &json!("token:local")));
    assert!(made["createTime"].is_string() && made.as_object().unwrap().len() == 7, "{made}");
    assert_eq!(muted().await, ["f000", "f002"], "existing ones");
    let found = server.good("GET", &format!("/v2/{}", name(0)), Value::Null).await;
    assert_eq!(found["finding"]["muteInfo"]["dynamicMuteRecords"][0]["muteConfig"], made["name"]);
    server.store_new(4).await;
    assert_eq!(muted().await, ["f000", "f002", "f004"], "future ones");
    let changed = server
        .good("PATCH", &format!("{path}/high?updateMask=filter"), json!({"filter": "category:\"socat\""}))
        .await;
    assert_eq!((&changed["filter"], &changed["description"]), (&json!("category:\"socat\""), &json!("d")));
    assert_eq!(muted().await, ["f001", "f002", "f004"], "un-applied and applied");
    assert_eq!(server.ask("POST", &format!("{path}?muteConfigId=high"), config).await.0, 409);
    assert_eq!(server.good("DELETE", "/v1/organizations/1/muteConfigs/high", Value::Null).await, json!({}));
    assert!(muted().await.is_empty(), "gone with its effect");
    assert_eq!(server.ask("GET", &format!("{path}/high"), Value::Null).await.0, 404);

    // static: what is there stays, what comes is hidden, and stays hidden
    let made = server
        .good("POST", "/v1/organizations/1/muteConfigs?mute_config_id=s", json!({"filter": "severity=HIGH"}))
        .await;
    assert_eq!((&made["name"], &made["type"]), (&json!("organizations/1/muteConfigs/s"), &json!("STATIC")));
    assert!(muted().await.is_empty());
    server.store_new(6).await;
    assert_eq!(muted().await, ["f006"]);
    server.good("DELETE", &format!("{path}/s"), Value::Null).await;
    assert_eq!(muted().await, ["f006"]);
}

/// A config hides what belongs to its own scope only.
#[tokio::test]
async fn a_mute_config_of_another_scope_hides_nothing() {
    let server = Server::with(2).await;
    let muted = async || server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await;
    let config = json!({"filter": "severity=HIGH OR severity=MEDIUM", "type": 2});
    for (scope, should) in
        [("projects/other", 0), ("folders/7", 0), ("projects/shop", 2), ("organizations/-", 2)]
    {
        server.good("POST", &format!("/v2/{scope}/muteConfigs?muteConfigId=a"), config.clone()).await;
        assert_eq!(muted().await.len(), should, "{scope}");
        server.store_new(1).await;
        server.good("DELETE", &format!("/v2/{scope}/muteConfigs/a"), Value::Null).await;
        assert!(muted().await.is_empty());
    }
}

/// "expiryTime (dynamic only)"
#[tokio::test]
async fn row_mute_config_expiry() {
    let server = Server::with(2).await;
    let path = "/v2/organizations/1/muteConfigs?muteConfigId=e";
    let config = |expiry: &str| json!({"filter": "severity=HIGH", "type": "DYNAMIC", "expiryTime": expiry});
    server.good("POST", path, config("2199-01-01T00:00:00Z")).await;
    let muted = async || server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await;
    assert_eq!(muted().await, ["f000"]);
    let later = "2199-01-01T00:00:01Z".parse().unwrap();
    assert_eq!(api::apply_mutes(&*server.store, &*server.store, later).await.unwrap(), 1);
    assert!(muted().await.is_empty());
    assert_eq!(api::apply_mutes(&*server.store, &*server.store, later).await.unwrap(), 0, "once");
    for (config, field) in [
        (config("2020-01-01T00:00:00Z"), "muteConfig.expiryTime"),
        (config("soon"), "expiryTime"),
        (
            json!({"filter": "severity=HIGH", "type": "STATIC", "expiryTime": "2199-01-01T00:00:00Z"}),
            "muteConfig.expiryTime",
        ),
        (json!({"filter": "severity=HIGH", "type": "OTHER"}), "muteConfig.type"),
        (json!({"type": "STATIC"}), "muteConfig.filter"),
        (json!({"filter": "mute=MUTED"}), "muteConfig.filter"),
        (json!({"filter": "severity"}), "muteConfig.filter"),
        (json!({"filter": "severity=HIGH", "description": "x".repeat(1_025)}), "description"),
    ] {
        assert_eq!(
            server.blamed("POST", "/v2/organizations/1/muteConfigs?muteConfigId=w", config.clone()).await,
            field,
            "{config}"
        );
    }
    assert_eq!(
        server.blamed("POST", "/v2/organizations/1/muteConfigs?muteConfigId=W", json!({})).await,
        "muteConfigId"
    );
    assert_eq!(
        server
            .blamed("PATCH", "/v2/organizations/1/muteConfigs/e?updateMask=type", json!({"type": "STATIC"}))
            .await,
        "muteConfig.type"
    );
}

/// "Mute filter fields: severity, category, resource.name, resource.project_name, resource.project_display_name,
/// resource.folders.resource_folder, resource.parent_name, resource.parent_display_name, resource.type, finding_class,
/// indicator.ip_addresses, indicator.domains (all `= :`)"
#[tokio::test]
async fn row_mute_filter_fields() {
    let server = Server::new().await;
    let fields = [
        ("severity", "HIGH"),
        ("category", "x"),
        ("resource.name", "x"),
        ("resource.project_name", "x"),
        ("resource.project_display_name", "x"),
        ("resource.folders.resource_folder", "x"),
        ("resource.parent_name", "x"),
        ("resource.parent_display_name", "x"),
        ("resource.type", "x"),
        ("finding_class", "THREAT"),
        ("indicator.ip_addresses", "192.0.2.1"),
        ("indicator.domains", "x"),
    ];
    for (at, (field, value)) in fields.into_iter().enumerate() {
        for (sign, operator) in [("e", "="), ("h", ":")] {
            let path = format!("/v2/organizations/1/muteConfigs?muteConfigId={sign}{at}");
            server.good("POST", &path, json!({"filter": format!("{field}{operator}\"{value}\"")})).await;
        }
    }
    let listed = server.good("GET", "/v2/organizations/1/muteConfigs?pageSize=100", Value::Null).await;
    assert_eq!(listed["muteConfigs"].as_array().unwrap().len(), 24);
}

/// "notificationConfigs: `/v2/{S/*}/locations/*/notificationConfigs[/*]` {description<=1024, pubsubTopic, serviceAccount (out),
/// streamingConfig.filter, updateTime}" and "bigQueryExports: … {description, filter, dataset "projects/P/datasets/D", …}"
#[tokio::test]
async fn rows_notification_configs_and_bigquery_exports() {
    let server = Server::new().await;
    let topic = json!({"pubsubTopic": "projects/p/topics/t", "streaming_config": {"filter": "severity=HIGH"}, "serviceAccount": "x"});
    let dataset = json!({"dataset": "projects/p/datasets/d", "filter": "severity=HIGH"});
    for (collection, parameter, body, mask, changed) in [
        (
            "notificationConfigs",
            "configId",
            topic,
            "streamingConfig.filter",
            json!({"streamingConfig": {"filter": ""}}),
        ),
        ("bigQueryExports", "bigQueryExportId", dataset, "filter", json!({"filter": ""})),
    ] {
        for scope in ["organizations/1", "folders/7", "projects/p"] {
            for (version, location) in [("v2", "/locations/global"), ("v1", "")] {
                let path = format!("/{version}/{scope}{location}/{collection}");
                let made = server.good("POST", &format!("{path}?{parameter}=n1"), body.clone()).await;
                assert_eq!(made["name"], format!("{scope}{location}/{collection}/n1"));
                assert_eq!(made["serviceAccount"], Value::Null);
                assert_eq!(server.good("GET", &format!("{path}/n1"), Value::Null).await, made);
                assert_eq!(server.good("GET", &path, Value::Null).await[collection][0], made);
                let path = format!("{path}/n1");
                server.good("PATCH", &format!("{path}?updateMask={mask}"), changed.clone()).await;
                server.good("DELETE", &path, Value::Null).await;
                assert_eq!(server.ask("DELETE", &path, Value::Null).await.0, 404);
            }
        }
    }
    let notify = "/v2/organizations/1/locations/global/notificationConfigs?configId=a";
    for (body, field) in [
        (json!({}), "notificationConfig.pubsubTopic"),
        (json!({"pubsubTopic": "a b"}), "notificationConfig.pubsubTopic"),
        (
            json!({"pubsubTopic": "x", "streamingConfig": {"filter": "a="}}),
            "notificationConfig.streamingConfig.filter",
        ),
        (json!({"pubsubTopic": "x", "streamingConfig": 5}), "streamingConfig"),
    ] {
        assert_eq!(server.blamed("POST", notify, body).await, field);
    }
    let export = "/v2/organizations/1/locations/global/bigQueryExports?bigQueryExportId=a";
    assert_eq!(server.blamed("POST", export, json!({"dataset": "d"})).await, "bigQueryExport.dataset");
}

/// "`/v1/{S/*/locations/*}/securityCenterServices/container-threat-detection` (GET, LIST, PATCH): {intendedEnablementState,
/// effectiveEnablementState, modules …}; states INHERITED/ENABLED/DISABLED; service DISABLED overrides all modules"
#[tokio::test]
async fn row_enablement() {
    let server = Server::new().await;
    let path = |scope: &str| {
        format!("/v1/{scope}/locations/global/securityCenterServices/container-threat-detection")
    };
    let states = async |scope: &str, module: &str| {
        let service = server.good("GET", &path(scope), Value::Null).await;
        let module = service["modules"][module]["effectiveEnablementState"].as_str().unwrap().to_owned();
        (service["effectiveEnablementState"].as_str().unwrap().to_owned(), module)
    };
    let pair = |service: &str, module: &str| (service.to_owned(), module.to_owned());
    assert_eq!(states("projects/shop", "REVERSE_SHELL").await, pair("ENABLED", "ENABLED"));
    assert_eq!(states("projects/shop", "QUIET").await, pair("ENABLED", "DISABLED"));
    let on = json!({"modules": {"QUIET": {"intended_enablement_state": "ENABLED"}}});
    let set = server.good("PATCH", &format!("{}?updateMask=modules", path("organizations/1")), on).await;
    assert_eq!(
        set["modules"]["QUIET"],
        json!({"intendedEnablementState": "ENABLED", "effectiveEnablementState": "ENABLED"})
    );
    assert_eq!(
        states("projects/shop", "QUIET").await,
        pair("ENABLED", "ENABLED"),
        "inherited over the folder"
    );
    assert_eq!(states("projects/other", "QUIET").await, pair("ENABLED", "DISABLED"), "another organization");
    server.good("PATCH", &path("folders/7"), json!({"intendedEnablementState": "DISABLED"})).await;
    assert_eq!(states("projects/shop", "QUIET").await, pair("DISABLED", "DISABLED"));
    server.good("PATCH", &path("projects/shop"), json!({"intendedEnablementState": "ENABLED"})).await;
    assert_eq!(states("projects/shop", "QUIET").await, pair("ENABLED", "ENABLED"));
    let listed =
        server.good("GET", "/v1/folders/7/locations/global/securityCenterServices", Value::Null).await;
    assert_eq!(listed["securityCenterServices"][0]["intendedEnablementState"], "DISABLED");
    let only = format!("{}?validateOnly=true", path("projects/shop"));
    server.good("PATCH", &only, json!({"intendedEnablementState": "DISABLED"})).await;
    assert_eq!(states("projects/shop", "QUIET").await.0, "ENABLED");
    let shop = path("projects/shop");
    assert_eq!(
        server.blamed("PATCH", &shop, json!({"intendedEnablementState": "ON"})).await,
        "intendedEnablementState"
    );
    assert_eq!(server.blamed("PATCH", &shop, json!({"modules": {"NONE": {}}})).await, "modules");
    assert_eq!(
        server.blamed("PATCH", &format!("{shop}?updateMask=name"), json!({})).await,
        "updateMask: name"
    );
}

/// "Older v1beta2 `containerThreatDetectionSettings` exists down to `projects/*/locations/*/clusters/*` with
/// `serviceEnablementState`, `modules` map, `serviceAccount`, `:calculate` for effective state"
#[tokio::test]
async fn row_older_settings() {
    let server = Server::new().await;
    let cluster = "/v1beta2/projects/shop/locations/eu/clusters/prod/containerThreatDetectionSettings";
    let organization = "/v1beta2/organizations/1/containerThreatDetectionSettings";
    let said = server.good("GET", cluster, Value::Null).await;
    assert_eq!((&said["serviceEnablementState"], &said["modules"]), (&json!("INHERITED"), &json!({})));
    let off = json!({"modules": {"REVERSE_SHELL": {"moduleEnablementState": "DISABLED"}}});
    server.good("PATCH", organization, off).await;
    let effective = server.good("GET", &format!("{cluster}:calculate"), Value::Null).await;
    assert_eq!(effective["serviceEnablementState"], "ENABLED");
    assert_eq!(effective["modules"]["REVERSE_SHELL"]["moduleEnablementState"], "DISABLED");
    let on = json!({"modules": {"REVERSE_SHELL": {"moduleEnablementState": "ENABLED"}}});
    server.good("PATCH", &format!("{cluster}?updateMask=modules"), on).await;
    let modules = [api::Module { name: "REVERSE_SHELL".into(), on_by_default: false }];
    let chain = ["projects/shop/locations/eu/clusters/prod", "projects/shop", "organizations/1"];
    for (from, should) in [(0, true), (1, false)] {
        let places: Vec<String> = chain[from..].iter().map(|place| (*place).to_owned()).collect();
        let found = api::modules_along(&*server.store, &modules, &places).await.unwrap().unwrap();
        assert_eq!(found["REVERSE_SHELL"], should, "{}", chain[from]);
    }
    let elsewhere = ["projects/other".to_owned()];
    assert_eq!(api::modules_along(&*server.store, &modules, &elsewhere).await.unwrap(), None);
    // the newer form tells the same
    let newer = "/v1/organizations/1/locations/global/securityCenterServices/container-threat-detection";
    let newer = server.good("GET", newer, Value::Null).await;
    assert_eq!(newer["modules"]["REVERSE_SHELL"]["intendedEnablementState"], "DISABLED");
    assert_eq!(server.ask("GET", &cluster.replace("projects/shop", "folders/7"), Value::Null).await.0, 404);
}

/// "Restrictions `<field> <op> <value>` joined by AND / OR, parentheses; **OR binds tighter than AND**; prefix `-` negates …
/// also takes `NOT`"; "Field support listed for v2 ListFindings: …"; "v1 only: `source_properties.X` with `= : > < >= <=`;
/// existence = `source_properties.X : ""`, absence = `-source_properties.X : ""`"; "an array `contains(...)` function exists"
#[tokio::test]
async fn rows_of_the_filter_table() {
    let server = Server::with(4).await;
    let mark = json!({"marks": {"marka": "valuea"}});
    server.good("PATCH", &format!("/v2/{}/securityMarks", name(1)), mark).await;
    server.good("POST", &format!("/v2/{}:setMute", name(2)), json!({"mute": "MUTED"})).await;
    let parent = format!("parent=\"{SOURCE}/locations/global\"");
    let one = format!("name=\"{}\"", name(3));
    for (filter, ids) in [
        ("", "0123"),
        // joined
        ("severity=\"HIGH\" AND category=\"Reverse Shell\"", "0"),
        ("category:\"socat\" AND severity=HIGH OR severity=MEDIUM", "12"),
        ("(category:\"socat\" AND severity=HIGH) OR severity=MEDIUM", "123"),
        ("-severity=HIGH", "13"),
        ("state=\"ACTIVE\" AND NOT mute=\"MUTED\"", "013"),
        ("create_time>\"2023-08-15T19:05:32.428Z\"", ""),
        ("create_time<\"2023-08-15T19:05:32.428Z\"", "0123"),
        ("resource.parent_name:\"folders/7\"", "0123"),
        ("severity=\"CRITICAL\" OR severity=\"HIGH\"", "02"),
        // the fields of v2, each with what it takes
        (&one, "3"),
        (&parent, "0123"),
        ("parent:\"threat-detection\"", "0123"),
        ("resource_name=\"//container.googleapis.com/projects/shop/locations/eu/clusters/prod\"", "0123"),
        ("resource_name:\"clusters/prod\"", "0123"),
        ("state=ACTIVE", "0123"),
        ("state:ACTIVE", "0123"),
        ("category=\"Reverse Shell\"", "03"),
        ("category:\"SOCAT\"", "12"),
        ("external_uri=\"https://shop.example/2\"", "2"),
        ("external_uri:\"shop.example\"", "0123"),
        ("severity=HIGH", "02"),
        ("severity:medium", "13"),
        ("security_marks.marks.marka=\"valuea\"", "1"),
        ("security_marks.marks.marka:\"value\"", "1"),
        ("event_time=1795464833500", "1"),
        ("event_time>\"2026-11-23T20:13:53.5Z\"", "23"),
        ("event_time<1795464833500", "0"),
        ("event_time>=1795464833500", "123"),
        ("event_time<=1795464833500", "01"),
        ("resource.name:\"clusters/prod\"", "0123"),
        ("resource.parent_name=\"//cloudresourcemanager.googleapis.com/folders/7\"", "0123"),
        ("resource.parent_display_name=europe", "0123"),
        ("resource.project_name:\"projects/42\"", "0123"),
        ("resource.project_display_name=\"shop\"", "0123"),
        ("resource.type=\"google.container.Cluster\"", "0123"),
        ("resource.display_name:pro", "0123"),
        ("resource.folders.resource_folder:\"folders/7\"", "0123"),
        // of the source's own properties
        ("source_properties.Pod_Name=\"pod-2\"", "2"),
        ("source_properties.Pod_Name:\"od-\"", "0123"),
        ("source_properties.Pid>1", "23"),
        ("source_properties.Pid>=1", "123"),
        ("source_properties.Pid<1", "0"),
        ("source_properties.Pid<=1", "01"),
        ("source_properties.Pod_Name : \"\"", "0123"),
        ("-source_properties.Nothing : \"\"", "0123"),
        // functions
        ("contains(connections, destination_port=4444)", ""),
        ("contains(resource.folders, resource_folder:\"folders/7\")", "0123"),
        ("inIpRange(connections.destination_ip, \"10.0.0.0/8\")", ""),
    ] {
        let should: Vec<String> = ids.chars().map(|n| format!("f00{n}")).collect();
        for version in ["v1", "v2"] {
            let path = format!("/{version}/organizations/1/sources/-/findings?filter={}", encoded(filter));
            assert_eq!(server.listed(&path).await, should, "{version} {filter}");
        }
    }
}

/// "order_by: SQL-like, `" desc"` suffix; fields name,parent,state,category,resource_name,event_time"
#[tokio::test]
async fn row_order_by() {
    let server = Server::with(3).await;
    for field in ["name", "parent", "state", "category", "resource_name", "event_time", "eventTime"] {
        for suffix in ["", " desc"] {
            let path = format!("{ALL}?orderBy={}", encoded(&format!("{field}{suffix}")));
            assert_eq!(server.listed(&path).await.len(), 3, "{path}");
        }
    }
    let answer = server.good("GET", &format!("{ALL}?orderBy=event_time%20desc"), Value::Null).await;
    assert_eq!(answer["listFindingsResults"][0]["finding"]["name"], name(2));
}

/// Every change is written down, with who did it and how it ended; reading is not.
#[tokio::test]
async fn changes_are_written_to_the_audit_log() {
    let server = Server::with(1).await;
    server.good("GET", ALL, Value::Null).await;
    server.good("POST", &format!("/v2/{}:setMute", name(0)), json!({"mute": "MUTED"})).await;
    server.ask("POST", &format!("/v2/{}:setState", name(5)), json!({"state": "ACTIVE"})).await;
    server.ask("GET", &format!("/v2/{}/evidence/{}", name(0), "00".repeat(32)), Value::Null).await;
    let said: Vec<_> = server.store.audit(None, 10).await.unwrap().into_iter().map(|r| r.entry).collect();
    let said: Vec<_> =
        said.iter().rev().map(|e| (e.principal.as_str(), e.method.as_str(), e.outcome.as_str())).collect();
    assert_eq!(
        said,
        [
            ("token:local", "findings.setMute", "OK"),
            ("token:local", "findings.setState", "NOT_FOUND"),
            ("token:local", "evidence.download", "NOT_FOUND"),
        ]
    );
}

/// Somebody who may only look.
struct Viewer;

impl Access for Viewer {
    fn admit<'a>(&'a self, request: Request<'a>) -> Decision<'a> {
        Box::pin(async move {
            let principal = Principal { name: "user:eve".into(), role: "viewer".into() };
            match request.method.permission() {
                Permission::View => Ok(principal),
                _ => Err(Denied::PermissionDenied { principal, reason: "ask an admin".into() }),
            }
        })
    }
}

/// Every operation of the document asks who is there before it does anything, and says what it needs.
#[tokio::test]
async fn who_may_only_look_changes_nothing() {
    let server = Server::asked_by(Arc::new(Viewer)).await;
    let document: Value = serde_json::from_str(api::openapi_document()).unwrap();
    let mut refused = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let parameters = item["parameters"].as_array().unwrap().iter();
        let filled = parameters.fold(path.clone(), |path, p| {
            path.replace(&format!("{{{}}}", p["name"].as_str().unwrap()), p["example"].as_str().unwrap())
        });
        for (verb, operation) in item.as_object().unwrap().iter().filter(|(verb, _)| *verb != "parameters") {
            let (status, answer) = server.ask(&verb.to_uppercase(), &filled, json!({})).await;
            if operation["x-vedette-permission"] == "View" {
                assert_ne!(status, 403, "{verb} {filled}: {answer}");
            } else {
                refused += 1;
                assert_eq!(
                    (status, &answer["error"]["status"]),
                    (403, &json!("PERMISSION_DENIED")),
                    "{verb} {filled}"
                );
            }
        }
    }
    let entries = server.store.audit(None, 1_000).await.unwrap();
    assert_eq!(entries.len(), 30, "of one principal so many are written down in a minute");
    assert!(refused > 50 && entries.iter().all(|r| r.entry.outcome == "PERMISSION_DENIED"));
    let asked = json!({"permissions": ["securitycenter.findings.setState", "securitycenter.findings.list"]});
    let path = "/v2/organizations/1/sources/container-threat-detection:testIamPermissions";
    let held = server.good("POST", path, asked).await;
    assert_eq!(held, json!({"permissions": ["securitycenter.findings.list"]}));
}

/// A delete that ended half-way is finished by whoever applies the configs next.
#[tokio::test]
async fn what_a_server_left_half_done_is_finished() {
    let server = Server::with(2).await;
    let config = json!({"filter": "severity=HIGH", "type": "DYNAMIC"});
    let made = server.good("POST", "/v2/organizations/1/muteConfigs?muteConfigId=h", config).await;
    let name = made["name"].as_str().unwrap();
    let kind = store::DocumentKind::MuteConfig;
    let mut body = server.store.document(kind, name).await.unwrap().unwrap().body;
    body["vedetteInternal"] = json!({"unsettled": ["severity=HIGH"], "deleted": true});
    let now = "2026-12-01T00:00:00Z".parse().unwrap();
    server.store.put_document(kind, name, body, store::Expectation::Any, now).await.unwrap();
    assert_eq!(server.ask("GET", &format!("/v2/{name}"), Value::Null).await.0, 404);
    assert_eq!(api::apply_mutes(&*server.store, &*server.store, now).await.unwrap(), 1);
    assert!(server.listed(&format!("{ALL}?filter=mute%3DMUTED")).await.is_empty());
    assert!(server.store.document(kind, name).await.unwrap().is_none());
}

/// `$alt=json;enum-encoding=int`, `$fields` and `prettyPrint`; unknown fields of a body are ignored; too much is refused.
#[tokio::test]
async fn how_answers_are_written() {
    let server = Server::with(1).await;
    let int = server
        .good("GET", "/v1/organizations/1/sources/-/findings?$alt=json;enum-encoding=int", Value::Null)
        .await;
    assert_eq!(int["listFindingsResults"][0]["stateChange"], 0);
    let path = format!("{ALL}?$fields=listFindingsResults(finding/name),totalSize&prettyPrint=true");
    let partial = server.good("GET", &path, Value::Null).await;
    assert_eq!(partial, json!({"listFindingsResults": [{"finding": {"name": name(0)}}], "totalSize": 1}));
    assert_eq!(server.blamed("GET", &format!("{ALL}?$fields=a("), Value::Null).await, "$fields");
    let mute = format!("/v2/{}:setMute", name(0));
    server.good("POST", &mute, json!({"mute": "MUTED", "colour": {"a": [1, null]}})).await;
    let large = json!({"mute": "x".repeat(5 << 20)});
    assert_eq!(server.ask("POST", &mute, large).await.0, 413);
    let deep = (0..5_000).fold(String::new(), |text, _| text + "[");
    assert_eq!(server.blamed("POST", &mute, json!({"mute": deep})).await, "mute");
}
