//! `GET /v2/configuration`: what the running server is set to. Ours.

use serde_json::Value;

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::error::ApiError;

pub(crate) fn answer(call: &Call) -> Result<Answer, ApiError> {
    let found = present(&call.service.administration.configuration, "configuration to show")?;
    Ok(Answer::Json(Value::clone(&found)))
}
