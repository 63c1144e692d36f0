//! Everything that is a `POST`.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use finding::Timestamp;
use finding_shapes::{alert, cloud_event, falco, shown, slack};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Certificate, Client, Response, StatusCode, Url, redirect};
use serde_json::{Value, json};

use super::{Clients, Outcome, REASON, chain};
use crate::Settings;
use crate::address::{Guarded, Reach};
use crate::engine::after;
use crate::message::Message;
use crate::output::{Kind, Output, OutputError, push_endpoint, url_of, wrong};
use crate::secrets::is_of_organization;
use crate::signature::signature;

/// Bytes of an answer that are read: enough for a reason.
const ANSWER: usize = 4_096;

/// A client that outputs share: no redirects, no proxy of the environment, no address out of reach.
pub(super) fn client(settings: &Settings, reach: Reach) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(settings.timeout)
        .user_agent(concat!("vedette/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(Guarded(reach)));
    if !settings.authorities.is_empty() {
        builder = builder.tls_certs_merge(Certificate::from_pem_bundle(settings.authorities.as_bytes())?);
    }
    builder.build()
}

#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    url: Url,
    /// Signs, or is the bearer's token, by the kind of output.
    secret: Option<String>,
    /// How long an alert fires without being told again.
    firing: Duration,
    /// Whether those who read the config may read what is answered.
    is_answer_shown: bool,
}

impl Http {
    pub(super) fn new(
        output: &Output,
        settings: &Settings,
        clients: &Clients,
        secret: Option<String>,
    ) -> Result<Self, OutputError> {
        let url = match (&output.url, output.kind, &secret) {
            (Some(url), _, _) => url.clone(),
            (None, Kind::PubSub, _) => match &settings.pubsub_push {
                Some(url) => push_endpoint(url)?,
                None => {
                    return wrong(
                        "pubsubTopic",
                        "the server's configuration has no Pub/Sub push endpoint; write an https:// URL here, or ask its operator",
                    );
                }
            },
            // why it is no URL would tell what it is
            (None, kind, Some(secret)) => match url_of(kind, "vedette.secret", secret) {
                Ok(url) => url,
                Err(_) => return wrong("vedette.secret", "holds no URL that such an output may have"),
            },
            (None, _, None) => return wrong("pubsubTopic", "is empty"),
        };
        let is_of_organization = is_of_organization(&output.config);
        // a URL that the config does not hold is the operator's
        let (reach, client) = if is_of_organization || output.url.is_none() {
            (Reach::operators(settings), &clients.operators)
        } else {
            (Reach::below(settings), &clients.below)
        };
        if let Some(reason) = reach.refusal_of_literal(url.host_str().unwrap_or_default()) {
            let field = match (&output.url, output.kind) {
                (Some(_), _) => output.url_field,
                (None, Kind::PubSub) => "pubsubTopic",
                (None, _) => "vedette.secret",
            };
            return wrong(field, reason);
        }
        let mut url = url;
        if output.kind == Kind::Alertmanager && !url.path().ends_with("/api/v2/alerts") {
            url.set_path(&format!("{}/api/v2/alerts", url.path().trim_end_matches('/')));
        }
        Ok(Self {
            client: client.clone(),
            url,
            secret,
            firing: settings.repeat.saturating_mul(4),
            is_answer_shown: is_of_organization,
        })
    }

    fn body(&self, message: &Message, output: &Output, now: Timestamp) -> Value {
        match output.kind {
            Kind::CloudEvents => {
                cloud_event(&message.id, message.happening, &message.item, message.shaped(output))
            }
            Kind::Slack => slack(message.happening, &message.item),
            Kind::Alertmanager => {
                let ends = if output.is_over(&message.item) { now } else { after(now, self.firing) };
                json!([alert(&message.item, ends)])
            }
            Kind::Falcosidekick => falco(&message.item),
            Kind::PubSub => pushed(message, output, now),
            Kind::Webhook | Kind::Syslog | Kind::Nats => message.shaped(output),
        }
    }

    /// What the answer means, or why there is none.
    pub(super) async fn send(
        &self,
        message: &Message,
        output: &Output,
        now: Timestamp,
    ) -> Result<Outcome, String> {
        let body = self.body(message, output, now).to_string();
        let content = if output.kind == Kind::CloudEvents {
            "application/cloudevents+json"
        } else {
            "application/json"
        };
        let mut request = self.client.post(self.url.clone()).header(CONTENT_TYPE, content);
        match (&self.secret, output.kind) {
            (_, Kind::Slack) => {}
            (secret, Kind::Webhook | Kind::CloudEvents) => {
                let seconds = now.nanos().div_euclid(1_000_000_000);
                request = request.header("webhook-id", &message.id).header("webhook-timestamp", seconds);
                if let Some(secret) = secret {
                    request = request.header(
                        "webhook-signature",
                        signature(secret, &message.id, seconds, body.as_bytes()),
                    );
                }
            }
            (Some(secret), _) => request = request.bearer_auth(secret),
            (None, _) => {}
        }
        match request.body(body).send().await {
            Ok(response) => Ok(judged(response, self.is_answer_shown).await),
            // The URL itself may be a secret.
            Err(error) => Err(chain(&error.without_url())),
        }
    }
}

/// Pub/Sub's push: `data` is the message in Base64, attributes say what it is about.
fn pushed(message: &Message, output: &Output, now: Timestamp) -> Value {
    let subscription = output.topic.replacen("/topics/", "/subscriptions/", 1);
    json!({
        "message": {
            "data": STANDARD.encode(message.shaped(output).to_string()),
            "attributes": {"finding": message.item.finding.name, "shape": output.shape.name()},
            "messageId": message.id,
            "message_id": message.id,
            "publishTime": now.to_string(),
            "publish_time": now.to_string(),
        },
        "subscription": subscription,
    })
}

async fn judged(mut response: Response, is_answer_shown: bool) -> Outcome {
    let status = response.status();
    if status.is_success() {
        return Outcome::Delivered;
    }
    let pause = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut answer = Vec::new();
    while is_answer_shown
        && answer.len() < ANSWER
        && let Ok(Some(chunk)) = response.chunk().await
    {
        answer.extend_from_slice(chunk.get(..ANSWER - answer.len()).unwrap_or(&chunk));
    }
    let answer = shown(&String::from_utf8_lossy(&answer), REASON / 2);
    let reason =
        if is_answer_shown { format!("answered {status}: {answer}") } else { format!("answered {status}") };
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            Outcome::Failed { reason, pause: pause.map(Duration::from_secs) }
        }
        status if status.is_redirection() => {
            Outcome::Refused(format!("answered {status}: redirects are not followed; write where it leads"))
        }
        status if status.is_client_error() => Outcome::Refused(reason),
        _ => Outcome::Failed { reason, pause: pause.map(Duration::from_secs) },
    }
}
