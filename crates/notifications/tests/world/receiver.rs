//! An HTTP server that remembers what it was sent, and a store with an engine beside it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use finding::{FindingResource, Timestamp};
use notifications::{Notifications, Retry, Settings, Stores};
use serde_json::Value;
use store::{DocumentKind, DocumentStore, Expectation, FindingStore};
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug, Clone)]
pub(crate) struct Request {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).collect()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The number of the finding that an SCC message is about.
    pub(crate) fn number(&self) -> i64 {
        self.json()["finding"]["name"].as_str().unwrap().rsplit("/f").next().unwrap().parse().unwrap()
    }
}

pub(crate) enum Reply {
    Answer(&'static str, String),
    Hang,
    Endless,
}

pub(crate) fn ok() -> Reply {
    Reply::Answer("200 OK", String::new())
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut request = Request { head, body: bytes.split_off(end + 4) };
        let length: usize = request.header("content-length").parse().unwrap();
        while request.body.len() < length {
            if stream.read_buf(&mut request.body).await.ok()? == 0 {
                return None;
            }
        }
        return Some(request);
    }
}

impl Receiver {
    /// `reply` is given how many requests came before, and the request.
    pub(crate) async fn start(reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (known, reply) = (Arc::clone(&seen), Arc::new(reply));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (known, reply) = (Arc::clone(&known), Arc::clone(&reply));
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else { return };
                    let answer = {
                        let mut known = known.lock().unwrap();
                        let answer = reply(known.len(), &request);
                        known.push(request);
                        answer
                    };
                    match answer {
                        Reply::Answer(status, rest) => {
                            let length = if rest.contains("\r\n\r\n") { "" } else { "content-length: 0\r\n" };
                            let end = if rest.contains("\r\n\r\n") { "" } else { "\r\n" };
                            let text =
                                format!("HTTP/1.1 {status}\r\nconnection: close\r\n{length}{rest}{end}");
                            let _ = stream.write_all(text.as_bytes()).await;
                        }
                        Reply::Hang => std::future::pending().await,
                        Reply::Endless => {
                            let _ = stream.write_all(b"HTTP/1.1 500 Oops\r\nconnection: close\r\n\r\n").await;
                            while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
                        }
                    }
                });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) async fn wait_for(&self, requests: usize) -> Vec<Request> {
        until(|| self.seen().len() >= requests).await;
        self.seen()
    }
}

/// Waits until it is so; a test that waits for what never comes is ended by whoever runs it, after saying so.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came");
}

pub(crate) struct World {
    pub(crate) store: Arc<SqliteStore>,
    _folder: TempDir,
}

pub(crate) const CONFIG: &str = "organizations/-/locations/global/notificationConfigs/n";

pub(crate) fn settings(holder: &str) -> Settings {
    let mut settings = Settings::new(holder);
    settings.poll = Duration::from_millis(10);
    settings.retry =
        Retry { attempts: 4, first: Duration::from_millis(5), longest: Duration::from_millis(20) };
    settings.secrets.insert("organizations/-", "hook", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    settings
}

pub(crate) fn numbered(n: i64) -> FindingResource {
    store::contract::example(n)
}

/// The same finding, changed.
fn clock() -> Timestamp {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(now.as_nanos().try_into().unwrap())
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { store: Arc::new(SqliteStore::open(folder.path()).await.unwrap()), _folder: folder }
    }

    pub(crate) fn stores(&self) -> Stores {
        Stores { findings: self.store.clone(), changes: self.store.clone(), documents: self.store.clone() }
    }

    pub(crate) fn engine(&self, settings: Settings) -> Notifications {
        Notifications::start(self.stores(), settings).unwrap()
    }

    pub(crate) async fn config(&self, name: &str, body: Value) {
        let kind = DocumentKind::NotificationConfig;
        self.store.put_document(kind, name, body, Expectation::Any, clock()).await.unwrap().unwrap();
    }

    pub(crate) async fn put(&self, item: &FindingResource, order: i64) {
        self.store.upsert(item, order, clock()).await.unwrap();
    }

    pub(crate) async fn fill(&self, findings: std::ops::Range<i64>) {
        for n in findings {
            self.put(&numbered(n), 1).await;
        }
    }
}
