//! `GET /v2/{scope}/notificationConfigs:status`: what became of each output's messages, on this server since it started; under
//! `organizations/-` of all there are. Ours.

use serde_json::json;
use store::{DocumentKind, DocumentQuery};

use crate::administration::present;
use crate::call::{Answer, Call};
use crate::config::{self, NOTIFICATION_CONFIG};
use crate::endpoint::dead_letters_list;
use crate::error::ApiError;
use crate::paging;

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let outputs = present(&call.service.administration.outputs, "outputs")?;
    let size = call.page_size()?.get();
    let prefix = match (call.target.names.scope()?.is_everything(), call.target.names.get("location")) {
        (true, "" | "-") => String::new(),
        _ => config::prefix(&NOTIFICATION_CONFIG, &call.target.names, true)?,
    };
    let after = paging::after(call.parameters.take("pageToken"), &prefix)?;
    let limit = u32::from(size) + 1;
    let query = DocumentQuery { kind: DocumentKind::NotificationConfig, prefix, after, limit };
    let documents = &*call.service.documents;
    let mut configs = documents.documents(query).await?;
    let has_more = configs.len() > usize::from(size);
    configs.truncate(usize::from(size));
    let counts = outputs.counts();
    let mut page = Vec::new();
    for config in &configs {
        let of_it = counts.get(&config.name).copied().unwrap_or_default();
        let letters = dead_letters_list::query(&config.name, None, dead_letters_list::MOST);
        page.push(json!({
            "name": config.name,
            "description": config.body["description"].as_str().unwrap_or_default(),
            "deliveredCount": of_it.delivered.to_string(),
            "failedCount": of_it.failed.to_string(),
            "deadLetteredCount": of_it.dead_lettered.to_string(),
            "waitingCount": of_it.waiting.to_string(),
            "deadLetterCount": documents.documents(letters).await?.len().to_string(),
        }));
    }
    let mut answer = json!({ "outputs": page });
    if let Some(last) = configs.last().filter(|_| has_more) {
        answer["nextPageToken"] = paging::token(&last.name).into();
    }
    Ok(Answer::Json(answer))
}
