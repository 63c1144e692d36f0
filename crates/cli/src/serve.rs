//! `vedette server`: findings of many sensors, kept and served.

use crate::arguments::Serve;
use crate::bench::Bench;
use crate::data_folder::{self, Announcement, DataFolder, Running};
use anyhow::{Context, Result};
use api::{Module, Token};
use server::configuration::Configuration;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) fn run(options: &Serve) -> Result<()> {
    let configuration = Configuration::load(options.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let data = configuration.data.clone().unwrap_or_else(|| PathBuf::from(data_folder::DEFAULT));

    // first of all: nothing that another one uses may be touched
    let folder = DataFolder::take(&data)?;
    let token = Token::new(folder.token(), TOKEN_PLACE);
    let mut settings = server::prepare(&configuration, &data, token, modules())?;
    settings.detectors = Some(Arc::new(Bench::alone()));
    let listener = runtime.block_on(TcpListener::bind(configuration.listen)).with_context(|| {
        let other = Running::at(configuration.listen).map(|other| format!(" {} has it;", other.words()));
        let other = other.unwrap_or_default();
        format!(
            "the API cannot listen on {};{other} choose another address with `listen`",
            configuration.listen
        )
    })?;
    let address = listener.local_addr()?;
    let scheme = if matches!(settings.door, server::Door::Plain) { "http" } else { "https" };
    let announcement = folder.announce(address)?;
    tracing::info!("findings: {scheme}://{address}/v2/organizations/-/sources/-/findings");
    tracing::info!("readers need the token in {}, or one of their own", folder.token_file().display());
    folder.print_new_token();
    // one that is away may start later than this
    let mut stopping = Box::pin(stopped(announcement));
    let opened = runtime.block_on(async {
        tokio::select! {
            opened = server::open(&data, &configuration, &listener, &settings) => opened.map(Some),
            () = &mut stopping => Ok(None),
        }
    })?;
    let Some(opened) = opened else { return Ok(()) };
    let served = runtime.block_on(server::serve(opened.stores(), listener, settings, stopping));
    tracing::info!("stopping: what was received is stored");
    runtime.block_on(opened.close());
    drop(folder);
    Ok(served?)
}

/// Where a reader finds the token. Where that folder is, is nobody's business who has none; the command that looked there
/// says it itself.
pub(crate) const TOKEN_PLACE: &str = "the file `token` of its data folder";

/// The switches of the catalogue's detectors.
pub(crate) fn modules() -> Vec<Module> {
    let catalogue = detectors::catalogue();
    let module = |metadata: &detection::Metadata| Module {
        name: metadata.module.into(),
        on_by_default: metadata.on_by_default,
    };
    catalogue.iter().map(|detector| module(detector.metadata())).collect()
}

/// What is announced is withdrawn before the API stops listening.
pub(crate) async fn stopped(announcement: Announcement) {
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
