//! One server of findings, from its doors to its upkeep.
//!
//! ```text
//! listener → API ──────────┐
//! sensors  → intake ───────┤ stores ─→ outputs
//!            upkeep ───────┘
//! ```

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::intake::watchers::WatchRules;
use api::{Administration, Hosts, Module, Service, Token};
use certificates::{Admission, CertificateError, ServerFiles, ServerTls, TlsListener};
use identity::{AccessConfig, Identity, OpenError};
use notifications::{Notifications, OutputError, SendError};
use store::Refusal;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::access::Doorkeeper;
use crate::certificate::OwnCertificate;
use crate::intake::{self as sensors, Ancestors, IntakeError, IntakeSettings};
use crate::metrics::{of_intake, with_more, with_outputs};
use crate::sensor_health::Watching;
use crate::{Credentials, NodeCertificates, Outputs, Retention, Stores, Upkeep, now};
use crate::{forwarded, listen, pages};

/// How often expired mute configs are looked for.
const MUTES: Duration = Duration::from_secs(60);

/// How the API is spoken.
pub enum Door {
    /// In clear: on loopback, or behind a proxy.
    Plain,
    /// With a certificate.
    Tls(ServerFiles),
}

/// What a server is told.
pub struct Settings {
    /// Its name among servers of one database; the same after a restart, so that it goes on with what it was at.
    pub holder: String,
    /// How the API is spoken.
    pub door: Door,
    /// Names the API may be called by.
    pub hosts: Hosts,
    /// Everybody comes from a proxy's address.
    pub behind_proxy: bool,
    /// So many proxies in front tell in `X-Forwarded-For` whom they were asked by.
    pub proxies: u8,
    /// Who may do what.
    pub access: AccessConfig,
    /// The token of this server's own folder.
    pub own_token: Option<Token>,
    /// The switches of the detectors that there are.
    pub modules: Vec<Module>,
    /// What is detected, and a bench to try it on.
    pub detectors: Option<Arc<dyn api::Detectors>>,
    /// What projects and folders belong to.
    pub ancestors: Ancestors,
    /// What outputs need.
    pub outputs: notifications::Settings,
    /// How long things are kept.
    pub retention: Retention,
    /// Where sensors deliver, if they do.
    pub intake: Option<IntakeSettings>,
    /// A certificate to renew.
    pub certificate: Option<Arc<OwnCertificate>>,
    /// What all of this is, for those who may see it.
    pub described: serde_json::Value,
    /// What else this process counts, in OpenMetrics text; empty when that is nothing.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Whether the process as a whole can do its work.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

/// A server cannot begin, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Who may do what cannot be known.
    #[error(transparent)]
    Access(#[from] OpenError),
    /// A certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Sensors cannot be listened for.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// Outputs cannot begin.
    #[error(transparent)]
    Outputs(#[from] SendError),
    /// The API cannot be listened for.
    #[error("the API cannot be served: {0}")]
    Api(#[source] std::io::Error),
}

/// Serves until `shutdown`; what is under way ends first.
///
/// # Errors
/// [`ServeError`] when it cannot begin; the stores are as they were then.
pub async fn serve(
    stores: Stores,
    listener: TcpListener,
    settings: Settings,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let identity = Arc::new(Identity::open(settings.access, Arc::clone(&stores.documents)).await?);
    let mut upkeep = JoinSet::new();
    let (stop, stopped) = watch::channel(());

    let mut counted = None;
    let mut certificates = None;
    let since = now();
    let mut rules = WatchRules::default();
    let mut intake = None;
    if let Some(options) = settings.intake {
        let authority = Arc::clone(&options.authority);
        certificates = Some(Arc::new(NodeCertificates::new(authority, options.domain.clone())) as _);
        let modules = settings.modules.clone();
        let ancestors = Arc::clone(&settings.ancestors);
        let prepared = sensors::prepare(options, &stores, &identity, modules, ancestors).await?;
        tracing::info!("sensors deliver to {}", prepared.listener.address());
        counted = Some(prepared.receiver.counters());
        upkeep.spawn(prepared.revoked.follow(Arc::clone(&stores.documents)));
        rules = prepared.rules;
        let (holder, tenancy) = (settings.holder.clone(), prepared.tenancy);
        upkeep.spawn(sensors::watch_sensors(stores.clone(), holder, rules, tenancy, since));
        let mut stopped = stopped.clone();
        let until = async move {
            // an error means that whoever would say it is gone
            let _ = stopped.changed().await;
        };
        intake = Some(tokio::spawn(::intake::serve(prepared.listener, prepared.receiver, until)));
    }

    let outputs = Arc::new(Notifications::start(
        notifications::Stores {
            findings: Arc::clone(&stores.findings),
            changes: Arc::clone(&stores.changes),
            documents: Arc::clone(&stores.documents),
        },
        settings.outputs,
    )?);
    if let Some(certificate) = settings.certificate {
        upkeep.spawn(certificate.keep());
    }
    upkeep.spawn(mutes(stores.clone()));
    upkeep.spawn(Upkeep::new(stores.clone(), settings.retention, settings.holder).run());

    let limits = listen::bounds_of_this_process(settings.behind_proxy);
    let ancestors = settings.ancestors;
    let metrics = settings.metrics;
    let (sent, checking) = (Arc::clone(&outputs), Arc::clone(&outputs));
    let router = api::router(Service {
        findings: Arc::clone(&stores.findings),
        evidence: Arc::clone(&stores.evidence),
        documents: Arc::clone(&stores.documents),
        audit: Arc::clone(&stores.audit),
        access: Arc::new(Doorkeeper::new(Arc::clone(&identity), settings.own_token)),
        administration: Administration {
            detectors: settings.detectors,
            credentials: Some(Arc::new(Credentials::new(identity))),
            certificates,
            outputs: Some(Arc::new(Outputs::new(Arc::clone(&outputs)))),
            sensors: Some(Arc::new(Watching { rules, since })),
            configuration: Some(Arc::new(settings.described)),
        },
        modules: settings.modules,
        ancestors: Box::new(move |place| ancestors(place)),
        check_notification: Box::new(move |name, body| {
            let checked = checking.check(name, body);
            checked.map_err(|OutputError { field, reason }| Refusal { field, reason })
        }),
        metrics: Box::new(move || {
            let own = counted.as_deref().map(of_intake).unwrap_or_default();
            with_outputs(&with_more(&metrics(), &own), &sent.counts())
        }),
        ready: settings.ready,
        hosts: settings.hosts,
    });
    let router = pages::before(forwarded::through(settings.proxies, router));
    match settings.door {
        Door::Plain => {
            listen::serve(listener, router, Some(Admission::new(limits)), shutdown).await;
        }
        Door::Tls(files) => {
            let tls = Arc::new(ServerTls::open(files, &[b"http/1.1"])?);
            let listener = TlsListener::new(listener, tls, limits).map_err(ServeError::Api)?;
            listen::serve(listener, router, None, shutdown).await;
        }
    }

    upkeep.shutdown().await;
    drop(stop);
    if let Some(intake) = intake {
        match intake.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("the intake ended: {error}"),
            Err(error) => tracing::error!("the intake ended: {error}"),
        }
    }
    outputs.stop().await;
    Ok(())
}

/// Keeps what is stored in line with the mute configs: at once, and again when one expires or another server changed one. Every
/// server does it, because each mutes what it stores by the rules that it knows.
async fn mutes(stores: Stores) {
    let mut ticks = tokio::time::interval(MUTES);
    loop {
        ticks.tick().await;
        if let Err(error) = api::apply_mutes(&*stores.findings, &*stores.documents, now()).await {
            tracing::error!(%error, "the mute configs cannot be applied; it is tried again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use finding::Mute;
    use serde_json::json;
    use store::contract::example;
    use store::{DocumentKind, DocumentStore, Expectation, FindingStore};
    use store_sqlite::SqliteStore;

    use super::{mutes, now};
    use crate::Stores;

    #[tokio::test]
    async fn each_server_mutes_what_it_stores_by_what_was_said_at_another() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = [SqliteStore::open(folder.path()).await, SqliteStore::open(folder.path()).await]
            .map(|store| Arc::new(store.unwrap()));
        let name = "organizations/-/locations/global/muteConfigs/all";
        let body = json!({"filter": "category:\"\"", "type": "DYNAMIC"});
        one.put_document(DocumentKind::MuteConfig, name, body, Expectation::Absent, now()).await.unwrap();
        let tasks = [&one, &other].map(|store| tokio::spawn(mutes(Stores::of(store))));
        for (n, store) in [(1, &one), (2, &other)] {
            let item = example(n);
            let id = item.finding.name.parse().unwrap();
            let mut order = 0;
            // until the task has read the configs
            while store.get(&id).await.unwrap().is_none_or(|stored| stored.finding.mute != Mute::Muted) {
                order += 1;
                assert!(order < 600, "server {n} does not mute");
                store.upsert(&item, order, now()).await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        tasks.iter().for_each(|task| task.abort());
    }
}
