//! NATS JetStream: a real server, in clear and over TLS, that is killed and comes back.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use async_nats::jetstream;
use serde_json::{Value, json};

use crate::receiver::{CONFIG, World, settings, until};
use crate::tls::leaf;

/// A server of this test's own, ended by its process id.
struct NatsServer {
    child: Child,
    port: u16,
    /// Arguments besides address and port.
    more: Vec<String>,
    folder: tempfile::TempDir,
}

fn program() -> Option<&'static str> {
    ["/usr/sbin/nats-server", "/usr/bin/nats-server"].into_iter().find(|path| Path::new(path).exists())
}

impl NatsServer {
    /// `None` where the program is missing. Files that `more` names are in the folder.
    async fn start(folder: tempfile::TempDir, more: &[&str]) -> Option<Self> {
        program()?;
        let more = more.iter().map(|word| (*word).to_owned()).collect();
        let child = Command::new("true").spawn().unwrap();
        let mut server = Self { child, port: 0, more, folder };
        server.resume().await;
        Some(server)
    }

    /// Runs it again: what it has acknowledged is on its disk. The first time the system gives it a port.
    async fn resume(&mut self) {
        self.end();
        let folder = self.folder.path();
        for file in std::fs::read_dir(folder).unwrap().flatten() {
            if file.path().extension().is_some_and(|ending| ending == "ports") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        self.child = Command::new(program().unwrap())
            .args(["-a", "127.0.0.1", "-p", &port, "-js", "--ports_file_dir"])
            .arg(folder)
            .arg("-sd")
            .arg(folder.join("jetstream"))
            .args(&self.more)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The server writes the port that the system gave it.
        let mut port = None;
        until(|| {
            let files = std::fs::read_dir(folder).unwrap().flatten();
            let ports = files.filter(|file| file.path().extension().is_some_and(|ending| ending == "ports"));
            let text = ports.filter_map(|file| std::fs::read_to_string(file.path()).ok()).next();
            let told = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            port = told.and_then(|told| told["nats"][0].as_str()?.rsplit(':').next()?.parse().ok());
            port.is_some()
        })
        .await;
        self.port = port.unwrap();
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.end();
    }
}

#[tokio::test]
async fn nats_acknowledges_each_and_drops_what_comes_twice() {
    let Some(server) = NatsServer::start(tempfile::tempdir().unwrap(), &[]).await else {
        println!("skipped: no nats-server; run sudo ./setup --for test");
        return;
    };
    let url = format!("nats://127.0.0.1:{}", server.port);
    let world = World::new().await;
    let body = json!({"vedette": {"kind": "nats", "url": url, "subject": "findings.p"}});
    let engine = world.engine(settings("a"));
    let error = engine.send_test(CONFIG, &body).await.unwrap_err().to_string();
    assert!(error.contains("is there a stream"), "nothing keeps it: {error}");

    let client = async_nats::connect(&url).await.unwrap();
    let context = jetstream::new(client);
    let config = jetstream::stream::Config {
        name: "FINDINGS".into(),
        subjects: vec!["findings.>".into()],
        ..Default::default()
    };
    let mut stream = context.create_stream(config).await.unwrap();
    world.config(CONFIG, body).await;
    world.fill(0..20).await;
    until(|| engine.counts().get(CONFIG).is_some_and(|counts| counts.delivered == 20)).await;
    assert_eq!(stream.info().await.unwrap().state.messages, 20);
    let message = stream.get_raw_message(1).await.unwrap();
    assert!(message.headers.get("Nats-Msg-Id").unwrap().as_str().starts_with("msg_"));
    let told: Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(told["notificationConfigName"], CONFIG);

    // As after a crash between sending and marking: the progress is gone, everything comes again.
    engine.stop().await;
    use store::DocumentStore;
    world
        .store
        .remove_document(store::DocumentKind::Progress, &format!("notifications/{CONFIG}"))
        .await
        .unwrap();
    let engine = world.engine(settings("b"));
    until(|| engine.counts().get(CONFIG).is_some_and(|counts| counts.delivered == 20)).await;
    assert_eq!(stream.info().await.unwrap().state.messages, 20, "the stream knew their ids");
    engine.stop().await;
}

#[tokio::test]
async fn over_tls_a_server_that_is_killed_has_everything_once_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some(authority) = leaf(folder.path(), "DNS:localhost") else {
        println!("skipped: no openssl; run sudo ./setup --for test");
        return;
    };
    let files = ["--tls", "--tlscert", "leaf.pem", "--tlskey", "leaf.key"];
    let Some(mut server) = NatsServer::start(folder, &files).await else {
        println!("skipped: no nats-server; run sudo ./setup --for test");
        return;
    };
    let body = |host: &str, port: u16| {
        let url = format!("tls://{host}:{port}");
        json!({"vedette": {"kind": "nats", "url": url, "subject": "findings.p"}})
    };
    let world = World::new().await;
    let mut trusting = settings("a");
    trusting.authorities = authority;
    // however long the server takes to come back
    trusting.retry.attempts = 10_000;
    let engine = world.engine(trusting);
    let stranger = world.engine(settings("b"));
    let error = stranger.send_test(CONFIG, &body("localhost", server.port)).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "nobody vouches for it: {error}");
    stranger.stop().await;
    let error = engine.send_test(CONFIG, &body("127.0.0.1", server.port)).await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "it has the certificate of another name: {error}");

    let connect = async |port: u16, pem: &Path| {
        let options =
            async_nats::ConnectOptions::new().add_root_certificates(pem.to_owned()).require_tls(true);
        jetstream::new(options.connect(format!("tls://localhost:{port}")).await.unwrap())
    };
    let pem = server.folder.path().join("ca.pem");
    let config = jetstream::stream::Config {
        name: "FINDINGS".into(),
        subjects: vec!["findings.>".into()],
        ..Default::default()
    };
    connect(server.port, &pem).await.create_stream(config).await.unwrap();
    world.config(CONFIG, body("localhost", server.port)).await;
    let delivered = |engine: &notifications::Notifications| {
        engine.counts().get(CONFIG).map_or(0, |counts| counts.delivered)
    };
    for round in 0..3 {
        world.fill(round * 50..round * 50 + 50).await;
        let some = round.unsigned_abs() * 50 + 10;
        until(|| delivered(&engine) >= some).await;
        // in the middle of the fifty
        server.end();
        server.resume().await;
    }
    until(|| delivered(&engine) >= 150).await;
    let mut stream = connect(server.port, &pem).await.get_stream("FINDINGS").await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 150, "each once");
    engine.stop().await;
}
