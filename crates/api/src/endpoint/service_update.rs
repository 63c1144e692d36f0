//! `PATCH /v1/{scope}/locations/{location}/securityCenterServices/container-threat-detection`: switches detection, or single
//! modules, on and off.

use crate::call::{Answer, Call};
use crate::endpoint::service_get;
use crate::error::ApiError;
use crate::mask::Mask;
use crate::settings;

const FIELDS: &[&str] = &["intendedEnablementState", "modules"];
const STATE: &str = "intendedEnablementState";

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let mask = Mask::read(call.parameters.take("updateMask"), "securityCenterService")?;
    mask.only(FIELDS, |_| None)?;
    let only_validate = match call.parameters.take("validateOnly").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(ApiError::invalid("validateOnly", &"it must be true or false")),
    };
    let (place, location) = service_get::place(&call)?;
    let (mut said, _) = settings::read(&call, &place).await?;
    let state = settings::state(call.body.0.get(STATE), STATE)?;
    let modules = settings::modules(&call, &call.body.object("modules")?, STATE)?;
    let names = |field: &str| match mask.is_empty() {
        true => call.body.0.contains_key(field),
        false => mask.paths().iter().any(|path| path.first().is_some_and(|first| first == field)),
    };
    if names(STATE) {
        said.service = state.into();
    }
    if names("modules") {
        // what is not named stays as it is, unless one module was meant that is no longer said
        for path in mask.paths().iter().filter(|path| path.len() > 1) {
            let name = path[1].split('.').next().unwrap_or_default();
            if !call.service.modules.iter().any(|module| module.name == name) {
                return Err(ApiError::invalid("updateMask", &format!("there is no module {name:?}")));
            }
            said.modules.remove(name);
        }
        said.modules.extend(modules);
    }
    if !only_validate {
        settings::write(&call, &place, &said).await?;
    }
    let (stored, effective) = settings::read(&call, &place).await?;
    let said = if only_validate { said } else { stored };
    Ok(Answer::Json(service_get::written(&place, &location, &said, &effective)))
}
