//! `POST /v2/detectors:replay`: what each detector makes of a recording, whose bytes are the body. Nothing of it is stored. Ours.

use serde_json::{Map, Value, json};

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::detectors::written_verdict;
use crate::error::ApiError;

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let detectors = present(&call.service.administration.detectors, "detectors")?;
    let upload = call.upload.take().ok_or(ApiError::Defect)?;
    let size = upload.bytes.len();
    // the place of the one upload at a time is given back when this is answered
    let rehearsal = detectors.rehearse(upload.bytes).await?;
    let findings = serde_json::to_value(&rehearsal.findings).map_err(|_| ApiError::Defect)?;
    let verdicts: Vec<Value> = rehearsal.verdicts.iter().map(written_verdict).collect();
    let mut answer = json!({
        "records": rehearsal.records.to_string(), "findings": findings, "verdicts": verdicts,
    });
    if rehearsal.findings_left_out > 0 {
        answer["findingsLeftOut"] = rehearsal.findings_left_out.to_string().into();
    }
    drop(upload.place);
    Ok(Answer::Noted(answer, Map::from_iter([("bytes".to_owned(), size.into())])))
}
