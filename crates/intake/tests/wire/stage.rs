//! An authority, a store, servers that can be killed, and nodes.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use certificates::{
    Authority, Fingerprint, HandshakeLimits, NodeIdentity, ServerFiles, ServerTls, TlsListener, write_private,
};
use finding::{FindingResource, Timestamp};
use intake::proto::HeartbeatRequest;
use intake::{
    Receiver, ReceiverCounters, ReceiverLimits, Sender, SenderOptions, Spool, Stores, Tenancy, TokenCheck,
    TokenHolder, TokenPending, serve,
};
use serde_json::json;
use store::{DocumentKind, DocumentQuery, DocumentStore, FindingStore, ListQuery};
use store_sqlite::SqliteStore;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

const DOMAIN: &str = "vedette.test";
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(since.as_nanos().try_into().unwrap())
}

/// A node's finding; its name tells the node.
pub(crate) fn item(number: usize, node: &str, description: &str) -> FindingResource {
    let mut item = FindingResource::default();
    let finding = &mut item.finding;
    finding.parent = "organizations/1/sources/2/locations/global".into();
    finding.name = format!("{}/findings/{node}f{number}", finding.parent);
    finding.canonical_name = format!("projects/p/sources/2/locations/global/findings/{node}f{number}");
    finding.category = "Execution: Test".into();
    finding.description = description.into();
    finding.event_time = Some(Timestamp::from_nanos(1_700_000_000_000_000_000 + number as i64));
    finding.source_properties = [("VM_Instance_Name".to_owned(), json!(node))].into();
    item.resource.display_name = "c1".into();
    item
}

pub(crate) async fn eventually(mut holds: impl FnMut() -> bool) {
    // far more than it takes: only a test that fails waits so long
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not become so");
}

pub(crate) struct Stage {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Arc<SqliteStore>,
    authority: Arc<Authority>,
    receiver: Receiver,
    revoked: Arc<Mutex<HashSet<Fingerprint>>>,
    node: String,
}

struct Tokens;

impl TokenCheck for Tokens {
    fn check<'a>(&'a self, _: std::net::IpAddr, token: &'a str) -> TokenPending<'a> {
        Box::pin(async move {
            let node = token.strip_prefix("token of ").ok_or("nobody's token")?;
            let node = NodeIdentity::new(DOMAIN, "c1", node).map_err(|error| error.to_string())?;
            Ok(TokenHolder { node, until: SystemTime::now() + HOUR })
        })
    }
}

/// A server with a runtime of its own, so that its connections end with it.
pub(crate) struct Running(tokio::runtime::Runtime);

impl Running {
    /// Ends it where it is: no answer that is under way is sent.
    pub(crate) fn kill(self) {
        self.0.shutdown_background();
    }
}

impl Stage {
    pub(crate) async fn new(node: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("store")).await.unwrap());
        let authority =
            Arc::new(Authority::open(&folder.path().join("authority"), SystemTime::now()).unwrap());
        let server = authority.server(&[], SystemTime::now(), HOUR).unwrap();
        let pem = format!("{}{}", server.certificate_pem, server.key_pem);
        write_private(&folder.path().join("server.pem"), pem.as_bytes()).unwrap();
        let revoked = Arc::new(Mutex::new(HashSet::new()));
        let asked = revoked.clone();
        let stores = Stores {
            findings: store.clone(),
            evidence: store.clone(),
            documents: store.clone(),
            audit: Some(store.clone()),
        };
        let receiver = Receiver::new(
            stores,
            DOMAIN,
            Arc::new(move |one| asked.lock().unwrap().contains(&one.fingerprint())),
            ReceiverLimits::default(),
        )
        .with_authority(authority.clone())
        .with_tokens(Arc::new(Tokens));
        Self { folder, store, authority, receiver, revoked, node: node.into() }
    }

    /// The same, of servers that bound where nodes may write.
    pub(crate) fn bounded(mut self, tenancy: Tenancy) -> Self {
        self.receiver = self.receiver.with_tenancy(Arc::new(tenancy));
        self
    }

    /// The same, of servers that decide so what is stored.
    pub(crate) fn settled(
        mut self,
        settle: fn(Option<&FindingResource>, FindingResource) -> Option<FindingResource>,
    ) -> Self {
        self.receiver = self.receiver.with_settle(Arc::new(settle));
        self
    }

    pub(crate) fn counters(&self) -> Arc<ReceiverCounters> {
        self.receiver.counters()
    }

    pub(crate) fn revoke(&self, fingerprint: Fingerprint) {
        self.revoked.lock().unwrap().insert(fingerprint);
    }

    pub(crate) async fn count(&self) -> usize {
        let parent = "organizations/1/sources/-".parse().unwrap();
        self.store.list(ListQuery::new(parent)).await.unwrap().total_size as usize
    }

    pub(crate) async fn sensors(&self) -> usize {
        let query =
            DocumentQuery { kind: DocumentKind::Sensor, prefix: String::new(), after: None, limit: 10 };
        self.store.documents(query).await.unwrap().len()
    }

    /// An address that nobody else listens on.
    pub(crate) async fn reserve(&self) -> SocketAddr {
        tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    pub(crate) async fn serve(&self, address: SocketAddr) -> Running {
        let path = self.folder.path().join("server.pem");
        let files = ServerFiles {
            certificate: path.clone(),
            key: path,
            clients: Some(self.authority.certificate_file().into()),
            without_certificate: true,
        };
        let tls = Arc::new(ServerTls::open(files, &[b"h2"]).unwrap());
        let receiver = self.receiver.clone();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (bound, ready) = tokio::sync::oneshot::channel();
        runtime.spawn(async move {
            // connections of the server before may still be closing
            let socket = loop {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.set_reuseaddr(true).unwrap();
                match socket.bind(address).and_then(|()| socket.listen(64)) {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            };
            let listener = TlsListener::new(socket, tls, HandshakeLimits::default()).unwrap();
            bound.send(()).unwrap();
            serve(listener, receiver, std::future::pending()).await.unwrap();
        });
        ready.await.unwrap();
        Running(runtime)
    }

    pub(crate) fn spool(&self) -> Arc<Spool> {
        self.spool_at("spool")
    }

    pub(crate) fn spool_at(&self, name: &str) -> Arc<Spool> {
        Arc::new(Spool::open(&self.folder.path().join(name), 256 << 20).unwrap())
    }

    fn issue(&self, authority: &Authority, node: &str, name: &str, at: SystemTime) -> PathBuf {
        let identity = NodeIdentity::new(DOMAIN, "c1", node).unwrap();
        let issued = authority.node(&identity, at, HOUR).unwrap();
        let path = self.folder.path().join(name);
        write_private(&path, format!("{}{}", issued.certificate_pem, issued.key_pem).as_bytes()).unwrap();
        path
    }

    /// Certificate and key of a node; made when it is asked for first.
    pub(crate) fn node_file(&self, node: &str) -> PathBuf {
        let path = self.folder.path().join(format!("{node}.pem"));
        if path.exists() {
            return path;
        }
        self.issue(&self.authority, node, &format!("{node}.pem"), SystemTime::now())
    }

    pub(crate) fn expired_file(&self) -> PathBuf {
        self.issue(&self.authority, "n1", "expired.pem", SystemTime::now() - 2 * HOUR)
    }

    pub(crate) fn foreign_file(&self) -> PathBuf {
        let other = Authority::open(&self.folder.path().join("other"), SystemTime::now()).unwrap();
        self.issue(&other, "n1", "foreign.pem", SystemTime::now())
    }

    pub(crate) fn token_file(&self, token: &str) -> PathBuf {
        let path = self.folder.path().join("token");
        std::fs::write(&path, format!("{token}\n")).unwrap();
        path
    }

    pub(crate) fn options(&self, servers: &[SocketAddr]) -> SenderOptions {
        let servers = servers.iter().map(|address| format!("https://{address}")).collect();
        let mut options = SenderOptions::new(servers, self.authority.certificate_file().into());
        options.identity = Some(self.node_file(&self.node));
        options.renew_before = Duration::ZERO;
        options.pause = Duration::from_millis(20);
        options
    }

    pub(crate) fn sender(&self, spool: Arc<Spool>, servers: &[SocketAddr]) -> Sender {
        Sender::new(self.options(servers), spool, Arc::new(HeartbeatRequest::default))
    }

    async fn dial(
        &self,
        address: SocketAddr,
        identity: Option<&Path>,
    ) -> Result<Channel, tonic::transport::Error> {
        let authority = Certificate::from_pem(self.authority.certificate_pem());
        let mut tls = ClientTlsConfig::new().ca_certificate(authority);
        if let Some(path) = identity {
            let pem = std::fs::read(path).unwrap();
            tls = tls.identity(Identity::from_pem(&pem, &pem));
        }
        Endpoint::from_shared(format!("https://{address}"))?.tls_config(tls)?.connect().await
    }

    pub(crate) async fn channel(
        &self,
        address: SocketAddr,
        identity: &Path,
    ) -> Result<Channel, tonic::transport::Error> {
        self.dial(address, Some(identity)).await
    }

    pub(crate) async fn channel_without_certificate(
        &self,
        address: SocketAddr,
    ) -> Result<Channel, tonic::transport::Error> {
        self.dial(address, None).await
    }
}
