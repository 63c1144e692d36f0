//! `GET /v2/{scope}/sources/{source}`: one source of findings.

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::sources::{self, Source};

/// The source that the path names.
pub(super) async fn found(call: &Call) -> Result<Source, ApiError> {
    let (scope, id) = (call.target.names.scope()?, call.target.names.get("source"));
    let source = sources::find(&*call.service.documents, &scope, id).await?;
    source.ok_or_else(|| ApiError::NotFound { what: format!("source {scope}/sources/{id}") })
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    Ok(Answer::Json(found(&call).await?.written()))
}
