//! `GET /v2/{scope}/serviceAccounts/{account}/keys`: the keys of a service account, or with `-` of all, in the shape of
//! Google's IAM API.

use finding::Scope;
use serde_json::{Value, json};

use crate::administration::{Credential, credentials_of, organization, present, written_bindings};
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::paging;

/// In place of an account: all of them.
const ALL: &str = "-";

/// As a client sees it, without the private key.
pub(super) fn written(scope: &str, key: &Credential) -> Value {
    let account = key.account.as_deref().unwrap_or_default();
    let mut written = json!({
        "name": format!("{scope}/serviceAccounts/{account}/keys/{}", key.id),
        "keyAlgorithm": "KEY_ALG_RSA_2048",
        "keyOrigin": "GOOGLE_PROVIDED",
        "keyType": "USER_MANAGED",
        "validAfterTime": key.create_time,
        "bindings": written_bindings(&key.bindings),
        "createdBy": key.created_by,
    });
    if let Some(time) = key.expire_time {
        written["validBeforeTime"] = time.to_string().into();
    }
    written
}

/// The keys of the account that a path names, by the name of the account or its whole address.
pub(super) async fn found(call: &Call, scope: &Scope) -> Result<Vec<Credential>, ApiError> {
    let credentials = present(&call.service.administration.credentials, "keys of service accounts")?;
    let wanted = call.target.names.get("account");
    let mut keys = credentials_of(&call.service, scope, credentials.keys().await?);
    keys.retain(|key| {
        let account = key.account.as_deref().unwrap_or_default();
        let name = account.split_once('@').map_or(account, |(name, _)| name);
        [ALL, name, account].contains(&wanted)
    });
    Ok(keys)
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let found = found(&call, &scope).await?;
    let scope = scope.to_string();
    let all = found.iter().map(|key| written(&scope, key)).collect();
    let list = format!("{scope}/serviceAccounts/{}", call.target.names.get("account"));
    let (page, next) = paging::page_of(&mut call, &list, all)?;
    let mut answer = json!({ "keys": page });
    if let Some(token) = next {
        answer["nextPageToken"] = token.into();
    }
    Ok(Answer::Json(answer))
}
