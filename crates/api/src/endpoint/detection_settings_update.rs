//! `PATCH /v1beta2/{scope or cluster}/containerThreatDetectionSettings`: the older form of switching modules, down to single
//! clusters.

use crate::call::{Answer, Call};
use crate::endpoint::detection_settings_get;
use crate::error::ApiError;
use crate::mask::Mask;
use crate::settings;

const STATE: &str = "serviceEnablementState";
const FIELDS: &[&str] = &[STATE, "modules"];

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let mask = Mask::read(call.parameters.take("updateMask"), "containerThreatDetectionSettings")?;
    mask.only(FIELDS, |_| None)?;
    let place = detection_settings_get::place(&call)?;
    let (mut said, _) = settings::read(&call, &place).await?;
    let state = settings::state(call.body.0.get(STATE), STATE)?;
    let modules = settings::modules(&call, &call.body.object("modules")?, "moduleEnablementState")?;
    let is_meant = |field: &str| {
        mask.is_empty() || mask.paths().iter().any(|path| path.first().is_some_and(|f| f == field))
    };
    if is_meant(STATE) {
        said.service = state.into();
    }
    if is_meant("modules") {
        said.modules = modules;
    }
    settings::write(&call, &place, &said).await?;
    let (said, _) = settings::read(&call, &place).await?;
    Ok(Answer::Json(detection_settings_get::written(&place, &said, None)))
}
