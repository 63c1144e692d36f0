//! `POST /v2/detectors:try`: what each detector makes of a command line. Ours.

use serde_json::{Value, json};

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::detectors::written_verdict;
use crate::error::ApiError;

/// Characters of a command line: sensors keep as much of one.
const MOST: usize = 4 << 10;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let detectors = present(&call.service.administration.detectors, "detectors")?;
    let command_line = call.body.text("commandLine", MOST)?;
    if command_line.trim().is_empty() {
        return Err(ApiError::invalid("commandLine", &"write a command line, as a shell would read it"));
    }
    let verdicts = detectors.attempt(command_line).await?;
    let verdicts: Vec<Value> = verdicts.iter().map(written_verdict).collect();
    Ok(Answer::Json(json!({ "verdicts": verdicts })))
}
