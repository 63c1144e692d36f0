//! What the tests stand on: a store in memory and a small HTTP server that counts what it is asked.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use finding::Timestamp;
use serde_json::Value;
use store::{Document, DocumentKind, DocumentQuery, DocumentStore, Expectation, Pending};

pub(crate) const NOW: Timestamp = Timestamp::from_nanos(1_800_000_000 * 1_000_000_000);
pub(crate) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(crate) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(NOW.nanos() + seconds * 1_000_000_000)
}

pub(crate) fn header(token: &str) -> Vec<u8> {
    format!("Bearer {token}").into_bytes()
}

pub(crate) fn memory() -> Arc<dyn DocumentStore> {
    Arc::new(Memory::default())
}

#[derive(Default)]
struct Memory(Mutex<BTreeMap<(DocumentKind, String), Document>>);

impl DocumentStore for Memory {
    fn put_document(
        &self,
        kind: DocumentKind,
        name: &str,
        body: Value,
        expected: Expectation,
        now: Timestamp,
    ) -> Pending<'_, Option<Document>> {
        let key = (kind, name.to_owned());
        Box::pin(async move {
            let mut documents = self.0.lock().unwrap();
            let there = documents.get(&key).cloned();
            let holds = match expected {
                Expectation::Any => true,
                Expectation::Absent => there.is_none(),
                Expectation::Revision(revision) => there.as_ref().is_some_and(|it| it.revision == revision),
            };
            let document = Document {
                name: key.1.clone(),
                revision: there.as_ref().map_or(1, |it| it.revision + 1),
                create_time: there.map_or(now, |it| it.create_time),
                update_time: now,
                body,
            };
            Ok(holds.then(|| {
                documents.insert(key, document.clone());
                document
            }))
        })
    }

    fn document(&self, kind: DocumentKind, name: &str) -> Pending<'_, Option<Document>> {
        let found = self.0.lock().unwrap().get(&(kind, name.to_owned())).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn documents(&self, query: DocumentQuery) -> Pending<'_, Vec<Document>> {
        let documents = self.0.lock().unwrap();
        let page = documents
            .iter()
            .filter(|((kind, name), _)| {
                *kind == query.kind
                    && name.starts_with(&query.prefix)
                    && query.after.as_ref().is_none_or(|after| name > after)
            })
            .take(query.limit as usize)
            .map(|(_, document)| document.clone())
            .collect();
        Box::pin(async move { Ok(page) })
    }

    fn remove_document(&self, kind: DocumentKind, name: &str) -> Pending<'_, bool> {
        let gone = self.0.lock().unwrap().remove(&(kind, name.to_owned())).is_some();
        Box::pin(async move { Ok(gone) })
    }

    fn lease(&self, _: &str, _: &str, _: Timestamp, _: Timestamp) -> Pending<'_, bool> {
        Box::pin(async { Ok(true) })
    }
}

/// One request that the server was sent.
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

type Answer = dyn Fn(Asked) -> (u16, String) + Send + Sync;

/// An HTTP server on loopback; its threads end with the test's process.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&str, Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (own, counter) = (address.clone(), Arc::clone(&asked));
        let answer: Arc<Answer> = Arc::new(move |request| {
            counter.fetch_add(1, Ordering::SeqCst);
            answer(&own, request)
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(stream, &*answer));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, answer: &Answer) -> Option<()> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        read_some(&mut stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length: usize = field("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + length {
        read_some(&mut stream, &mut bytes)?;
    }
    let path = head.split(' ').nth(1)?.to_owned();
    let (status, text) =
        answer(Asked { path, authorization: field("authorization"), body: bytes[end..].to_vec() });
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    )
    .ok()
}

fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4_096];
    let length = stream.read(&mut chunk).ok().filter(|length| *length > 0)?;
    bytes.extend_from_slice(&chunk[..length]);
    Some(())
}
