//! `GET /v2/{name}/evidence`: what was kept for a finding. Ours.

use axum::Json;
use axum::response::{IntoResponse, Response};
use finding::FindingName;
use serde_json::{Value, json};
use store::EvidenceItem;

use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::service::Service;

fn written(item: &EvidenceItem) -> Value {
    let meta = &item.meta;
    json!({
        "sha256": item.sha256.to_string(),
        "kind": meta.kind.name(),
        "name": meta.name,
        "size": item.size.to_string(),
        "originalSize": meta.original_size.to_string(),
        "truncated": meta.truncated,
        "takeTime": meta.taken_at.to_string(),
    })
}

/// Evidence of a finding that is known under its name or its canonical name. Evidence can be there before its
/// finding is, so an unknown finding is an error only when it has none.
pub(crate) async fn found(service: &Service, name: &FindingName) -> Result<Vec<EvidenceItem>, ApiError> {
    let items = service.evidence.evidence_of(name).await?;
    if !items.is_empty() {
        return Ok(items);
    }
    let Some(item) = service.findings.get(name).await? else {
        return Err(ApiError::NotFound { what: format!("finding {name}") });
    };
    let own: FindingName = item.finding.name.parse()?;
    if own == *name { Ok(items) } else { Ok(service.evidence.evidence_of(&own).await?) }
}

pub(crate) async fn answer(
    service: &Service,
    name: &FindingName,
    mut parameters: Parameters,
) -> Result<Response, ApiError> {
    parameters.take_numbers()?;
    parameters.finish()?;
    let items = found(service, name).await?;
    Ok(Json(json!({"evidence": items.iter().map(written).collect::<Vec<_>>()})).into_response())
}
