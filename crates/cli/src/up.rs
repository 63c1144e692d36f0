//! `vedette up`: sensor, store and API in one process.

use crate::arguments::Up;
use crate::data_folder::{Announcement, DataFolder, Running};
use crate::{intake, sweep};
use anyhow::{Context, Result, ensure};
use api::{Hosts, Module, Service, Token};
use crossbeam_channel::bounded;
use notifications::{Notifications, Output, OutputError, Settings};
use sensor::configuration::Configuration;
use serde_json::Value;
use server::{Retention, Stores, Upkeep};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};
use store::Refusal;
use store_sqlite::SqliteStore;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Deliveries between the sensor and the store.
const QUEUE: usize = 1_024;

/// How often expired mute configs are looked for.
const MUTES: Duration = Duration::from_secs(60);

pub(crate) fn run(options: Up) -> Result<()> {
    ensure!(
        options.listen.ip().is_loopback() || options.listen_beyond_loopback,
        "--listen {}: the token and the findings would travel unencrypted; add --listen-beyond-loopback if that is meant",
        options.listen
    );
    let configuration = Configuration::load(options.watching.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;

    // first of all: nothing that another one uses may be touched
    let folder = DataFolder::take(&options.data)?;
    let store = Arc::new(runtime.block_on(SqliteStore::open(&options.data))?);
    let listener = runtime.block_on(TcpListener::bind(options.listen)).with_context(|| {
        let other = Running::at(options.listen).map(|other| format!(" {} has it;", other.words()));
        let other = other.unwrap_or_default();
        format!("the API cannot listen on {};{other} choose another address with --listen", options.listen)
    })?;
    let address = listener.local_addr()?;
    let announcement = folder.announce(address)?;
    let config = configuration.sensor(options.watching.record_to().as_ref())?;
    let metrics = sensor::Metrics::default();
    let hosts = if address.ip().is_loopback() { Hosts::Loopback } else { Hosts::Any };
    let token = folder.token_file();
    let router = api::router(Service {
        findings: Arc::clone(&store) as _,
        evidence: Arc::clone(&store) as _,
        documents: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        access: Arc::new(Token::new(
            folder.token(),
            match hosts {
                Hosts::Loopback => token.display().to_string(),
                _ => "the file `token` of its data folder".into(),
            },
        )),
        modules: modules(),
        // one machine: nothing stands between it and everything
        ancestors: Box::new(|_| Vec::new()),
        check_notification: Box::new(check_notification),
        administration: api::Administration::default(),
        metrics: Box::new({
            let metrics = metrics.clone();
            move || metrics.text()
        }),
        ready: Box::new({
            let metrics = metrics.clone();
            move || if metrics.is_watching() { Ok(()) } else { Err("the sensor does not watch".into()) }
        }),
        hosts,
    });

    let (out, deliveries) = bounded(QUEUE);
    let intake = thread::Builder::new().name("vedette-intake".into()).spawn({
        let (store, handle) = (Arc::clone(&store), runtime.handle().clone());
        move || intake::run(&deliveries, &store, &handle)
    })?;
    let sensor = sensor::start(config, out, metrics)?;
    thread::Builder::new().name("vedette-sweep".into()).spawn({
        let (store, handle) = (Arc::clone(&store), runtime.handle().clone());
        let node = configuration.place().node;
        move || sweep::run(&store, &node, &handle)
    })?;
    tracing::info!("watching this machine; findings: http://{address}/v2/organizations/-/sources/-/findings");
    tracing::info!(
        "findings and evidence are kept in {}; readers of the API need the token in {}",
        options.data.display(),
        token.display()
    );

    let mutes = runtime.spawn(mutes(Arc::clone(&store)));
    let retention = Retention { findings_days: options.retention_days, ..Retention::default() };
    let notifications = runtime.block_on(async { outputs(&options, &store) })?;
    let upkeep = runtime.spawn(Upkeep::new(Stores::of(&store), retention, "up").run());
    runtime.block_on(async {
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(stopped(announcement))
            .await
            .context("the API stopped")
    })?;
    mutes.abort();
    upkeep.abort();
    tracing::info!("stopping: what was seen is being stored");
    sensor.stop();
    if intake.join().is_err() {
        tracing::error!("the intake thread panicked");
    }
    runtime.block_on(notifications.stop());
    runtime.block_on(store.close());
    drop(folder);
    Ok(())
}

/// Keeps what is stored in line with the mute configs: at once, and again when one expires.
async fn mutes(store: Arc<SqliteStore>) {
    let mut ticks = tokio::time::interval(MUTES);
    loop {
        ticks.tick().await;
        if let Err(error) = api::apply_mutes(&*store, &*store, server::now()).await {
            tracing::error!(%error, "the mute configs cannot be applied; it is tried again");
        }
    }
}

/// Where findings are sent, as notification configs say.
fn outputs(options: &Up, store: &Arc<SqliteStore>) -> Result<Notifications> {
    let stores = notifications::Stores {
        findings: Arc::clone(store) as _,
        changes: Arc::clone(store) as _,
        documents: Arc::clone(store) as _,
    };
    let mut settings = Settings::new("up");
    settings.pubsub_push.clone_from(&options.pubsub_push);
    if let Some(folder) = &options.output_secrets {
        settings.secrets = secrets(folder)
            .with_context(|| format!("--output-secrets {} cannot be read", folder.display()))?;
    }
    Ok(Notifications::start(stores, settings)?)
}

/// One file for each secret, named as configs name it: as Kubernetes mounts them.
fn secrets(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut secrets = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // a mounted secret has links to folders beside its files
        if let (true, Some(name)) = (path.is_file(), path.file_name().and_then(|name| name.to_str())) {
            secrets.insert(name.to_owned(), fs::read_to_string(&path)?.trim_end_matches('\n').to_owned());
        }
    }
    Ok(secrets)
}

/// Before it is stored: what cannot be read could not be delivered.
fn check_notification(body: &Value) -> Result<(), Refusal> {
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let parsed = Output::parse(name, body);
    parsed.map(drop).map_err(|OutputError { field, reason }| Refusal { field, reason })
}

/// The switches of the catalogue's detectors.
fn modules() -> Vec<Module> {
    let catalogue = detectors::catalogue();
    let module = |metadata: &detection::Metadata| Module {
        name: metadata.module.into(),
        on_by_default: metadata.on_by_default,
    };
    catalogue.iter().map(|detector| module(detector.metadata())).collect()
}

/// What is announced is withdrawn before the API stops listening.
async fn stopped(announcement: Announcement) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(announcement);
}
