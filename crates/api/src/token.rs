//! One token for everything: what a machine of one's own needs.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

use crate::access::{Access, Decision, Denied, Principal, Request};

/// A longer one is none, and is not worth hashing.
const LONGEST: usize = 256;

/// What whoever asks must hold; it may then do everything. Only its hash is kept.
pub struct Token {
    hash: [u8; 32],
    place: String,
}

impl Token {
    /// `place` says where a reader finds it, to whoever asks without.
    pub fn new(secret: &str, place: impl Into<String>) -> Self {
        Self { hash: hash(secret), place: place.into() }
    }

    /// Whether the headers show it.
    pub fn is_shown(&self, headers: &HeaderMap) -> bool {
        presented(headers).is_some_and(|secret| self.is(secret))
    }

    /// What to do, for whoever shows nothing.
    pub fn how(&self) -> String {
        format!(
            "this needs the token of this Vedette: send `Authorization: Bearer TOKEN` with what is in {}; the vedette \
             command reads it by itself where it may, else give it --token-file or VEDETTE_TOKEN",
            self.place
        )
    }

    /// Who shows it.
    pub fn principal() -> Principal {
        Principal { name: "token:local".into(), role: "admin".into() }
    }

    /// How long it takes says nothing about where two secrets differ: hashes are compared, and all of their bytes.
    fn is(&self, secret: &str) -> bool {
        let difference = self.hash.iter().zip(hash(secret)).fold(0, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }
}

impl Access for Token {
    fn admit<'a>(&'a self, request: Request<'a>) -> Decision<'a> {
        Box::pin(async move {
            if self.is_shown(request.headers) {
                return Ok(Self::principal());
            }
            Err(Denied::Unauthenticated { how: self.how() })
        })
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The scheme's name has no case. Two answers to who is asking are none.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let mut said = headers.get_all(header::AUTHORIZATION).iter();
    let (only, None) = (said.next()?.to_str().ok()?, said.next()) else { return None };
    let (scheme, secret) = only.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && secret.len() <= LONGEST).then_some(secret)
}
