//! `GET /v1/{scope}/locations/{location}/securityCenterServices`: the one service there is.

use serde_json::json;

use crate::call::{Answer, Call};
use crate::endpoint::service_get;
use crate::error::ApiError;
use crate::paging;

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    call.page_size()?;
    let service = service_get::found(&call).await?;
    // one page holds them all, so no list gave a token away
    paging::after(call.parameters.take("pageToken"), "\n")?;
    Ok(Answer::Json(json!({"securityCenterServices": [service]})))
}
