//! What a client sees, whole answers through the router over the real store.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{Hosts, Service, Token, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use finding::{
    Finding, FindingClass, FindingName, FindingResource, GcpMetadata, MitreAttack, Process, Resource,
    Severity, Tactic, Technique, Timestamp,
};
use serde_json::{Value, json};
use store::{EvidenceKind, EvidenceMeta, EvidenceStore, FindingStore};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tower::ServiceExt;

/// Not the real form: the form is nobody's business here.
const TOKEN: &str = "an example";
const PARENT: &str = "projects/shop/sources/vedette/locations/global";

struct Server {
    store: Arc<SqliteStore>,
    router: Router,
    _folder: TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.text()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Server {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let service = Service {
            findings: store.clone(),
            evidence: store.clone(),
            documents: store.clone(),
            audit: store.clone(),
            access: Arc::new(Token::new(TOKEN, "/data/token")),
            modules: Vec::new(),
            ancestors: Box::new(|_| Vec::new()),
            check_notification: Box::new(|_, _| Ok(())),
            administration: api::Administration::default(),
            metrics: Box::new(|| "vedette_findings_total 1\n# EOF\n".to_owned()),
            ready: Box::new(|| Ok(())),
            hosts: Hosts::of(listen),
        };
        Self { store, router: router(service), _folder: folder }
    }

    async fn with(findings: i64) -> Self {
        let server = Self::new().await;
        for n in 0..findings {
            server.store.upsert(&example(n), 1, Timestamp::from_nanos(n)).await.unwrap();
        }
        server
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "localhost:8080").header("authorization", bearer());
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

fn bearer() -> String {
    format!("Bearer {TOKEN}")
}

fn id(n: i64) -> String {
    format!("{PARENT}/findings/f{n:03}")
}

fn example(n: i64) -> FindingResource {
    let finding = Finding {
        name: id(n),
        parent: PARENT.into(),
        category: "Execution: Socat Reverse Shell Detected".into(),
        severity: Severity::Medium,
        finding_class: FindingClass::Threat,
        event_time: Some(Timestamp::from_nanos(1_795_464_832_500_000_000 + n)),
        mitre_attack: MitreAttack {
            primary_tactic: Tactic::Execution,
            primary_techniques: vec![Technique::UnixShell],
            ..MitreAttack::default()
        },
        processes: vec![Process { pid: 42, user_id: Some(0), ..Process::default() }],
        ..Finding::default()
    };
    let gcp_metadata = GcpMetadata {
        project: "//cloudresourcemanager.googleapis.com/projects/1".into(),
        project_display_name: "shop".into(),
        ..GcpMetadata::default()
    };
    let name = "//container.googleapis.com/projects/shop/locations/eu/clusters/prod".into();
    FindingResource { finding, resource: Resource { name, gcp_metadata, ..Resource::default() } }
}

fn assert_error(answer: &Answer, code: u16, status: &str) {
    assert_eq!(answer.status.as_u16(), code, "{}", answer.text());
    let error = &answer.json()["error"];
    assert_eq!(error["code"], code);
    assert_eq!(error["status"], status);
    assert!(error["message"].as_str().is_some_and(|m| !m.is_empty()));
    assert!(error["details"].is_array());
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_list_has_the_published_shape() {
    let answer = Server::with(1).await.get("/v2/projects/shop/sources/-/findings").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!({
            "listFindingsResults": [{
                "finding": {
                    "name": "projects/shop/sources/vedette/locations/global/findings/f000",
                    "parent": "projects/shop/sources/vedette/locations/global",
                    "state": "ACTIVE",
                    "category": "Execution: Socat Reverse Shell Detected",
                    "eventTime": "2026-11-23T20:13:52.500Z",
                    "createTime": "1970-01-01T00:00:00Z",
                    "severity": "MEDIUM",
                    "mute": "UNDEFINED",
                    "findingClass": "THREAT",
                    "mitreAttack": {"primaryTactic": "EXECUTION", "primaryTechniques": ["UNIX_SHELL"]},
                    "processes": [{"pid": "42", "userId": "0"}]
                },
                "resource": {
                    "name": "//container.googleapis.com/projects/shop/locations/eu/clusters/prod",
                    "gcpMetadata": {
                        "project": "//cloudresourcemanager.googleapis.com/projects/1",
                        "projectDisplayName": "shop"
                    },
                    "project_display_name": "shop"
                }
            }],
            "totalSize": 1
        })
    );
}

#[tokio::test]
async fn v1_has_its_own_resource_and_extras() {
    let server = Server::with(1).await;
    let body = server.get("/v1/projects/shop/sources/vedette/findings").await.json();
    let result = &body["listFindingsResults"][0];
    assert_eq!(result["resource"]["projectDisplayName"], "shop");
    assert_eq!(result["resource"]["projectName"], "//cloudresourcemanager.googleapis.com/projects/1");
    assert_eq!(result["resource"]["gcpMetadata"], Value::Null);
    assert_eq!(result["stateChange"], "UNUSED");
    assert!(
        body["readTime"].as_str().unwrap().parse::<Timestamp>().unwrap().nanos() > 1_700_000_000_000_000_000
    );
    let one = server.get(&format!("/v1/{}", id(0))).await.json();
    assert_eq!(one["resource"]["projectDisplayName"], "shop");
}

#[tokio::test]
async fn pages_lead_to_each_other_newest_first() {
    let server = Server::with(25).await;
    let mut path = "/v2/projects/shop/sources/-/findings".to_owned();
    let mut seen = Vec::new();
    for expected in [10, 10, 5] {
        let body = server.get(&path).await.json();
        let results = body["listFindingsResults"].as_array().unwrap();
        assert_eq!((results.len(), &body["totalSize"]), (expected, &json!(25)));
        seen.extend(results.iter().map(|r| r["finding"]["name"].as_str().unwrap().to_owned()));
        let token = body["nextPageToken"].as_str().unwrap_or_default();
        path = format!("/v2/projects/shop/sources/-/findings?pageToken={token}");
    }
    let expected: Vec<String> = (0..25).rev().map(id).collect();
    assert_eq!(seen, expected);

    let oldest = "/v2/projects/shop/sources/-/findings?order_by=event_time%20asc&page_size=2";
    let body = server.get(oldest).await.json();
    assert_eq!(body["listFindingsResults"][0]["finding"]["name"], id(0));
    assert_eq!(body["listFindingsResults"].as_array().unwrap().len(), 2);
    let empty = server.get("/v2/projects/other/sources/-/findings").await.json();
    assert_eq!(empty, json!({"listFindingsResults": [], "totalSize": 0}));
}

#[tokio::test]
async fn enums_become_numbers_when_asked_for() {
    let server = Server::with(1).await;
    let encoded = "%24alt=json%3Benum-encoding%3Dint";
    for (version, undefined) in [("v1", 4), ("v2", 3)] {
        for query in ["$alt=json;enum-encoding=int", encoded] {
            let finding = server.get(&format!("/{version}/{}?{query}", id(0))).await.json()["finding"].take();
            assert_eq!(finding["state"], 1);
            assert_eq!(finding["severity"], 3);
            assert_eq!(finding["findingClass"], 1);
            assert_eq!(finding["mute"], undefined, "{version}");
            assert_eq!(finding["mitreAttack"], json!({"primaryTactic": 3, "primaryTechniques": [7]}));
        }
    }
}

#[tokio::test]
async fn a_field_mask_narrows_the_finding() {
    let path = "/v2/projects/shop/sources/-/findings?fieldMask=name,finding.event_time,mitreAttack.primaryTactic,vulnerability,description.nope";
    let body = Server::with(1).await.get(path).await.json();
    assert_eq!(
        body["listFindingsResults"][0]["finding"],
        json!({
            "name": id(0), "eventTime": "2026-11-23T20:13:52.500Z", "mitreAttack": {"primaryTactic": "EXECUTION"}
        })
    );
}

#[tokio::test]
async fn bad_requests_get_googles_error() {
    let server = Server::with(12).await;
    let list = "/v2/projects/shop/sources/-/findings";
    for (query, field) in [
        ("pageSize=-1", "pageSize"),
        ("pageSize=1001", "pageSize"),
        ("pageSize=ten", "pageSize"),
        ("pageSize=99999999999999999999", "pageSize"),
        ("pageToken=xyz", "pageToken"),
        ("pageToken=00", "pageToken"),
        ("orderBy=color", "orderBy"),
        ("orderBy=name;drop", "orderBy"),
        ("$alt=proto", "$alt"),
        ("fieldMask=name,nope", "fieldMask"),
        ("nope=1", "query"),
    ] {
        let answer = server.get(&format!("{list}?{query}")).await;
        assert_error(&answer, 400, "INVALID_ARGUMENT");
        let violation = answer.json()["error"]["details"][0]["fieldViolations"][0]["field"].take();
        assert_eq!(violation, field, "{query}");
    }
    let token = server.get(list).await.json()["nextPageToken"].as_str().unwrap().to_owned();
    let answer = server.get(&format!("{list}?pageToken={token}&orderBy=name")).await;
    assert_error(&answer, 400, "INVALID_ARGUMENT");

    assert_error(&server.get("/v2/projects/shop/sources/-/findings/f001").await, 400, "INVALID_ARGUMENT");
    assert_error(&server.get(&format!("/v2/{PARENT}/findings/f-1")).await, 400, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::with(1).await;
    for path in [
        "/",
        "/v2",
        "/v2/",
        "/v3/x",
        "/favicon.ico",
        "/v2/projects/shop",
        "/%ff",
        "/v2/%2e%2e/x",
        "/v2//findings",
    ] {
        assert_error(&server.get(path).await, 404, "NOT_FOUND");
    }
    assert_error(&server.get(&format!("/v2/{}", id(5))).await, 404, "NOT_FOUND");
    assert_error(&server.get(&format!("/v2/{}/evidence", id(5))).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_filter_leaves_out_what_does_not_match_and_a_wrong_one_names_its_place() {
    let server = Server::with(3).await;
    let list = "/v2/projects/shop/sources/-/findings";
    let count = |answer: &Answer| answer.json()["listFindingsResults"].as_array().map(Vec::len);
    for (filter, should) in [("", 3), ("state%3D%22ACTIVE%22", 3), ("-state%3DACTIVE", 0)] {
        let answer = server.get(&format!("{list}?filter={filter}")).await;
        assert_eq!(count(&answer), Some(should), "{filter}");
        assert_eq!(answer.json()["totalSize"], should, "{filter}");
    }
    let wrong = server.get(&format!("{list}?filter=state%3D%22ACTIVE%22%20AND%20sevrity%3DLOW")).await;
    assert_error(&wrong, 400, "INVALID_ARGUMENT");
    let wrong = wrong.json();
    let violation = &wrong["error"]["details"][0]["fieldViolations"][0];
    assert_eq!(violation["field"], "filter");
    let said = violation["description"].as_str().unwrap_or_default();
    assert!(said.contains("character 20") && said.contains("severity"), "{said}");
}

#[tokio::test]
async fn what_is_left_out_says_so() {
    let server = Server::with(1).await;
    for path in ["/v2/organizations/1/resourceValueConfigs", "/v1/organizations/1/assets"] {
        assert_error(&server.get(path).await, 501, "UNIMPLEMENTED");
    }
}

#[tokio::test]
async fn other_methods_are_refused_everywhere() {
    let server = Server::with(1).await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        for path in ["/healthz", "/metrics", "/openapi.json", "/v2/projects/shop/sources/-/findings"] {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("host", "localhost")
                .header("authorization", bearer())
                .body(Body::empty())
                .unwrap();
            let answer = server.send(request).await;
            assert_error(&answer, 405, "UNIMPLEMENTED");
            assert!(answer.header("allow").contains("GET"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_rebind_its_name_to_us() {
    let server = Server::with(1).await;
    for path in ["/healthz", "/metrics", "/v2/projects/shop/sources/-/findings", "/nowhere"] {
        for host in ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1"] {
            let request = Request::get(path).header("host", host).body(Body::empty()).unwrap();
            assert_error(&server.send(request).await, 403, "PERMISSION_DENIED");
        }
        let nameless = Request::get(path).body(Body::empty()).unwrap();
        assert_error(&server.send(nameless).await, 403, "PERMISSION_DENIED");
        let two = Request::get(path).header("host", "localhost").header("host", "evil.example");
        assert_error(&server.send(two.body(Body::empty()).unwrap()).await, 403, "PERMISSION_DENIED");
        let absolute = Request::get(format!("http://evil.example{path}")).header("host", "localhost");
        assert_error(&server.send(absolute.body(Body::empty()).unwrap()).await, 403, "PERMISSION_DENIED");
    }
    for host in ["localhost", "127.0.0.1:8080", "[::1]:8080"] {
        let request = Request::get("/healthz").header("host", host).body(Body::empty()).unwrap();
        assert_eq!(server.send(request).await.status, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn only_who_holds_the_token_may_read() {
    let server = Server::with(1).await;
    let list = "/v2/projects/shop/sources/-/findings";
    let ask = async |path: &str, said: &[&str]| {
        let mut request = Request::get(path).header("host", "localhost");
        for value in said {
            request = request.header("authorization", *value);
        }
        server.send(request.body(Body::empty()).unwrap()).await
    };
    let (token, shorter) = (bearer(), &bearer()[..bearer().len() - 1]);
    let (longer, lower) = (format!("{token}x"), format!("bearer {TOKEN}"));
    let far = format!("Bearer {}", "x".repeat(5_000));
    for said in [
        &[][..],
        &[""],
        &["Bearer"],
        &["Bearer "],
        &[TOKEN],
        &[shorter],
        &[&longer],
        &[&far],
        &[&token, &token],
    ] {
        for path in [list, &format!("/v1/{}", id(0)), &format!("/v2/{}/evidence", id(0)), "/", "/healthz/"] {
            let answer = ask(path, said).await;
            assert_error(&answer, 401, "UNAUTHENTICATED");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert!(answer.text().contains("/data/token"), "{}", answer.text());
        }
    }
    for said in [&token, &lower] {
        assert_eq!(ask(list, &[said]).await.status, StatusCode::OK, "{said}");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(path, &[]).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn too_much_is_refused() {
    let server = Server::with(1).await;
    let long = format!("/v2/projects/shop/sources/-/findings?pageToken={}", "0".repeat(20_000));
    assert_error(&server.get(&long).await, 414, "INVALID_ARGUMENT");
    let large = Request::get("/healthz").header("host", "localhost").header("content-length", "99999999");
    assert_error(&server.send(large.body(Body::empty()).unwrap()).await, 413, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn evidence_is_listed_and_comes_as_an_attachment() {
    let server = Server::with(2).await;
    let finding: FindingName = id(0).parse().unwrap();
    let meta = EvidenceMeta {
        finding,
        kind: EvidenceKind::Executable,
        name: "/tmp/<script>alert(1)</script>.html".into(),
        taken_at: Timestamp::from_nanos(1_795_464_832_000_000_000),
        original_size: 9_000,
        truncated: true,
    };
    let bytes = b"<html><script>alert(1)</script>\x00\xff".to_vec();
    let sha256 = server.store.put(bytes.clone(), meta).await.unwrap();
    let mut listed = server.get(&format!("/v2/{}/evidence", id(0))).await.json();
    let custody = listed["evidence"][0]["custody"].take();
    assert_eq!((&custody[0]["action"], &custody[1]["action"]), (&json!("taken"), &json!("stored")));
    listed["evidence"][0].as_object_mut().unwrap().remove("custody");
    assert_eq!(
        listed,
        json!({"evidence": [{
            "sha256": sha256.to_string(), "kind": "EXECUTABLE", "name": "/tmp/<script>alert(1)</script>.html",
            "size": "33", "originalSize": "9000", "truncated": true, "takeTime": "2026-11-23T20:13:52Z"
        }]})
    );
    let answer = server.get(&format!("/v2/{}/evidence/{sha256}", id(0))).await;
    assert_eq!((answer.status, &answer.body), (StatusCode::OK, &bytes));
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"script__html-"), "{disposition}");
    assert!(disposition.ends_with(".evidence\""), "{disposition}");

    assert_eq!(server.get(&format!("/v2/{}/evidence", id(1))).await.json(), json!({"evidence": []}));
    assert_error(&server.get(&format!("/v2/{}/evidence/{sha256}", id(1))).await, 404, "NOT_FOUND");
    let none = "00".repeat(32);
    assert_error(&server.get(&format!("/v2/{}/evidence/{none}", id(0))).await, 404, "NOT_FOUND");
    assert_error(&server.get(&format!("/v2/{}/evidence/..%2f..%2fx", id(0))).await, 400, "INVALID_ARGUMENT");
}

#[tokio::test]
async fn operators_get_health_and_metrics() {
    let server = Server::with(1).await;
    assert_eq!(server.get("/healthz").await.text(), "ok\n");
    assert_eq!(server.get("/readyz").await.status, StatusCode::OK);
    let metrics = server.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    assert_eq!(metrics.text(), "vedette_findings_total 1\n# EOF\n");
    assert_eq!(metrics.header("x-content-type-options"), "nosniff");
    server.store.close().await;
    assert_eq!(server.get("/healthz").await.status, StatusCode::OK);
    assert_eq!(server.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let answer = server.get(&format!("/v2/{}", id(0))).await;
    assert_error(&answer, 503, "UNAVAILABLE");
    assert!(!answer.text().contains("findings.db"), "paths of the server stay there: {}", answer.text());
}

#[tokio::test]
async fn hostile_text_comes_out_as_json_and_nothing_else() {
    let server = Server::new().await;
    let hostile = "</script>\u{0}\u{1b}[2J\u{202e}\\ud800\"}";
    let mut item = example(0);
    item.finding.processes[0].args = vec![hostile.into()];
    item.finding.vedette.insert("k".into(), json!({ hostile: hostile }));
    server.store.upsert(&item, 1, Timestamp::default()).await.unwrap();
    let answer = server.get(&format!("/v2/{}", id(0))).await;
    assert!(!answer.body.iter().any(|b| *b < 0x20), "a raw control character");
    let body = answer.json();
    assert_eq!(body["finding"]["processes"][0]["args"][0], hostile);
    assert_eq!(body["finding"]["vedette"]["k"][hostile], hostile);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_answered_right_after_its_acknowledgement() {
    let server = Server::with(100).await;
    let mut waits = Vec::new();
    for n in 100..150 {
        server.store.upsert(&example(n), 1, Timestamp::from_nanos(n)).await.unwrap();
        let start = Instant::now();
        let first = server.get("/v2/projects/shop/sources/-/findings?pageSize=1").await.json();
        waits.push(start.elapsed());
        assert_eq!(first["listFindingsResults"][0]["finding"]["name"], id(n));
    }
    waits.sort();
    println!("list right after the acknowledgement: median {:?}, worst {:?}", waits[25], waits[49]);
    // Far above what it takes, so that a busy machine does not fail it.
    assert!(waits[25] < Duration::from_millis(100), "{:?}", waits[25]);
}
