//! To a server instead of standard output.
//!
//! ```text
//! deliveries → keeping (a thread) → Spool → Sender (a thread with a small runtime) → server
//!                                           heartbeats →          ← modules that are to run
//! ```

mod figures;
mod heartbeat;
mod keeping;

use crate::configuration::Server;
use crate::told::Told;
use crate::{Controls, Delivery, Metrics};
use crossbeam_channel::Receiver;
use figures::{Figures, Saying};
use finding::Timestamp;
use heartbeat::Own;
use host::Clock;
use intake::proto::Settings;
use intake::{Sender, SenderOptions, Spool, SpoolError};
use keeping::Keeping;
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use tokio::time::sleep;

/// What has changed is said at most this often.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// The own executable and configuration are hashed again after this long.
const HASH_EVERY: Duration = Duration::from_secs(300);
/// At the end a server that is connected has this long to take what waits.
const FLUSH: Duration = Duration::from_secs(5);
/// What the sensor finds again after a start, it has found by then: evidence that the last run announced and that has not
/// been taken again is lost.
const FOUND_AGAIN: Duration = Duration::from_secs(30);
const FLUSH_LOOK: Duration = Duration::from_millis(50);

/// The way to a server, not begun.
pub(crate) struct Link {
    spool: Arc<Spool>,
    options: SenderOptions,
    own: Own,
    told: Told,
    /// What the server had said when the last sensor ended.
    modules: Option<BTreeSet<String>>,
}

/// The way to a server.
pub(crate) struct Linked {
    figures: Figures,
    keeper: JoinHandle<()>,
    sender: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Link {
    /// Opens the spool: a sensor that could keep nothing does not start. `configuration` is the file, to be hashed.
    pub(crate) fn open(server: &Server, configuration: Option<PathBuf>) -> Result<Self, SpoolError> {
        let spool = Arc::new(Spool::open(&server.spool, server.spool_bytes)?);
        let options = SenderOptions {
            server_name: server.server_name.clone(),
            identity: server.identity.clone(),
            token: server.token.clone(),
            ..SenderOptions::new(server.addresses.clone(), server.authority.clone())
        };
        let told = Told::beside(&server.spool);
        let modules = told.read();
        Ok(Self { spool, options, own: Own::new(configuration), told, modules })
    }

    /// The detectors that run until the server says otherwise; `None`: those of the sensor's own configuration.
    pub(crate) fn modules(&self) -> Option<BTreeSet<String>> {
        self.modules.clone()
    }

    /// Keeps and sends from now on. The second value is told when nothing is kept any more.
    pub(crate) fn start(
        self,
        deliveries: Receiver<Delivery>,
        controls: Controls,
        metrics: &Metrics,
    ) -> io::Result<(Linked, oneshot::Receiver<io::Result<()>>)> {
        let Self { spool, options, own, told, modules } = self;
        let keeping = Arc::new(Keeping::default());
        let started = Timestamp::from_nanos(Clock::read().wall_ns(Clock::now_ns()));
        let source =
            heartbeat::source(controls.clone(), metrics.clone(), Arc::clone(&keeping), own.clone(), started);
        let sender = Sender::new(options, Arc::clone(&spool), source);
        let figures = Figures { spool, sender: sender.counters(), keeping };
        metrics.also(Box::new(figures.clone()));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(4).build()?;
        let (stop, stopped) = watch::channel(false);
        let (ended, keeper_ended) = oneshot::channel();
        let keeper = thread::Builder::new().name("vedette-spool".into()).spawn({
            let Figures { spool, keeping, .. } = figures.clone();
            move || {
                keeping::run(&deliveries, &spool, &keeping);
                let _ = ended.send(Ok(()));
            }
        })?;
        let sender = thread::Builder::new().name("vedette-link".into()).spawn({
            let figures = figures.clone();
            move || {
                runtime.block_on(async {
                    let settings = sender.settings();
                    let send = async {
                        // a heartbeat without them would say that they have changed
                        hash(&own).await;
                        sender.run(std::future::pending()).await;
                    };
                    tokio::select! {
                        () = until(stopped) => {}
                        () = send => {}
                        () = obey(settings, &controls, &told, modules) => {}
                        () = say(&figures) => {}
                        () = hash_again(&own) => {}
                        () = give_up_promised(&figures.spool) => {}
                    }
                });
                runtime.shutdown_background();
            }
        })?;
        Ok((Linked { figures, keeper, sender, stop }, keeper_ended))
    }
}

impl Linked {
    /// After the sensor has ended: what it delivered is in the spool when this returns, and as much of it at the server as
    /// that took.
    pub(crate) fn stop(self) {
        let Self { figures, keeper, sender, stop } = self;
        figures.keeping.ends.store(true, Ordering::Release);
        if keeper.join().is_err() {
            tracing::error!("the spool's thread panicked");
        }
        let begun = Instant::now();
        while figures.sender.connected.load(Ordering::Relaxed)
            && figures.spool.status().oldest_ns != 0
            && begun.elapsed() < FLUSH
        {
            thread::sleep(FLUSH_LOOK);
        }
        let _ = stop.send(true);
        if sender.join().is_err() {
            tracing::error!("the sender's thread panicked");
        }
        if figures.spool.status().oldest_ns != 0 {
            tracing::info!("findings that no server has wait in the spool for the next start");
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // whoever could say it is gone
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Lets the sensor run what the server says.
async fn obey(
    mut settings: watch::Receiver<Settings>,
    controls: &Controls,
    told: &Told,
    mut known: Option<BTreeSet<String>>,
) {
    while settings.changed().await.is_ok() {
        let Settings { modules_set, modules, .. } = settings.borrow_and_update().clone();
        let modules = modules_set.then(|| modules.into_iter().collect());
        if modules != known {
            let who = if modules.is_some() { "the server" } else { "this sensor's own configuration" };
            tracing::info!("{who} says from now on which detectors run");
            controls.set_modules(modules.clone());
            keep(told, modules.clone()).await;
            known = modules;
        }
    }
    std::future::pending().await
}

async fn give_up_promised(spool: &Arc<Spool>) {
    sleep(FOUND_AGAIN).await;
    let spool = Arc::clone(spool);
    let given_up = tokio::task::spawn_blocking(move || {
        let now = Timestamp::from_nanos(Clock::read().wall_ns(Clock::now_ns()));
        spool.give_up_promised(now);
    });
    if given_up.await.is_err() {
        tracing::error!("what the last run lost could not be noted");
    }
    std::future::pending().await
}

async fn keep(told: &Told, modules: Option<BTreeSet<String>>) {
    let told = told.clone();
    match tokio::task::spawn_blocking(move || told.keep(modules.as_ref())).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!("the next start will not know which detectors run: {error}"),
        Err(error) => tracing::error!("the next start will not know which detectors run: {error}"),
    }
}

async fn say(figures: &Figures) {
    let mut saying = Saying::begin(figures);
    loop {
        sleep(SAY_EVERY).await;
        saying.say(figures);
    }
}

async fn hash(own: &Own) {
    let own = own.clone();
    if tokio::task::spawn_blocking(move || own.read()).await.is_err() {
        tracing::error!("the sensor's own files could not be hashed");
    }
}

async fn hash_again(own: &Own) {
    loop {
        sleep(HASH_EVERY).await;
        hash(own).await;
    }
}
