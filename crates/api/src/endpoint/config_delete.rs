//! `DELETE …/muteConfigs/{id}`, `…/notificationConfigs/{id}`, `…/bigQueryExports/{id}`.

use serde_json::json;
use store::{DocumentKind, Expectation};

use crate::call::{Answer, Call};
use crate::config::{self, ConfigKind, INTERNAL};
use crate::error::ApiError;
use crate::mutes;

pub(crate) async fn answer(call: Call, kind: &ConfigKind) -> Result<Answer, ApiError> {
    let stored = config::stored(kind, &call).await?;
    let documents = &*call.service.documents;
    if kind.documents == DocumentKind::MuteConfig {
        // it goes when what it hid is shown again, even when the server ends in between
        let mut body = stored.body.clone();
        body[INTERNAL] = mutes::to_delete(&stored);
        let expected = Expectation::Revision(stored.revision);
        if documents.put_document(kind.documents, &stored.name, body, expected, call.now).await?.is_none() {
            return Err(ApiError::Aborted { what: stored.name });
        }
        config::applied(kind, &call).await?;
    } else {
        documents.remove_document(kind.documents, &stored.name).await?;
    }
    Ok(Answer::Json(json!({})))
}
