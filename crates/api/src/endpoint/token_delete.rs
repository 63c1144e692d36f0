//! `DELETE /v2/{scope}/tokens/{token}`: revokes a static token. Ours.

use serde_json::json;

use crate::administration::{credentials_of, organization, present};
use crate::call::{Answer, Call};
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let credentials = present(&call.service.administration.credentials, "tokens")?;
    let id = call.target.names.get("token");
    let found = credentials_of(&call.service, &scope, credentials.tokens().await?);
    if !found.iter().any(|token| token.id == id) || !credentials.revoke_token(id).await? {
        return Err(ApiError::NotFound { what: format!("token {scope}/tokens/{id}") });
    }
    Ok(Answer::Json(json!({})))
}
