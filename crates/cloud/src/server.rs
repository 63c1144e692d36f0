//! Asking: plain HTTP to one link-local address, with bounds on time, size and where an answer may lead.

use crate::{Cloud, MetadataError, Round, amazon, azure, google};
use std::time::Duration;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body, RequestBuilder};

/// All three clouds answer here, and only on their own machines.
const ADDRESS: &str = "http://169.254.169.254";
/// Longest wait for one answer; they usually take milliseconds.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// Pauses between the rounds: about half a minute in all, for a server that comes up after the node.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(16),
];
/// A document, or a list, has at most this many bytes: Azure's holds the machine's public keys and tags.
pub(crate) const DOCUMENT_MAX: u64 = 256 << 10;
/// A value has at most this many bytes.
pub(crate) const VALUE_MAX: u64 = 4 << 10;

/// A header of a request.
pub(crate) type Header<'a> = (&'static str, &'a str);

/// The metadata server of one cloud.
#[derive(Debug, Clone)]
pub struct MetadataServer {
    cloud: Cloud,
    address: String,
    agent: Agent,
}

impl MetadataServer {
    /// The server at its usual address. Nothing is asked yet.
    pub fn new(cloud: Cloud) -> Self {
        Self::at(cloud, ADDRESS)
    }

    /// The server at another address, such as `http://127.0.0.1:8080`.
    pub fn at(cloud: Cloud, address: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // a proxy that an environment variable names would answer for another machine
            .proxy(None)
            .timeout_global(Some(TIME_LIMIT));
        Self { cloud, address: address.to_owned(), agent: config.build().into() }
    }

    /// Whose it is.
    pub const fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// Asks once for everything.
    pub fn ask(&self) -> Round {
        let round = match self.cloud {
            Cloud::Google => google::ask(self),
            Cloud::Amazon => amazon::ask(self),
            Cloud::Azure => azure::ask(self),
        };
        round.finished()
    }

    /// Asks until everything is answered or the patience ends. `pause` waits that long, and says whether anybody still
    /// wants to know.
    pub fn ask_patiently(&self, mut pause: impl FnMut(Duration) -> bool) -> Round {
        let mut round = self.ask();
        for wait in PAUSES {
            if round.failure.is_none() || !pause(wait) {
                break;
            }
            round = self.ask().after(round);
        }
        round
    }

    /// GET. `None`: the server says that there is no such thing.
    pub(crate) fn get(
        &self,
        path: &str,
        key: &str,
        header: Header<'_>,
        limit: u64,
    ) -> Result<Option<String>, MetadataError> {
        let response = self.call(self.agent.get(self.url(path)), key, header, RequestBuilder::call)?;
        match response.status() {
            StatusCode::OK => self.text(response, key, limit).map(Some),
            // 403: a cluster that hides parts of its nodes' metadata
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => Ok(None),
            status => Err(MetadataError::Status { key: key.to_owned(), status: status.as_u16() }),
        }
    }

    /// PUT without a body; anything but an answer is an error.
    pub(crate) fn put(&self, path: &str, key: &str, header: Header<'_>) -> Result<String, MetadataError> {
        let response = self.call(self.agent.put(self.url(path)), key, header, RequestBuilder::send_empty)?;
        match response.status() {
            StatusCode::OK => self.text(response, key, VALUE_MAX),
            status => Err(MetadataError::Status { key: key.to_owned(), status: status.as_u16() }),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }

    fn call<B>(
        &self,
        request: RequestBuilder<B>,
        key: &str,
        (name, value): Header<'_>,
        send: impl FnOnce(RequestBuilder<B>) -> Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, MetadataError> {
        send(request.header(name, value)).map_err(|error| self.failed(key, &error))
    }

    fn text(&self, mut response: Response<Body>, key: &str, limit: u64) -> Result<String, MetadataError> {
        let flavour = response.headers().get(google::FLAVOUR.0);
        if self.cloud == Cloud::Google && flavour.is_none_or(|flavour| flavour != google::FLAVOUR.1) {
            return Err(self.foreign(key));
        }
        let owned = || key.to_owned();
        match response.body_mut().with_config().limit(limit).read_to_vec() {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(_) => Err(MetadataError::Malformed { key: owned() }),
            },
            Err(ureq::Error::BodyExceedsLimit(_)) => Err(MetadataError::TooLong { key: owned(), limit }),
            Err(error) => Err(self.failed(key, &error)),
        }
    }

    fn failed(&self, key: &str, error: &ureq::Error) -> MetadataError {
        match error {
            ureq::Error::Protocol(_) | ureq::Error::Http(_) => self.foreign(key),
            error => MetadataError::Silent { key: key.to_owned(), reason: error.to_string() },
        }
    }

    pub(crate) fn foreign(&self, key: &str) -> MetadataError {
        MetadataError::Foreign { key: key.to_owned(), cloud: self.cloud.name() }
    }
}
