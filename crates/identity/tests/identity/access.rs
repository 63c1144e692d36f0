//! Roles and tokens against the embedded store.

use std::sync::Arc;

use finding::Timestamp;
use identity::{
    AccessConfig, Binding, Identity, NewToken, Permission, Principal, Refusal, Role, permissions_table,
};
use proptest::prelude::*;
use store::DocumentStore;

use crate::provider::{LOCAL, NOW, after, header, memory};

async fn identity() -> Identity {
    Identity::open(AccessConfig::default(), memory()).await.unwrap()
}

fn token(name: &str, expire_time: Option<Timestamp>) -> NewToken {
    let bindings = vec![Binding::everywhere(Role::Viewer)];
    NewToken { name: name.to_owned(), bindings, expire_time, created_by: "token:first".to_owned() }
}

#[test]
fn the_page_prints_the_table_of_roles() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/access.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (head, rest) = page.split_once("<!-- roles begin -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- roles end -->").unwrap();
    let right = format!("{head}<!-- roles begin -->\n{}<!-- roles end -->{tail}", permissions_table());
    if std::env::var("VEDETTE_SNAPSHOTS").is_ok_and(|value| value == "write") {
        std::fs::write(path, &right).unwrap();
    } else {
        assert_eq!(page, right, "VEDETTE_SNAPSHOTS=write cargo test -p identity writes it anew");
    }
}

#[test]
fn a_role_within_a_parent_says_nothing_of_another() {
    let within = |role, parent: &str| Binding { role, parent: Some(parent.to_owned()) };
    let bindings = vec![within(Role::Editor, "projects/shop"), within(Role::Investigator, "organizations/1")];
    let who = Principal { name: "user:u".to_owned(), bindings };
    assert!(who.may(Permission::FindingsSetState, "projects/shop/sources/s/findings/f"));
    assert!(!who.may(Permission::EvidenceDownload, "projects/shop"));
    assert!(who.may_in_any(Permission::EvidenceDownload, &["projects/shop", "organizations/1"]));
    for other in [
        "projects/shop2",
        "projects/-",
        "projects/sho",
        "folders/shop",
        "organizations/2",
        "",
        "/",
        "projects",
    ] {
        assert!(!who.may(Permission::FindingsRead, other), "{other}");
    }
    let admin = Principal { name: "token:a".to_owned(), bindings: vec![Binding::everywhere(Role::Admin)] };
    assert!(Permission::ALL.iter().all(|permission| admin.may(*permission, "projects/-")));
    let nobody = Principal { name: "user:n".to_owned(), bindings: Vec::new() };
    assert!(!Permission::ALL.iter().any(|permission| nobody.may(*permission, "organizations/1")));
}

#[tokio::test]
async fn a_token_is_known_until_it_is_revoked_and_only_its_hash_is_kept() {
    let store = memory();
    let identity = Identity::open(AccessConfig::default(), Arc::clone(&store)).await.unwrap();
    let made = identity.create_token(token("ci", None), NOW).await.unwrap();
    let who = identity.authenticate(Some(&header(&made.secret)), NOW).await.unwrap();
    assert_eq!((who.name.as_str(), who.roles().as_str()), ("token:ci", "viewer"));
    let kept = store
        .documents(store::DocumentQuery {
            kind: store::DocumentKind::Token,
            prefix: String::new(),
            after: None,
            limit: 10,
        })
        .await
        .unwrap();
    assert_eq!(kept.len(), 1);
    assert!(!format!("{kept:?}").contains(&made.secret["vdt_".len()..]));
    assert!(identity.create_token(token("ci", None), NOW).await.is_err(), "a name is there once");
    assert!(identity.revoke_token("ci").await.unwrap());
    assert!(!identity.revoke_token("ci").await.unwrap());
    let refused = identity.authenticate(Some(&header(&made.secret)), NOW).await.unwrap_err();
    assert!(matches!(refused, Refusal::Denied { .. }), "{refused}");
}

#[tokio::test]
async fn another_server_forgets_a_revoked_token_within_seconds() {
    let store = memory();
    let here = Identity::open(AccessConfig::default(), Arc::clone(&store)).await.unwrap();
    let there = Identity::open(AccessConfig::default(), store).await.unwrap();
    let made = here.create_token(token("ci", None), NOW).await.unwrap();
    there.authenticate(Some(&header(&made.secret)), NOW).await.unwrap();
    here.revoke_token("ci").await.unwrap();
    assert!(there.authenticate(Some(&header(&made.secret)), after(5)).await.is_err());
}

#[tokio::test]
async fn a_token_ends_and_its_use_is_noted_once_a_minute() {
    let identity = identity().await;
    let made = identity.create_token(token("ci", Some(after(100))), NOW).await.unwrap();
    for (second, noted) in [(1, 1), (30, 1), (70, 70)] {
        identity.authenticate(Some(&header(&made.secret)), after(second)).await.unwrap();
        assert_eq!(identity.tokens().await.unwrap()[0].last_used_time, Some(after(noted)));
    }
    identity.authenticate(Some(&header(&made.secret)), after(99)).await.unwrap();
    let refused = identity.authenticate(Some(&header(&made.secret)), after(100)).await.unwrap_err();
    assert!(refused.to_string().contains("expired"), "{refused}");
}

#[tokio::test]
async fn an_address_that_guesses_waits_and_who_was_known_behind_it_does_not() {
    let identity = identity().await;
    let made = identity.create_token(token("ci", None), NOW).await.unwrap();
    let late = identity.create_token(token("late", None), NOW).await.unwrap();
    identity.authenticate_from(LOCAL, Some(&header(&made.secret)), NOW).await.unwrap();
    let guess = header(&format!("vdt_{}", "0".repeat(64)));
    for _ in 0..30 {
        let refused = identity.authenticate_from(LOCAL, Some(&guess), NOW).await.unwrap_err();
        assert!(matches!(refused, Refusal::Denied { .. }), "{refused}");
    }
    let refused = identity.authenticate_from(LOCAL, Some(&guess), after(1)).await.unwrap_err();
    assert_eq!(refused, Refusal::TooMany { retry_seconds: 59 });
    assert!(identity.authenticate_from(LOCAL, Some(&header(&late.secret)), after(1)).await.is_err());
    identity.authenticate_from(LOCAL, Some(&header(&made.secret)), after(20)).await.unwrap();
    let elsewhere = "10.0.0.9".parse().unwrap();
    identity.authenticate_from(elsewhere, Some(&header(&late.secret)), after(1)).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_configured_names_its_key() {
    let issuer = |rest: &str| {
        format!(r#"{{"openIdConnect":[{{"issuer":"https://i.example","audiences":["v"]{rest}}}]}}"#)
    };
    for (text, key) in [
        (r#"{"hosts":["https://a/b"]}"#.to_owned(), "hosts[0]"),
        (r#"{"tokenUri":"http://elsewhere/oauth2/token"}"#.to_owned(), "tokenUri"),
        (
            r#"{"openIdConnect":[{"issuer":"http://i.example","audiences":["v"]}]}"#.to_owned(),
            "openIdConnect[0].issuer",
        ),
        (
            r#"{"openIdConnect":[{"issuer":"https://i.example","audiences":[]}]}"#.to_owned(),
            "openIdConnect[0].audiences",
        ),
        (issuer(r#","roles":[{"role":"viewer"}]"#), "openIdConnect[0].roles[0]"),
        (
            issuer(r#","roles":[{"role":"viewer","user":"u","parent":"projects/-"}]"#),
            "openIdConnect[0].roles[0].parent",
        ),
        (issuer(r#","caFile":"/nowhere/ca.pem""#), "openIdConnect[0].caFile"),
        (r#"{"kubernetes":{"sensors":["sensor"]}}"#.to_owned(), "kubernetes.sensors[0]"),
        (r#"{"kubernetes":{"caFile":"/ca"}}"#.to_owned(), "kubernetes.server"),
    ] {
        let config: AccessConfig = serde_json::from_str(&text).unwrap();
        let error = Identity::open(config, memory()).await.err().expect(&text).to_string();
        assert!(error.contains(&format!(" {key}: ")), "{text}: {error}");
    }
    for text in [r#"{"issuers":[]}"#.to_owned(), issuer(r#","roles":[{"role":"root","user":"u"}]"#)] {
        assert!(serde_json::from_str::<AccessConfig>(&text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_header_is_a_principal_or_a_refusal(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "[Bb]earer +[A-Za-z0-9._=-]{0,300}".prop_map(String::into_bytes),
            "Bearer (vdt_|vda_|eyJhbGciOiJub25lIn0\\.)[a-f0-9.]{0,80}".prop_map(String::into_bytes),
            (1usize..40_000).prop_map(|length| format!("Bearer {}", "a".repeat(length)).into_bytes()),
        ],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(async {
            let store: Arc<dyn DocumentStore> = memory();
            Identity::open(AccessConfig::default(), store).await.unwrap().authenticate(Some(&bytes), NOW).await
        });
        prop_assert!(result.is_err());
    }
}
