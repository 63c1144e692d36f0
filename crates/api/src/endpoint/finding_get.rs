//! `GET /v2/{name}`: one finding with its resource, in the shape of a list result. Ours: the published interface has
//! no such call.

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::shape::Shape;
use crate::stored;

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let shape = Shape::take(call.target.version, call.writing.numbers, &mut call.parameters)?;
    let item = stored::get(&*call.service.findings, &call.target.names.finding()?).await?;
    Ok(Answer::Json(shape.write(&item)))
}
