//! Tokens for scripts: shown once, kept as a hash.

use std::sync::Arc;

use finding::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Document, DocumentKind, DocumentQuery, DocumentStore, Expectation, StoreError};

use crate::identity::Known;
use crate::{AdminError, Binding, Principal, Refusal, secret};

/// What every static token begins with, so that scanners for secrets find one that was published by mistake.
pub(crate) const PREFIX: &str = "vdt_";
/// What the audit log calls the token of a server's own folder: nobody else may be called so.
const RESERVED: &str = "local";
/// Documents of static tokens are named by this and the hash.
const STORED_AS: &str = "static-";
/// Tokens that there may be.
const AT_MOST: usize = 10_000;
/// How old the time of last use may be.
const USE_NANOS: i64 = 60_000_000_000;
const KIND: &str = "token";

/// A token to make.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its name: 1 to 64 of a-z, A-Z, 0-9, `-`, `_`, `.`.
    pub name: String,
    /// What it may do.
    pub bindings: Vec<Binding>,
    /// When it ends; never when there is none.
    pub expire_time: Option<Timestamp>,
    /// The principal that makes it.
    pub created_by: String,
}

/// A token that was made.
#[derive(Debug, Clone)]
pub struct CreatedToken {
    /// The token itself. It is not kept: whoever loses it makes another.
    pub secret: String,
    /// What is kept.
    pub info: TokenInfo,
}

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub bindings: Vec<Binding>,
    /// When it was made.
    pub create_time: Timestamp,
    /// By which principal.
    pub created_by: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_time: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    hash: String,
    #[serde(flatten)]
    info: TokenInfo,
}

pub(crate) struct StaticTokens {
    pub(crate) store: Arc<dyn DocumentStore>,
}

impl StaticTokens {
    pub(crate) async fn create(&self, new: NewToken, now: Timestamp) -> Result<CreatedToken, AdminError> {
        check_name("name", &new.name)?;
        if new.name == RESERVED {
            return Err(AdminError::invalid(
                "name",
                "\"local\" is what the audit log calls the server's own token; choose another",
            ));
        }
        check_bindings(&new.bindings)?;
        if new.expire_time.is_some_and(|time| time <= now) {
            return Err(AdminError::invalid("expireTime", "must be in the future"));
        }
        let there = self.list().await?;
        if there.iter().any(|info| info.name == new.name) {
            return Err(AdminError::Exists { name: new.name });
        }
        if there.len() >= AT_MOST {
            let reason = format!("there are {AT_MOST} tokens already; revoke those that nobody uses");
            return Err(AdminError::invalid("name", reason));
        }
        let secret = secret::generate(PREFIX)?;
        let info = TokenInfo {
            name: new.name,
            bindings: new.bindings,
            create_time: now,
            created_by: new.created_by,
            expire_time: new.expire_time,
            last_used_time: None,
        };
        let hash = secret::hash(&secret);
        let name = format!("{STORED_AS}{hash}");
        let body = body(&Stored { hash, info: info.clone() });
        self.store.put_document(DocumentKind::Token, &name, body, Expectation::Any, now).await?;
        Ok(CreatedToken { secret, info })
    }

    /// Every token there is.
    pub(crate) async fn list(&self) -> Result<Vec<TokenInfo>, StoreError> {
        let stored = all(&*self.store, DocumentKind::Token, STORED_AS).await?;
        Ok(stored
            .into_iter()
            .filter_map(|document| read::<Stored>(document.body))
            .map(|it| it.info)
            .collect())
    }

    /// Revokes by name; whether there was one.
    pub(crate) async fn revoke(&self, name: &str) -> Result<bool, StoreError> {
        let mut gone = false;
        for document in all(&*self.store, DocumentKind::Token, STORED_AS).await? {
            // two servers that made a token of one name at once made two: both go
            if read::<Stored>(document.body).is_some_and(|stored| stored.info.name == name) {
                gone |= self.store.remove_document(DocumentKind::Token, &document.name).await?;
            }
        }
        Ok(gone)
    }

    pub(crate) async fn authenticate(&self, token: &str, now: Timestamp) -> Result<Known, Refusal> {
        if !secret::has_form(token, PREFIX) {
            return Err(Refusal::denied(
                KIND,
                format!("it is not {PREFIX} and 64 hexadecimal digits; copy all of it"),
            ));
        }
        let hash = secret::hash(token);
        let name = format!("{STORED_AS}{hash}");
        let unknown =
            || Refusal::denied(KIND, "it is not known here, or was revoked; ask an admin for another");
        let document = self.store.document(DocumentKind::Token, &name).await?.ok_or_else(unknown)?;
        let revision = document.revision;
        let mut stored: Stored = read(document.body).ok_or_else(unknown)?;
        if !secret::same(&stored.hash, &hash) {
            return Err(unknown());
        }
        if let Some(time) = stored.info.expire_time.filter(|time| *time <= now) {
            return Err(Refusal::denied(KIND, format!("it expired at {time}; ask an admin for another")));
        }
        let known = Known {
            principal: Principal {
                name: format!("token:{}", stored.info.name),
                bindings: stored.info.bindings.clone(),
            },
            expiry: stored.info.expire_time,
        };
        let last = stored.info.last_used_time;
        if last.is_none_or(|last| now.nanos() - last.nanos() >= USE_NANOS) {
            stored.info.last_used_time = Some(now);
            // with its revision: a token that is revoked in this moment does not come back
            let expected = Expectation::Revision(revision);
            if let Err(error) =
                self.store.put_document(DocumentKind::Token, &name, body(&stored), expected, now).await
            {
                tracing::debug!(%error, token = known.principal.name, "the time of last use was not written");
            }
        }
        Ok(known)
    }
}

pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), AdminError> {
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if fits {
        Ok(())
    } else {
        Err(AdminError::invalid(field, "must be 1 to 64 of a-z, A-Z, 0-9, -, _ and ."))
    }
}

pub(crate) fn check_bindings(bindings: &[Binding]) -> Result<(), AdminError> {
    if bindings.is_empty() || bindings.len() > 100 {
        return Err(AdminError::invalid(
            "bindings",
            "must be 1 to 100 roles; without one it could do nothing",
        ));
    }
    match bindings.iter().find_map(Binding::problem) {
        Some(problem) => Err(AdminError::invalid("bindings.parent", problem)),
        None => Ok(()),
    }
}

/// Every document of a kind whose name begins so.
pub(crate) async fn all(
    store: &dyn DocumentStore,
    kind: DocumentKind,
    prefix: &str,
) -> Result<Vec<Document>, StoreError> {
    const PAGE: u32 = 500;
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let query = DocumentQuery { kind, prefix: prefix.to_owned(), after, limit: PAGE };
        let page = store.documents(query).await?;
        let whole = page.len() >= PAGE as usize;
        after = page.last().map(|document| document.name.clone());
        found.extend(page);
        if !whole {
            return Ok(found);
        }
    }
}

/// A stored body; what cannot be read counts as nothing, and is told.
pub(crate) fn read<T: serde::de::DeserializeOwned>(body: Value) -> Option<T> {
    serde_json::from_value(body)
        .map_err(|error| tracing::warn!(%error, "a stored credential cannot be read and does not count"))
        .ok()
}

pub(crate) fn body<T: Serialize>(stored: &T) -> Value {
    // plain texts, times and lists: there is nothing in them that JSON cannot hold
    serde_json::to_value(stored).unwrap_or(Value::Null)
}
