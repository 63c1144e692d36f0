//! A notification config, understood.

use finding::{FindingResource, Mute, State};
use finding_filter::Filter;
use reqwest::Url;
use serde_json::{Map, Value};

/// Characters of a URL.
const URL_MAX: usize = 2_048;

/// Declares an enumeration with its names in a config.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $( $(#[$value_meta:meta])* $value:ident = $text:literal, )* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $( $(#[$value_meta])* $value, )* }

        impl $name {
            /// Every name.
            pub const NAMES: &'static [&'static str] = &[$($text),*];

            /// Name in a config.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$value => $text, )* }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name { $( $text => Some(Self::$value), )* _ => None }
            }
        }
    };
}

named! {
    /// How an output is spoken to.
    Kind {
        /// A signed `POST`.
        Webhook = "webhook",
        /// A `POST` of a CloudEvent, signed too.
        CloudEvents = "cloudevents",
        /// A Slack incoming webhook.
        Slack = "slack",
        /// Alertmanager's API v2.
        Alertmanager = "alertmanager",
        /// A syslog receiver.
        Syslog = "syslog",
        /// A subject of NATS JetStream.
        Nats = "nats",
        /// What the server's Pub/Sub-shaped push endpoint takes.
        PubSub = "pubsub",
        /// Falcosidekick.
        Falcosidekick = "falcosidekick",
    }
}

named! {
    /// The JSON of a finding.
    Shape {
        /// `NotificationMessage` of v2.
        SccV2 = "scc-v2",
        /// `NotificationMessage` of v1.
        SccV1 = "scc-v1",
        /// OCSF Detection Finding.
        Ocsf = "ocsf",
        /// Falco's event.
        Falco = "falco",
    }
}

/// Why a notification config is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct OutputError {
    /// The field of the config.
    pub field: String,
    /// Why, and what to do.
    pub reason: String,
}

pub(crate) fn wrong<T>(field: &str, reason: impl Into<String>) -> Result<T, OutputError> {
    Err(OutputError { field: field.to_owned(), reason: reason.into() })
}

/// An output.
#[derive(Debug, Clone)]
pub struct Output {
    /// Name of the config.
    pub(crate) config: String,
    pub(crate) filter: Filter,
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// Where to; of `pubsub` it is the server's own setting, and of an output whose whole URL is secret it is in the secret.
    pub(crate) url: Option<Url>,
    /// The field that holds it.
    pub(crate) url_field: &'static str,
    /// Name of a secret in the server's configuration.
    pub(crate) secret: Option<String>,
    /// Subject of NATS.
    pub(crate) subject: String,
    /// `projects/P/topics/T`.
    pub(crate) topic: String,
}

const FIELDS: &[&str] = &["kind", "url", "shape", "secret", "subject"];

fn text<'body>(
    fields: &'body Map<String, Value>,
    parent: &str,
    key: &str,
) -> Result<&'body str, OutputError> {
    match fields.get(key) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => wrong(&format!("{parent}{key}"), "must be a text"),
    }
}

fn is_topic(text: &str) -> bool {
    matches!(text.split('/').collect::<Vec<_>>().as_slice(), ["projects", project, "topics", topic]
        if !project.is_empty() && !topic.is_empty())
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

/// A URL that outputs of this kind may have.
pub(crate) fn url_of(kind: Kind, field: &str, text: &str) -> Result<Url, OutputError> {
    if text.len() > URL_MAX {
        return wrong(field, format!("must have at most {URL_MAX} bytes"));
    }
    let Ok(url) = Url::parse(text) else {
        return wrong(
            field,
            format!("{text:?} is not a URL; write one such as https://example.com/findings"),
        );
    };
    if url.host_str().is_none_or(str::is_empty) {
        return wrong(field, "names no host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong(
            field,
            "must not hold a password; put it into the server's configuration and name it in vedette.secret",
        );
    }
    let expected = match (kind, url.scheme()) {
        (Kind::Syslog, "udp" | "tcp" | "tls") if url.port().is_some() => return Ok(url),
        (Kind::Syslog, _) => "udp://HOST:514, tcp://HOST:601 or tls://HOST:6514",
        (Kind::Nats, "nats" | "tls") => return Ok(url),
        (Kind::Nats, _) => "nats://HOST:4222 or tls://HOST:4222",
        (_, "https") => return Ok(url),
        (Kind::Alertmanager | Kind::Falcosidekick, "http") => return Ok(url),
        (Kind::Alertmanager | Kind::Falcosidekick, _) => "http:// or https://",
        (_, "http") if is_loopback(&url) => return Ok(url),
        _ => "https:// (http:// only to this machine itself)",
    };
    wrong(field, format!("an output of kind {} needs {expected}", kind.name()))
}

/// Where a server may push what is for Pub/Sub topics.
pub fn push_endpoint(text: &str) -> Result<Url, OutputError> {
    url_of(Kind::Falcosidekick, "pubsubTopic", text)
}

impl Output {
    /// From the body of a notification config. It is checked as far as that is possible without asking anybody.
    pub fn parse(config: &str, body: &Value) -> Result<Self, OutputError> {
        let empty = Map::new();
        let Some(fields) = body.as_object() else { return wrong("notificationConfig", "must be an object") };
        let streaming = match fields.get("streamingConfig") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(streaming)) => streaming,
            Some(_) => return wrong("streamingConfig", "must be an object"),
        };
        let filter = match text(streaming, "streamingConfig.", "filter")?.parse() {
            Ok(filter) => filter,
            Err(error) => return wrong("streamingConfig.filter", format!("{error}")),
        };
        let own = match fields.get("vedette") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(own)) => own,
            Some(_) => return wrong("vedette", "must be an object"),
        };
        if let Some(unknown) = own.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return wrong(
                &format!("vedette.{unknown}"),
                format!("there is no such field; known are {}", FIELDS.join(", ")),
            );
        }
        let topic = text(fields, "", "pubsubTopic")?;
        let kind = match text(own, "vedette.", "kind")? {
            "" if topic.starts_with("projects/") => Kind::PubSub,
            "" => Kind::Webhook,
            name => match Kind::from_name(name) {
                Some(kind) => kind,
                None => {
                    return wrong(
                        "vedette.kind",
                        format!("{name:?} is not one of {}", Kind::NAMES.join(", ")),
                    );
                }
            },
        };
        let secret =
            Some(text(own, "vedette.", "secret")?).filter(|name| !name.is_empty()).map(str::to_owned);
        let url = text(own, "vedette.", "url")?;
        let url_field = if url.is_empty() { "pubsubTopic" } else { "vedette.url" };
        let url = match (kind, url, topic) {
            (Kind::PubSub, "", topic) if is_topic(topic) => None,
            (Kind::PubSub, "", _) => return wrong("pubsubTopic", "must be projects/PROJECT/topics/TOPIC"),
            (Kind::PubSub, _, _) => {
                return wrong("vedette.url", "the server's configuration says where Pub/Sub messages go");
            }
            (Kind::Slack, "", "") if secret.is_some() => None,
            (_, "", "") => {
                return wrong(
                    "pubsubTopic",
                    "must be an https:// URL or projects/PROJECT/topics/TOPIC, or name a URL in vedette.url",
                );
            }
            (kind, "", topic) => Some(url_of(kind, url_field, topic)?),
            (kind, url, "") => Some(url_of(kind, url_field, url)?),
            (_, url, topic) if url == topic => Some(url_of(kind, url_field, url)?),
            _ => return wrong("vedette.url", "is given besides pubsubTopic; leave one of them empty"),
        };
        let shaped = matches!(kind, Kind::Webhook | Kind::CloudEvents | Kind::Nats | Kind::PubSub);
        let shape = match text(own, "vedette.", "shape")? {
            "" => Shape::SccV2,
            _ if !shaped => {
                return wrong(
                    "vedette.shape",
                    format!("an output of kind {} has its own shape; leave it out", kind.name()),
                );
            }
            name => match Shape::from_name(name) {
                Some(shape) => shape,
                None => {
                    return wrong(
                        "vedette.shape",
                        format!("{name:?} is not one of {}", Shape::NAMES.join(", ")),
                    );
                }
            },
        };
        let subject = text(own, "vedette.", "subject")?;
        let subject = match (kind, subject) {
            (Kind::Nats, "") => "vedette.findings",
            (Kind::Nats, subject)
                if subject.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                    && !subject.split('.').any(str::is_empty) =>
            {
                subject
            }
            (Kind::Nats, _) => {
                return wrong(
                    "vedette.subject",
                    "must be words of letters, digits, - and _ with a dot between them",
                );
            }
            (_, "") => "",
            _ => return wrong("vedette.subject", "is for outputs of kind nats"),
        };
        Ok(Self {
            config: config.to_owned(),
            filter,
            kind,
            shape,
            url,
            url_field,
            secret,
            subject: subject.to_owned(),
            topic: topic.to_owned(),
        })
    }

    /// How it is spoken to.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether an alert of the finding has to end.
    pub(crate) fn is_over(&self, item: &FindingResource) -> bool {
        item.finding.state == State::Inactive || item.finding.mute == Mute::Muted || !self.wants(item)
    }

    /// Whether the finding belongs to the config's organization, folder or project, and matches its filter.
    pub(crate) fn wants(&self, item: &FindingResource) -> bool {
        let mut segments = self.config.split('/');
        let (collection, id) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
        let scope = format!("{collection}/{id}/");
        let finding = &item.finding;
        let folders = &item.resource.gcp_metadata.folders;
        let is_within = (collection, id) == ("organizations", "-")
            || finding.name.starts_with(&scope)
            || finding.canonical_name.starts_with(&scope)
            || (collection == "folders"
                && folders
                    .iter()
                    .any(|folder| format!("{}/", folder.resource_folder).ends_with(&format!("/{scope}"))));
        if !is_within {
            return false;
        }
        self.filter.root().is_none() || self.filter.matches_item(item)
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Output, Shape};
    use serde_json::{Value, json};

    fn parse(body: Value) -> Result<Output, (String, String)> {
        Output::parse("projects/p/locations/global/notificationConfigs/n", &body)
            .map_err(|e| (e.field, e.reason))
    }

    #[test]
    fn the_topic_says_what_it_is() {
        let output = parse(json!({"pubsubTopic": "https://example.com/x", "description": "d"})).unwrap();
        assert_eq!((output.kind, output.shape), (Kind::Webhook, Shape::SccV2));
        let output = parse(json!({"pubsubTopic": "projects/p/topics/t"})).unwrap();
        assert_eq!((output.kind, output.topic.as_str()), (Kind::PubSub, "projects/p/topics/t"));
        assert!(parse(json!({"pubsubTopic": "http://127.0.0.1:1/x"})).is_ok());
        assert!(parse(json!({"pubsubTopic": "http://[::1]:1/x"})).is_ok());
        let output = parse(
            json!({"vedette": {"kind": "nats", "url": "nats://h:4222", "shape": "ocsf", "subject": "a.b"}}),
        )
        .unwrap();
        assert_eq!((output.kind, output.shape, output.subject.as_str()), (Kind::Nats, Shape::Ocsf, "a.b"));
        assert!(parse(json!({"vedette": {"kind": "slack", "secret": "s"}})).unwrap().url.is_none());
        for kind in ["alertmanager", "falcosidekick"] {
            assert!(parse(json!({"vedette": {"kind": kind, "url": "http://h:1"}})).is_ok());
        }
    }

    #[test]
    fn errors_name_the_field() {
        let kind = |kind: &str, url: &str| json!({"vedette": {"kind": kind, "url": url}});
        for (body, field) in [
            (json!([]), "notificationConfig"),
            (json!({}), "pubsubTopic"),
            (json!({"pubsubTopic": 1}), "pubsubTopic"),
            (json!({"pubsubTopic": "http://example.com"}), "pubsubTopic"),
            (json!({"pubsubTopic": "ftp://example.com"}), "pubsubTopic"),
            (json!({"pubsubTopic": "projects/p/topics/"}), "pubsubTopic"),
            (json!({"pubsubTopic": "https://u:p@example.com"}), "pubsubTopic"),
            (json!({"pubsubTopic": format!("https://e/{}", "a".repeat(3_000))}), "pubsubTopic"),
            (json!({"pubsubTopic": "https://e", "streamingConfig": 1}), "streamingConfig"),
            (
                json!({"pubsubTopic": "https://e", "streamingConfig": {"filter": "severity="}}),
                "streamingConfig.filter",
            ),
            (json!({"pubsubTopic": "https://e", "vedette": {"kin": "x"}}), "vedette.kin"),
            (json!({"pubsubTopic": "https://e", "vedette": {"kind": "x"}}), "vedette.kind"),
            (json!({"pubsubTopic": "https://e", "vedette": {"shape": "x"}}), "vedette.shape"),
            (json!({"pubsubTopic": "https://e", "vedette": {"subject": "x"}}), "vedette.subject"),
            (json!({"pubsubTopic": "https://e", "vedette": {"url": "https://f"}}), "vedette.url"),
            (
                json!({"pubsubTopic": "https://e", "vedette": {"kind": "slack", "shape": "ocsf"}}),
                "vedette.shape",
            ),
            (kind("slack", "http://example.com"), "vedette.url"),
            (kind("syslog", "udp://h"), "vedette.url"),
            (kind("syslog", "http://h:1"), "vedette.url"),
            (kind("nats", "http://h:1"), "vedette.url"),
            (kind("pubsub", "https://h"), "vedette.url"),
            (json!({"vedette": {"kind": "nats", "url": "nats://h", "subject": "a.>"}}), "vedette.subject"),
        ] {
            assert_eq!(parse(body.clone()).unwrap_err().0, field, "{body}");
        }
    }
}
