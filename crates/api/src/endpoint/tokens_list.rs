//! `GET /v2/{scope}/tokens`: the static tokens of an organization, or all. Ours; a token itself is told once, when it is made.

use serde_json::{Value, json};

use crate::administration::{Credential, credentials_of, organization, present, written_bindings};
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::paging;

/// As a client sees it, without its secret.
pub(super) fn written(scope: &str, token: &Credential) -> Value {
    let mut written = json!({
        "name": format!("{scope}/tokens/{}", token.id),
        "bindings": written_bindings(&token.bindings),
        "createTime": token.create_time,
        "createdBy": token.created_by,
    });
    let times = [("expireTime", token.expire_time), ("lastUsedTime", token.last_used_time)];
    for (field, time) in times.into_iter().filter_map(|(field, time)| Some((field, time?))) {
        written[field] = time.to_string().into();
    }
    written
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let credentials = present(&call.service.administration.credentials, "tokens")?;
    let found = credentials_of(&call.service, &scope, credentials.tokens().await?);
    let scope = scope.to_string();
    let all = found.iter().map(|token| written(&scope, token)).collect();
    let (page, next) = paging::page_of(&mut call, &scope, all)?;
    let mut answer = json!({ "tokens": page });
    if let Some(token) = next {
        answer["nextPageToken"] = token.into();
    }
    Ok(Answer::Json(answer))
}
