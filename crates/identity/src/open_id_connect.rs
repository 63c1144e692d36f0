//! ID tokens of a configured identity provider.

use finding::Timestamp;
use jsonwebtoken::{Algorithm, AlgorithmFamily};
use serde_json::Value;

use crate::identity::Known;
use crate::jwt::{self, Claimed};
use crate::key_set::{KeySet, NoKey, client};
use crate::{ConfigError, OpenIdConnectConfig, Principal, Refusal, config};

const KIND: &str = "ID token";
/// Longest name of a user, in bytes.
const USER_BYTES: usize = 256;

/// One provider.
pub(crate) struct Issuer {
    config: OpenIdConnectConfig,
    keys: KeySet,
}

impl Issuer {
    pub(crate) fn new(config: OpenIdConnectConfig, key: &str) -> Result<Self, ConfigError> {
        let wrong = |path: &std::path::Path, reason: String| {
            ConfigError::new(format!("{key}.caFile"), format!("{} cannot be used: {reason}", path.display()))
        };
        let ca = config.ca_file.as_deref().map(|path| {
            std::fs::read(path).map_err(|error| wrong(path, error.to_string())).map(|bytes| (path, bytes))
        });
        let ca = ca.transpose()?;
        let http = client(&config.issuer, ca.as_ref().map(|(_, bytes)| bytes.as_slice())).map_err(
            |reason| match &ca {
                Some((path, _)) => wrong(path, reason),
                None => ConfigError::new(format!("{key}.issuer"), format!("TLS cannot be set up: {reason}")),
            },
        )?;
        Ok(Self { keys: KeySet::new(config.issuer.clone(), http), config })
    }

    /// Whether a token says that it is this provider's.
    pub(crate) fn owns(&self, issuer: &str) -> bool {
        self.config.issuer == issuer
    }

    pub(crate) async fn authenticate(
        &self,
        token: &str,
        claimed: &Claimed,
        now: Timestamp,
    ) -> Result<Known, Refusal> {
        let refuse = |reason: String| Refusal::denied(KIND, reason);
        let algorithm = claimed.algorithm;
        if !is_asymmetric(algorithm) {
            let reason =
                format!("it is signed with {algorithm:?}; only keys that the issuer alone holds count");
            return Err(refuse(reason));
        }
        // before anything is asked: what ended long ago makes nobody fetch keys
        if claimed.expiry().is_none() {
            return Err(refuse("it does not say when it expires (exp)".to_owned()));
        }
        let key =
            self.keys.key(claimed.key_id.as_deref(), algorithm, now).await.map_err(
                |no_key| match no_key {
                    NoKey::Unknown(reason) => refuse(reason),
                    NoKey::Unavailable(reason) => Refusal::Unavailable { reason },
                },
            )?;
        let claims = jwt::verify(token, &key, &[algorithm]).map_err(refuse)?;
        let expiry = claims.lifetime(now, None).map_err(refuse)?;
        if claims.text("iss") != Some(self.config.issuer.as_str()) {
            return Err(refuse("its issuer is another (iss)".to_owned()));
        }
        let audiences = claims.texts("aud");
        let ours = |audience: &str| self.config.audiences.iter().any(|own| own == audience);
        if !audiences.iter().any(|audience| ours(audience)) {
            return Err(refuse(
                "it is for another program (aud); sign in for Vedette's own client id, see openIdConnect.audiences"
                    .to_owned(),
            ));
        }
        // OpenID Connect Core, 3.1.3.7: who the token was given to, when it says so, must be us
        if claims.text("azp").is_some_and(|party| audiences.len() > 1 && !ours(party)) {
            return Err(refuse("it was given to another program (azp)".to_owned()));
        }
        let claim = self.config.user_claim.as_deref().unwrap_or("sub");
        let user = claims
            .text(claim)
            .filter(|user| (1..=USER_BYTES).contains(&user.len()) && !user.chars().any(char::is_control))
            .ok_or_else(|| {
                refuse(format!("its claim {claim} does not name a user; see openIdConnect.userClaim"))
            })?;
        if claim == "email" && claims.value("email_verified").is_some_and(|verified| !is_true(verified)) {
            return Err(refuse("the issuer has not verified its e-mail address".to_owned()));
        }
        let groups = claims.texts(self.config.groups_claim.as_deref().unwrap_or("groups"));
        Ok(Known {
            principal: Principal {
                name: format!("user:{user}"),
                bindings: config::bindings(&self.config.roles, user, &groups),
            },
            expiry: Some(expiry),
        })
    }
}

fn is_asymmetric(algorithm: Algorithm) -> bool {
    algorithm.family() != AlgorithmFamily::Hmac
}

/// Some providers write the word in place of the value.
fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true) || value.as_str() == Some("true")
}
