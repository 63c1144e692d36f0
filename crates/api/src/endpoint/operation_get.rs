//! `GET /v2/{scope}/operations/{operation}`: how far something has come that takes long.

use serde_json::{Value, json};
use store::DocumentKind;

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::routes::Version;

/// As clients of the published interface read it.
pub(super) fn written(name: &str, body: &Value, version: Version) -> Value {
    let message =
        format!("type.googleapis.com/google.cloud.securitycenter.{}.BulkMuteFindings", version.name());
    let mut answer = json!({"name": name, "done": body["done"] == true});
    if let Some(error) = body["error"].as_str() {
        // 14 is the canonical code UNAVAILABLE
        answer["error"] = json!({"code": 14, "message": error, "details": []});
    } else if body["done"] == true {
        answer["response"] = json!({"@type": format!("{message}Response")});
    }
    answer
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let name = format!("{}/operations/{}", call.target.names.scope()?, call.target.names.get("operation"));
    let document = call.service.documents.document(DocumentKind::Operation, &name).await?;
    let document = document.ok_or_else(|| ApiError::NotFound { what: format!("operation {name}") })?;
    Ok(Answer::Json(written(&name, &document.body, call.target.version)))
}
