//! `GET /v2/{scope}/sensors/{cluster}/{node}`: what is known of one sensor. Ours.

use store::DocumentKind;

use crate::call::{Answer, Call};
use crate::endpoint::sensors_list;
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = call.target.names.scope()?;
    let name = format!("{}/{}", call.target.names.get("cluster"), call.target.names.get("node"));
    let found = call.service.documents.document(DocumentKind::Sensor, &name).await?;
    let found = found.filter(|sensor| sensors_list::is_of(&call.service, &scope, sensor));
    let found = found.ok_or_else(|| ApiError::NotFound { what: format!("sensor {scope}/sensors/{name}") })?;
    Ok(Answer::Json(sensors_list::written(&call.service, &scope, &found, call.now)))
}
