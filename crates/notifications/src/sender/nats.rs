//! NATS JetStream: published, and delivered once the stream has acknowledged.

use async_nats::jetstream::{self, Context};
use async_nats::{ConnectOptions, HeaderMap};
use tokio::sync::Mutex;

use super::syslog::tls;
use super::{Outcome, chain};
use crate::Settings;
use crate::address::resolved;
use crate::message::Message;
use crate::output::{Output, OutputError, wrong};

pub(super) struct Nats {
    host: String,
    port: u16,
    link_local: bool,
    options: ConnectOptions,
    url: String,
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
        if url.scheme() == "tls" {
            options = options.require_tls(true).tls_client_config(tls(&settings.authorities)?);
        }
        Ok(Self {
            host: host.to_owned(),
            port: url.port().unwrap_or(4222),
            link_local: settings.link_local,
            options,
            url: url.to_string(),
            connection: Mutex::new(None),
        })
    }

    async fn connected(&self) -> Result<Context, String> {
        let mut connection = self.connection.lock().await;
        if let Some(context) = connection.as_ref() {
            return Ok(context.clone());
        }
        resolved(&self.host, self.port, self.link_local).await.map_err(|error| chain(&error))?;
        let client = self.options.clone().connect(self.url.as_str()).await.map_err(|error| chain(&error))?;
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

    pub(super) async fn send(&self, message: &Message, output: &Output) -> Outcome {
        match self.published(message, output).await {
            Ok(()) => Outcome::Delivered,
            Err(reason) => {
                self.connection.lock().await.take();
                Outcome::failed(reason)
            }
        }
    }
}
