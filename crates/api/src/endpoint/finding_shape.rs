//! `GET /v2/{name}:shape?shape=ocsf`: one finding as another product reads it. Ours.

use finding::{FindingResource, State};
use finding_shapes::Happening;
use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::routes::Version;
use crate::shape::{SHAPES, Shape};
use crate::stored;

fn document(shape: &str, item: &FindingResource) -> Option<Value> {
    let happening = match item.finding.state {
        State::Inactive => Happening::Closed,
        _ => Happening::Created,
    };
    Some(match shape {
        "scc-v2" => Shape::whole(Version::V2, false).write(item),
        "scc-v1" => Shape::whole(Version::V1, false).write(item),
        "console" => finding_shapes::console(item),
        "ocsf" => finding_shapes::ocsf(happening, item),
        "falco" => finding_shapes::falco(item),
        _ => return None,
    })
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let default = SHAPES.first().copied().unwrap_or_default();
    let shape = call.parameters.take("shape").unwrap_or_else(|| default.to_owned());
    if !SHAPES.contains(&shape.as_str()) {
        return Err(ApiError::invalid("shape", &format!("it must be one of {}", SHAPES.join(", "))));
    }
    let item = stored::get(&*call.service.findings, &call.target.names.finding()?).await?;
    let document = document(&shape, &item).ok_or(ApiError::Defect)?;
    Ok(Answer::Json(json!({"shape": shape, "document": document})))
}
