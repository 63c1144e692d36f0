//! `vedette up`: sensor and server in one process, with an embedded store.

use crate::arguments::Up;
use crate::bench::Bench;
use crate::data_folder::{DataFolder, Running};
use crate::serve::{TOKEN_PLACE, modules, stopped};
use crate::{intake, sweep, switches};
use anyhow::{Context, Result};
use api::Token;
use crossbeam_channel::bounded;
use sensor::configuration::Configuration;
use server::configuration::{self, Outputs};
use server::{Retention, Stores};
use std::sync::Arc;
use std::thread;
use store_sqlite::SqliteStore;
use tokio::net::TcpListener;

/// Deliveries between the sensor and the store.
const QUEUE: usize = 1_024;

pub(crate) fn run(options: Up) -> Result<()> {
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
    let metrics = sensor::Metrics::default();
    let settings = {
        let token = Token::new(folder.token(), TOKEN_PLACE);
        let mut settings =
            server::prepare(&served(&options, &configuration), &options.data, token, modules())?;
        settings.detectors = Some(Arc::new(Bench::beside(metrics.clone(), configuration.place())));
        settings.metrics = Box::new({
            let metrics = metrics.clone();
            move || metrics.text()
        });
        settings.ready = Box::new({
            let metrics = metrics.clone();
            move || if metrics.is_watching() { Ok(()) } else { Err("the sensor does not watch".into()) }
        });
        settings
    };
    let scheme = if matches!(settings.door, server::Door::Plain) { "http" } else { "https" };
    let announcement = folder.announce(address)?;
    let config = configuration.sensor(options.watching.record_to().as_ref())?;

    let (out, deliveries) = bounded(QUEUE);
    let intake = thread::Builder::new().name("vedette-intake".into()).spawn({
        let (store, handle) = (Arc::clone(&store), runtime.handle().clone());
        move || intake::run(&deliveries, &store, &handle)
    })?;
    let sensor = sensor::start(config, out, metrics)?;
    let switches = runtime.spawn(switches::follow(
        Arc::clone(&store) as _,
        modules(),
        Arc::clone(&settings.ancestors),
        sensor.controls(),
    ));
    thread::Builder::new().name("vedette-sweep".into()).spawn({
        let (store, handle) = (Arc::clone(&store), runtime.handle().clone());
        let node = configuration.place().node;
        move || sweep::run(&store, &node, &handle)
    })?;
    tracing::info!(
        "watching this machine; findings: {scheme}://{address}/v2/organizations/-/sources/-/findings"
    );
    tracing::info!(
        "findings and evidence are kept in {}; readers of the API need the token in {}",
        options.data.display(),
        folder.token_file().display()
    );
    if scheme == "https" {
        let authority = options.data.join("authority/authority.crt");
        tracing::info!("clients check the certificate with {} (--ca-file)", authority.display());
    }
    folder.print_new_token();

    let served =
        runtime.block_on(server::serve(Stores::of(&store), listener, settings, stopped(announcement)));
    tracing::info!("stopping: what was seen is being stored");
    switches.abort();
    sensor.stop();
    if intake.join().is_err() {
        tracing::error!("the intake thread panicked");
    }
    runtime.block_on(store.close());
    drop(folder);
    Ok(served?)
}

/// Every network; addresses to which nothing is ever sent stay so.
fn everywhere() -> Vec<notifications::Network> {
    ["0.0.0.0/0", "::/0"].iter().filter_map(|network| network.parse().ok()).collect()
}

/// What the server's part is told: the same as a server's file would say.
fn served(options: &Up, watching: &Configuration) -> configuration::Configuration {
    configuration::Configuration {
        organization: Some(watching.place().organization),
        listen: options.listen,
        hosts: options.host.clone(),
        behind_proxy: options.behind_proxy,
        proxies: options.proxies,
        outputs: Outputs {
            secrets: options.output_secrets.clone(),
            pubsub_push: options.pubsub_push.clone(),
            authorities: None,
            // of one machine every administrator is its own
            allowed_networks: everywhere(),
        },
        retention: Retention { findings_days: options.retention_days, ..Retention::default() },
        ..configuration::Configuration::default()
    }
}
