//! JSON Web Tokens: which key they name, and what must hold of every one that is believed.

use finding::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

/// Clocks may differ by so many seconds.
const SKEW: i64 = 60;

/// What a token says of itself before anything is checked: only good for finding the key that checks it.
pub(crate) struct Claimed {
    pub(crate) algorithm: Algorithm,
    pub(crate) key_id: Option<String>,
    pub(crate) claims: Map<String, Value>,
}

/// Claims whose signature was checked.
pub(crate) struct Claims(Map<String, Value>);

/// Whether a text is three parts with dots between them.
pub(crate) fn has_form(token: &str) -> bool {
    token.split('.').count() == 3
}

/// Reads without believing.
pub(crate) fn claimed(token: &str) -> Result<Claimed, String> {
    let data = jsonwebtoken::dangerous::insecure_decode::<Map<String, Value>>(token).map_err(|_| {
        "it is not a JSON Web Token with a known algorithm; one without a signature (alg: none) never counts".to_owned()
    })?;
    if data.header.crit.is_some() {
        return Err("its header demands extensions (crit) that are not known here".to_owned());
    }
    Ok(Claimed { algorithm: data.header.alg, key_id: data.header.kid, claims: data.claims })
}

impl Claimed {
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.claims.get("iss").and_then(Value::as_str)
    }

    /// When it says that it ends.
    pub(crate) fn expiry(&self) -> Option<Timestamp> {
        seconds(&self.claims, "exp").map(at)
    }
}

/// Checks the signature with a key, by an algorithm that the caller chose and not the token.
pub(crate) fn verify(token: &str, key: &DecodingKey, algorithms: &[Algorithm]) -> Result<Claims, String> {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = algorithms.to_vec();
    // issuer, audience and times are checked by `Claims`, against the caller's clock
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation)
        .map(|data| Claims(data.claims))
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => "its signature is not that of the key it names".to_owned(),
            ErrorKind::InvalidAlgorithm | ErrorKind::MissingAlgorithm => {
                "its algorithm is not one that its key signs with".to_owned()
            }
            _ => "it cannot be read as a signed token".to_owned(),
        })
}

impl Claims {
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim).and_then(Value::as_str)
    }

    pub(crate) fn value(&self, claim: &str) -> Option<&Value> {
        self.0.get(claim)
    }

    /// The texts of a claim that is one text or a list.
    pub(crate) fn texts(&self, claim: &str) -> Vec<&str> {
        match self.0.get(claim) {
            Some(Value::String(text)) => vec![text],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Checks the times; when it ends. `longest` bounds, in seconds, the life that a token may give itself.
    pub(crate) fn lifetime(&self, now: Timestamp, longest: Option<i64>) -> Result<Timestamp, String> {
        let now = now.nanos().div_euclid(1_000_000_000);
        let expiry = seconds(&self.0, "exp").ok_or("it does not say when it expires (exp)")?;
        if expiry.saturating_add(SKEW) <= now {
            return Err(format!("it expired at {}; get a new one", at(expiry)));
        }
        for (claim, meaning) in [("nbf", "counts only from"), ("iat", "says it was issued at")] {
            let Some(value) = self.0.get(claim) else { continue };
            let time =
                seconds(&self.0, claim).ok_or_else(|| format!("its {claim} ({value}) is not a time"))?;
            if time > now.saturating_add(SKEW) {
                return Err(format!("it {meaning} {}; compare the clocks of both machines", at(time)));
            }
        }
        if let Some(longest) = longest {
            let issued = seconds(&self.0, "iat").ok_or("it does not say when it was issued (iat)")?;
            if expiry.saturating_sub(issued) > longest + SKEW {
                return Err(format!("it is meant to live longer than {longest} s; let it expire sooner"));
            }
        }
        Ok(at(expiry))
    }
}

/// A NumericDate (RFC 7519, section 2) in whole seconds.
fn seconds(claims: &Map<String, Value>, claim: &str) -> Option<i64> {
    let value = claims.get(claim)?;
    // a float saturates where it does not fit
    value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000))
}
