//! What the console asks: shapes, earlier states, findings over time, what the server is set to.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use serde_json::{Value, json};
use server::{SOURCE, Server, name};

const ALL: &str = "/v2/organizations/1/sources/-/findings";

#[tokio::test]
async fn a_finding_is_told_in_the_shapes_of_others() {
    let server = Server::with(1).await;
    let shaped = async |shape: &str| {
        let path = format!("/v2/{}:shape?shape={shape}", name(0));
        let answer = server.good("GET", &path, Value::Null).await;
        assert_eq!(answer["shape"], *shape);
        answer["document"].clone()
    };
    let v2 = shaped("scc-v2").await;
    assert_eq!(v2, server.good("GET", &format!("/v2/{}", name(0)), Value::Null).await);
    let v1 = shaped("scc-v1").await;
    assert_eq!(v1, server.good("GET", &format!("/v1/{}", name(0)), Value::Null).await);
    let console = shaped("console").await;
    assert_eq!(console["finding"]["resource_name"], v2["finding"]["resourceName"]);
    assert_eq!(console["sourceProperties"]["Pod_Name"], "pod-0");
    assert_eq!(shaped("ocsf").await["class_name"], "Detection Finding");
    assert!(!shaped("falco").await["rule"].as_str().unwrap().is_empty());

    let plain = server.good("GET", &format!("/v2/{}:shape", name(0)), Value::Null).await;
    assert_eq!(plain["shape"], "scc-v2");
    let canonical =
        format!("/v2/projects/shop/{}:shape", name(0).split_once('/').unwrap().1.split_once('/').unwrap().1);
    assert_eq!(server.good("GET", &canonical, Value::Null).await["document"], v2);
    let wrong = format!("/v2/{}:shape?shape=xml", name(0));
    assert_eq!(server.blamed("GET", &wrong, Value::Null).await, "shape");
    assert_eq!(server.ask("GET", &format!("/v2/{}:shape", name(1)), Value::Null).await.0, 404);
    assert_ne!(
        server.ask("GET", &format!("/v1/{}:shape", name(0)), Value::Null).await.0,
        200,
        "ours is in v2"
    );
}

#[tokio::test]
async fn earlier_states_are_told_the_newest_first() {
    let server = Server::with(2).await;
    let path = format!("/v2/{}/versions", name(0));
    let none = server.good("GET", &path, Value::Null).await;
    assert_eq!(none, json!({"versions": [], "nextPageToken": ""}));
    for state in ["INACTIVE", "ACTIVE", "INACTIVE"] {
        server.good("POST", &format!("/v2/{}:setState", name(0)), json!({"state": state})).await;
    }
    let first = server.good("GET", &format!("{path}?pageSize=2"), Value::Null).await;
    let states = |page: &Value| {
        let versions = page["versions"].as_array().unwrap().iter();
        versions.map(|v| v["finding"]["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(&first), ["ACTIVE", "INACTIVE"]);
    let [newer, older] = [0, 1].map(|at| &first["versions"][at]);
    assert_eq!(newer["versionTime"], older["endTime"]);
    assert_eq!(newer["resource"]["displayName"], "prod");
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = server.good("GET", &format!("{path}?pageSize=2&pageToken={token}"), Value::Null).await;
    assert_eq!((states(&rest), &rest["nextPageToken"]), (vec!["ACTIVE".to_owned()], &json!("")));

    let foreign = format!("/v2/{}/versions?pageToken={token}", name(1));
    assert_eq!(server.blamed("GET", &foreign, Value::Null).await, "pageToken");
    assert_eq!(server.blamed("GET", &format!("{path}?pageToken=00"), Value::Null).await, "pageToken");
    assert_eq!(server.ask("GET", &format!("/v2/{}/versions", name(7)), Value::Null).await.0, 404);
}

#[tokio::test]
async fn findings_are_counted_over_time() {
    let server = Server::with(12).await;
    let path = format!("{ALL}:histogram");
    let range = |from: &str, until: &str| json!({"startTime": from, "endTime": until});
    let with = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        body
    };
    let month = range("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
    let sum = |answer: &Value, severity: &str| -> u64 {
        let buckets = answer["buckets"].as_array().unwrap().iter();
        buckets.map(|b| b["counts"][severity].as_str().unwrap().parse::<u64>().unwrap()).sum()
    };
    let answer = server.good("POST", &path, month.clone()).await;
    assert_eq!((answer["buckets"].as_array().unwrap().len(), &answer["complete"]), (60, &json!(true)));
    assert_eq!(["HIGH", "MEDIUM", "LOW"].map(|severity| sum(&answer, severity)), [6, 6, 0]);
    assert_eq!(answer["buckets"][0]["startTime"], "2026-11-01T00:00:00Z");
    assert_eq!(answer["buckets"][0]["endTime"], answer["buckets"][1]["startTime"]);
    assert_eq!(answer["buckets"][59]["endTime"], "2026-12-01T00:00:00Z");

    for (field, value, high) in [
        ("filter", json!("state=\"ACTIVE\" AND NOT mute=\"MUTED\""), 6),
        ("filter", json!("severity=\"MEDIUM\""), 0),
        ("filter", json!("source_properties.Pod_Name=\"pod-2\""), 1),
        ("buckets", json!(1), 6),
        ("buckets", json!(500), 6),
        ("field", json!("eventTime"), 6),
    ] {
        let answer = server.good("POST", &path, with(month.clone(), field, value.clone())).await;
        assert_eq!((sum(&answer, "HIGH"), &answer["complete"]), (high, &json!(true)), "{field} {value}");
    }
    let elsewhere =
        server.good("POST", "/v2/projects/other/sources/-/findings:histogram", month.clone()).await;
    assert_eq!(sum(&elsewhere, "HIGH"), 0);
    let of_source = server.good("POST", &format!("/v2/{SOURCE}/findings:histogram"), month.clone()).await;
    assert_eq!(sum(&of_source, "HIGH"), 6);

    for (body, field) in [
        (json!({}), "startTime"),
        (json!({"startTime": "2026-11-01T00:00:00Z"}), "endTime"),
        (range("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z"), "endTime"),
        (range("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"), "endTime"),
        (range("yesterday", "2026-11-01T00:00:00Z"), "startTime"),
        (with(month.clone(), "buckets", json!(0)), "buckets"),
        (with(month.clone(), "buckets", json!(501)), "buckets"),
        (with(month.clone(), "buckets", json!("many")), "buckets"),
        (range("2026-11-01T00:00:00Z", "2026-11-01T00:00:00.001Z"), "buckets"),
        (with(month.clone(), "field", json!("name")), "field"),
        (with(month, "filter", json!("severity=")), "filter"),
    ] {
        assert_eq!(server.blamed("POST", &path, body.clone()).await, field, "{body}");
    }
}

#[tokio::test]
async fn what_the_server_is_set_to_is_told() {
    let server = Server::new().await;
    let answer = server.good("GET", "/v2/configuration", Value::Null).await;
    assert_eq!(answer["version"], "1");
    assert_eq!(server.ask("GET", "/v1/configuration", Value::Null).await.0, 404);
    assert_eq!(server.ask("POST", "/v2/configuration", json!({})).await.0, 405);
    let bare = Server::administered_by(api::Administration::default()).await;
    assert_eq!(bare.ask("GET", "/v2/configuration", Value::Null).await.0, 400);
}
