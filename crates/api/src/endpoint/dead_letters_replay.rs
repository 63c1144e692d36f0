//! `POST …/notificationConfigs/{config}:replayDeadLetters`: sends what could not be delivered again, as much as can be told in
//! time for an answer. What is left, and why, is in the answer. Ours.

use serde_json::json;

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::config::{self, NOTIFICATION_CONFIG};
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let outputs = present(&call.service.administration.outputs, "outputs")?;
    let config = config::stored(&NOTIFICATION_CONFIG, &call).await?;
    let replayed = outputs.replay(&config.name).await?;
    let mut answer = json!({
        "deliveredCount": replayed.delivered.to_string(),
        "remainingCount": replayed.remaining.to_string(),
    });
    if let Some(reason) = replayed.stopped {
        answer["stopReason"] = reason.into();
    }
    Ok(Answer::Json(answer))
}
