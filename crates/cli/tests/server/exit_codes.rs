//! The exit codes that docs/configuration.md lists.

use std::process::Command;

use serde_json::json;

use super::stage::Stage;

#[test]
fn what_became_of_it_is_told_by_the_exit_code() {
    let stage = Stage::start("");
    let list = &["findings", "list"][..];
    assert_eq!(stage.code(list, None).0, Some(0));
    for (arguments, token, code, words) in [
        (&["findings", "list", "--limit", "many"][..], None, 1, "--limit"),
        (&["findings", "lost"], None, 1, "lost"),
        (&["findings", "list", "--filter", "severity="], None, 1, "filter"),
        (list, Some("vdt_0000"), 1, "token"),
        (&["findings", "show", "nothing-of-that-name"], None, 2, "nothing-of-that-name"),
        (&["findings", "list", "--fail-on", "low"], None, 0, ""),
    ] {
        let (found, said) = stage.code(arguments, token);
        assert_eq!(found, Some(code), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    // known, and not allowed to
    let viewer = stage.good(&["tokens", "create", "viewer", "--role", "viewer"]);
    let viewer = viewer.split_whitespace().find(|word| word.starts_with("vdt_")).unwrap().to_owned();
    assert_eq!(stage.code(list, Some(&viewer)).0, Some(0));
    assert_eq!(stage.code(&["tokens", "list"], Some(&viewer)).0, Some(1));

    let (status, source) = stage.send("POST", "/v2/organizations/1/sources", &json!({"displayName": "a"}));
    assert_eq!(status, 200, "{source}");
    let path = format!("/v2/{}/locations/global/findings?findingId=a1", source["name"].as_str().unwrap());
    let finding = json!({"category": "A test", "state": "ACTIVE", "severity": "MEDIUM", "eventTime": "2026-01-01T00:00:00Z"});
    let (status, made) = stage.send("POST", &path, &finding);
    assert_eq!(status, 200, "{made}");
    for (limit, code) in [("low", 4), ("medium", 4), ("high", 0)] {
        assert_eq!(stage.code(&["findings", "list", "--fail-on", limit], None).0, Some(code), "{limit}");
    }
    // that it could not be found out is not that there is none
    assert_eq!(stage.code(&["findings", "list", "--fail-on", "high"], Some("vdt_0000")).0, Some(1));

    let vedette = || Command::new(env!("CARGO_BIN_EXE_vedette"));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut asked = vedette();
    asked.args(["findings", "list", "--fail-on", "low", "--server", &format!("http://{nobody}")]);
    let output = asked.env("VEDETTE_TOKEN", "t").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&nobody.to_string()));
    let help = vedette().arg("--help").output().unwrap();
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit codes: 0 done"));
}
