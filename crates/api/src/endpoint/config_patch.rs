//! `PATCH …/muteConfigs/{id}`, `…/notificationConfigs/{id}`, `…/bigQueryExports/{id}`: changes what the mask names, or
//! everything without one.

use serde_json::{Map, Value};
use store::{DocumentKind, Expectation};

use crate::body::Body;
use crate::call::{Answer, Call};
use crate::config::{self, ConfigKind, INTERNAL};
use crate::error::ApiError;
use crate::mask::Mask;
use crate::mutes;

/// How often a change that others overtook is tried again.
const TRIES: usize = 5;

pub(crate) async fn answer(mut call: Call, kind: &ConfigKind) -> Result<Answer, ApiError> {
    let mask = Mask::read(call.parameters.take("updateMask"), kind.noun)?;
    mask.only(kind.fields, |_| None)?;
    for _ in 0..TRIES {
        let stored = config::stored(kind, &call).await?;
        let before = stored.body.as_object().cloned().unwrap_or_default();
        let is_own = |(key, _): &(&String, &Value)| kind.fields.contains(&key.as_str());
        let own = |fields: &Map<String, Value>| -> Map<String, Value> {
            fields.iter().filter(is_own).map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let said = own(&call.body.0);
        let mut fields = if mask.is_empty() { said.clone() } else { own(&before) };
        mask.write(&said, &mut fields);
        let mut fields = (kind.check)(&Body(fields), Some(&before), call.now)?;
        config::check_use(kind, &call, &stored.name, &fields)?;
        fields.insert("mostRecentEditor".into(), call.principal.name.clone().into());
        if kind.documents == DocumentKind::MuteConfig {
            let filter = fields.get("filter").and_then(Value::as_str).unwrap_or_default();
            let note =
                mutes::to_settle(Some(&stored), fields.get("type").is_some_and(|t| t == "DYNAMIC"), filter);
            fields.insert(INTERNAL.into(), note);
        }
        let expected = Expectation::Revision(stored.revision);
        let documents = &*call.service.documents;
        let written = documents
            .put_document(kind.documents, &stored.name, Value::Object(fields), expected, call.now)
            .await?;
        if let Some(document) = written {
            config::applied(kind, &call).await?;
            return Ok(Answer::Json(config::written(
                kind,
                &document,
                call.target.version,
                call.writing.numbers,
            )));
        }
    }
    Err(ApiError::Aborted { what: config::name(kind, &call.target.names)? })
}
