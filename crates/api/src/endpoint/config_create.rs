//! `POST /v2/{scope}/muteConfigs`, `…/notificationConfigs`, `…/bigQueryExports`: a new configuration.

use serde_json::Value;
use store::{DocumentKind, DocumentQuery, Expectation};

use crate::call::{Answer, Call};
use crate::config::{self, ConfigKind, INTERNAL, MOST};
use crate::error::ApiError;
use crate::mutes;

pub(crate) async fn answer(mut call: Call, kind: &ConfigKind) -> Result<Answer, ApiError> {
    let id = call.parameters.take(kind.id_parameter).unwrap_or_default();
    config::check_id(kind.id_parameter, &id)?;
    let prefix = config::prefix(kind, &call.target.names, false)?;
    let mut fields = (kind.check)(&call.body, None, call.now)?;
    let name = format!("{prefix}{id}");
    config::check_use(kind, &call, &name, &fields)?;
    fields.insert("mostRecentEditor".into(), call.principal.name.clone().into());
    if kind.documents == DocumentKind::MuteConfig {
        let filter = fields.get("filter").and_then(Value::as_str).unwrap_or_default();
        let note = mutes::to_settle(None, fields.get("type").is_some_and(|t| t == "DYNAMIC"), filter);
        fields.insert(INTERNAL.into(), note);
    }
    let documents = &*call.service.documents;
    // locations are free to invent: what a scope may have, it has in all of them together
    let everywhere = config::prefix(kind, &call.target.names, true)?;
    let all = everywhere.split_once("/locations/").map_or(&*everywhere, |(scope, _)| scope);
    let prefix = format!("{all}/locations/");
    let query = DocumentQuery { kind: kind.documents, prefix, after: None, limit: MOST };
    if documents.documents(query).await?.len() >= MOST as usize {
        return Err(ApiError::invalid(
            "parent",
            &format!("it has {MOST} of them already, and no more are kept"),
        ));
    }
    let body = Value::Object(fields);
    match documents.put_document(kind.documents, &name, body, Expectation::Absent, call.now).await? {
        None => Err(ApiError::Exists { what: format!("{} {name}", kind.noun) }),
        Some(document) => {
            config::applied(kind, &call).await?;
            Ok(Answer::Json(config::written(kind, &document, call.target.version, call.writing.numbers)))
        }
    }
}
