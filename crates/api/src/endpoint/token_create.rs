//! `POST /v2/{scope}/tokens?tokenId=…`: a new static token. Its answer holds the token, and nothing else ever does. Ours.

use serde_json::{Map, Value};

use crate::administration::{new_credential, organization, present, written_bindings};
use crate::call::{Answer, Call};
use crate::endpoint::tokens_list;
use crate::error::ApiError;

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = organization(&call)?;
    let credentials = present(&call.service.administration.credentials, "tokens")?;
    let id = call.parameters.take("tokenId").unwrap_or_default();
    let new = new_credential(&call, &scope)?;
    let (token, secret) = credentials.create_token(&id, new).await?;
    let mut written = tokens_list::written(&scope.to_string(), &token);
    let note = [("token", Value::from(token.id)), ("bindings", written_bindings(&token.bindings))];
    written["token"] = secret.into();
    Ok(Answer::Noted(written, Map::from_iter(note.map(|(key, value)| (key.to_owned(), value)))))
}
