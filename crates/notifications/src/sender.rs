//! One attempt to send one message.

mod http;
mod named;
mod nats;
mod syslog;

use std::time::Duration;

use finding::Timestamp;

use crate::Settings;
use crate::address::Reach;
use crate::message::Message;
use crate::output::{Kind, Output, OutputError, wrong};
use crate::secrets::is_of_organization;

/// Characters of a reason that is kept.
pub(crate) const REASON: usize = 512;

/// All that is told below an organization of an attempt that got no answer: more would describe the network.
const UNANSWERED: &str = "no connection, or no answer; the server's log says more";

/// What an attempt led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Delivered,
    /// Trying again would end the same.
    Refused(String),
    Failed {
        reason: String,
        /// The other side asked for this pause.
        pause: Option<Duration>,
    },
}

impl Outcome {
    fn failed(reason: impl Into<String>) -> Self {
        Self::Failed { reason: reason.into(), pause: None }
    }
}

/// The HTTP clients that all outputs share.
#[derive(Debug, Clone)]
pub(crate) struct Clients {
    /// For URLs of the operator, and of configs of an organization.
    operators: reqwest::Client,
    /// For those of other configs. It shares no connection with the other.
    below: reqwest::Client,
}

impl Clients {
    pub(crate) fn new(settings: &Settings) -> Result<Self, reqwest::Error> {
        Ok(Self {
            operators: http::client(settings, Reach::operators(settings))?,
            below: http::client(settings, Reach::below(settings))?,
        })
    }
}

#[derive(Debug)]
enum Way {
    Http(http::Http),
    Syslog(syslog::Syslog),
    Nats(Box<nats::Nats>),
}

/// Sends to one output.
#[derive(Debug)]
pub(crate) struct Sender {
    way: Way,
    timeout: Duration,
}

impl Sender {
    /// Says what is missing in the server's configuration.
    pub(crate) fn new(output: &Output, settings: &Settings, clients: &Clients) -> Result<Self, OutputError> {
        let secret = match &output.secret {
            None => None,
            Some(name) => match settings.secrets.of(&output.config, name) {
                Some(secret) => Some(secret.to_owned()),
                None => {
                    return wrong(
                        "vedette.secret",
                        format!("the server's configuration has no secret {name:?} for this scope"),
                    );
                }
            },
        };
        // what HTTP needs besides, the way itself says
        let reach = Reach::of(&output.config, settings);
        let host = output.url.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
        if let Some(reason) = reach.refusal_of_literal(host) {
            return wrong(output.url_field, reason);
        }
        let way = match output.kind {
            Kind::Syslog => Way::Syslog(syslog::Syslog::new(output, settings)?),
            Kind::Nats => Way::Nats(Box::new(nats::Nats::new(output, settings, secret)?)),
            _ => Way::Http(http::Http::new(output, settings, clients, secret)?),
        };
        Ok(Self { way, timeout: settings.timeout })
    }

    pub(crate) async fn send(&self, message: &Message, output: &Output, now: Timestamp) -> Outcome {
        let attempt = async {
            match &self.way {
                Way::Http(http) => http.send(message, output, now).await,
                Way::Syslog(syslog) => syslog.send(message).await.map(|()| Outcome::Delivered),
                Way::Nats(nats) => nats.send(message, output).await.map(|()| Outcome::Delivered),
            }
        };
        let reason = match tokio::time::timeout(self.timeout, attempt).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(reason)) => reason,
            Err(_) => format!("no answer within {} s", self.timeout.as_secs_f32()),
        };
        if is_of_organization(&output.config) {
            return Outcome::failed(reason);
        }
        tracing::info!(config = output.config, reason, "not delivered");
        Outcome::failed(UNANSWERED)
    }
}

/// What an error and those behind it say.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = source.source();
    }
    finding_shapes::shown(&text, REASON)
}
