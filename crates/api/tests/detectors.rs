//! What can be detected, and the bench.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use api::Administration;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use finding::Timestamp;
use serde_json::{Value, json};
use server::{Server, TOKEN};
use store::{AuditLog, DocumentKind, DocumentStore, Expectation};
use tower::ServiceExt;

async fn replayed(server: &Server, body: Body) -> (u16, Value) {
    let request = Request::post("/v2/detectors:replay")
        .header("host", "localhost:8080")
        .header("authorization", format!("Bearer {TOKEN}"));
    let response = server.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap())
}

#[tokio::test]
async fn the_catalogue_has_what_sensors_say_of_its_cost() {
    let server = Server::new().await;
    for (name, costs) in [
        (
            "a/1",
            json!({"REVERSE_SHELL": {"events": 8, "nanos": 9_000}, "OF_ANOTHER_VERSION": {"events": 1, "nanos": 1}}),
        ),
        ("a/2", json!({"REVERSE_SHELL": {"events": -1, "nanos": "x"}})),
        ("a/3", json!("nonsense")),
    ] {
        let body = json!({"cluster": "a", "node": "n", "detectors": costs});
        let now = Timestamp::from_nanos(1);
        let put = server.store.put_document(DocumentKind::Sensor, name, body, Expectation::Any, now);
        put.await.unwrap().unwrap();
    }
    let answer = server.good("GET", "/v2/detectors", Value::Null).await;
    let list = answer["detectors"].as_array().unwrap();
    assert_eq!(list.len(), 2);
    assert_eq!((&list[0]["module"], &list[0]["severity"]), (&json!("REVERSE_SHELL"), &json!("CRITICAL")));
    assert_eq!(list[0]["cost"], json!({"events": "10", "nanosPerEvent": 1_000}), "the sensors' and its own");
    assert_eq!((&list[1]["cost"], &list[1]["onByDefault"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn a_command_line_is_tried() {
    let server = Server::new().await;
    let path = "/v2/detectors:try";
    let answer = server.good("POST", path, json!({"commandLine": "sh -i"})).await;
    let condition = json!({"condition": "It is so", "state": "TRUE", "reason": "\u{202e}seen"});
    let verdict = json!({"module": "REVERSE_SHELL", "verdict": "FOUND", "conditions": [condition]});
    assert_eq!(answer, json!({"verdicts": [verdict]}));
    for body in [
        json!({}),
        json!({"commandLine": " \n"}),
        json!({"commandLine": "x".repeat(4_097)}),
        json!({"commandLine": 7}),
    ] {
        assert_eq!(server.blamed("POST", path, body).await, "commandLine");
    }
    assert_eq!(server.ask("GET", path, Value::Null).await.0, 405);
    assert_eq!(server.ask("POST", "/v1/detectors:try", json!({"commandLine": "x"})).await.0, 404);
}

#[tokio::test]
async fn a_recording_is_replayed_and_may_be_longer_than_other_bodies() {
    let server = Server::new().await;
    let long = vec![7_u8; 5 << 20];
    let (status, answer) = replayed(&server, Body::from(long)).await;
    assert_eq!((status, &answer["records"]), (200, &json!("5242880")), "{answer}");
    assert_eq!((&answer["findings"], &answer["verdicts"][0]["pid"]), (&json!([]), &json!("7")));
    assert_eq!(answer["verdicts"][0]["commandLine"], "sh -i");
    let (status, answer) = replayed(&server, Body::empty()).await;
    assert_eq!(
        (status, &answer["error"]["details"][0]["fieldViolations"][0]["field"]),
        (400, &json!("body"))
    );
    let too_long = Body::from(vec![0_u8; (64 << 20) + 1]);
    assert_eq!(replayed(&server, too_long).await.0, 413);
    let entries = server.store.audit(None, 10).await.unwrap();
    let noted = entries.iter().filter(|record| record.entry.method == "detectors.replay");
    let noted: Vec<_> =
        noted.map(|record| (record.entry.outcome.as_str(), &record.entry.detail["bytes"])).collect();
    assert!(
        noted.contains(&("OK", &json!(5 << 20))) && noted.contains(&("INVALID_ARGUMENT", &Value::Null)),
        "{noted:?}"
    );

    // one at a time: each takes memory for all of its bytes
    let (first, second) = tokio::join!(replayed(&server, Body::from("slow")), async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        replayed(&server, Body::from("quick")).await
    });
    assert_eq!((first.0, second.0, &second.1["error"]["status"]), (200, 429, &json!("RESOURCE_EXHAUSTED")));
}

#[tokio::test]
async fn a_server_without_detectors_says_so() {
    let server = Server::administered_by(Administration::default()).await;
    for (method, path, body) in
        [("GET", "detectors", Value::Null), ("POST", "detectors:try", json!({"commandLine": "x"}))]
    {
        let (status, answer) = server.ask(method, &format!("/v2/{path}"), body).await;
        assert_eq!((status, &answer["error"]["status"]), (400, &json!("FAILED_PRECONDITION")), "{answer}");
    }
}
