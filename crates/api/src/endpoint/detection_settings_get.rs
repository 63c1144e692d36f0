//! `GET /v1beta2/{scope or cluster}/containerThreatDetectionSettings[:calculate]`: the older form of the same settings, down to
//! single clusters. `:calculate` tells what holds, without it what is said there.

use serde_json::{Map, Value, json};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::method::ApiMethod;
use crate::settings::{self, Effective, Said};

/// `projects/p` or `projects/p/locations/l/clusters/c`.
pub(super) fn place(call: &Call) -> Result<String, ApiError> {
    let names = &call.target.names;
    let scope = names.scope()?;
    let (location, cluster) = (names.get("location"), names.get("cluster"));
    if cluster.is_empty() {
        return Ok(scope.to_string());
    }
    for part in [location, cluster] {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if part.len() > 128 || !part.chars().all(fits) {
            return Err(ApiError::invalid("name", &format!("{part:?} is not a location or cluster")));
        }
    }
    if names.get("collection") != "projects" {
        return Err(ApiError::NotFound { what: format!("a cluster of {scope}") });
    }
    Ok(format!("{scope}/locations/{location}/clusters/{cluster}"))
}

pub(super) fn written(place: &str, said: &Said, effective: Option<&Effective>) -> Value {
    let state = |state: &str| json!({"moduleEnablementState": state});
    let modules: Map<String, Value> = match effective {
        Some(effective) => effective.modules.iter().map(|(name, s)| (name.clone(), state(s))).collect(),
        None => said.modules.iter().map(|(name, s)| (name.clone(), state(s))).collect(),
    };
    let mut settings = json!({
        "name": format!("{place}/containerThreatDetectionSettings"),
        "serviceEnablementState": effective.map_or(said.service.as_str(), |effective| effective.service),
        "modules": modules,
    });
    if !said.update_time.is_empty() {
        settings["updateTime"] = said.update_time.as_str().into();
    }
    settings
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let place = place(&call)?;
    let (said, effective) = settings::read(&call, &place).await?;
    let calculated = call.target.route.method == ApiMethod::DetectionSettingsCalculate;
    Ok(Answer::Json(written(&place, &said, calculated.then_some(&effective))))
}
