//! `POST /oauth2/token`: a signed assertion in, an access token out (RFC 7523, section 2.1; answers as in RFC 6749).

use serde::Serialize;

use crate::{KeyInfo, Refusal};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Longest body, in bytes.
const BODY_BYTES: usize = 32 * 1_024;

/// The answer, as it goes over the wire with status 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Granted {
    /// The token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds until it ends.
    pub expires_in: u32,
    /// The key that it was given for.
    #[serde(skip)]
    pub key: AskedKey,
}

/// Why no token was given, as it goes over the wire with [`TokenError::status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{error}: {error_description}")]
pub struct TokenError {
    /// The word of RFC 6749, section 5.2, or `temporarily_unavailable`.
    pub error: &'static str,
    /// For a reader.
    pub error_description: String,
    /// The key that was spoken for, if it is known here.
    #[serde(skip)]
    pub key: Option<AskedKey>,
}

/// A key for which a token was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedKey {
    /// Its id.
    pub id: String,
    /// The account's address.
    pub email: String,
    /// Whoever asked signed with it, just now and for this endpoint.
    pub is_held: bool,
}

impl AskedKey {
    pub(crate) fn new(info: &KeyInfo, is_held: bool) -> Self {
        Self { id: info.id.clone(), email: info.email.clone(), is_held }
    }
}

impl TokenError {
    pub(crate) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, error_description: description.into(), key: None }
    }

    pub(crate) fn about(self, key: Option<AskedKey>) -> Self {
        Self { key, ..self }
    }

    /// The HTTP status that goes with it.
    pub fn status(&self) -> u16 {
        match self.error {
            "temporarily_unavailable" => 503,
            "slow_down" => 429,
            _ => 400,
        }
    }
}

impl From<Refusal> for TokenError {
    fn from(refusal: Refusal) -> Self {
        let error = match refusal {
            Refusal::Unavailable { .. } => "temporarily_unavailable",
            Refusal::TooMany { .. } => "slow_down",
            Refusal::Missing | Refusal::Malformed { .. } | Refusal::Denied { .. } => "invalid_grant",
        };
        Self::new(error, refusal.to_string())
    }
}

/// The assertion in a form (`application/x-www-form-urlencoded`).
pub(crate) fn assertion(body: &[u8]) -> Result<String, TokenError> {
    let invalid = |reason: &str| TokenError::new("invalid_request", reason);
    if body.len() > BODY_BYTES {
        return Err(invalid("the body is longer than 32 KiB"));
    }
    let body = std::str::from_utf8(body).map_err(|_| invalid("the body is not a form"))?;
    let (mut grant, mut assertion) = (None, None);
    // the library of addresses reads the same form behind a question mark
    let mut form = reqwest::Url::parse("http://form/").map_err(|_| invalid("the body is not a form"))?;
    form.set_query(Some(body));
    for (name, value) in form.query_pairs() {
        let slot = match &*name {
            "grant_type" => &mut grant,
            "assertion" => &mut assertion,
            _ => continue,
        };
        if slot.replace(value.into_owned()).is_some() {
            return Err(invalid("grant_type and assertion may each be there once"));
        }
    }
    match (grant, assertion) {
        (Some(grant), Some(assertion)) if grant == GRANT => Ok(assertion),
        (Some(grant), None) if grant == GRANT => {
            Err(invalid("assertion is missing: the token that the key signed"))
        }
        (Some(_), _) => Err(TokenError::new("unsupported_grant_type", format!("grant_type must be {GRANT}"))),
        (None, _) => Err(invalid("grant_type is missing; send a form with grant_type and assertion")),
    }
}
