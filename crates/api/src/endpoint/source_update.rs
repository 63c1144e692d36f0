//! `PATCH /v2/{scope}/sources/{source}`: its display name and description.

use store::{DocumentKind, Expectation};

use crate::call::{Answer, Call};
use crate::endpoint::source_get;
use crate::error::ApiError;
use crate::mask::Mask;
use crate::sources;

const FIELDS: &[&str] = &["displayName", "description"];

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let mask = Mask::read(call.parameters.take("updateMask"), "source")?;
    mask.only(FIELDS, |_| None)?;
    let fields: Vec<&str> = match mask.is_empty() {
        true => FIELDS.iter().copied().filter(|field| call.body.0.contains_key(*field)).collect(),
        false => mask.paths().iter().filter_map(|path| path.first()).map(String::as_str).collect(),
    };
    let stored = source_get::found(&call).await?;
    let expected = stored.revision.map_or(Expectation::Absent, Expectation::Revision);
    let source = stored.changed(&call.body, &fields)?;
    let documents = &*call.service.documents;
    sources::check_unique(&source, &sources::all(documents, &call.target.names.scope()?).await?)?;
    let written =
        documents.put_document(DocumentKind::Source, &source.name, source.body(), expected, call.now).await?;
    match written {
        Some(_) => Ok(Answer::Json(source.written())),
        None => Err(ApiError::Aborted { what: format!("source {}", source.name) }),
    }
}
