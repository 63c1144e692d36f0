//! The one entry: a header in, a principal or a refusal out.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use certificates::neighbourhood;
use finding::Timestamp;
use store::{DocumentStore, StoreError};

use crate::access_token::{self, AccessTokens};
use crate::kubernetes::{Kubernetes, Node};
use crate::open_id_connect::Issuer;
use crate::recent::Recent;
use crate::service_account::{Purpose, ServiceAccounts};
use crate::static_token::{self, StaticTokens};
use crate::{
    AccessConfig, AdminError, AskedKey, Attempts, Binding, ConfigError, CreatedToken, Granted, KeyInfo,
    NewKey, NewToken, Principal, Refusal, TokenError, TokenInfo, jwt, secret, token_endpoint,
};

/// Longest token, in bytes. ID tokens of users in many groups are the longest that there are.
const TOKEN_BYTES: usize = 16 * 1_024;
const SECOND: i64 = 1_000_000_000;
/// How long a principal counts without being looked up again: so long other servers let a revoked token in.
const KNOWN_NANOS: i64 = 5 * SECOND;
/// How long a credential that counted is looked up again though its address is blocked.
const GOOD_NANOS: i64 = 600 * SECOND;
const REMEMBERED: usize = 4_096;
/// Refused attempts of one address a minute.
const FAILURES: u32 = 30;
/// Access tokens that one key is given a minute.
const GRANTS: u32 = 60;

/// A principal, and when the credential that it showed ends.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) principal: Principal,
    pub(crate) expiry: Option<Timestamp>,
}

/// Access cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("the configuration of access cannot be used: {0}")]
pub struct OpenError(#[from] ConfigError);

/// Knows who asks.
pub struct Identity {
    tokens: StaticTokens,
    access_tokens: AccessTokens,
    accounts: ServiceAccounts,
    issuers: Vec<Issuer>,
    kubernetes: Option<Kubernetes>,
    known: Recent<Principal>,
    good: Recent<()>,
    failures: Attempts<IpAddr>,
    grants: Attempts<String>,
    swept: Mutex<Option<Timestamp>>,
}

impl Identity {
    /// Checks the configuration and prepares to ask; nobody is asked yet. Needs an executor.
    pub async fn open(config: AccessConfig, store: Arc<dyn DocumentStore>) -> Result<Self, OpenError> {
        config.check()?;
        let accounts = ServiceAccounts::new(&config, Arc::clone(&store));
        let issuers = config.open_id_connect.into_iter().enumerate();
        let issuers = issuers.map(|(index, issuer)| Issuer::new(issuer, &format!("openIdConnect[{index}]")));
        Ok(Self {
            issuers: issuers.collect::<Result<_, _>>()?,
            kubernetes: match config.kubernetes {
                Some(kubernetes) => Some(Kubernetes::new(kubernetes).await?),
                None => None,
            },
            accounts,
            tokens: StaticTokens { store: Arc::clone(&store) },
            access_tokens: AccessTokens { store },
            known: Recent::new(REMEMBERED),
            good: Recent::new(REMEMBERED),
            failures: Attempts::new(FAILURES),
            grants: Attempts::new(GRANTS),
            swept: Mutex::default(),
        })
    }

    /// Who sent an `Authorization` header.
    pub async fn authenticate(&self, header: Option<&[u8]>, now: Timestamp) -> Result<Principal, Refusal> {
        let token = bearer(header)?;
        let key = secret::digest(token);
        if let Some(principal) = self.known.get(&key, now) {
            return Ok(principal);
        }
        let Known { principal, expiry } = self.look_up(token, now).await?;
        let until = |nanos: i64| {
            let end = Timestamp::from_nanos(now.nanos().saturating_add(nanos));
            expiry.map_or(end, |expiry| end.min(expiry))
        };
        self.known.put(key, principal.clone(), now, until(KNOWN_NANOS));
        self.good.put(key, (), now, until(GOOD_NANOS));
        Ok(principal)
    }

    /// As [`Identity::authenticate`], and an address that is refused too often has to wait. Who was known a moment ago is
    /// let in all the same: behind one address there may be many.
    pub async fn authenticate_from(
        &self,
        address: IpAddr,
        header: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Principal, Refusal> {
        self.limit(address, header, now)?;
        let result = self.authenticate(header, now).await;
        self.count(address, result, now)
    }

    /// Which node's sensor sent an `Authorization` header, by its pod's Kubernetes token.
    pub async fn authenticate_node(
        &self,
        address: IpAddr,
        header: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Node, Refusal> {
        self.limit(address, header, now)?;
        let token = bearer(header)?;
        let result = match &self.kubernetes {
            Some(kubernetes) => kubernetes.node(token, now).await,
            None => Err(Refusal::denied(
                "token",
                "sensors cannot show Kubernetes tokens here; see access.kubernetes",
            )),
        };
        if result.is_ok() {
            let until = Timestamp::from_nanos(now.nanos().saturating_add(GOOD_NANOS));
            self.good.put(secret::digest(token), (), now, until);
        }
        self.count(address, result, now)
    }

    /// Answers `POST /oauth2/token`: the body of the request in, an access token out.
    pub async fn grant(&self, address: IpAddr, body: &[u8], now: Timestamp) -> Result<Granted, TokenError> {
        let address = neighbourhood(address);
        if let Some(retry_seconds) = self.failures.blocked(&address, now) {
            return Err(Refusal::TooMany { retry_seconds }.into());
        }
        let assertion = token_endpoint::assertion(body)?;
        let result = self.grant_for(&assertion, now).await;
        if result.as_ref().is_err_and(|error| error.error == "invalid_grant") {
            self.failures.count(address, now);
        }
        result
    }

    /// Makes a token. Who may is the caller's to ask ([`crate::Permission::TokensManage`]).
    pub async fn create_token(&self, new: NewToken, now: Timestamp) -> Result<CreatedToken, AdminError> {
        self.tokens.create(new, now).await
    }

    /// Every token there is.
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>, StoreError> {
        self.tokens.list().await
    }

    /// Revokes a token by its name; whether there was one. Here it ends at once, on other servers within seconds.
    pub async fn revoke_token(&self, name: &str) -> Result<bool, StoreError> {
        let gone = self.tokens.revoke(name).await;
        self.known.clear();
        gone
    }

    /// Makes a key of a service account, `ACCOUNT@` the configured domain.
    pub async fn create_key(
        &self,
        account: &str,
        bindings: Vec<Binding>,
        expire_time: Option<Timestamp>,
        created_by: String,
        now: Timestamp,
    ) -> Result<NewKey, AdminError> {
        self.accounts.create(account, bindings, expire_time, created_by, now).await
    }

    /// Every key there is.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>, StoreError> {
        self.accounts.list().await
    }

    /// Revokes a key by its id, and with it the access tokens it was given.
    pub async fn revoke_key(&self, id: &str) -> Result<bool, StoreError> {
        let gone = self.accounts.revoke(id).await;
        self.known.clear();
        gone
    }

    async fn look_up(&self, token: &str, now: Timestamp) -> Result<Known, Refusal> {
        if token.starts_with(static_token::PREFIX) {
            return self.tokens.authenticate(token, now).await;
        }
        if token.starts_with(access_token::PREFIX) {
            return self.access_tokens.authenticate(token, &self.accounts, now).await;
        }
        if jwt::has_form(token) {
            let claimed = jwt::claimed(token).map_err(|reason| Refusal::denied("token", reason))?;
            // the claimed issuer only chooses who checks it
            let issuer = claimed.issuer().unwrap_or_default();
            if let Some(provider) = self.issuers.iter().find(|provider| provider.owns(issuer)) {
                return provider.authenticate(token, &claimed, now).await;
            }
            if self.accounts.owns(issuer) {
                return self.accounts.authenticate(token, &claimed, now).await;
            }
        }
        match &self.kubernetes {
            Some(kubernetes) => kubernetes.authenticate(token, now).await,
            None if jwt::has_form(token) => Err(Refusal::denied(
                "token",
                "its issuer (iss) is not one that is configured here; see docs/access.md",
            )),
            None => Err(Refusal::denied("token", "it is of no kind that is known here; see docs/access.md")),
        }
    }

    async fn grant_for(&self, assertion: &str, now: Timestamp) -> Result<Granted, TokenError> {
        let invalid = |reason: String| TokenError::new("invalid_grant", reason);
        if assertion.len() > TOKEN_BYTES || !jwt::has_form(assertion) {
            return Err(invalid("the assertion is not a JSON Web Token".to_owned()));
        }
        let claimed = jwt::claimed(assertion).map_err(invalid)?;
        let key = match self.accounts.verify(assertion, &claimed, Purpose::Assertion, now).await {
            Ok((key, _)) => key,
            Err(refusal) => {
                let known = self.accounts.known(&claimed).await;
                return Err(TokenError::from(refusal).about(known.map(|info| AskedKey::new(&info, false))));
            }
        };
        let asked = AskedKey::new(&key.info, true);
        if let Some(retry_seconds) = self.grants.blocked(&key.info.id, now) {
            let reason =
                format!("use the access token you have, it lasts an hour; or try again in {retry_seconds} s");
            return Err(TokenError::new("slow_down", reason).about(Some(asked)));
        }
        self.grants.count(key.info.id.clone(), now);
        self.sweep(now).await;
        let issued = self.access_tokens.issue(key.info.id, now).await.map_err(|error| {
            tracing::warn!(%error, "an access token was not made");
            let reason = "no token can be kept now; try again";
            TokenError::new("temporarily_unavailable", reason).about(Some(asked.clone()))
        })?;
        let expires_in = access_token::LIFE_SECONDS;
        Ok(Granted { access_token: issued, token_type: "Bearer", expires_in, key: asked })
    }

    /// Once in ten minutes, forgets access tokens that ended.
    async fn sweep(&self, now: Timestamp) {
        {
            let mut swept = self.swept.lock().unwrap_or_else(PoisonError::into_inner);
            if swept.is_some_and(|time| (0..600 * SECOND).contains(&(now.nanos() - time.nanos()))) {
                return;
            }
            *swept = Some(now);
        }
        if let Err(error) = self.access_tokens.forget_expired(now).await {
            tracing::warn!(%error, "access tokens that ended were not removed");
        }
    }

    fn limit(&self, address: IpAddr, header: Option<&[u8]>, now: Timestamp) -> Result<(), Refusal> {
        let Some(retry_seconds) = self.failures.blocked(&neighbourhood(address), now) else { return Ok(()) };
        let good = bearer(header).is_ok_and(|token| self.good.get(&secret::digest(token), now).is_some());
        if good { Ok(()) } else { Err(Refusal::TooMany { retry_seconds }) }
    }

    fn count<T>(&self, address: IpAddr, result: Result<T, Refusal>, now: Timestamp) -> Result<T, Refusal> {
        if result.as_ref().is_err_and(Refusal::counts) {
            self.failures.count(neighbourhood(address), now);
        }
        result
    }
}

/// The token in a header (RFC 6750, section 2.1). Its length is bounded before anything else looks at it.
fn bearer(header: Option<&[u8]>) -> Result<&str, Refusal> {
    let malformed = |reason| Refusal::Malformed { reason };
    let header = header.ok_or(Refusal::Missing)?;
    if header.len() > TOKEN_BYTES + 16 {
        return Err(malformed("is longer than a token can be"));
    }
    let header = std::str::from_utf8(header).map_err(|_| malformed("holds bytes that no token has"))?;
    let (scheme, token) =
        header.trim().split_once(' ').ok_or_else(|| malformed("is not a scheme and a token"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(malformed("has another scheme"));
    }
    let token = token.trim_start();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.is_empty() || !token.bytes().all(fits) {
        return Err(malformed("holds characters that no token has"));
    }
    Ok(token)
}
