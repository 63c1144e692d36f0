//! `POST …/notificationConfigs/{config}:test`: sends a made-up finding, once, and says what the other side said. Ours.

use serde_json::json;

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::config::{self, NOTIFICATION_CONFIG};
use crate::error::ApiError;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let outputs = present(&call.service.administration.outputs, "outputs")?;
    let config = config::stored(&NOTIFICATION_CONFIG, &call).await?;
    outputs.send_test(&config.name, &config.body).await?;
    Ok(Answer::Json(json!({})))
}
