//! `GET …/muteConfigs`, `…/notificationConfigs`, `…/bigQueryExports`: configurations in the order of their names.

use serde_json::{Value, json};
use store::DocumentQuery;

use crate::call::{Answer, Call};
use crate::config::{self, ConfigKind};
use crate::error::ApiError;
use crate::{mutes, paging};

pub(crate) async fn answer(mut call: Call, kind: &ConfigKind) -> Result<Answer, ApiError> {
    let size = call.page_size()?.get();
    let prefix = config::prefix(kind, &call.target.names, true)?;
    let after = paging::after(call.parameters.take("pageToken"), &prefix)?;
    let query = DocumentQuery { kind: kind.documents, prefix, after, limit: u32::from(size) + 1 };
    let mut documents = call.service.documents.documents(query).await?;
    let has_more = documents.len() > usize::from(size);
    documents.truncate(usize::from(size));
    let next = documents.last().filter(|_| has_more).map(|last| paging::token(&last.name));
    let written = documents
        .iter()
        .filter(|document| !mutes::is_deleted(document))
        .map(|document| config::written(kind, document, call.target.version, call.writing.numbers));
    let mut answer = json!({ kind.collection: written.collect::<Vec<_>>() });
    if let Some(token) = next {
        answer["nextPageToken"] = Value::from(token);
    }
    Ok(Answer::Json(answer))
}
