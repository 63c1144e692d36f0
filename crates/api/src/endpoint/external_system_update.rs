//! `PATCH /v2/{finding}/externalSystems/{system}`: what a ticket system knows of a finding.

use finding::ExternalSystem;
use serde_json::{Map, Value};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::mask::Mask;
use crate::message;
use crate::routes::Version;
use crate::shape::v1_name;
use crate::stored;

/// Systems that know of one finding.
const SYSTEMS_MAX: usize = 20;

const FIELDS: &[&str] = &[
    "assignees",
    "externalUid",
    "status",
    "externalSystemUpdateTime",
    "caseUri",
    "casePriority",
    "caseSla",
    "caseCreateTime",
    "caseCloseTime",
    "ticketInfo",
];

fn id(call: &Call) -> Result<String, ApiError> {
    let id = call.target.names.get("system");
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..=128).contains(&id.len()) && id.chars().all(fits) {
        return Ok(id.to_owned());
    }
    Err(ApiError::invalid(
        "externalSystem.name",
        &"its last part must be 1 to 128 letters, digits, '_' or '-'",
    ))
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let id = id(&call)?;
    let mask = Mask::read(call.parameters.take("updateMask"), "externalSystem")?;
    mask.only(FIELDS, |_| None)?;
    let said: Map<String, Value> = call
        .body
        .0
        .iter()
        .filter(|(key, _)| FIELDS.contains(&key.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    message::read::<ExternalSystem>("externalSystem", &said)?;
    let key = id.clone();
    let item = stored::amend(&*call.service.findings, &name, call.now, move |item| {
        let finding = &mut item.finding;
        let known = finding.external_systems.get(&key);
        if known.is_none() && finding.external_systems.len() >= SYSTEMS_MAX {
            let reason = format!("at most {SYSTEMS_MAX} systems are kept for a finding");
            return Err(stored::refused("externalSystem.name", reason));
        }
        let mut system = if mask.is_empty() {
            message::read::<ExternalSystem>("externalSystem", &said)?
        } else {
            let mut stored = message::write(&known.cloned().unwrap_or_default());
            mask.write(&said, &mut stored);
            message::read("externalSystem", &stored)?
        };
        system.name = format!("{}/externalSystems/{key}", finding.name);
        finding.external_systems.insert(key.clone(), system);
        Ok(())
    })
    .await?;
    let mut system = item.finding.external_systems.get(&id).cloned().unwrap_or_default();
    if call.target.version == Version::V1 {
        system.name = v1_name(&system.name);
    }
    Ok(Answer::Json(Value::Object(message::write(&system))))
}
