//! `GET /v1/{scope}/locations/{location}/securityCenterServices/container-threat-detection`: whether detection is on there,
//! and each module.

use serde_json::{Map, Value, json};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::settings::{self, Effective, SERVICE, Said};

/// The settings' place, and the location that the path names.
pub(super) fn place(call: &Call) -> Result<(String, String), ApiError> {
    let names = &call.target.names;
    let service = names.get("service");
    if !matches!(service, "" | SERVICE) {
        return Err(ApiError::NotFound { what: format!("the service {service:?}") });
    }
    match names.get("location") {
        "global" => Ok((names.scope()?.to_string(), "global".into())),
        location => Err(ApiError::NotFound {
            what: format!("a service in the location {location:?}, only in global,"),
        }),
    }
}

pub(super) fn written(place: &str, location: &str, said: &Said, effective: &Effective) -> Value {
    let modules = effective.modules.iter().map(|(name, state)| {
        (
            name.clone(),
            json!({"intendedEnablementState": said.module(name), "effectiveEnablementState": state}),
        )
    });
    let mut service = json!({
        "name": format!("{place}/locations/{location}/securityCenterServices/{SERVICE}"),
        "intendedEnablementState": said.service,
        "effectiveEnablementState": effective.service,
        "modules": modules.collect::<Map<_, _>>(),
    });
    if !said.update_time.is_empty() {
        service["updateTime"] = said.update_time.as_str().into();
    }
    service
}

pub(super) async fn found(call: &Call) -> Result<Value, ApiError> {
    let (place, location) = place(call)?;
    let (said, effective) = settings::read(call, &place).await?;
    Ok(written(&place, &location, &said, &effective))
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    Ok(Answer::Json(found(&call).await?))
}
