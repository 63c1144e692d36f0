//! Asking the API. Blocking: plain HTTP to this machine or a forwarded port, HTTPS to others.

mod failure;

use crate::arguments::Endpoint;
use crate::credential::Credential;
use finding::{FindingName, Parent};
use serde_json::Value;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use ureq::typestate::WithBody;
use ureq::{Agent, Body, RequestBuilder, ResponseExt, http::Response};

/// How a path begins that is about everything a server has: what commands ask for when no parent is named.
const EVERYWHERE: &str = "/v2/organizations/-/";
/// A page of findings, or a list of evidence, has at most this many bytes.
const DOCUMENT_MAX: u64 = 64 << 20;
/// A piece of evidence has at most this many bytes.
const EVIDENCE_MAX: u64 = 256 << 20;
/// Longest wait for one answer. The server gives up after 15 s itself.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The API did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The address is none.
    #[error(
        "--server {0:?} is not an address; write it like http://127.0.0.1:7979 or https://vedette.example"
    )]
    Address(String),
    /// The file of the token cannot be read.
    #[error("--token-file {} cannot be read ({source}); run as its owner, or name another", path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    /// The file of the authority's certificate cannot be used.
    #[error("--ca-file {} cannot be used ({reason}); give a certificate in PEM form", path.display())]
    Authority { path: PathBuf, reason: String },
    /// What was given is no token.
    #[error("{place} holds no token: it must be one word, as in the file `token` of Vedette's data folder")]
    Token { place: String },
    /// Nobody answers.
    #[error(
        "no Vedette answers at {server} ({reason}).\nStart one with `vedette up`, or name another with --server URL or VEDETTE_SERVER."
    )]
    Unreachable { server: String, reason: String },
    /// The name leads nowhere.
    #[error(
        "{server} has a name that no address is known for; look at how it is written in --server or VEDETTE_SERVER"
    )]
    Host { server: String },
    /// Both sides do not agree on TLS.
    #[error("{server} {reason}")]
    Tls { server: String, reason: String },
    /// There is no such thing.
    #[error("{what}")]
    NotFound { what: String },
    /// The server said no.
    #[error("the server at {server} refused ({status}): {message}")]
    Refused { server: String, status: u16, message: String },
    /// What came is not what Vedette answers.
    #[error("the answer of {server} is not Vedette's ({reason}); does another program listen there?")]
    Answer { server: String, reason: String },
}

impl ClientError {
    /// Whether what was asked for does not exist.
    pub(crate) const fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether asking again a little later may help.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Host { .. } | Self::Refused { status: 429 | 500..=599, .. }
        )
    }
}

/// Findings of one page and what leads to the next.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// `{"finding": …, "resource": …}`, as the server wrote them.
    pub(crate) results: Vec<Value>,
    /// Token of the next page.
    pub(crate) next: Option<String>,
    /// Findings there are in all.
    pub(crate) total: u64,
    /// There may be more than `total`.
    pub(crate) total_is_least: bool,
}

/// A piece of evidence, as the server lists it.
#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listed {
    /// Identity.
    pub(crate) sha256: String,
    /// What it is.
    #[serde(default)]
    pub(crate) kind: String,
    /// What it was called where it was taken: hostile.
    #[serde(default)]
    pub(crate) name: String,
    /// Fewer bytes were kept than there were.
    #[serde(default)]
    pub(crate) truncated: bool,
}

/// One server.
pub(crate) struct Client {
    server: String,
    token: Option<String>,
    /// Where the token is kept on this machine.
    kept: Option<PathBuf>,
    agent: Agent,
}

impl Client {
    /// Nothing is asked yet.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, ClientError> {
        let wrong = || ClientError::Address(endpoint.address.clone());
        let (scheme, host) = endpoint.parts().ok_or_else(wrong)?;
        if host.is_empty()
            || host.contains(['/', '?', '#', '@'])
            || !host.chars().all(|c| c.is_ascii_graphic())
        {
            return Err(wrong());
        }
        let Credential { host, token, kept } = Credential::of(endpoint, host)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // findings never travel through a proxy that an environment variable names
            .proxy(None)
            .https_only(scheme == "https")
            .tls_config(tls(endpoint.ca_file.as_deref())?)
            .timeout_global(Some(TIME_LIMIT));
        Ok(Self { server: format!("{scheme}://{host}"), token, kept, agent: config.build().into() })
    }

    /// The server's address.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// What is shown to it.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Whether it watches: the reason when it answers but does not.
    pub(crate) fn ready(&self) -> Result<Result<(), String>, ClientError> {
        let mut response = self.get("/readyz", &[])?;
        let status = response.status().as_u16();
        let said = self.text(&mut response)?;
        match status {
            200 if said.trim() == "ok" => Ok(Ok(())),
            503 => Ok(Err(said.trim().to_owned())),
            _ => Err(self.strange(format!("/readyz answers {status}"))),
        }
    }

    /// Whether findings are given to this user.
    pub(crate) fn may_read(&self) -> Result<(), ClientError> {
        self.json("/v2/organizations/-/sources/-/findings", &[("pageSize", "1")]).map(drop)
    }

    /// One page of a list.
    pub(crate) fn page(
        &self,
        parent: &Parent,
        size: u16,
        order: &str,
        filter: &str,
        token: Option<&str>,
    ) -> Result<Page, ClientError> {
        let size = size.to_string();
        let token = token.unwrap_or_default();
        let query =
            [("pageSize", size.as_str()), ("orderBy", order), ("filter", filter), ("pageToken", token)];
        let mut body = self.json(&format!("/v2/{parent}/findings"), &query)?;
        let Some(Value::Array(results)) = body.get_mut("listFindingsResults").map(Value::take) else {
            return Err(self.strange("a list without listFindingsResults".into()));
        };
        let next =
            body.get("nextPageToken").and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
        let total = body.get("totalSize").and_then(Value::as_u64).unwrap_or_default();
        let total_is_least = body.get("totalSizeIsLeast").and_then(Value::as_bool).unwrap_or_default();
        Ok(Page { results, next, total, total_is_least })
    }

    /// One finding.
    pub(crate) fn finding(&self, name: &FindingName) -> Result<Value, ClientError> {
        self.json(&format!("/v2/{name}"), &[])
    }

    /// What was kept for a finding.
    pub(crate) fn evidence(&self, name: &FindingName) -> Result<Vec<Listed>, ClientError> {
        let mut body = self.json(&format!("/v2/{name}/evidence"), &[])?;
        serde_json::from_value(body["evidence"].take()).map_err(|e| self.strange(e.to_string()))
    }

    /// The bytes of one piece.
    pub(crate) fn bytes(&self, name: &FindingName, sha256: &str) -> Result<Vec<u8>, ClientError> {
        let mut response = self.get(&format!("/v2/{name}/evidence/{sha256}"), &[])?;
        self.check(&mut response)?;
        response.body_mut().with_config().limit(EVIDENCE_MAX).read_to_vec().map_err(|e| self.lost(&e))
    }

    /// Whatever is there.
    pub(crate) fn read(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ClientError> {
        self.json(path, query)
    }

    fn json(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ClientError> {
        let mut response = self.get(path, query)?;
        self.check(&mut response)?;
        let text = self.text(&mut response)?;
        serde_json::from_str(&text).map_err(|e| self.strange(e.to_string()))
    }

    /// A question or a command.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(self.agent.post(format!("{}{path}", self.server)), body)
    }

    /// A change of the fields that the mask names.
    pub(crate) fn patch(&self, path: &str, mask: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(self.agent.patch(format!("{}{path}", self.server)).query("updateMask", mask), body)
    }

    /// Removes what is there.
    pub(crate) fn delete(&self, path: &str) -> Result<(), ClientError> {
        let request = self.authorized(self.agent.delete(format!("{}{path}", self.server)));
        let mut response = request.call().map_err(|e| self.lost(&e))?;
        self.check(&mut response)
    }

    fn send(&self, request: RequestBuilder<WithBody>, body: &Value) -> Result<Value, ClientError> {
        let request = self.authorized(request).header("Content-Type", "application/json");
        let mut response = request.send(body.to_string()).map_err(|e| self.lost(&e))?;
        self.check(&mut response)?;
        let text = self.text(&mut response)?;
        serde_json::from_str(&text).map_err(|e| self.strange(e.to_string()))
    }

    fn authorized<T>(&self, request: RequestBuilder<T>) -> RequestBuilder<T> {
        match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Response<Body>, ClientError> {
        let mut request = self.agent.get(format!("{}{path}", self.server));
        for (key, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
            request = request.query(*key, *value);
        }
        self.authorized(request).call().map_err(|e| self.lost(&e))
    }

    fn text(&self, response: &mut Response<Body>) -> Result<String, ClientError> {
        response.body_mut().with_config().limit(DOCUMENT_MAX).read_to_string().map_err(|e| self.lost(&e))
    }

    fn check(&self, response: &mut Response<Body>) -> Result<(), ClientError> {
        let status = response.status().as_u16();
        if status == 200 {
            return Ok(());
        }
        let body: Value = serde_json::from_str(&self.text(response)?).unwrap_or_default();
        let message = match body.pointer("/error/message").and_then(Value::as_str) {
            Some(message) => message,
            // what stands before a server says so in its own words
            None if status >= 500 => "it says no more; ask whoever keeps it, or what stands before it",
            None => return Err(self.strange(format!("it answers {status}"))),
        };
        let mut message = message.to_owned();
        if status == 403 && response.get_uri().path().starts_with(EVERYWHERE) && is_limited(&message) {
            message.push_str(
                "; the whole server was asked: name the parent that the role is for, such as projects/shop/sources/- \
                 for findings, or --parent projects/shop",
            );
        }
        if let (401, Some(path)) = (status, &self.kept) {
            let _ = write!(message, "; on this machine it is in {}, for its owner", path.display());
        }
        Err(match status {
            404 => ClientError::NotFound { what: format!("{message} ({})", self.server) },
            _ => ClientError::Refused { server: self.server.clone(), status, message },
        })
    }

    fn lost(&self, error: &ureq::Error) -> ClientError {
        failure::of(&self.server, error)
    }

    fn strange(&self, reason: String) -> ClientError {
        ClientError::Answer { server: self.server.clone(), reason }
    }
}

/// Whether a refusal is of somebody whose role holds within one parent only, as the server writes it.
fn is_limited(refusal: &str) -> bool {
    refusal.split(": this needs").next().is_some_and(|principal| principal.contains(" within "))
}

/// Certificates of the authority that was given, else of those that this machine trusts.
fn tls(authority: Option<&Path>) -> Result<TlsConfig, ClientError> {
    let config = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    let Some(path) = authority else { return Ok(config.root_certs(RootCerts::PlatformVerifier).build()) };
    let wrong = |reason: String| ClientError::Authority { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let certificate = Certificate::from_pem(&pem).map_err(|e| wrong(e.to_string()))?;
    Ok(config.root_certs(RootCerts::new_with_certs(&[certificate])).build())
}

#[cfg(test)]
mod tests {
    use super::{Client, ClientError};
    use crate::arguments::Endpoint;

    fn client(server: &str) -> Result<Client, ClientError> {
        Client::new(&Endpoint { address: server.to_owned(), ca_file: None, token_file: None })
    }

    #[test]
    fn an_address_names_a_host_and_nothing_else() {
        for good in ["http://127.0.0.1:7979", "http://localhost/", "http://[::1]:80", "https://x"] {
            assert!(client(good).is_ok(), "{good}");
        }
        for bad in
            ["", "127.0.0.1:7979", "http://", "http://a/b", "http://u@h", "http://a b", "http://\u{1b}"]
        {
            assert!(matches!(client(bad), Err(ClientError::Address(_))), "{bad:?}");
        }
    }

    #[test]
    fn who_cannot_be_reached_is_named_with_the_way_out() {
        // a port that was free a moment ago
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = client(&server).unwrap().ready().unwrap_err();
        assert!(!error.is_not_found());
        let text = error.to_string();
        assert!(text.contains(&server) && text.contains("vedette up"), "{text}");
    }
}
