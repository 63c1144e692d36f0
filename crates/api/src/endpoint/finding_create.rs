//! `POST /v2/{source}/findings`: a finding of a source that is no sensor.

use finding::{Finding, FindingName, FindingResource, Resource, State};
use serde_json::{Map, Value};
use store::{Created, Refusal};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::shape::Shape;
use crate::{message, sources, stored, written_finding};

/// A new finding from the fields of a body.
pub(super) fn composed(
    call: &Call,
    name: &FindingName,
    fields: &Map<String, Value>,
    source: String,
) -> Result<FindingResource, Refusal> {
    let mut finding: Finding = message::read("finding", fields)?;
    finding.name = name.to_string();
    finding.canonical_name = name.to_string();
    finding.parent = name.parent().to_string();
    finding.parent_display_name = source;
    finding.event_time = finding.event_time.or(Some(call.now));
    finding.create_time = Some(call.now);
    if finding.state == State::Unspecified {
        finding.state = State::Active;
    }
    let resource = Resource { name: finding.resource_name.clone(), ..Resource::default() };
    Ok(FindingResource { finding, resource })
}

/// Writes it, if there is none of that name in either spelling.
pub(super) async fn create(call: &Call, name: &FindingName) -> Result<Option<FindingResource>, ApiError> {
    let fields = written_finding::checked(&call.body.0, call.now)?;
    let source = sources::find(&*call.service.documents, name.scope(), name.source()).await?;
    let source = source.ok_or_else(|| ApiError::NotFound {
        what: format!("source {}/sources/{}", name.scope(), name.source()),
    })?;
    if fields.get("category").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::invalid("finding.category", &"a new finding needs one"));
    }
    let item = composed(call, name, &fields, source.display_name)?;
    if stored::find(&*call.service.findings, name).await?.is_some() {
        return Ok(None);
    }
    match call.service.findings.create(&item, call.now).await? {
        Created::Yes(item) => Ok(Some(*item)),
        Created::Exists => Ok(None),
    }
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let parent = call.target.names.parent()?;
    let source =
        parent.source().ok_or_else(|| ApiError::invalid("parent", &"it must name one source, not -"))?;
    let id = call.parameters.take("findingId").unwrap_or_default();
    let name = FindingName::new(parent.scope().clone(), source, parent.location(), &id)
        .map_err(|e| ApiError::invalid("findingId", &e))?;
    match create(&call, &name).await? {
        Some(item) => {
            Ok(Answer::Json(Shape::whole(call.target.version, call.writing.numbers).finding(&item)))
        }
        None => Err(ApiError::Exists { what: format!("finding {name}") }),
    }
}
