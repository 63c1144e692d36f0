//! Service accounts: a key file as Google's client libraries read it, of which only the public key is kept.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use finding::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{DocumentKind, DocumentStore, Expectation, StoreError};

use crate::identity::Known;
use crate::jwt::{self, Claimed, Claims};
use crate::static_token::{all, body, check_bindings, check_name, read};
use crate::{AccessConfig, AdminError, Binding, Principal, Refusal, secret};

/// Longest life of what a key signs, in seconds, as Google's own endpoint has it.
const LIFE_SECONDS: i64 = 3_600;
/// What Google's Python library writes as audience of an assertion, whatever the key file says.
const GOOGLE_TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// Hosts that Google's client libraries write as audience though they were told another address. Our keys are known
/// nowhere else, so that a token for these hosts opens nothing there.
const GOOGLE_HOSTS: &[&str] = &["securitycenter.googleapis.com", "securitycentermanagement.googleapis.com"];
const KIND: &str = "service account's token";

/// A key that was made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key file, for whoever will use it. The private key in it is kept nowhere.
    pub file: Value,
    /// What is kept.
    pub info: KeyInfo,
}

/// What is known of a key. Each key has roles of its own; a second key of one account replaces the first without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    /// Its id, `private_key_id` in the file.
    pub id: String,
    /// The account.
    pub email: String,
    /// What it may do.
    pub bindings: Vec<Binding>,
    /// When it was made.
    pub create_time: Timestamp,
    /// By which principal.
    pub created_by: String,
    /// When it ends; never when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StoredKey {
    public_key: String,
    #[serde(flatten)]
    pub(crate) info: KeyInfo,
}

impl StoredKey {
    pub(crate) fn principal(&self) -> Principal {
        Principal {
            name: format!("serviceAccount:{}", self.info.email),
            bindings: self.info.bindings.clone(),
        }
    }
}

/// What a signed token is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be changed for an access token.
    Assertion,
    /// To be shown to the API itself.
    Bearer,
}

pub(crate) struct ServiceAccounts {
    pub(crate) store: Arc<dyn DocumentStore>,
    domain: String,
    hosts: Vec<String>,
    token_uri: Option<String>,
}

impl ServiceAccounts {
    pub(crate) fn new(config: &AccessConfig, store: Arc<dyn DocumentStore>) -> Self {
        let token_uri = config.token_uri.clone();
        Self {
            store,
            domain: config.domain().to_owned(),
            token_uri: token_uri
                .or_else(|| config.hosts.first().map(|host| format!("https://{host}/oauth2/token"))),
            hosts: config.hosts.clone(),
        }
    }

    pub(crate) async fn create(
        &self,
        account: &str,
        bindings: Vec<Binding>,
        expire_time: Option<Timestamp>,
        created_by: String,
        now: Timestamp,
    ) -> Result<NewKey, AdminError> {
        check_name("account", account)?;
        check_bindings(&bindings)?;
        if expire_time.is_some_and(|time| time <= now) {
            return Err(AdminError::invalid("expireTime", "must be in the future"));
        }
        let Some(token_uri) = &self.token_uri else {
            let reason = "is not configured, so that a key file could not say where its tokens come from; set access.hosts \
                          or access.tokenUri";
            return Err(AdminError::invalid("tokenUri", reason));
        };
        // searching two primes takes long enough to hold up others on this thread
        let (private, public) =
            tokio::task::spawn_blocking(key_pair).await.map_err(|_| AdminError::Randomness)??;
        let id = secret::hash(&public)[..40].to_owned();
        let email = format!("{account}@{}", self.domain);
        let info = KeyInfo {
            id: id.clone(),
            email: email.clone(),
            bindings,
            create_time: now,
            created_by,
            expire_time,
        };
        let stored = body(&StoredKey { public_key: public, info: info.clone() });
        self.store.put_document(DocumentKind::ServiceAccountKey, &id, stored, Expectation::Any, now).await?;
        let file = json!({
            "type": "service_account",
            "project_id": "vedette",
            "private_key_id": id,
            "private_key": private,
            "client_email": email,
            "client_id": account,
            "auth_uri": token_uri,
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        });
        Ok(NewKey { file, info })
    }

    pub(crate) async fn list(&self) -> Result<Vec<KeyInfo>, StoreError> {
        let stored = all(&*self.store, DocumentKind::ServiceAccountKey, "").await?;
        Ok(stored
            .into_iter()
            .filter_map(|document| read::<StoredKey>(document.body))
            .map(|key| key.info)
            .collect())
    }

    pub(crate) async fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        self.store.remove_document(DocumentKind::ServiceAccountKey, id).await
    }

    /// Whether an issuer is one of these accounts.
    pub(crate) fn owns(&self, issuer: &str) -> bool {
        issuer.rsplit_once('@').is_some_and(|(_, domain)| domain == self.domain)
    }

    /// A key that counts.
    pub(crate) async fn key(&self, id: &str, now: Timestamp) -> Result<StoredKey, Refusal> {
        let unknown =
            || Refusal::denied(KIND, "its key is not known here, or was revoked; ask an admin for another");
        let has_form = id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !has_form {
            return Err(unknown());
        }
        let found = self.store.document(DocumentKind::ServiceAccountKey, id).await?;
        let key: StoredKey = found.and_then(|document| read(document.body)).ok_or_else(unknown)?;
        match key.info.expire_time.filter(|time| *time <= now) {
            Some(time) => {
                Err(Refusal::denied(KIND, format!("its key expired at {time}; ask an admin for another")))
            }
            None => Ok(key),
        }
    }

    /// What is known of the key that a token names, whether it counts or not.
    pub(crate) async fn known(&self, claimed: &Claimed) -> Option<KeyInfo> {
        let id = claimed.key_id.as_deref().filter(|id| id.len() == 40)?;
        let found = self.store.document(DocumentKind::ServiceAccountKey, id).await.ok()??;
        read::<StoredKey>(found.body).map(|key| key.info)
    }

    /// The key that signed a token, and when the token ends.
    pub(crate) async fn verify(
        &self,
        token: &str,
        claimed: &Claimed,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<(StoredKey, Timestamp), Refusal> {
        let refuse = |reason: String| Refusal::denied(KIND, reason);
        let id =
            claimed.key_id.as_deref().ok_or_else(|| refuse("it does not name its key (kid)".to_owned()))?;
        let key = self.key(id, now).await?;
        let decoding = DecodingKey::from_rsa_pem(key.public_key.as_bytes()).map_err(|_| {
            refuse("its key is stored in a form that cannot be read; ask an admin for another".to_owned())
        })?;
        let claims = jwt::verify(token, &decoding, &[Algorithm::RS256]).map_err(refuse)?;
        let expiry = claims.lifetime(now, Some(LIFE_SECONDS)).map_err(refuse)?;
        let is_its_own = |claim| claims.text(claim) == Some(key.info.email.as_str());
        if !is_its_own("iss") || (purpose == Purpose::Bearer && !is_its_own("sub")) {
            return Err(refuse(format!("its key belongs to {}, and it speaks for another", key.info.email)));
        }
        if claims.value("sub").is_some() && !is_its_own("sub") {
            return Err(refuse(
                "it asks to act as somebody else (sub), which is not possible here".to_owned(),
            ));
        }
        self.audience(&claims, purpose).map_err(refuse)?;
        let ends = key.info.expire_time.map_or(expiry, |time| time.min(expiry));
        Ok((key, ends))
    }

    pub(crate) async fn authenticate(
        &self,
        token: &str,
        claimed: &Claimed,
        now: Timestamp,
    ) -> Result<Known, Refusal> {
        let (key, ends) = self.verify(token, claimed, Purpose::Bearer, now).await?;
        Ok(Known { principal: key.principal(), expiry: Some(ends) })
    }

    fn audience(&self, claims: &Claims, purpose: Purpose) -> Result<(), String> {
        let audiences = claims.texts("aud");
        let fits = |audience: &str| match purpose {
            Purpose::Assertion => Some(audience) == self.token_uri.as_deref() || audience == GOOGLE_TOKEN_URI,
            Purpose::Bearer => self
                .hosts
                .iter()
                .map(String::as_str)
                .chain(GOOGLE_HOSTS.iter().copied())
                .any(|host| is_at(audience, host)),
        };
        if audiences.iter().any(|audience| fits(audience)) {
            return Ok(());
        }
        // a token with scopes has no audience: so Google's libraries write it (AIP-4111)
        let scoped = claims.text("scope").is_some_and(|scope| !scope.trim().is_empty());
        if purpose == Purpose::Bearer && claims.value("aud").is_none() && scoped {
            return Ok(());
        }
        Err(match purpose {
            Purpose::Assertion => {
                "its audience is another than this token endpoint; use token_uri of the key file"
            }
            Purpose::Bearer => "its audience is another than this server; see access.hosts",
        }
        .to_owned())
    }
}

/// Whether an audience is a host, or a service at it: `https://HOST`, `https://HOST/…`.
fn is_at(audience: &str, host: &str) -> bool {
    audience
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_prefix(host))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A new pair, both in PEM: the private key (PKCS #8) and the public one.
fn key_pair() -> Result<(String, String), AdminError> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| AdminError::Randomness)?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| AdminError::Randomness)?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| AdminError::Randomness)?;
    Ok((secret::pem("PRIVATE KEY", private.as_ref()), secret::pem("PUBLIC KEY", public.as_ref())))
}
