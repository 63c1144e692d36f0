//! `GET /v2/{name}/versions`: what is kept of a finding's earlier states, the newest first. Ours.

use finding::FindingName;
use serde_json::{Value, json};
use store::{StoreError, VersionPlace, VersionQuery};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::paging;
use crate::shape::Shape;
use crate::stored;

fn place(token: &str) -> Result<VersionPlace, StoreError> {
    let number = |text: &str| text.parse().map_err(|_| StoreError::PageToken);
    let (until, sequence) = token.split_once('.').ok_or(StoreError::PageToken)?;
    Ok(VersionPlace { until: number(until)?, sequence: number(sequence)? })
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let limit = call.page_size()?;
    let token = call.parameters.take("pageToken");
    let item = stored::get(&*call.service.findings, &call.target.names.finding()?).await?;
    let finding: FindingName = item.finding.name.parse()?;
    let prefix = format!("{finding}/versions/");
    let after = paging::after(token, &prefix)?;
    let after = after.as_deref().and_then(|after| after.strip_prefix(&prefix)).map(place).transpose()?;
    let page = call.service.findings.versions(VersionQuery { finding, after, limit }).await?;
    let shape = Shape::whole(call.target.version, call.writing.numbers);
    let versions = page.versions.iter().map(|version| {
        let mut written = shape.write(&version.item);
        written["versionTime"] = Value::from(version.since.to_string());
        written["endTime"] = Value::from(version.until.to_string());
        written
    });
    let mut answer = json!({"versions": versions.collect::<Vec<_>>(), "nextPageToken": ""});
    if let Some(VersionPlace { until, sequence }) = page.next {
        answer["nextPageToken"] = paging::token(&format!("{prefix}{until}.{sequence}")).into();
    }
    Ok(Answer::Json(answer))
}
