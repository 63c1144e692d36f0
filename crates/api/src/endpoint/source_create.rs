//! `POST /v2/{scope}/sources`: a new source of findings.

use store::{DocumentKind, Expectation};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::sources;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = call.target.names.scope()?;
    let documents = &*call.service.documents;
    let all = sources::all(documents, &scope).await?;
    let source = sources::new(&scope, &call.body, call.now, &all)?;
    sources::check_unique(&source, &all)?;
    if all.len() > sources::MOST as usize {
        let reason = format!("{scope} has {} sources already, and no more are kept", sources::MOST);
        return Err(ApiError::invalid("parent", &reason));
    }
    let written = documents
        .put_document(DocumentKind::Source, &source.name, source.body(), Expectation::Absent, call.now)
        .await?;
    match written {
        Some(_) => Ok(Answer::Json(source.written())),
        None => Err(ApiError::Exists { what: format!("a source named {:?}", source.display_name) }),
    }
}
