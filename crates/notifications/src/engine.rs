//! All outputs together: one reader each, started and stopped as configs come, change and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use finding::{
    Connection, Container, Finding, FindingClass, FindingResource, Process, Protocol, Severity, State,
    Timestamp,
};
use finding_shapes::Happening;
use serde_json::Value;
use store::{ChangeFeed, Document, DocumentKind, DocumentQuery, DocumentStore, FindingStore, StoreError};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::counts::{Board, Counts, one_more};
use crate::letters;
use crate::message::Message;
use crate::network::Network;
use crate::output::{Output, OutputError};
use crate::reader::{Reader, lease_name};
use crate::retry::Retry;
use crate::secrets::Secrets;
use crate::sender::{Clients, Outcome, Sender};
use crate::turn::Turn;

/// Notification configs in one page.
const PAGE: u32 = 500;

/// Where findings, changes and configs are.
#[derive(Clone)]
pub struct Stores {
    /// Findings.
    pub findings: Arc<dyn FindingStore>,
    /// Their changes.
    pub changes: Arc<dyn ChangeFeed>,
    /// Configs, progress, leases and dead letters.
    pub documents: Arc<dyn DocumentStore>,
}

/// What the server's configuration says of outputs.
#[derive(Clone)]
pub struct Settings {
    /// This server, by a name that no other server has.
    pub holder: String,
    /// Secrets by scope and the names that configs use.
    pub secrets: Secrets,
    /// Where messages for `projects/P/topics/T` are pushed.
    pub pubsub_push: Option<String>,
    /// Where the console is: what is told of a finding without an `externalUri` of its own leads to its page there.
    pub console: Option<String>,
    /// Certificate authorities in PEM: HTTPS trusts them besides the system's, syslog and NATS over TLS trust them alone.
    pub authorities: String,
    /// Whether outputs may lead to link-local and metadata addresses.
    pub link_local: bool,
    /// Where in this machine and in private networks configs below an organization may lead.
    pub allowed_networks: Vec<Network>,
    /// When to try again.
    pub retry: Retry,
    /// The longest that one attempt takes.
    pub timeout: Duration,
    /// How often configs and changes are looked for.
    pub poll: Duration,
    /// How long an output stays with a server that is gone. Longer than `timeout`.
    pub lease: Duration,
    /// How often Alertmanager is told again what still fires.
    pub repeat: Duration,
    /// Dead letters that are kept for one config.
    pub letters: usize,
}

impl Settings {
    /// What holds unless told otherwise, for the server of this name.
    pub fn new(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            secrets: Secrets::default(),
            pubsub_push: None,
            console: None,
            authorities: String::new(),
            link_local: false,
            allowed_networks: Vec::new(),
            retry: Retry::default(),
            timeout: Duration::from_secs(10),
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(60),
            repeat: Duration::from_secs(60),
            letters: 1_000,
        }
    }
}

/// Why a message that somebody asked for was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The config is wrong, or names what the server's configuration lacks.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The other side did not take it.
    #[error("{config} was not delivered: {reason}")]
    Undelivered {
        /// The config.
        config: String,
        /// What the other side said.
        reason: String,
    },
    /// Somebody else sends them again already.
    #[error(
        "the dead letters of {config} are being sent again already; wait until that is over, a minute at most after it broke off"
    )]
    Busy {
        /// The config.
        config: String,
    },
    /// There is no such config.
    #[error("there is no notification config {config}; list them to see their names")]
    Unknown {
        /// The name.
        config: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// HTTPS cannot be spoken.
    #[error("cannot prepare HTTPS ({0}); check the certificate authorities in the server's configuration")]
    Client(#[source] reqwest::Error),
}

/// What became of dead letters that were sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// How many were taken.
    pub delivered: u64,
    /// How many are left.
    pub remaining: u64,
    /// Why it ended before the last one, when the other side did not take one.
    pub stopped: Option<String>,
}

/// Now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// So much later.
pub(crate) fn after(time: Timestamp, pause: Duration) -> Timestamp {
    Timestamp::from_nanos(time.nanos().saturating_add(i64::try_from(pause.as_nanos()).unwrap_or(i64::MAX)))
}

/// The running outputs. Dropping it stops them at once; [`stop`](Self::stop) also hands them over to the other servers.
pub struct Notifications {
    pub(crate) stores: Stores,
    pub(crate) settings: Arc<Settings>,
    clients: Clients,
    board: Board,
    stop: watch::Sender<bool>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Notifications {
    /// Begins to deliver. Must be called within a Tokio runtime.
    pub fn start(stores: Stores, settings: Settings) -> Result<Self, SendError> {
        let clients = Clients::new(&settings).map_err(SendError::Client)?;
        let settings = Arc::new(settings);
        let board = Board::default();
        let (stop, stopped) = watch::channel(false);
        let supervisor = Supervisor {
            stores: stores.clone(),
            settings: Arc::clone(&settings),
            clients: clients.clone(),
            board: board.clone(),
            running: BTreeMap::new(),
            readers: JoinSet::new(),
        };
        let supervisor = tokio::spawn(supervisor.run(stopped));
        let supervisor = Mutex::new(Some(supervisor));
        Ok(Self { stores, settings, clients, board, stop, supervisor })
    }

    /// What became of each output's messages since this server started, by the names of configs.
    pub fn counts(&self) -> BTreeMap<String, Counts> {
        self.board.read()
    }

    /// Whether a config of this name and body can work, as far as that is known without asking anybody: what a host's name
    /// leads to is not.
    ///
    /// # Errors
    /// The field that is wrong, and why.
    pub fn check(&self, config: &str, body: &Value) -> Result<(), OutputError> {
        let output = Output::parse(config, body)?;
        Sender::new(&output, &self.settings, &self.clients).map(drop)
    }

    /// Sends one made-up finding, once, to what a config's body describes, stored or not.
    pub async fn send_test(&self, config: &str, body: &Value) -> Result<(), SendError> {
        let output = Output::parse(config, body)?;
        let sender = Sender::new(&output, &self.settings, &self.clients)?;
        let time = now();
        let id = format!("msg_test{}", time.nanos());
        let message = Message::new(id, Happening::Created, made_up(time), &self.settings);
        match sender.send(&message, &output, time).await {
            Outcome::Delivered => Ok(()),
            Outcome::Refused(reason) | Outcome::Failed { reason, .. } => {
                Err(SendError::Undelivered { config: config.to_owned(), reason })
            }
        }
    }

    /// The dead letters of a config, the oldest first.
    pub async fn dead_letters(&self, config: &str) -> Result<Vec<Document>, SendError> {
        Ok(letters::of_config(&self.stores, config).await?)
    }

    /// Sends a config's dead letters again, the oldest first, each once and under its own id, telling the finding as it is
    /// now. It ends at the first that is not taken, or when `budget` is over; that one and those behind it stay. Of many who
    /// ask, here and at other servers, one at a time is served.
    pub async fn replay(&self, config: &str, budget: Duration) -> Result<Replayed, SendError> {
        let stored = self.stores.documents.document(DocumentKind::NotificationConfig, config).await?;
        let Some(stored) = stored else { return Err(SendError::Unknown { config: config.to_owned() }) };
        let output = Output::parse(config, &stored.body)?;
        let sender = Sender::new(&output, &self.settings, &self.clients)?;
        let turn = Turn::of(self, config);
        if !turn.hold().await? {
            return Err(SendError::Busy { config: config.to_owned() });
        }
        let replayed = self.replay_in_turn(&output, &sender, &turn, budget).await;
        turn.end().await;
        replayed
    }

    async fn replay_in_turn(
        &self,
        output: &Output,
        sender: &Sender,
        turn: &Turn<'_>,
        budget: Duration,
    ) -> Result<Replayed, SendError> {
        let counters = self.board.of(&output.config);
        let end = Instant::now() + budget;
        let letters = letters::of_config(&self.stores, &output.config).await?;
        let mut replayed = Replayed { remaining: letters.len() as u64, ..Replayed::default() };
        for letter in letters {
            if Instant::now() >= end || !turn.hold().await? {
                break;
            }
            if let Some((name, id)) = letters::subject(&letter)
                && let Some(item) = self.stores.findings.get(&name).await?
            {
                let happening = if item.finding.state == State::Inactive {
                    Happening::Closed
                } else {
                    Happening::Updated
                };
                let message = Message::new(id, happening, item, &self.settings);
                match sender.send(&message, output, now()).await {
                    Outcome::Delivered => {
                        replayed.delivered += 1;
                        one_more(&counters.delivered);
                    }
                    Outcome::Refused(reason) | Outcome::Failed { reason, .. } => {
                        replayed.stopped = Some(reason);
                        break;
                    }
                }
            }
            self.stores.documents.remove_document(DocumentKind::DeadLetter, &letter.name).await?;
            replayed.remaining -= 1;
        }
        Ok(replayed)
    }

    /// Ends delivery. What was not yet marked as delivered is sent again after the next start, here or on another server.
    pub async fn stop(&self) {
        let _ = self.stop.send(true);
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(supervisor) = supervisor
            && let Err(error) = supervisor.await
        {
            tracing::error!(%error, "the supervisor of notifications ended badly");
        }
    }
}

impl Drop for Notifications {
    fn drop(&mut self) {
        if let Some(supervisor) = self.supervisor.get_mut().unwrap_or_else(PoisonError::into_inner) {
            supervisor.abort();
        }
    }
}

/// What a test message tells.
fn made_up(time: Timestamp) -> FindingResource {
    let finding = Finding {
        name: "organizations/local/sources/container-threat-detection/locations/local/findings/test".into(),
        category: "Test: Notification".into(),
        description: "This is a test of a notification config. Nothing happened.".into(),
        state: State::Active,
        severity: Severity::Low,
        finding_class: FindingClass::Threat,
        event_time: Some(time),
        create_time: Some(time),
        processes: vec![Process {
            name: "test".into(),
            binary: finding::File { path: "/bin/test".into(), ..Default::default() },
            args: vec!["test".into()],
            ..Process::default()
        }],
        connections: vec![Connection {
            destination_ip: "203.0.113.1".into(),
            destination_port: 4444,
            protocol: Protocol::Tcp,
            ..Connection::default()
        }],
        containers: vec![Container { name: "test".into(), ..Container::default() }],
        ..Finding::default()
    };
    FindingResource { finding, ..FindingResource::default() }
}

/// A config as it was when its reader was started.
type Version = (i64, Timestamp);

struct Supervisor {
    stores: Stores,
    settings: Arc<Settings>,
    clients: Clients,
    board: Board,
    running: BTreeMap<String, (Version, Option<tokio::task::AbortHandle>)>,
    readers: JoinSet<()>,
}

impl Supervisor {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.settle().await {
                tracing::warn!(%error, "cannot read the notification configs; trying again");
            }
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                () = tokio::time::sleep(self.settings.poll) => {}
            }
        }
        self.readers.shutdown().await;
        let time = now();
        let over = Timestamp::from_nanos(time.nanos().saturating_sub(1));
        for config in self.running.keys() {
            // Only this server's own lease is given up; one that another holds stays as it is.
            if let Err(error) =
                self.stores.documents.lease(&lease_name(config), &self.settings.holder, time, over).await
            {
                tracing::warn!(%error, config, "cannot give up the lease; another server takes over when it ends");
            }
        }
    }

    /// A reader for each config, as it is now.
    async fn settle(&mut self) -> Result<(), StoreError> {
        while self.readers.try_join_next().is_some() {}
        let configs = self.configs().await?;
        let names: BTreeSet<_> = configs.iter().map(|config| config.name.clone()).collect();
        for gone in self.running.keys().filter(|name| !names.contains(*name)).cloned().collect::<Vec<_>>() {
            if let Some((_, Some(reader))) = self.running.remove(&gone) {
                reader.abort();
            }
            self.board.forget(&gone);
        }
        for config in configs {
            let version = (config.revision, config.create_time);
            match self.running.get(&config.name) {
                Some((known, Some(reader))) if *known == version && !reader.is_finished() => continue,
                Some((known, None)) if *known == version => continue,
                Some((_, Some(reader))) => reader.abort(),
                _ => {}
            }
            let reader = self.reader(&config).map(|reader| self.readers.spawn(reader.run()));
            self.running.insert(config.name, (version, reader));
        }
        Ok(())
    }

    fn reader(&self, config: &Document) -> Option<Reader> {
        let understood = Output::parse(&config.name, &config.body).and_then(|output| {
            Sender::new(&output, &self.settings, &self.clients).map(|sender| (output, sender))
        });
        match understood {
            Ok((output, sender)) => Some(Reader {
                stores: self.stores.clone(),
                settings: Arc::clone(&self.settings),
                counters: self.board.of(&config.name),
                since: config.create_time,
                output,
                sender,
                leased: None,
                firing: None,
            }),
            Err(error) => {
                tracing::warn!(%error, config = config.name, "cannot deliver; findings wait until the config is put right");
                None
            }
        }
    }

    async fn configs(&self) -> Result<Vec<Document>, StoreError> {
        let mut configs: Vec<Document> = Vec::new();
        loop {
            let query = DocumentQuery {
                kind: DocumentKind::NotificationConfig,
                prefix: String::new(),
                after: configs.last().map(|config| config.name.clone()),
                limit: PAGE,
            };
            let page = self.stores.documents.documents(query).await?;
            let is_last = page.len() < PAGE as usize;
            configs.extend(page);
            if is_last {
                return Ok(configs);
            }
        }
    }
}
