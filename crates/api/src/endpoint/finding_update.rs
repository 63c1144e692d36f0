//! `PATCH /v2/{finding}`: changes the fields that the mask names. Without a mask, a finding that does not exist is created.

use finding::{Finding, FindingResource};
use serde_json::{Map, Value};
use store::Refusal;

use crate::call::{Answer, Call};
use crate::endpoint::finding_create;
use crate::error::ApiError;
use crate::mask::Mask;
use crate::shape::Shape;
use crate::stored;
use crate::written_finding::{MUTABLE, ONCE, checked, unchangeable};
use crate::{message, written_finding};

/// Without a mask: everything that is said, and the source's properties as a whole.
fn all(said: &Map<String, Value>, stored: &mut Map<String, Value>) -> Result<(), Refusal> {
    for field in ONCE {
        if said.get(*field).is_some_and(|value| stored.get(*field) != Some(value)) {
            let reason = unchangeable(field).unwrap_or_default();
            return Err(stored::refused(format!("finding.{field}"), reason));
        }
    }
    stored.remove("sourceProperties");
    let said = said.iter().filter(|(key, _)| MUTABLE.contains(&key.as_str()));
    stored.extend(said.map(|(key, value)| (key.clone(), value.clone())));
    Ok(())
}

fn edited(
    item: &mut FindingResource,
    said: &Map<String, Value>,
    mask: &Mask,
    now: finding::Timestamp,
) -> Result<(), Refusal> {
    let mut fields = message::write(&item.finding);
    if mask.is_empty() {
        all(said, &mut fields)?
    } else {
        mask.write(said, &mut fields)
    }
    written_finding::checked(&fields, now)?;
    let state = item.finding.state;
    let mut finding: Finding = message::read("finding", &fields)?;
    if finding.state == finding::State::Unspecified {
        finding.state = state;
    }
    item.finding = finding;
    Ok(())
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let mask = Mask::read(call.parameters.take("updateMask"), "finding")?;
    mask.only(MUTABLE, unchangeable)?;
    let said = checked(&call.body.0, call.now)?;
    let shape = Shape::whole(call.target.version, call.writing.numbers);
    if mask.is_empty()
        && stored::find(&*call.service.findings, &name).await?.is_none()
        && let Some(item) = finding_create::create(&call, &name).await?
    {
        return Ok(Answer::Json(shape.finding(&item)));
    }
    let now = call.now;
    let edit = move |item: &mut FindingResource| edited(item, &said, &mask, now);
    let item = stored::amend(&*call.service.findings, &name, now, edit).await?;
    Ok(Answer::Json(shape.finding(&item)))
}
