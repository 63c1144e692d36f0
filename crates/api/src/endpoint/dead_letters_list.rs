//! `GET …/notificationConfigs/{config}/deadLetters`: what could not be delivered, the oldest first. Ours.

use serde_json::{Value, json};
use store::{DocumentKind, DocumentQuery};

use crate::call::{Answer, Call};
use crate::config::{self, NOTIFICATION_CONFIG};
use crate::error::ApiError;
use crate::paging;

/// Dead letters of one config that are counted at most.
pub(super) const MOST: u32 = 10_000;

/// Those of one config: their names begin with its name.
pub(super) fn query(config: &str, after: Option<String>, limit: u32) -> DocumentQuery {
    DocumentQuery { kind: DocumentKind::DeadLetter, prefix: format!("{config}/"), after, limit }
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let size = call.page_size()?.get();
    let config = config::stored(&NOTIFICATION_CONFIG, &call).await?.name;
    let after = paging::after(call.parameters.take("pageToken"), &format!("{config}/"))?;
    let mut letters = call.service.documents.documents(query(&config, after, u32::from(size) + 1)).await?;
    let has_more = letters.len() > usize::from(size);
    letters.truncate(usize::from(size));
    let written = letters.iter().map(|letter| {
        let id = letter.name.strip_prefix(&format!("{config}/")).unwrap_or_default();
        let mut fields = letter.body.as_object().cloned().unwrap_or_default();
        fields.insert("name".into(), format!("{config}/deadLetters/{id}").into());
        fields.insert("createTime".into(), letter.create_time.to_string().into());
        Value::Object(fields)
    });
    let mut answer = json!({ "deadLetters": written.collect::<Vec<_>>() });
    if let Some(last) = letters.last().filter(|_| has_more) {
        answer["nextPageToken"] = paging::token(&last.name).into();
    }
    Ok(Answer::Json(answer))
}
