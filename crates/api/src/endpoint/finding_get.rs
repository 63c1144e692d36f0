//! `GET /v2/{name}`: one finding with its resource, in the shape of a list result. Ours: the published interface has
//! no such call.

use axum::Json;
use axum::response::{IntoResponse, Response};
use finding::FindingName;

use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::Version;
use crate::service::Service;
use crate::shape::Shape;

pub(crate) async fn answer(
    service: &Service,
    version: Version,
    name: &FindingName,
    mut parameters: Parameters,
) -> Result<Response, ApiError> {
    let shape = Shape::take(version, &mut parameters)?;
    parameters.finish()?;
    match service.findings.get(name).await? {
        Some(item) => Ok(Json(shape.write(&item)).into_response()),
        None => Err(ApiError::NotFound { what: format!("finding {name}") }),
    }
}
