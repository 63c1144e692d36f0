//! Clients that others wrote: Google's own library, a client that openapi-python-client makes from our OpenAPI document, and
//! Schemathesis with that document. They come from PyPI into virtual environments under the target folder; when PyPI cannot be
//! reached, the tests say so and prove nothing.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "serving/server.rs"]
#[expect(dead_code, reason = "other tests ask it more")]
mod server;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use server::{Server, TOKEN};
use tokio::net::TcpListener;

/// The programs of an environment with a package in it.
fn environment(package: &str) -> Result<PathBuf, String> {
    pypi::environment(Path::new(env!("CARGO_TARGET_TMPDIR")), &[package])
}

/// A server that listens, and its address.
async fn listening(findings: i64) -> (Server, String) {
    let server = Server::with(findings).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let router = server.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (server, address)
}

/// Python 3.11 at times trips over its own syntax trees, whatever the program (cpython issue 106905).
const PYTHON_TRIPPED: &str = "AST constructor recursion depth mismatch";

/// What a program said, which must end well. One that Python made fail is run again.
async fn run(command: Command) -> String {
    let command = Arc::new(Mutex::new(command));
    for _ in 0..3 {
        let command = Arc::clone(&command);
        let output = tokio::task::spawn_blocking(move || command.lock().unwrap().output());
        let output = output.await.unwrap().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            return said;
        }
        assert!(said.contains(PYTHON_TRIPPED) && !said.contains("= FAILURES ="), "{said}");
    }
    panic!("Python failed three times: {PYTHON_TRIPPED}");
}

#[tokio::test(flavor = "multi_thread")]
async fn googles_own_client_works_by_changing_the_address() {
    let programs = match environment("google-cloud-securitycenter==1.48.0") {
        Ok(programs) => programs,
        Err(why) => return println!("skipped: google-cloud-securitycenter cannot be had from PyPI: {why}"),
    };
    for version in ["v1", "v2"] {
        let (_server, address) = listening(12).await;
        let mut command = Command::new(programs.join("python"));
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/security_center.py"));
        command.args([&address, TOKEN, version]);
        assert!(run(command).await.contains(&format!("{version} works")));
    }
}

/// Name of the package that is generated.
const GENERATED_PACKAGE: &str = "vedette_client";

#[tokio::test(flavor = "multi_thread")]
async fn a_client_generated_from_the_document_lacks_nothing_and_works() {
    let programs = match environment("openapi-python-client==0.29.1") {
        Ok(programs) => programs,
        Err(why) => return println!("skipped: openapi-python-client cannot be had from PyPI: {why}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("openapi.json");
    std::fs::write(&document, api::openapi_document()).unwrap();
    let mut generate = Command::new(programs.join("openapi-python-client"));
    generate.args(["generate", "--meta", "none", "--fail-on-warning", "--path"]).arg(&document);
    generate.arg("--output-path").arg(folder.path().join(GENERATED_PACKAGE));
    // its formatter is of the environment, too
    let path = std::env::var("PATH").unwrap_or_default();
    generate.env("PATH", format!("{}:{path}", programs.display())).env("NO_COLOR", "1");
    let said = run(generate).await;
    for word in ["WARNING", "Warning", "Unable", "Cannot"] {
        assert!(!said.contains(word), "{said}");
    }
    assert_eq!(functions(&folder.path().join(GENERATED_PACKAGE).join("api")), operations(), "{said}");

    let (_server, address) = listening(12).await;
    let mut command = Command::new(programs.join("python"));
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/generated.py"));
    command.arg(folder.path()).args([&address, TOKEN]);
    assert!(run(command).await.contains("the generated client works"));
}

/// The operations of the document, by their ids.
fn operations() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(api::openapi_document()).unwrap();
    let items = document["paths"].as_object().unwrap().values();
    let ids = items.flat_map(|item| item.as_object().unwrap().values());
    ids.filter_map(|operation| Some(operation.get("operationId")?.as_str()?.to_owned())).collect()
}

/// The functions of a generated client: a file each, in the folder of their tag.
fn functions(folder: &Path) -> BTreeSet<String> {
    let tags = std::fs::read_dir(folder).unwrap().map(|tag| tag.unwrap().path()).filter(|tag| tag.is_dir());
    let files = tags.flat_map(|tag| std::fs::read_dir(tag).unwrap().map(|file| file.unwrap().path()));
    let names = files.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()));
    names.filter(|name| !name.starts_with('_')).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_failure_of_the_server_and_no_break_of_the_contract() {
    let programs = match environment("schemathesis==4.32.5") {
        Ok(programs) => programs,
        Err(why) => return println!("skipped: schemathesis cannot be had from PyPI: {why}"),
    };
    let (_server, address) = listening(3).await;
    let mut command = Command::new(programs.join("schemathesis"));
    command.args(["--no-color", "run", &format!("http://{address}/openapi.json")]);
    command.args([
        "--header",
        &format!("Authorization: Bearer {TOKEN}"),
        "--phases",
        "examples,coverage,fuzzing",
    ]);
    let checks =
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    command.args([
        "--checks",
        checks,
        "--max-examples",
        "3",
        "--seed",
        "1",
        "--generation-database",
        "none",
        "--max-time",
        "90",
    ]);
    command.args(["--workers", "1", "--suppress-health-check", "all"]);
    let folder = tempfile::tempdir().unwrap();
    command.current_dir(folder.path());
    println!("{}", run(command).await);
}
