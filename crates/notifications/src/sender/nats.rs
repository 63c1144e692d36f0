//! NATS JetStream: published, and delivered once the stream has acknowledged.

use async_nats::jetstream::{self, Context};
use async_nats::{ConnectOptions, HeaderMap, ServerAddr};
use tokio::sync::Mutex;

use super::chain;
use super::named::tls_with;
use crate::Settings;
use crate::address::Reach;
use crate::message::Message;
use crate::output::{Output, OutputError, wrong};

pub(super) struct Nats {
    host: String,
    port: u16,
    reach: Reach,
    options: ConnectOptions,
    scheme: String,
    /// Kept between messages; let go when something failed.
    connection: Mutex<Option<Context>>,
}

impl std::fmt::Debug for Nats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nats({}:{})", self.host, self.port)
    }
}

impl Nats {
    pub(super) fn new(
        output: &Output,
        settings: &Settings,
        secret: Option<String>,
    ) -> Result<Self, OutputError> {
        let Some((url, host)) = output.url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
            return wrong("vedette.url", "must name a host");
        };
        // Servers that this one speaks of were not named by the config; nobody has checked where they are.
        let mut options = ConnectOptions::new()
            .name("vedette")
            .connection_timeout(settings.timeout)
            .request_timeout(Some(settings.timeout))
            .ignore_discovered_servers()
            .max_reconnects(1);
        if let Some(token) = secret {
            options = options.token(token);
        }
        let is_tls = url.scheme() == "tls";
        // a server can ask for TLS where the config does not
        if is_tls || !settings.authorities.is_empty() {
            let tls = tls_with(&settings.authorities, host)?;
            options = options.require_tls(is_tls).tls_client_config(tls);
        }
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(4222),
            reach: Reach::of(&output.config, settings),
            options,
            scheme: url.scheme().to_owned(),
            connection: Mutex::new(None),
        })
    }

    async fn connected(&self) -> Result<Context, String> {
        let mut connection = self.connection.lock().await;
        if let Some(context) = connection.as_ref() {
            return Ok(context.clone());
        }
        let addresses = self.reach.resolved(&self.host, self.port).await.map_err(|error| chain(&error))?;
        // by address: a name would be resolved again, and could lead elsewhere by then
        let servers: Result<Vec<ServerAddr>, _> =
            addresses.iter().map(|address| format!("{}://{address}", self.scheme).parse()).collect();
        let servers = servers.map_err(|error| chain(&error))?;
        let client = self.options.clone().connect(servers).await.map_err(|error| chain(&error))?;
        let context = jetstream::new(client);
        *connection = Some(context.clone());
        Ok(context)
    }

    async fn published(&self, message: &Message, output: &Output) -> Result<(), String> {
        let context = self.connected().await?;
        let mut headers = HeaderMap::new();
        // JetStream drops a second message of the same id within its window.
        headers.insert("Nats-Msg-Id", message.id.as_str());
        headers.insert("Content-Type", "application/json");
        let body = message.shaped(output).to_string();
        let acknowledgement =
            context.publish_with_headers(output.subject.clone(), headers, body.into()).await;
        let acknowledgement = acknowledgement.map_err(|error| chain(&error))?.await;
        acknowledgement.map(drop).map_err(|error| {
            format!("{}; is there a stream with the subject {}?", chain(&error), output.subject)
        })
    }

    pub(super) async fn send(&self, message: &Message, output: &Output) -> Result<(), String> {
        let published = self.published(message, output).await;
        if published.is_err() {
            self.connection.lock().await.take();
        }
        published
    }
}
