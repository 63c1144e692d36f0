//! A sensor process, the server it is configured for, and shells that socat hands to a listener on loopback.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver as Lines, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use certificates::{
    Authority, HandshakeLimits, NodeIdentity, ServerFiles, ServerTls, TlsListener, nothing_revoked,
    write_private,
};
use finding::FindingResource;
use intake::proto::Settings;
use intake::{Receiver, ReceiverLimits, Stores};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use store::{DocumentKind, DocumentStore, EvidenceStore, FindingStore, ListQuery};
use store_sqlite::SqliteStore;
use tokio::runtime::Runtime;

const SENSOR: &str = env!("CARGO_BIN_EXE_vedette-sensor");
const DOMAIN: &str = "vedette.test";
/// Far more than it takes: only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why nothing can be watched here, if so.
pub(crate) fn cannot_watch() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Some("probes need root; run the tests with sudo");
    }
    let held = rustix::thread::capabilities(None).unwrap().effective;
    if !held.contains(rustix::thread::CapabilitySet::BPF | rustix::thread::CapabilitySet::PERFMON) {
        return Some("probes need CAP_BPF and CAP_PERFMON, which this root does not have");
    }
    let socat = ["/usr/bin/socat", "/bin/socat"].iter().any(|path| Path::new(path).exists());
    (!socat).then_some("no socat here; install the package socat")
}

pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "never so: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A shell on a connection to this process. Dropping it ends it.
pub(crate) struct Shell {
    pub(crate) port: u16,
    socat: Child,
    _connection: TcpStream,
}

impl Shell {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let socat = Command::new("socat")
            .args([format!("TCP:127.0.0.1:{port}"), "EXEC:/bin/sh".into()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let (mut connection, _) = listener.accept().unwrap();
        connection.write_all(b"expr 40000 + 2\n").unwrap();
        let mut answer = [0; 6];
        connection.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"40002\n", "the shell does what it is told");
        Self { port, socat, _connection: connection }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.socat.kill();
        let _ = self.socat.wait();
    }
}

/// A program whose lines are read as they come. Dropping it ends it.
pub(crate) struct Process {
    child: Child,
    lines: Lines<String>,
    said: String,
    printed: Option<JoinHandle<String>>,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, lines) = channel();
        let errors = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            BufReader::new(errors).lines().map_while(Result::ok).for_each(|line| drop(out.send(line)));
        });
        let mut output = child.stdout.take().unwrap();
        let printed = std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, lines, said: String::new(), printed: Some(printed) }
    }

    /// What follows `words` on the first line that has them; `None` when it ended before.
    fn find(&mut self, words: &str) -> Option<String> {
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            assert!(!left.is_zero(), "never said {words:?}, but:\n{}", self.said);
            let line = self.lines.recv_timeout(left).ok()?;
            self.said += &format!("{line}\n");
            if let Some((_, rest)) = line.split_once(words) {
                return Some(rest.to_owned());
            }
        }
    }

    pub(crate) fn after(&mut self, words: &str) -> String {
        self.find(words).unwrap_or_else(|| panic!("never said {words:?}, but:\n{}", self.said))
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let status = eventually("the process ends", || self.child.try_wait().unwrap());
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.said += &format!("{line}\n");
        }
        status
    }

    pub(crate) fn end(&mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.wait()
    }

    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    /// All of its standard output, once it has ended.
    pub(crate) fn printed(&mut self) -> String {
        self.printed.take().unwrap().join().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!(
                "the sensor said:\n{}{}",
                self.said,
                self.lines.try_iter().collect::<Vec<_>>().join("\n")
            );
        }
    }
}

pub(crate) struct Stage {
    folder: tempfile::TempDir,
    runtime: Runtime,
    store: Arc<SqliteStore>,
    authority: Authority,
    receiver: Receiver,
    settings: Arc<Mutex<Settings>>,
    address: SocketAddr,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let store = Arc::new(runtime.block_on(SqliteStore::open(&path("store"))).unwrap());
        let now = SystemTime::now();
        let authority = Authority::open(&path("authority"), now).unwrap();
        let hour = Duration::from_secs(3600);
        let server = authority.server(&[], now, hour).unwrap();
        let node = NodeIdentity::new(DOMAIN, "shop", "n1").unwrap();
        let node = authority.node(&node, now, hour * 24).unwrap();
        for (name, issued) in [("server.pem", server), ("node.pem", node)] {
            let pem = format!("{}{}", issued.certificate_pem, issued.key_pem);
            write_private(&path(name), pem.as_bytes()).unwrap();
        }
        let stores = Stores {
            findings: store.clone(),
            evidence: store.clone(),
            documents: store.clone(),
            audit: None,
        };
        let settings = Arc::new(Mutex::new(Settings { heartbeat_seconds: 1, ..Settings::default() }));
        let told = settings.clone();
        let receiver = Receiver::new(stores, DOMAIN, nothing_revoked(), ReceiverLimits::default())
            .with_settle(Arc::new(findings::settle))
            .with_settings(Arc::new(move |_| {
                let settings = told.lock().unwrap().clone();
                Box::pin(async { Ok(settings) })
            }));
        // an address that nobody else listens on
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let configuration = format!(
            "cluster: shop\nnode: n1\ncloudMetadata: off\nserver:\n  addresses: [https://{address}]\n  authority: {}\n  identity: {}\n  spool: {}\n",
            authority.certificate_file().display(),
            path("node.pem").display(),
            path("spool").display(),
        );
        fs::write(path("vedette.yaml"), configuration).unwrap();
        Self { folder, runtime, store, authority, receiver, settings, address }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn start(&self) -> Process {
        Process::start(Command::new(SENSOR).arg("--config").arg(self.folder().join("vedette.yaml")))
    }

    /// A sensor that watches; `None`, said so, when the kernel refuses its probes.
    pub(crate) fn sensor(&self) -> Option<Process> {
        let mut sensor = self.start();
        if sensor.find("findings are sent to the server").is_some() {
            return Some(sensor);
        }
        let said = sensor.said();
        assert!(said.contains("the kernel refused the probes"), "{said}");
        println!("skipped: {}", said.lines().next().unwrap_or_default());
        None
    }

    /// What sensors are told from their next heartbeat on.
    pub(crate) fn tell(&self, settings: Settings) {
        *self.settings.lock().unwrap() = settings;
    }

    /// Serves until the result is dropped.
    pub(crate) fn serve(&self) -> Runtime {
        let path = self.folder().join("server.pem");
        let files = ServerFiles {
            certificate: path.clone(),
            key: path,
            clients: Some(self.authority.certificate_file().into()),
            without_certificate: true,
        };
        let tls = Arc::new(ServerTls::open(files, &[b"h2"]).unwrap());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (receiver, address) = (self.receiver.clone(), self.address);
        runtime.block_on(async {
            let socket = tokio::net::TcpListener::bind(address).await.unwrap();
            let listener = TlsListener::new(socket, tls, HandshakeLimits::default()).unwrap();
            tokio::spawn(async move { intake::serve(listener, receiver, std::future::pending()).await });
        });
        runtime
    }

    /// The one finding of a connection to that port.
    pub(crate) fn finding_of(&self, port: u16) -> Option<FindingResource> {
        let everything = "organizations/-/sources/-".parse().unwrap();
        let page = self.runtime.block_on(self.store.list(ListQuery::new(everything))).unwrap();
        let is_of = |item: &FindingResource| {
            item.finding.connections.iter().any(|to| to.destination_port == i32::from(port))
        };
        let mut found = page.results.into_iter().filter(is_of);
        let one = found.next();
        assert!(found.next().is_none(), "one session is one finding");
        one
    }

    pub(crate) fn has_evidence(&self, sha256: &str) -> bool {
        let bytes = EvidenceStore::open(&*self.store, sha256.parse().unwrap());
        self.runtime.block_on(bytes).unwrap().is_some()
    }

    pub(crate) fn document(&self, kind: DocumentKind, name: &str) -> Option<Value> {
        Some(self.runtime.block_on(self.store.document(kind, name)).unwrap()?.body)
    }

    /// Whether something that waits to be sent says `words`.
    pub(crate) fn spool_holds(&self, words: &str) -> bool {
        let Ok(segments) = fs::read_dir(self.folder().join("spool/segments")) else { return false };
        segments.flatten().any(|segment| {
            let bytes = fs::read(segment.path()).unwrap_or_default();
            bytes.windows(words.len()).any(|part| part == words.as_bytes())
        })
    }

    /// Whether the server has everything that the spool has given a number.
    pub(crate) fn spool_is_empty(&self) -> bool {
        let text = fs::read(self.folder().join("spool/position.json")).unwrap();
        let position: Value = serde_json::from_slice(&text).unwrap();
        let order = |key: &str| position[key].as_i64().unwrap();
        order("findings") >= order("order") && order("evidence") >= order("order")
    }

    pub(crate) fn hash_of_configuration(&self) -> String {
        host::sha256(&fs::read(self.folder().join("vedette.yaml")).unwrap())
    }

    pub(crate) fn hash_of_sensor() -> String {
        host::hash(&fs::File::open(SENSOR).unwrap()).unwrap().0
    }
}
