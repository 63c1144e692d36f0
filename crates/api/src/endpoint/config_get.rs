//! `GET …/muteConfigs/{id}`, `…/notificationConfigs/{id}`, `…/bigQueryExports/{id}`: one configuration.

use crate::call::{Answer, Call};
use crate::config::{self, ConfigKind};
use crate::error::ApiError;

pub(crate) async fn answer(call: Call, kind: &ConfigKind) -> Result<Answer, ApiError> {
    let document = config::stored(kind, &call).await?;
    Ok(Answer::Json(config::written(kind, &document, call.target.version, call.writing.numbers)))
}
