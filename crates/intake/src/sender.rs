//! The node's side: from the spool to a server, at least once and in order.

mod early;
mod session;

use std::collections::hash_map::RandomState;
use std::error::Error;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use certificates::{CertificateError, ClientFiles, identity_of};
use tokio::sync::watch;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status};

use crate::proto::{HeartbeatRequest, Settings};
use crate::{Spool, SpoolError};

/// What the sensor says of itself; the sender adds the spool and the time. Called for every heartbeat.
pub type HeartbeatSource = Arc<dyn Fn() -> HeartbeatRequest + Send + Sync>;

/// Where and as whom a sender sends.
#[derive(Debug, Clone)]
pub struct SenderOptions {
    /// `https://HOST:PORT`, tried in turn.
    pub servers: Vec<String>,
    /// Name in the server's certificate, when it is not the host of the address.
    pub server_name: Option<String>,
    /// Authority of the servers, PEM.
    pub authority: PathBuf,
    /// Certificate and key of the node in one PEM file, which is replaced when the certificate is renewed. When it is not
    /// there yet, the token has to do, and the server is asked for a certificate.
    pub identity: Option<PathBuf>,
    /// File of a bearer token, read at each connect: Kubernetes replaces it.
    pub token: Option<PathBuf>,
    /// A certificate is renewed when it has less than this left.
    pub renew_before: Duration,
    /// Between heartbeats, until the server says otherwise.
    pub heartbeat: Duration,
    /// An answer that takes longer is none.
    pub deadline: Duration,
    /// The first pause after a failure; it doubles up to 64 times this.
    pub pause: Duration,
}

impl SenderOptions {
    /// With the usual times.
    pub fn new(servers: Vec<String>, authority: PathBuf) -> Self {
        Self {
            servers,
            server_name: None,
            authority,
            identity: None,
            token: None,
            renew_before: Duration::from_secs(8 * 60 * 60),
            heartbeat: Duration::from_secs(30),
            deadline: Duration::from_secs(30),
            pause: Duration::from_millis(500),
        }
    }
}

/// What a sender counted since its start.
#[derive(Debug, Default)]
pub struct SenderCounters {
    /// A server is connected.
    pub connected: AtomicBool,
    /// Connections that were made.
    pub connects: AtomicU64,
    /// Connections that failed or ended.
    pub failures: AtomicU64,
    /// Findings that a server acknowledged.
    pub findings: AtomicU64,
    /// Findings that a server refused for good.
    pub refused: AtomicU64,
    /// Pieces of evidence that a server has whole.
    pub evidence: AtomicU64,
    /// Bytes of evidence that were sent.
    pub evidence_bytes: AtomicU64,
    /// Heartbeats that were answered.
    pub heartbeats: AtomicU64,
    /// Certificates that were renewed.
    pub renewed: AtomicU64,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    #[error("{0}")]
    Spool(#[from] SpoolError),
    #[error("it cannot be reached: {cause}; check its address and that it runs")]
    Connect { cause: String },
    #[error("the token file {} cannot be used: {detail}; mount the token there", path.display())]
    Token { path: PathBuf, detail: String },
    #[error("{}", words(.0))]
    Answer(Box<Status>),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("the server ended the stream")]
    Closed,
    #[error("the certificate was renewed; connecting with the new one")]
    Renewed,
    #[error("a task of the sender ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<Status> for Ended {
    fn from(status: Status) -> Self {
        Self::Answer(Box::new(status))
    }
}

/// Sends what a spool holds.
pub struct Sender {
    options: SenderOptions,
    spool: Arc<Spool>,
    source: HeartbeatSource,
    settings: watch::Sender<Settings>,
    counters: Arc<SenderCounters>,
    /// Seconds that the certificates live which this server gives; 0 until it has given one.
    life: AtomicU64,
}

impl Sender {
    /// A sender for a spool.
    pub fn new(options: SenderOptions, spool: Arc<Spool>, source: HeartbeatSource) -> Self {
        let settings = watch::Sender::new(Settings::default());
        Self { options, spool, source, settings, counters: Arc::default(), life: AtomicU64::new(0) }
    }

    /// What it counts.
    pub fn counters(&self) -> Arc<SenderCounters> {
        self.counters.clone()
    }

    /// What the server wants of the sensor, as it changes.
    pub fn settings(&self) -> watch::Receiver<Settings> {
        self.settings.subscribe()
    }

    /// Sends until `shutdown`. What was not acknowledged by then stays in the spool.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        tokio::select! {
            () = shutdown => {}
            () = self.keep_sending() => {}
        }
        self.counters.connected.store(false, Ordering::Relaxed);
    }

    async fn keep_sending(&self) {
        let mut failures = 0_u32;
        let mut said = String::new();
        for turn in 0_usize.. {
            let count = self.options.servers.len();
            let Some(server) = turn.checked_rem(count).and_then(|at| self.options.servers.get(at)) else {
                tracing::error!("no server is configured: findings stay in the spool");
                return;
            };
            let before = self.progress();
            let Err(ended) = self.session(server).await;
            self.counters.connected.store(false, Ordering::Relaxed);
            if matches!(ended, Ended::Renewed) {
                tracing::info!("{ended}");
                continue;
            }
            self.counters.failures.fetch_add(1, Ordering::Relaxed);
            if self.progress() != before {
                failures = 0;
            }
            let text = format!("{server}: {ended}");
            // the same again and again would hide everything else
            if text == said {
                tracing::debug!("{text}");
            } else {
                tracing::warn!("{text}; findings are kept in the spool and sent later");
                said = text;
            }
            let pause = self.options.pause.saturating_mul(1 << failures.min(6));
            tokio::time::sleep(jitter(pause)).await;
            failures = failures.saturating_add(1);
        }
    }

    fn progress(&self) -> u64 {
        let counters = &self.counters;
        [&counters.findings, &counters.evidence, &counters.heartbeats, &counters.refused]
            .map(|counter| counter.load(Ordering::Relaxed))
            .iter()
            .sum()
    }

    async fn connect(&self, server: &str) -> Result<Channel, Ended> {
        let options = &self.options;
        let unreachable = |error: tonic::transport::Error| Ended::Connect { cause: innermost(&error) };
        // an expired certificate would end a handshake that the token could save
        let has_token = options.token.is_some();
        let holds = |path: &PathBuf| {
            !has_token || identity_of(path).is_ok_and(|peer| peer.not_after() > SystemTime::now())
        };
        let identity = options.identity.clone().filter(|path| path.exists() && holds(path));
        let files = ClientFiles {
            authority: options.authority.clone(),
            identity: identity.clone().map(|path| (path.clone(), path)),
        };
        let read = |path: PathBuf| async move {
            tokio::fs::read(&path).await.map_err(|source| CertificateError::Io {
                action: "read",
                path,
                source,
            })
        };
        // said with the file's name, which tonic does not know
        tokio::task::spawn_blocking(move || certificates::client_config(&files, &[b"h2"])).await??;
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(options.authority.clone()).await?));
        if let Some(path) = identity {
            let pem = read(path).await?;
            tls = tls.identity(Identity::from_pem(&pem, &pem));
        }
        if let Some(name) = &options.server_name {
            tls = tls.domain_name(name);
        }
        let endpoint = Endpoint::from_shared(server.to_owned())
            .and_then(|endpoint| endpoint.tls_config(tls))
            .map_err(unreachable)?
            .connect_timeout(options.deadline.min(Duration::from_secs(10)))
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(true)
            .tcp_nodelay(true);
        endpoint.connect().await.map_err(unreachable)
    }
}

/// What caused an error in the first place: those around it only say that something failed.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// An answer that is no success, in words.
fn words(status: &Status) -> String {
    let said = match status.source() {
        Some(source) => innermost(source),
        None => status.message().to_owned(),
    };
    let meaning = match status.code() {
        Code::Cancelled => "the connection ended before the server had answered",
        Code::DeadlineExceeded => "the server did not answer in time",
        Code::Unavailable | Code::Unknown | Code::Internal if status.source().is_some() => {
            "the connection failed"
        }
        Code::Unavailable => "the server cannot store anything now",
        Code::ResourceExhausted => "the server has more to do than it can",
        Code::Unauthenticated => "the server does not know this sensor",
        Code::PermissionDenied => "the server does not allow it",
        Code::Unimplemented => "this is no Vedette intake, or an older one",
        _ => "the server could not answer",
    };
    if said.is_empty() { meaning.to_owned() } else { format!("{meaning}: {said}") }
}

/// Between half of a pause and all of it, so that nodes which lost a server together do not come back together.
fn jitter(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 512;
    pause.mul_f64(0.5 + f64::from(u16::try_from(random).unwrap_or_default()) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::{Ended, Sender, SenderOptions, words};
    use crate::Spool;
    use std::sync::Arc;
    use tonic::{Code, Status};

    #[tokio::test]
    async fn a_server_that_is_away_is_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let authority = certificates::Authority::open(folder.path(), std::time::SystemTime::now()).unwrap();
        let path = folder.path().join("authority.pem");
        std::fs::write(&path, authority.certificate_pem()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("https://{}", listener.local_addr().unwrap());
        drop(listener);
        let spool = Arc::new(Spool::open(&folder.path().join("spool"), 1 << 20).unwrap());
        let options = SenderOptions::new(vec![server.clone()], path);
        let sender = Sender::new(options, spool, Arc::new(Default::default));
        let said = sender.connect(&server).await.err().map(|ended| ended.to_string()).unwrap();
        assert_eq!(
            said,
            "it cannot be reached: Connection refused (os error 111); check its address and that it runs"
        );
    }

    #[test]
    fn answers_are_words() {
        let said = |code, message| Ended::from(Status::new(code, message)).to_string();
        assert_eq!(said(Code::Cancelled, ""), "the connection ended before the server had answered");
        assert_eq!(said(Code::Unauthenticated, "no token"), "the server does not know this sensor: no token");
        let reset = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        assert_eq!(words(&Status::from_error(Box::new(reset))), "the connection failed: connection reset");
    }
}
