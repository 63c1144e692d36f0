//! The server's side: who calls, what they may write, into the store.

mod admission;
mod authentication;
mod deliveries;
mod service;
mod turns;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use certificates::{Authority, Revocations, TlsListener};
use finding::{FindingResource, Timestamp};
use store::{AuditLog, DocumentStore, EvidenceStore, FindingStore, StoreError};
use tokio::sync::Semaphore;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;

pub use authentication::{TokenCheck, TokenHolder, TokenPending};

use self::turns::Turns;
use crate::connection::Incoming;
use crate::proto::Settings;
use crate::proto::intake_server::IntakeServer;
use crate::{LARGEST_MESSAGE, SensorDocument, Tenancy};

/// Where a receiver writes.
#[derive(Clone)]
pub struct Stores {
    /// Findings.
    pub findings: Arc<dyn FindingStore>,
    /// Evidence.
    pub evidence: Arc<dyn EvidenceStore>,
    /// Heartbeats.
    pub documents: Arc<dyn DocumentStore>,
    /// What nodes were given.
    pub audit: Option<Arc<dyn AuditLog>>,
}

/// What is to be stored when a finding comes, given what is stored: `None` leaves that as it is.
pub type Settle =
    Arc<dyn Fn(Option<&FindingResource>, FindingResource) -> Option<FindingResource> + Send + Sync>;

/// Settings that are on their way.
pub type SettingsPending = Pin<Box<dyn Future<Output = Result<Settings, StoreError>> + Send>>;

/// What a sensor is to be told, by what is known of it.
pub type SettingsOf = Arc<dyn Fn(&SensorDocument) -> SettingsPending + Send + Sync>;

/// Bounds of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverLimits {
    /// Batches that are stored at once, of all nodes; others wait.
    pub batches: usize,
    /// A batch or a piece that waits longer is told to come again.
    pub wait: Duration,
    /// Calls at once on one connection.
    pub calls_per_connection: u32,
    /// Life of a renewed certificate.
    pub certificate_life: Duration,
}

impl Default for ReceiverLimits {
    fn default() -> Self {
        Self {
            batches: 16,
            wait: Duration::from_secs(5),
            calls_per_connection: 16,
            certificate_life: certificates::DAY,
        }
    }
}

/// What a receiver counted since its start.
#[derive(Debug, Default)]
pub struct ReceiverCounters {
    /// Deliveries that were stored, or were stored already.
    pub stored: AtomicU64,
    /// Deliveries that were refused for good.
    pub refused: AtomicU64,
    /// Those of them that spoke of another node than the caller.
    pub wrong_node: AtomicU64,
    /// Pieces of evidence that became whole.
    pub evidence: AtomicU64,
    /// Calls that were refused because the caller is no node, or no longer one.
    pub unauthenticated: AtomicU64,
    /// Calls that were told to come again.
    pub turned_away: AtomicU64,
    /// Heartbeats.
    pub heartbeats: AtomicU64,
    /// Certificates that were renewed.
    pub renewed: AtomicU64,
}

/// The service. Clones share everything.
#[derive(Clone)]
pub struct Receiver {
    pub(crate) stores: Stores,
    pub(crate) domain: Arc<str>,
    pub(crate) revoked: Revocations,
    pub(crate) tokens: Option<Arc<dyn TokenCheck>>,
    pub(crate) authority: Option<Arc<Authority>>,
    pub(crate) settle: Option<Settle>,
    pub(crate) settings: SettingsOf,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) tenancy: Arc<Tenancy>,
    pub(crate) limits: ReceiverLimits,
    pub(crate) counters: Arc<ReceiverCounters>,
    pub(crate) clock: fn() -> Timestamp,
}

impl Receiver {
    /// A receiver of nodes of one trust domain. `revoked` is asked on every call.
    pub fn new(stores: Stores, domain: &str, revoked: Revocations, limits: ReceiverLimits) -> Self {
        Self {
            stores,
            domain: domain.into(),
            revoked,
            tokens: None,
            authority: None,
            settle: None,
            settings: Arc::new(|_| {
                Box::pin(async { Ok(Settings { heartbeat_seconds: 30, ..Settings::default() }) })
            }),
            places: Arc::new(Semaphore::new(limits.batches.max(1))),
            turns: Arc::default(),
            tenancy: Arc::default(),
            limits,
            counters: Arc::default(),
            clock: wall,
        }
    }

    /// Nodes may prove themselves with bearer tokens, too.
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn TokenCheck>) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Certificates are renewed by this authority.
    #[must_use]
    pub fn with_authority(self, authority: Arc<Authority>) -> Self {
        Self { authority: Some(authority), ..self }
    }

    /// What is stored when a finding comes is decided here.
    #[must_use]
    pub fn with_settle(self, settle: Settle) -> Self {
        Self { settle: Some(settle), ..self }
    }

    /// What sensors are told from their next heartbeat on is asked here.
    #[must_use]
    pub fn with_settings(self, settings: SettingsOf) -> Self {
        Self { settings, ..self }
    }

    /// Where nodes may write is bounded.
    #[must_use]
    pub fn with_tenancy(self, tenancy: Arc<Tenancy>) -> Self {
        Self { tenancy, ..self }
    }

    /// What it counted.
    pub fn counters(&self) -> Arc<ReceiverCounters> {
        self.counters.clone()
    }
}

fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Serves until `shutdown`; calls that are under way end first.
///
/// # Errors
/// When the transport fails for good.
pub async fn serve(
    listener: TlsListener,
    receiver: Receiver,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    let calls = receiver.limits.calls_per_connection;
    let service = IntakeServer::new(receiver)
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE)
        .accept_compressed(CompressionEncoding::Gzip);
    Server::builder()
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .max_concurrent_streams(calls)
        .max_frame_size(1 << 20)
        .add_service(service)
        .serve_with_incoming_shutdown(Incoming(listener), shutdown)
        .await
}
