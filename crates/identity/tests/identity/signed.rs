//! What others sign: ID tokens of a provider, key files, and reviews of an API server, each over HTTP.

use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use identity::{AccessConfig, Binding, Identity, Permission, Refusal, Role};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::provider::{LOCAL, NOW, Server, after, header, memory};

const NOW_SECONDS: i64 = 1_800_000_000;

/// A key, with its DER inside: PKCS #8 as `aws-lc-rs` makes it, unwrapped to what `jsonwebtoken` reads.
fn rsa() -> EncodingKey {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    // PrivateKeyInfo ends with the octet string of the RSAPrivateKey; for 2048 bits it begins at byte 26
    EncodingKey::from_rsa_der(&der.as_ref()[26..])
}

static FIRST: LazyLock<EncodingKey> = LazyLock::new(rsa);
static SECOND: LazyLock<EncodingKey> = LazyLock::new(rsa);

fn jwk(key: &EncodingKey, id: &str) -> Value {
    let mut jwk = Jwk::from_encoding_key(key, Algorithm::RS256).unwrap();
    jwk.common.key_id = Some(id.to_owned());
    serde_json::to_value(jwk).unwrap()
}

fn signed(key: &EncodingKey, algorithm: Algorithm, id: &str, claims: &Value) -> String {
    let header = Header { kid: Some(id.to_owned()), ..Header::new(algorithm) };
    encode(&header, claims, key).unwrap()
}

/// A provider whose keys can be exchanged.
fn provider(keys: Arc<Mutex<Vec<Value>>>) -> Server {
    Server::start(move |own, asked| {
        let answer = match asked.path.as_str() {
            "/.well-known/openid-configuration" => json!({"issuer": own, "jwks_uri": format!("{own}/keys")}),
            "/keys" => json!({"keys": *keys.lock().unwrap()}),
            _ => return (404, String::new()),
        };
        (200, answer.to_string())
    })
}

fn config(value: Value) -> AccessConfig {
    serde_json::from_value(value).unwrap()
}

async fn knows(issuer: &str) -> Identity {
    let roles = json!([{"role": "investigator", "group": "soc", "parent": "projects/shop"}, {"role": "viewer", "user": "u1"}]);
    let issuer = json!({"issuer": issuer, "audiences": ["vedette"], "roles": roles});
    Identity::open(config(json!({"openIdConnect": [issuer]})), memory()).await.unwrap()
}

fn claims(issuer: &str) -> Value {
    json!({"iss": issuer, "sub": "u1", "aud": ["vedette"], "iat": NOW_SECONDS, "exp": NOW_SECONDS + 300, "groups": ["soc", "all"]})
}

#[tokio::test]
async fn an_issuers_token_is_believed_and_each_false_one_is_told_why() {
    let server = provider(Arc::new(Mutex::new(vec![jwk(&FIRST, "one")])));
    let issuer = server.address.clone();
    let identity = knows(&issuer).await;
    let good = signed(&FIRST, Algorithm::RS256, "one", &claims(&issuer));
    let who = identity.authenticate(Some(&header(&good)), NOW).await.unwrap();
    assert_eq!(who.name, "user:u1");
    assert!(who.may(Permission::EvidenceDownload, "projects/shop"));
    assert!(!who.may(Permission::EvidenceDownload, "projects/other"));
    assert!(who.may(Permission::FindingsRead, "projects/other"));
    let late = identity.authenticate(Some(&header(&good)), after(361)).await.unwrap_err();
    assert!(late.to_string().contains("expired"), "{late}");

    let with = |claim: &str, value: Value| {
        let mut claims = claims(&issuer);
        claims[claim] = value;
        claims
    };
    let confused = EncodingKey::from_secret(jwk(&FIRST, "one")["n"].as_str().unwrap().as_bytes());
    let good_parts: Vec<_> = good.split('.').collect();
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good_parts[1]);
    let rs = |claims: &Value| signed(&FIRST, Algorithm::RS256, "one", claims);
    for (token, reason) in [
        (unsigned, "without a signature"),
        (signed(&confused, Algorithm::HS256, "one", &claims(&issuer)), "HS256"),
        (signed(&SECOND, Algorithm::RS256, "one", &claims(&issuer)), "signature"),
        (signed(&SECOND, Algorithm::RS256, "two", &claims(&issuer)), "no key of its kid"),
        (rs(&with("aud", json!("other"))), "another program"),
        (rs(&with("aud", json!(["vedette-2", 7]))), "another program"),
        (rs(&with("exp", json!(NOW_SECONDS - 61))), "expired"),
        (rs(&with("exp", json!("soon"))), "when it expires"),
        (rs(&with("nbf", json!(NOW_SECONDS + 61))), "counts only from"),
        (rs(&with("iat", json!(NOW_SECONDS + 3_600))), "issued at"),
        (rs(&with("sub", json!("u1\n"))), "does not name a user"),
        (rs(&with("sub", json!(["u1"]))), "cannot be read"),
        (rs(&with("iss", json!("https://elsewhere"))), "issuer"),
        (rs(&with("filler", json!("a".repeat(20_000)))), "longer than a token"),
    ] {
        let refused = identity.authenticate(Some(&header(&token)), NOW).await.unwrap_err().to_string();
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}

#[tokio::test]
async fn keys_are_asked_for_anew_when_they_change_and_not_for_every_guess() {
    let keys = Arc::new(Mutex::new(vec![jwk(&FIRST, "one")]));
    let server = provider(Arc::clone(&keys));
    let issuer = server.address.clone();
    let identity = knows(&issuer).await;
    let show =
        |key: &'static EncodingKey, id: &str| header(&signed(key, Algorithm::RS256, id, &claims(&issuer)));
    identity.authenticate(Some(&show(&FIRST, "one")), NOW).await.unwrap();
    assert_eq!(server.count(), 2, "the discovery document and the keys");
    for guess in 0..20 {
        identity.authenticate(Some(&show(&SECOND, &format!("guess{guess}"))), after(1)).await.unwrap_err();
    }
    assert_eq!(server.count(), 2, "within the pause nobody is asked");
    keys.lock().unwrap().push(jwk(&SECOND, "two"));
    identity.authenticate(Some(&show(&SECOND, "two")), after(11)).await.unwrap();
    assert_eq!(server.count(), 4);
}

#[tokio::test]
async fn a_provider_that_is_away_or_answers_too_much_is_no_refusal_of_the_token() {
    let server = Server::start(|_, _| (200, format!("{{\"issuer\":\"{}\"}}", "a".repeat(600_000))));
    let identity = knows(&server.address).await;
    let token = header(&signed(&FIRST, Algorithm::RS256, "one", &claims(&server.address)));
    let refused = identity.authenticate(Some(&token), NOW).await.unwrap_err();
    assert!(matches!(&refused, Refusal::Unavailable { reason } if reason.contains("more than")), "{refused}");
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let identity = knows(&format!("http://{away}")).await;
    let token = header(&signed(&FIRST, Algorithm::RS256, "one", &claims(&format!("http://{away}"))));
    let refused = identity.authenticate(Some(&token), NOW).await.unwrap_err();
    assert!(matches!(refused, Refusal::Unavailable { .. }), "{refused}");
}

/// An API server's side of TokenReview: `tokens` says what each is.
fn api_server() -> Server {
    Server::start(|_, asked| {
        assert_eq!(asked.path.split('?').next(), Some("/apis/authentication.k8s.io/v1/tokenreviews"));
        let mut review: Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(review["spec"]["audiences"], json!(["vedette"]));
        let user = |name: &str, extra: Value| json!({"username": name, "uid": "1", "groups": ["system:authenticated", "soc"], "extra": extra});
        let node = json!({
            "authentication.kubernetes.io/node-name": ["node-7"],
            "authentication.kubernetes.io/pod-name": ["sensor-abc"],
        });
        let sensor = "system:serviceaccount:vedette-sensor:sensor";
        review["status"] = match review["spec"]["token"].as_str().unwrap() {
            "jane" => {
                json!({"authenticated": true, "audiences": ["vedette"], "user": user("jane", json!({}))})
            }
            "blind" => json!({"authenticated": true, "user": user("jane", json!({}))}),
            "other" => json!({"authenticated": true, "audiences": ["api"], "user": user("jane", json!({}))}),
            "sensor" => json!({"authenticated": true, "audiences": ["vedette"], "user": user(sensor, node)}),
            "unbound" => {
                json!({"authenticated": true, "audiences": ["vedette"], "user": user(sensor, json!({}))})
            }
            "forbidden" => {
                let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "message": "tokenreviews is forbidden", "reason": "Forbidden", "code": 403});
                return (403, status.to_string());
            }
            _ => json!({"user": {}, "error": "invalid bearer token"}),
        };
        (201, review.to_string())
    })
}

#[tokio::test]
async fn an_api_server_is_asked_whose_a_token_is() {
    let server = api_server();
    let kubernetes = json!({"server": server.address, "sensors": ["vedette-sensor:sensor"],
        "roles": [{"role": "responder", "group": "soc"}]});
    let identity = Identity::open(config(json!({"kubernetes": kubernetes})), memory()).await.unwrap();
    let who = identity.authenticate(Some(b"Bearer jane"), NOW).await.unwrap();
    assert_eq!((who.name.as_str(), who.roles().as_str()), ("kubernetes:jane", "responder"));
    assert_eq!(server.count(), 1);
    identity.authenticate(Some(b"Bearer jane"), after(29)).await.unwrap();
    assert_eq!(server.count(), 1, "the answer counts for a while");
    identity.authenticate(Some(b"Bearer jane"), after(36)).await.unwrap();
    assert_eq!(server.count(), 2);
    for _ in 0..5 {
        let refused = identity.authenticate(Some(b"Bearer nobody"), NOW).await.unwrap_err();
        assert!(refused.to_string().contains("invalid bearer token"), "{refused}");
    }
    assert_eq!(server.count(), 3, "so does a refusal");
    for token in ["Bearer blind", "Bearer other"] {
        let refused = identity.authenticate(Some(token.as_bytes()), NOW).await.unwrap_err();
        assert!(refused.to_string().contains("another audience"), "{refused}");
    }
    let refused = identity.authenticate(Some(b"Bearer forbidden"), NOW).await.unwrap_err();
    assert!(
        matches!(&refused, Refusal::Unavailable { reason } if reason.contains("auth-delegator")),
        "{refused}"
    );

    let node = identity.authenticate_node(LOCAL, Some(b"Bearer sensor"), NOW).await.unwrap();
    assert_eq!((node.name.as_str(), node.pod.as_deref()), ("node-7", Some("sensor-abc")));
    let none = identity.authenticate(Some(b"Bearer sensor"), NOW).await.unwrap();
    assert_eq!(none.name, "kubernetes:system:serviceaccount:vedette-sensor:sensor");
    for (token, reason) in [("Bearer unbound", "not bound to a pod"), ("Bearer jane", "is no sensor")] {
        let refused = identity.authenticate_node(LOCAL, Some(token.as_bytes()), NOW).await.unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
}

#[tokio::test]
async fn a_key_file_opens_the_door_it_says_until_it_is_revoked() {
    let identity = Identity::open(config(json!({"hosts": ["vedette.example.org"]})), memory()).await.unwrap();
    let roles = vec![Binding::everywhere(Role::Editor)];
    let made = identity.create_key("siem", roles, None, "token:first".to_owned(), NOW).await.unwrap();
    let email = "siem@vedette.local";
    assert_eq!(made.file["client_email"], email);
    let key = EncodingKey::from_rsa_pem(made.file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let id = made.info.id.clone();
    let sign = |claims: Value| signed(&key, Algorithm::RS256, &id, &claims);
    let base = |audience: &str, life: i64| json!({"iss": email, "sub": email, "aud": audience, "iat": NOW_SECONDS, "exp": NOW_SECONDS + life});
    let grant = |assertion: String| {
        format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}")
            .into_bytes()
    };
    let endpoint = "https://vedette.example.org/oauth2/token";
    let granted = identity.grant(LOCAL, &grant(sign(base(endpoint, 3_600))), NOW).await.unwrap();
    assert_eq!(
        (granted.key.id.as_str(), granted.key.email.as_str(), granted.key.is_held),
        (&*id, email, true)
    );
    let bearer = header(&granted.access_token);
    let who = identity.authenticate(Some(&bearer), NOW).await.unwrap();
    assert_eq!((who.name.as_str(), who.roles().as_str()), ("serviceAccount:siem@vedette.local", "editor"));
    identity.authenticate(Some(&bearer), after(3_599)).await.unwrap();
    assert!(identity.authenticate(Some(&bearer), after(3_600)).await.is_err());

    for host in [
        "https://vedette.example.org",
        "https://vedette.example.org/",
        "https://securitycenter.googleapis.com/",
    ] {
        identity.authenticate(Some(&header(&sign(base(host, 3_600)))), NOW).await.unwrap();
    }
    let mut other = base("https://vedette.example.org", 60);
    other["iss"] = json!("admin@vedette.local");
    for (claims, reason) in [
        (base("https://vedette.example.org.evil", 60), "audience"),
        (base(endpoint, 86_400), "longer than"),
        (json!({"iss": email, "sub": email, "iat": NOW_SECONDS, "exp": NOW_SECONDS + 60}), "audience"),
        (other, "speaks for another"),
    ] {
        let refused = identity.authenticate(Some(&header(&sign(claims))), NOW).await.unwrap_err();
        assert!(refused.to_string().contains(reason), "{reason}: {refused}");
    }
    let error =
        identity.grant(LOCAL, &grant(sign(base("https://vedette.example.org", 60))), NOW).await.unwrap_err();
    assert_eq!((error.error, error.status()), ("invalid_grant", 400));
    assert_eq!(error.key.map(|key| (key.id, key.is_held)), Some((id.clone(), false)));
    let error = identity.grant(LOCAL, b"grant_type=password", NOW).await.unwrap_err();
    assert_eq!(error.error, "unsupported_grant_type");
    assert_eq!(identity.grant(LOCAL, b"", NOW).await.unwrap_err().error, "invalid_request");

    // a key of the same account, for one project
    let roles = vec![Binding { role: Role::Editor, parent: Some("projects/shop".into()) }];
    let made = identity.create_key("siem", roles, None, "token:first".to_owned(), NOW).await.unwrap();
    let narrow = EncodingKey::from_rsa_pem(made.file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let sign_narrow = |claims: Value| signed(&narrow, Algorithm::RS256, &made.info.id, &claims);
    let granted = identity.grant(LOCAL, &grant(sign_narrow(base(endpoint, 3_600))), NOW).await.unwrap();
    let signed_itself = sign_narrow(base("https://vedette.example.org", 3_600));
    for token in [granted.access_token, signed_itself] {
        let who = identity.authenticate(Some(&header(&token)), NOW).await.unwrap();
        assert_eq!(who.roles(), "editor within projects/shop");
        for (place, may) in [("projects/shop", true), ("projects/shop2", false), ("organizations/1", false)] {
            assert_eq!(who.may_in_any(Permission::FindingsWrite, &[place]), may, "{place}");
        }
        assert!(who.may_in_any(Permission::FindingsRead, &["projects/shop", "organizations/1"]));
        assert!(!who.may_in_any(Permission::TokensManage, &["projects/shop"]));
    }

    assert!(identity.revoke_key(&id).await.unwrap());
    assert!(identity.authenticate(Some(&bearer), NOW).await.is_err(), "its access tokens end with a key");
    assert!(identity.grant(LOCAL, &grant(sign(base(endpoint, 60))), NOW).await.is_err());
}
