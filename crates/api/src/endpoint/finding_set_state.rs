//! `POST /v2/{finding}:setState`: whether a finding still needs attention.

use finding::State;

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::routes::Version;
use crate::shape::Shape;
use crate::stored;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let name = call.target.names.finding()?;
    let said = call.body.choice("state", &[("STATE_UNSPECIFIED", 0), ("ACTIVE", 1), ("INACTIVE", 2)])?;
    let state = State::from_name(said).filter(|state| *state != State::Unspecified);
    let state = state.ok_or_else(|| ApiError::invalid("state", &"it must be ACTIVE or INACTIVE"))?;
    // v1 says since when; v2 has no such field, and an unknown field is ignored
    let since = if call.target.version == Version::V1 { call.body.time("startTime")? } else { None };
    if since.is_some_and(|since| since > call.now) {
        return Err(ApiError::invalid("startTime", &"it must not be in the future"));
    }
    let item = stored::amend(&*call.service.findings, &name, call.now, move |item| {
        item.finding.state = state;
        if since.is_some() {
            item.finding.event_time = since;
        }
        Ok(())
    })
    .await?;
    Ok(Answer::Json(Shape::whole(call.target.version, call.writing.numbers).finding(&item)))
}
