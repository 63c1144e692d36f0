//! Google's own Python library with a key file made here: it fetches an access token, and it signs its own.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use finding::Timestamp;
use identity::{AccessConfig, Binding, Identity, Role};
use serde_json::json;

use crate::provider::{LOCAL, Server, memory};

const SCRIPT: &str = r#"
import sys
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account
file, address = sys.argv[1:]
scopes = ["https://www.googleapis.com/auth/cloud-platform"]
load = service_account.Credentials.from_service_account_file
print(AuthorizedSession(load(file, scopes=scopes)).get(address + "/whoami").text)
own = load(file).with_always_use_jwt_access(True)
print(AuthorizedSession(own, default_host="securitycenter.googleapis.com").get(address + "/whoami").text)
scoped = load(file, scopes=scopes).with_always_use_jwt_access(True)
print(AuthorizedSession(scoped).get(address + "/whoami").text)
"#;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(since.as_nanos() as i64)
}

#[test]
fn googles_library_gets_in_with_a_key_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let python = match pypi::environment(folder, &["google-auth==2.63.0", "requests==2.34.2"]) {
        Ok(programs) => programs.join("python"),
        Err(why) => return println!("skipped: google-auth cannot be had from PyPI: {why}"),
    };
    let runtime = Arc::new(tokio::runtime::Runtime::new().unwrap());
    let listening: Arc<std::sync::OnceLock<Identity>> = Arc::default();
    let (handle, shared) = (Arc::clone(&runtime), Arc::clone(&listening));
    let server = Server::start(move |_, asked| {
        let identity = shared.get().unwrap();
        if asked.path == "/oauth2/token" {
            return match handle.block_on(identity.grant(LOCAL, &asked.body, now())) {
                Ok(granted) => (200, serde_json::to_string(&granted).unwrap()),
                Err(error) => (error.status(), serde_json::to_string(&error).unwrap()),
            };
        }
        let header = asked.authorization.unwrap_or_default();
        let kind = if header.starts_with("Bearer vda_") { "access token" } else { "signed token" };
        match handle.block_on(identity.authenticate(Some(header.as_bytes()), now())) {
            Ok(who) => (200, format!("{kind} {}", who.name)),
            Err(refusal) => (401, refusal.to_string()),
        }
    });
    let config: AccessConfig =
        serde_json::from_value(json!({"tokenUri": format!("{}/oauth2/token", server.address)})).unwrap();
    let identity = runtime.block_on(Identity::open(config, memory())).unwrap();
    let roles = vec![Binding::everywhere(Role::Viewer)];
    let made = runtime.block_on(identity.create_key("siem", roles, None, "test".to_owned(), now())).unwrap();
    assert!(listening.set(identity).is_ok());

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.json");
    std::fs::write(&file, made.file.to_string()).unwrap();
    let output = Command::new(&python)
        .args(["-c", SCRIPT])
        .arg(&file)
        .arg(&server.address)
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let wanted = "access token serviceAccount:siem@vedette.local\n\
                  signed token serviceAccount:siem@vedette.local\n\
                  signed token serviceAccount:siem@vedette.local\n";
    assert_eq!(printed, wanted, "{}", String::from_utf8_lossy(&output.stderr));
}
