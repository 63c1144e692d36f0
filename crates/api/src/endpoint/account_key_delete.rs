//! `DELETE /v2/{scope}/serviceAccounts/{account}/keys/{key}`: revokes a key, and the access tokens that it was given.

use serde_json::json;

use crate::administration::{organization, present};
use crate::call::{Answer, Call};
use crate::endpoint::account_keys_list;
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let credentials = present(&call.service.administration.credentials, "keys of service accounts")?;
    let (id, account) = (call.target.names.get("key"), call.target.names.get("account"));
    let found = account_keys_list::found(&call, &scope).await?;
    if !found.iter().any(|key| key.id == id) || !credentials.revoke_key(id).await? {
        let what = format!("key {scope}/serviceAccounts/{account}/keys/{id}");
        return Err(ApiError::NotFound { what });
    }
    Ok(Answer::Json(json!({})))
}
