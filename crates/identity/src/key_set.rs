//! The keys of an identity provider: found by its discovery document, kept for a while, asked for anew when a token
//! names one that is not there.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use finding::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::{ConfigError, config};

/// Longest answer, in bytes.
const ANSWER_BYTES: usize = 512 * 1_024;
/// Keys that are looked at.
const KEYS: usize = 64;
const SECOND: i64 = 1_000_000_000;
/// After so long the keys are asked for anew.
const FRESH_NANOS: i64 = 3_600 * SECOND;
/// For so long the keys count when the provider does not answer.
const USABLE_NANOS: i64 = 24 * 3_600 * SECOND;
/// Between two questions, whatever tokens say.
const PAUSE_NANOS: i64 = 10 * SECOND;

/// Why there is no key.
pub(crate) enum NoKey {
    /// The provider has none that fits.
    Unknown(String),
    /// The provider cannot be asked.
    Unavailable(String),
}

pub(crate) struct KeySet {
    issuer: String,
    http: reqwest::Client,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Vec<Key>,
    fetched: Option<Timestamp>,
    tried: Option<Timestamp>,
    failure: Option<String>,
}

#[derive(Clone)]
struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    decoding: DecodingKey,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

impl KeySet {
    pub(crate) fn new(issuer: String, http: reqwest::Client) -> Self {
        Self { issuer, http, state: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The key that a token names. Many tokens make one question, and who has a key waits for nobody.
    pub(crate) async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<DecodingKey, NoKey> {
        if let Some(key) = self.state().find(id, algorithm, now, FRESH_NANOS) {
            return Ok(key);
        }
        let _turn = self.fetching.lock().await;
        if let Some(key) = self.state().find(id, algorithm, now, FRESH_NANOS) {
            return Ok(key);
        }
        let asked = within(self.state().tried, PAUSE_NANOS, now);
        if !asked {
            self.state().tried = Some(now);
            let fetched = self.fetch().await;
            let mut state = self.state();
            match fetched {
                Ok(keys) => *state = State { keys, fetched: Some(now), tried: Some(now), failure: None },
                Err(failure) => {
                    tracing::warn!(issuer = self.issuer, failure, "the keys of an issuer cannot be fetched");
                    state.failure = Some(failure);
                }
            }
        }
        let state = self.state();
        match (state.find(id, algorithm, now, USABLE_NANOS), &state.failure) {
            (Some(key), _) => Ok(key),
            (None, Some(failure)) => Err(NoKey::Unavailable(failure.clone())),
            (None, None) => Err(NoKey::Unknown(match id {
                Some(_) => "the issuer has no key of its kid and algorithm".to_owned(),
                None => {
                    "it does not name its key (kid), and the issuer has not exactly one that fits".to_owned()
                }
            })),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) -> Result<Vec<Key>, String> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let discovery: Discovery = self.get(&address).await?;
        if discovery.issuer != self.issuer {
            return Err(format!(
                "{address} says that its issuer is {:?}; write that into issuer",
                discovery.issuer
            ));
        }
        let key = |error: ConfigError| format!("{address} is refused: {error}");
        config::address("jwks_uri", &discovery.jwks_uri).map_err(key)?;
        let set: Keys = self.get(&discovery.jwks_uri).await?;
        Ok(set.keys.iter().take(KEYS).filter_map(Key::read).collect())
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, address: &str) -> Result<T, String> {
        let failed = |error: reqwest::Error| {
            let timed_out = if error.is_timeout() { " in time" } else { "" };
            format!("{address} does not answer{timed_out} ({})", innermost(&error))
        };
        let mut response = self.http.get(address).send().await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("{address} answers with status {}", response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if bytes.len() + chunk.len() > ANSWER_BYTES {
                return Err(format!("{address} answers with more than {ANSWER_BYTES} bytes"));
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes)
            .map_err(|error| format!("{address} answers with something else ({error})"))
    }
}

fn within(time: Option<Timestamp>, nanos: i64, now: Timestamp) -> bool {
    time.is_some_and(|time| (0..nanos).contains(&now.nanos().saturating_sub(time.nanos())))
}

impl State {
    /// A key, if the keys are not older than so many nanoseconds.
    fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
        now: Timestamp,
        nanos: i64,
    ) -> Option<DecodingKey> {
        if !within(self.fetched, nanos, now) {
            return None;
        }
        let mut fitting = self.keys.iter().filter(|key| key.fits(algorithm));
        match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
        .map(|key| key.decoding.clone())
    }
}

impl Key {
    /// A public key for signatures; nothing else is looked at.
    fn read(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        (decoding.family() != AlgorithmFamily::Hmac).then(|| Self {
            id: text("kid").map(str::to_owned),
            algorithm: text("alg").map(str::to_owned),
            decoding,
        })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.decoding.family() == algorithm.family()
            && self.algorithm.as_ref().is_none_or(|own| own.parse() == Ok(algorithm))
    }
}

/// Builds the client that asks providers: bounded in time, follows nobody elsewhere.
pub(crate) fn client(issuer: &str, ca: Option<&[u8]>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(5));
    if issuer.starts_with("http://") {
        builder = builder.no_proxy();
    }
    if let Some(ca) = ca {
        let certificates = reqwest::Certificate::from_pem_bundle(ca).map_err(|error| innermost(&error))?;
        builder = builder.tls_certs_only(certificates);
    }
    builder.build().map_err(|error| innermost(&error))
}

/// The last of the causes: it says what happened, those above it only where.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
