//! Who is let in, by a real store of tokens.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;

use api::{Access, ApiMethod, Denied, Request, Token};
use axum::http::{HeaderMap, StatusCode, header};
use identity::{AccessConfig, Binding, Identity, NewToken, Role};
use store_sqlite::SqliteStore;

use server::{Doorkeeper, now};

struct Stage {
    door: Doorkeeper,
    identity: Arc<Identity>,
    _folder: tempfile::TempDir,
}

async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
    let identity = Arc::new(Identity::open(AccessConfig::default(), store).await.unwrap());
    let door = Doorkeeper::new(Arc::clone(&identity), Some(Token::new("own", "a place")));
    Stage { door, identity, _folder: folder }
}

impl Stage {
    async fn token(&self, name: &str, role: Role, parent: Option<&str>) -> String {
        let bindings = vec![Binding { role, parent: parent.map(str::to_owned) }];
        let new = NewToken { name: name.into(), bindings, expire_time: None, created_by: "test".into() };
        self.identity.create_token(new, now()).await.unwrap().secret
    }

    async fn ask(&self, tokens: &[&str], method: ApiMethod, places: &[&str]) -> Result<String, Denied> {
        let mut headers = HeaderMap::new();
        for token in tokens {
            headers.append(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        let peer = Some("192.0.2.1:9".parse().unwrap());
        let request = Request { method, headers: &headers, peer, places: &places };
        self.door.admit(request).await.map(|principal| format!("{} {}", principal.name, principal.role))
    }
}

#[tokio::test]
async fn a_role_counts_where_it_was_given() {
    let stage = stage().await;
    let viewer = stage.token("viewer", Role::Viewer, Some("projects/shop")).await;
    let editor = stage.token("editor", Role::Editor, Some("folders/7")).await;
    let own = "token:local admin";
    assert_eq!(stage.ask(&["own"], ApiMethod::EvidenceDownload, &["organizations/-"]).await.unwrap(), own);
    for (token, method, places, may) in [
        (&viewer, ApiMethod::FindingsList, &["projects/shop"][..], true),
        (&viewer, ApiMethod::FindingsList, &["projects/shop", "folders/7", "organizations/1"], true),
        (&viewer, ApiMethod::FindingsList, &["projects/shopping"], false),
        (&viewer, ApiMethod::FindingsList, &["organizations/-"], false),
        (&viewer, ApiMethod::FindingsList, &["projects/-"], false),
        (&viewer, ApiMethod::FindingSetMute, &["projects/shop"], false),
        (&viewer, ApiMethod::EvidenceDownload, &["projects/shop"], false),
        (&editor, ApiMethod::FindingSetMute, &["projects/shop", "folders/7", "organizations/1"], true),
        (&editor, ApiMethod::FindingSetMute, &["projects/shop", "folders/8", "organizations/1"], false),
        (&editor, ApiMethod::SourceCreate, &["folders/7"], false),
        // whoever is known learns that a path leads nowhere
        (&viewer, ApiMethod::Other, &[], true),
    ] {
        let answer = stage.ask(&[token], method, places).await;
        assert_eq!(answer.is_ok(), may, "{method:?} {places:?}: {answer:?}");
    }
    let denied = stage.ask(&[&viewer], ApiMethod::FindingSetMute, &["projects/shop"]).await.unwrap_err();
    assert!(denied.to_string().contains("findings.setMute within projects/shop"), "{denied}");
}

#[tokio::test]
async fn nobody_is_let_in_by_two_tokens_none_or_a_revoked_one() {
    let stage = stage().await;
    let admin = stage.token("admin", Role::Admin, None).await;
    let list = ApiMethod::FindingsList;
    assert!(stage.ask(&[&admin], list, &["organizations/-"]).await.is_ok());
    for tokens in [&[][..], &["own", &admin], &["nonsense"], &[""], &["vdt_00"]] {
        let denied = stage.ask(tokens, list, &["organizations/-"]).await.unwrap_err();
        assert!(matches!(denied, Denied::Unauthenticated { .. }), "{tokens:?}: {denied:?}");
    }
    assert!(stage.identity.revoke_token("admin").await.unwrap());
    assert!(stage.ask(&[&admin], list, &["organizations/-"]).await.is_err());
    for _ in 0..40 {
        let _ = stage.ask(&["vdt_00"], list, &["organizations/-"]).await;
    }
    let denied = stage.ask(&["vdt_00"], list, &["organizations/-"]).await.unwrap_err();
    assert!(matches!(denied, Denied::TooMany { .. }), "{denied:?}");
    assert!(stage.ask(&["own"], list, &["organizations/-"]).await.is_ok(), "the own token is no guess");
}

#[tokio::test]
async fn a_grant_that_cannot_be_given_says_why() {
    let stage = stage().await;
    let grant = stage.door.grant(None, b"grant_type=password").await;
    assert_eq!(
        (grant.status, &grant.body["error"]),
        (StatusCode::BAD_REQUEST, &"unsupported_grant_type".into())
    );
}
