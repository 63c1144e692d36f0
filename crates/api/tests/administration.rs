//! What administrators ask: tokens, keys, the audit log, sensors, certificates, outputs.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use api::Administration;
use finding::Timestamp;
use serde_json::{Value, json};
use server::Server;
use store::{AuditEntry, AuditLog, DocumentKind, DocumentStore, Expectation};

const ALL: &str = "/v2/organizations/-";
const ONE: &str = "/v2/organizations/1";

fn token(bindings: Value) -> Value {
    json!({ "bindings": bindings })
}

fn names(answer: &Value, list: &str) -> Vec<String> {
    let items = answer[list].as_array().unwrap().iter();
    items.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

async fn put(server: &Server, kind: DocumentKind, name: &str, body: Value) {
    let now = Timestamp::from_nanos(1);
    server.store.put_document(kind, name, body, Expectation::Any, now).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_token_is_told_once_and_goes_when_it_is_revoked() {
    let server = Server::new().await;
    let body = json!({"bindings": [{"role": "viewer", "parent": "projects/shop"}], "expireTime": "2099-01-01T00:00:00Z"});
    let made = server.good("POST", &format!("{ALL}/tokens?tokenId=ci"), body.clone()).await;
    assert_eq!((&made["name"], &made["token"]), (&json!("organizations/-/tokens/ci"), &json!("the secret")));
    assert_eq!((&made["createdBy"], &made["expireTime"]), (&json!("token:local"), &body["expireTime"]));
    let listed = server.good("GET", &format!("{ALL}/tokens"), Value::Null).await;
    assert_eq!(listed["tokens"][0]["bindings"], body["bindings"]);
    assert!(!listed.to_string().contains("the secret"));
    assert_eq!(server.ask("POST", &format!("{ALL}/tokens?tokenId=ci"), body.clone()).await.0, 409);
    assert_eq!(server.blamed("POST", &format!("{ALL}/tokens"), body).await, "tokenId");
    server.good("DELETE", &format!("{ALL}/tokens/ci"), Value::Null).await;
    assert_eq!(server.ask("DELETE", &format!("{ALL}/tokens/ci"), Value::Null).await.0, 404);
    let entries = server.store.audit(None, 10).await.unwrap();
    let made = entries.iter().rev().find(|record| record.entry.method == "tokens.create").unwrap();
    assert_eq!((&made.entry.detail["token"], made.entry.outcome.as_str()), (&json!("ci"), "OK"));
    assert_eq!(made.entry.detail["bindings"][0]["role"], "viewer");
    assert!(entries.iter().all(|record| !format!("{record:?}").contains("the secret")));
}

#[tokio::test]
async fn who_administers_one_organization_gives_and_sees_nothing_beyond_it() {
    let server = Server::new().await;
    let everywhere = json!({"role": "admin"});
    let of_shop = json!({"role": "editor", "parent": "projects/shop"});
    let of_one = json!({"role": "admin", "parent": "organizations/1"});
    let create = |id: &str| format!("{ONE}/tokens?tokenId={id}");
    for (bindings, field) in [
        (json!([everywhere]), "bindings[0].parent"),
        (json!([of_shop, {"role": "viewer", "parent": "organizations/2"}]), "bindings[1].parent"),
        (json!([{"role": "viewer", "parent": "projects/other"}]), "bindings[0].parent"),
        (json!([{"role": "viewer", "parent": ""}]), "bindings[0].parent"),
        (json!([{"role": "viewer", "parent": "organizations/-"}]), "bindings[0].parent"),
        (json!([{"role": "viewer", "parent": "organizations/1/sources/-"}]), "bindings[0].parent"),
        (json!([{"role": "viewer", "parent": ["organizations/1"]}]), "bindings[0].parent"),
        (json!([{"parent": "organizations/1"}]), "bindings[0].role"),
        (json!(["admin"]), "bindings[0]"),
        (json!([]), "bindings"),
        (json!({"role": "admin"}), "bindings"),
    ] {
        assert_eq!(server.blamed("POST", &create("x"), token(bindings.clone())).await, field, "{bindings}");
        let key = format!("{ONE}/serviceAccounts/x/keys");
        assert_eq!(server.blamed("POST", &key, token(bindings.clone())).await, field, "{bindings}");
    }
    for parent in ["", "projects/-", "nonsense", "projects/a/b"] {
        let bindings = token(json!([{"role": "viewer", "parent": parent}]));
        assert_eq!(
            server.blamed("POST", &format!("{ALL}/tokens?tokenId=x"), bindings).await,
            "bindings[0].parent"
        );
    }
    server.good("POST", &create("within"), token(json!([of_shop, of_one]))).await;
    server.good("POST", &format!("{ALL}/tokens?tokenId=root"), token(json!([everywhere]))).await;
    server.good("POST", &format!("{ALL}/tokens?tokenId=both"), token(json!([of_one, everywhere]))).await;
    let listed = server.good("GET", &format!("{ONE}/tokens"), Value::Null).await;
    assert_eq!(names(&listed, "tokens"), ["organizations/1/tokens/within"]);
    for id in ["root", "both"] {
        assert_eq!(server.ask("DELETE", &format!("{ONE}/tokens/{id}"), Value::Null).await.0, 404, "{id}");
    }
    server.good("DELETE", &format!("{ONE}/tokens/within"), Value::Null).await;
    let first = server.good("GET", &format!("{ALL}/tokens?pageSize=1"), Value::Null).await;
    assert_eq!(names(&first, "tokens"), ["organizations/-/tokens/both"]);
    let next = first["nextPageToken"].as_str().unwrap();
    let rest = server.good("GET", &format!("{ALL}/tokens?pageSize=9&pageToken={next}"), Value::Null).await;
    assert_eq!(
        (names(&rest, "tokens"), &rest["nextPageToken"]),
        (vec!["organizations/-/tokens/root".into()], &Value::Null)
    );
    assert_eq!(
        server.blamed("GET", &format!("{ONE}/tokens?pageToken={next}"), Value::Null).await,
        "pageToken"
    );
    for scope in ["projects/shop", "folders/7"] {
        for path in ["tokens", "serviceAccounts/-/keys", "auditLogEntries", "revokedCertificates"] {
            assert_eq!(
                server.blamed("GET", &format!("/v2/{scope}/{path}"), Value::Null).await,
                "parent",
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn a_key_file_comes_as_googles_api_has_it() {
    let server = Server::new().await;
    let body = token(json!([{"role": "viewer"}]));
    let path = format!("{ALL}/serviceAccounts/soar/keys");
    let made = server.good("POST", &path, body.clone()).await;
    assert_eq!(made["privateKeyType"], "TYPE_GOOGLE_CREDENTIALS_FILE");
    assert_eq!(made["privateKeyData"], "ewogICJwcml2YXRlX2tleSI6ICJ0aGUga2V5Igp9Cg==");
    server.good("POST", &format!("{ALL}/serviceAccounts/other/keys"), body).await;
    let name = made["name"].as_str().unwrap().to_owned();
    for (account, number) in [("soar", 1), ("soar@vedette.local", 1), ("-", 2), ("none", 0)] {
        let listed = server.good("GET", &format!("{ALL}/serviceAccounts/{account}/keys"), Value::Null).await;
        assert_eq!(names(&listed, "keys").len(), number, "{account}");
        assert!(!listed.to_string().contains("privateKey"));
    }
    let id = name.rsplit('/').next().unwrap();
    let elsewhere = format!("{ALL}/serviceAccounts/other/keys/{id}");
    assert_eq!(server.ask("DELETE", &elsewhere, Value::Null).await.0, 404);
    server.good("DELETE", &format!("/v2/{name}"), Value::Null).await;
    assert_eq!(server.ask("DELETE", &format!("/v2/{name}"), Value::Null).await.0, 404);
}

#[tokio::test]
async fn the_audit_log_is_read_from_its_end() {
    let server = Server::new().await;
    for n in 0..2_500_i64 {
        let entry = AuditEntry {
            time: Timestamp::from_nanos(n * 1_000_000_000),
            principal: if n % 2 == 0 { "token:ci".into() } else { "user:eve".into() },
            method: if n % 10 == 0 { "findings.setMute".into() } else { "findings.setState".into() },
            resource: format!(
                "projects/{}/sources/s/findings/f{n}",
                if n % 5 == 0 { "shop" } else { "other" }
            ),
            outcome: "OK".into(),
            address: String::new(),
            detail: json!({}),
        };
        server.store.record(entry).await.unwrap();
    }
    let log = |scope: &str, query: &str| format!("{scope}/auditLogEntries?pageSize=1000&{query}");
    let ask = async |path: &str| {
        let (mut resources, mut token) = (Vec::new(), String::new());
        loop {
            let answer = server.good("GET", &format!("{path}&pageToken={token}"), Value::Null).await;
            let entries = answer["auditLogEntries"].as_array().unwrap().iter();
            let resource = |entry: &Value| entry["resource"].as_str().unwrap().to_owned();
            resources.extend(entries.map(resource).filter(|resource| resource.starts_with("projects/")));
            match answer["nextPageToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => return resources,
            }
        }
    };
    let all = ask(&log(ALL, "")).await;
    assert_eq!((all.len(), all[0].as_str()), (2_500, "projects/other/sources/s/findings/f2499"));
    assert_eq!(ask(&log(ALL, "principal=user:eve")).await.len(), 1_250);
    assert_eq!(ask(&log(ALL, "method=findings.setMute&principal=user:eve")).await.len(), 0);
    assert_eq!(ask(&log(ONE, "method=findings.setMute")).await.len(), 250, "shop belongs to 1");
    assert_eq!(ask(&log("/v2/organizations/2", "")).await.len(), 0);
    let range = ask(&log(ALL, "startTime=1970-01-01T00:00:10Z&endTime=1970-01-01T00:00:13Z")).await;
    let ends: Vec<_> = range.iter().map(|name| name.rsplit('/').next().unwrap()).collect();
    assert_eq!(ends, ["f12", "f11", "f10"]);
    assert_eq!(server.blamed("GET", &log(ALL, "startTime=yesterday"), Value::Null).await, "startTime");
    let first = server.good("GET", &log(ALL, ""), Value::Null).await;
    let foreign = format!("pageToken={}", first["nextPageToken"].as_str().unwrap());
    assert_eq!(server.blamed("GET", &log(ONE, &foreign), Value::Null).await, "pageToken");
}

#[tokio::test]
async fn sensors_are_seen_where_their_findings_are() {
    let server = Server::new().await;
    let sensor = |parent: &str| json!({"cluster": "c", "node": "n", "parent": parent, "counters": {"exec": {"in": 5}}});
    for (name, parent) in [
        ("a/1", "projects/shop/sources/s/locations/global"),
        ("a/2", "projects/other/sources/s"),
        ("b/1", "nonsense"),
    ] {
        put(&server, DocumentKind::Sensor, name, sensor(parent)).await;
    }
    let list = async |scope: &str| {
        names(&server.good("GET", &format!("/v2/{scope}/sensors"), Value::Null).await, "sensors")
    };
    assert_eq!(list("organizations/-").await.len(), 3);
    assert_eq!(list("organizations/1").await, ["organizations/1/sensors/a/1"]);
    assert_eq!(list("projects/shop").await, ["projects/shop/sensors/a/1"]);
    assert_eq!(list("projects/third").await, [""; 0]);
    let page = server.good("GET", &format!("{ALL}/sensors?pageSize=2"), Value::Null).await;
    let next = page["nextPageToken"].as_str().unwrap();
    let rest = server.good("GET", &format!("{ALL}/sensors?pageSize=2&pageToken={next}"), Value::Null).await;
    assert_eq!(
        (names(&rest, "sensors"), &rest["nextPageToken"]),
        (vec!["organizations/-/sensors/b/1".into()], &Value::Null)
    );
    let one = server.good("GET", "/v2/projects/shop/sensors/a/1", Value::Null).await;
    assert_eq!((&one["state"], &one["lagSeconds"]), (&json!("SILENT"), &json!(0.4)), "{one}");
    assert_eq!(one["problems"], json!([{"problem": "It is silent.", "advice": "Look at it."}]));
    assert_eq!(one["lost"], json!({"exec": "5"}));
    assert_eq!(one["counters"]["exec"]["in"], 5);
    for path in
        ["projects/shop/sensors/a/2", "organizations/-/sensors/c/1", "organizations/-/sensors/a%2F1/x"]
    {
        assert_eq!(server.ask("GET", &format!("/v2/{path}"), Value::Null).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn nodes_get_certificates_and_lose_them() {
    let server = Server::new().await;
    let issue = |scope: &str| format!("{scope}/sensors/prod/node-1:issueCertificate");
    let issued = server.good("POST", &issue(ALL), json!({"lifeSeconds": "3600"})).await;
    assert_eq!(
        (&issued["certificate"], &issued["expireTime"]),
        (&json!("prod/node-1"), &json!("1970-01-01T01:00:00Z"))
    );
    assert_eq!(server.good("POST", &issue(ALL), json!({})).await["expireTime"], "1970-01-02T00:00:00Z");
    for life in [json!(0), json!(59), json!(-1), json!(40_000_000), json!("a day")] {
        assert_eq!(server.blamed("POST", &issue(ALL), json!({"lifeSeconds": life})).await, "lifeSeconds");
    }
    assert_eq!(
        server.blamed("POST", &issue(ONE), json!({})).await,
        "parent",
        "nodes belong to no organization"
    );
    let revoked = format!("{ALL}/revokedCertificates");
    let colons = "0F:".repeat(31) + "0f";
    let made = server.good("POST", &revoked, json!({"fingerprint": colons, "reason": "stolen"})).await;
    let fingerprint = "0f".repeat(32);
    assert_eq!((&made["fingerprint"], &made["revokedBy"]), (&json!(fingerprint), &json!("token:local")));
    let again = server.good("POST", &revoked, json!({"fingerprint": fingerprint, "reason": "other"})).await;
    assert_eq!(again, made, "said again, it changes nothing");
    assert!(server.store.document(DocumentKind::RevokedCertificate, &fingerprint).await.unwrap().is_some());
    for wrong in ["", "0f", "zz", &"0f".repeat(33)] {
        assert_eq!(server.blamed("POST", &revoked, json!({"fingerprint": wrong})).await, "fingerprint");
    }
    assert_eq!(names(&server.good("GET", &revoked, Value::Null).await, "revokedCertificates").len(), 1);
    server.good("DELETE", &format!("{revoked}/{fingerprint}"), Value::Null).await;
    assert_eq!(server.ask("DELETE", &format!("{revoked}/{fingerprint}"), Value::Null).await.0, 404);
    let made = server.good("POST", &revoked, json!({"node": "prod/node-1", "reason": "stolen"})).await;
    assert_eq!((&made["node"], &made["fingerprint"]), (&json!("prod/node-1"), &Value::Null));
    assert!(made["issuedUntil"].as_str().unwrap() > "1970-01-01T00:00:00", "{made}");
    assert!(server.store.document(DocumentKind::RevokedCertificate, "prod/node-1").await.unwrap().is_some());
    assert_eq!(server.blamed("POST", &issue(ALL), json!({})).await, "name", "it would not count");
    for wrong in ["prod", "prod/", "/n", "a/b/c", "a b/c", "../\u{e9}"] {
        assert_eq!(server.blamed("POST", &revoked, json!({"node": wrong})).await, "node");
    }
    let both = json!({"node": "prod/n", "fingerprint": fingerprint});
    assert_eq!(server.blamed("POST", &revoked, both).await, "node");
    let entries = server.store.audit(None, 100).await.unwrap();
    let noted: Vec<_> = entries.iter().filter(|r| r.entry.outcome == "OK").map(|r| &r.entry.detail).collect();
    assert!(noted.iter().any(|detail| detail["fingerprint"] == fingerprint), "{noted:?}");
    assert!(entries.iter().all(|record| !format!("{record:?}").contains("the key")));
}

#[tokio::test]
async fn outputs_are_tested_and_their_dead_letters_sent_again() {
    let server = Server::new().await;
    let configs = format!("{ONE}/notificationConfigs");
    for (id, topic) in [("n", "projects/p/topics/here"), ("away", "projects/p/topics/away")] {
        let body = json!({"pubsubTopic": topic, "description": "pager"});
        server.good("POST", &format!("{configs}?configId={id}"), body).await;
    }
    server.good("POST", &format!("{configs}/n:test"), json!({})).await;
    let (status, answer) = server.ask("POST", &format!("{configs}/away:test"), json!({})).await;
    assert_eq!((status, &answer["error"]["status"]), (400, &json!("FAILED_PRECONDITION")), "{answer}");
    assert!(answer["error"]["message"].as_str().unwrap().contains("503"));
    assert_eq!(server.ask("POST", &format!("{configs}/none:test"), json!({})).await.0, 404);
    let config = "organizations/1/locations/global/notificationConfigs/n";
    for n in 1..=3 {
        let body = json!({"finding": format!("f{n}"), "reason": "410 \u{1b}[2J", "attempts": 1});
        put(&server, DocumentKind::DeadLetter, &format!("{config}/000{n}-msg"), body).await;
    }
    put(&server, DocumentKind::DeadLetter, &format!("{config}2/0001-msg"), json!({})).await;
    let letters = format!("{ONE}/locations/global/notificationConfigs/n/deadLetters");
    let first = server.good("GET", &format!("{letters}?pageSize=2"), Value::Null).await;
    assert_eq!(names(&first, "deadLetters")[0], format!("{config}/deadLetters/0001-msg"));
    let next = first["nextPageToken"].as_str().unwrap();
    let rest = server.good("GET", &format!("{letters}?pageToken={next}"), Value::Null).await;
    assert_eq!(
        (rest["deadLetters"].as_array().unwrap().len(), &rest["deadLetters"][0]["finding"]),
        (1, &json!("f3"))
    );
    let replayed = server.good("POST", &format!("{configs}/n:replayDeadLetters"), json!({})).await;
    assert_eq!(replayed, json!({"deliveredCount": "2", "remainingCount": "1", "stopReason": "503"}));
    for scope in [ONE, ALL] {
        let status = server.good("GET", &format!("{scope}/notificationConfigs:status"), Value::Null).await;
        assert_eq!(names(&status, "outputs").len(), 2, "{scope}");
        let expected = json!({
            "name": config, "description": "pager", "deliveredCount": "5", "failedCount": "4",
            "deadLetteredCount": "3", "waitingCount": "2", "deadLetterCount": "3",
        });
        assert_eq!(status["outputs"][1], expected);
    }
    let none = server.good("GET", "/v2/projects/p/notificationConfigs:status", Value::Null).await;
    assert_eq!(none, json!({"outputs": []}));
}

#[tokio::test]
async fn a_server_without_them_says_so() {
    let server = Server::administered_by(Administration::default()).await;
    let bindings = token(json!([{"role": "viewer"}]));
    for (method, path, body) in [
        ("GET", "tokens", Value::Null),
        ("POST", "tokens?tokenId=a", bindings.clone()),
        ("POST", "serviceAccounts/a/keys", bindings),
        ("POST", "sensors/c/n:issueCertificate", json!({})),
        ("GET", "notificationConfigs:status", Value::Null),
    ] {
        let (status, answer) = server.ask(method, &format!("{ALL}/{path}"), body).await;
        assert_eq!(
            (status, &answer["error"]["status"]),
            (400, &json!("FAILED_PRECONDITION")),
            "{path}: {answer}"
        );
    }
}
