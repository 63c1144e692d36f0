//! Access tokens: what a service account gets for its assertion, for an hour, kept as a hash.

use std::sync::Arc;

use finding::Timestamp;
use serde::{Deserialize, Serialize};
use store::{DocumentKind, DocumentStore, Expectation, StoreError};

use crate::identity::Known;
use crate::service_account::ServiceAccounts;
use crate::static_token::{all, body, read};
use crate::{AdminError, Refusal, secret};

/// What every access token begins with.
pub(crate) const PREFIX: &str = "vda_";
/// How long one lives.
pub(crate) const LIFE_SECONDS: u32 = 3_600;
const STORED_AS: &str = "access-";
const KIND: &str = "access token";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    hash: String,
    key_id: String,
    expire_time: Timestamp,
}

pub(crate) struct AccessTokens {
    pub(crate) store: Arc<dyn DocumentStore>,
}

impl AccessTokens {
    pub(crate) async fn issue(&self, key_id: String, now: Timestamp) -> Result<String, AdminError> {
        let token = secret::generate(PREFIX)?;
        let hash = secret::hash(&token);
        let name = format!("{STORED_AS}{hash}");
        let expire_time = Timestamp::from_nanos(now.nanos() + i64::from(LIFE_SECONDS) * 1_000_000_000);
        let body = body(&Stored { hash, key_id, expire_time });
        self.store.put_document(DocumentKind::Token, &name, body, Expectation::Any, now).await?;
        Ok(token)
    }

    /// Looks the token up, and its key: a token ends with the key that it was given for.
    pub(crate) async fn authenticate(
        &self,
        token: &str,
        accounts: &ServiceAccounts,
        now: Timestamp,
    ) -> Result<Known, Refusal> {
        let unknown =
            || Refusal::denied(KIND, "it is not known here any more; get a new one from the token endpoint");
        if !secret::has_form(token, PREFIX) {
            return Err(Refusal::denied(
                KIND,
                format!("it is not {PREFIX} and 64 hexadecimal digits; copy all of it"),
            ));
        }
        let hash = secret::hash(token);
        let found = self.store.document(DocumentKind::Token, &format!("{STORED_AS}{hash}")).await?;
        let stored: Stored = found.and_then(|document| read(document.body)).ok_or_else(unknown)?;
        if !secret::same(&stored.hash, &hash) {
            return Err(unknown());
        }
        if stored.expire_time <= now {
            let reason =
                format!("it expired at {}; get a new one from the token endpoint", stored.expire_time);
            return Err(Refusal::denied(KIND, reason));
        }
        let key = accounts.key(&stored.key_id, now).await?;
        Ok(Known { principal: key.principal(), expiry: Some(stored.expire_time) })
    }

    /// Removes those that ended; how many they were.
    pub(crate) async fn forget_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        for document in all(&*self.store, DocumentKind::Token, STORED_AS).await? {
            if read::<Stored>(document.body).is_none_or(|stored| stored.expire_time <= now) {
                gone += u64::from(self.store.remove_document(DocumentKind::Token, &document.name).await?);
            }
        }
        Ok(gone)
    }
}
