//! `GET /v2/{name}/evidence`: what was kept for a finding. Ours.

use finding::FindingName;
use serde_json::{Value, json};
use store::{EvidenceItem, EvidenceKind};

use crate::call::{Answer, Call};
use crate::custody::Custody;
use crate::elf_facts;
use crate::error::ApiError;
use crate::service::Service;
use crate::stored;

/// What is known of a piece besides its bytes.
pub(super) fn written(item: &EvidenceItem) -> Value {
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
    let item = stored::get(&*service.findings, name).await?;
    let own: FindingName = item.finding.name.parse()?;
    if own == *name { Ok(items) } else { Ok(service.evidence.evidence_of(&own).await?) }
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let items = found(&call.service, &name).await?;
    let facts = elf_facts::of(&*call.service.evidence, &items).await?;
    let custody = Custody::read(&call.service, &name, &items).await?;
    let pieces = items.iter().map(|item| {
        let mut piece = written(item);
        piece["custody"] = custody.of(item);
        let elf = facts.get(&item.sha256).filter(|_| item.meta.kind == EvidenceKind::Executable);
        if let Some(elf) = elf {
            piece["elf"] = elf.clone();
        }
        piece
    });
    Ok(Answer::Json(json!({"evidence": pieces.collect::<Vec<_>>()})))
}
