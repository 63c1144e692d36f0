//! `POST /v2/{scope}/findings:bulkMute`: hides everything that matches, or leaves it to the rules again.
//!
//! A long-running operation, as the published interface has it: most are done before they are answered, and what takes
//! longer goes on and can be asked for by the operation's name.

use std::time::Duration;

use finding::{FindingName, Mute, Parent, Timestamp};
use serde_json::{Value, json};
use store::{DocumentKind, Expectation, ListQuery, PageSize, StoreError};

use crate::call::{Answer, Call, filter};
use crate::endpoint::operation_get::written;
use crate::error::ApiError;
use crate::routes::Version;
use crate::service::Service;

/// How long an answer waits for the end.
const WAIT: Duration = Duration::from_secs(8);

/// What is done.
struct Walk {
    query: ListQuery,
    mute: Mute,
    by: String,
    now: Timestamp,
}

impl Walk {
    async fn run(self, service: &Service) -> Result<u64, StoreError> {
        let (mut query, mut count) = (self.query, 0);
        loop {
            let page = service.findings.list(query.clone()).await?;
            for item in &page.results {
                let name: FindingName = item.finding.name.parse()?;
                let (mute, by, now) = (self.mute, self.by.clone(), self.now);
                let edit = move |item: &mut finding::FindingResource| {
                    store::say(&mut item.finding, mute, &by, now);
                    Ok(())
                };
                service.findings.amend(&name, Box::new(edit), now).await?;
                count += 1;
            }
            match page.next_page_token {
                Some(token) => query.page_token = Some(token),
                None => return Ok(count),
            }
        }
    }
}

fn mute(call: &Call) -> Result<Mute, ApiError> {
    // v1 can only hide, and older clients of v2 say nothing
    let states = [("MUTE_STATE_UNSPECIFIED", 0), ("MUTED", 1), ("UNDEFINED", 2)];
    match call.body.choice("muteState", &states)? {
        "UNDEFINED" if call.target.version != Version::V1 => Ok(Mute::Undefined),
        _ => Ok(Mute::Muted),
    }
}

/// Findings of the scope, in the location that the path names.
fn parent(call: &Call) -> Result<Parent, ApiError> {
    let scope = call.target.names.scope()?;
    let text = match call.target.names.get("location") {
        "" => format!("{scope}/sources/-"),
        location => format!("{scope}/sources/-/locations/{location}"),
    };
    text.parse().map_err(|e| ApiError::invalid("parent", &e))
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let text = call.body.text("filter", finding_filter::LENGTH_MAX)?;
    if text.trim().is_empty() {
        return Err(ApiError::invalid("filter", &"it must say what is meant; every finding would be hidden"));
    }
    let query = ListQuery {
        page_size: PageSize::MAX,
        filter: filter("filter", &text)?,
        ..ListQuery::new(parent(&call)?)
    };
    let walk = Walk { query, mute: mute(&call)?, by: call.principal.name.clone(), now: call.now };
    let name = format!("{}/operations/{}", call.target.names.scope()?, call.now.nanos());
    let (service, version, now) = (call.service, call.target.version, call.now);
    let begun = json!({"done": false, "filter": text});
    let documents = &service.documents;
    let kind = DocumentKind::Operation;
    let stored = documents.put_document(kind, &name, begun, Expectation::Absent, now).await?;
    stored.ok_or_else(|| ApiError::Aborted { what: format!("operation {name}") })?;
    let work = tokio::spawn({
        let (service, name) = (std::sync::Arc::clone(&service), name.clone());
        async move {
            let body = match walk.run(&service).await {
                Ok(count) => json!({"done": true, "count": count.to_string()}),
                Err(error) => {
                    tracing::error!(%error, "hiding many findings ended early");
                    json!({"done": true, "error": "the store cannot go on; repeat the request"})
                }
            };
            let put = service.documents.put_document(kind, &name, body.clone(), Expectation::Any, now).await;
            if let Err(error) = put {
                tracing::error!(%error, "the end of an operation cannot be stored");
            }
            body
        }
    });
    let body = match tokio::time::timeout(WAIT, work).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return Err(ApiError::Defect),
        Err(_) => Value::Null,
    };
    Ok(Answer::Json(written(&name, &body, version)))
}
