//! `GET /v2/{parent}/findings`: one page of findings, newest first.

use serde_json::{Value, json};
use store::{ListQuery, OrderBy, StateChange};

use crate::call::{Answer, Call, filter};
use crate::error::ApiError;
use crate::past::Past;
use crate::routes::Version;
use crate::shape::Shape;

fn query(call: &mut Call) -> Result<(ListQuery, Past), ApiError> {
    let parent = call.target.names.parent()?;
    let page_size = call.page_size()?;
    let parameters = &mut call.parameters;
    let order = parameters.take("orderBy").unwrap_or_default();
    let order_by: OrderBy = order.parse().map_err(|e| ApiError::invalid("orderBy", &e))?;
    let filter = filter("filter", &parameters.take("filter").unwrap_or_default())?;
    let (read_time, compare) = (parameters.take("readTime"), parameters.take("compareDuration"));
    let past = Past::read(read_time, compare, parameters.take("pageToken"), call.now)?;
    let (at, compared, page_token) = (past.at, past.compared, past.page_token.clone());
    Ok((ListQuery { page_size, order_by, page_token, filter, at, compared, ..ListQuery::new(parent) }, past))
}

fn state_change(change: StateChange, numbers: bool) -> Value {
    if numbers { Value::from(number(change)) } else { Value::from(change.name()) }
}

fn number(change: StateChange) -> i32 {
    match change {
        StateChange::Unused => 0,
        StateChange::Changed => 1,
        StateChange::Unchanged => 2,
        StateChange::Added => 3,
        StateChange::Removed => 4,
    }
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let (version, numbers) = (call.target.version, call.writing.numbers);
    let shape = Shape::take(version, numbers, &mut call.parameters)?;
    let (query, past) = query(&mut call)?;
    let read_time = query.at.unwrap_or(call.now);
    let page = call.service.findings.list(query).await?;
    // one result after the other becomes text: a page of values would take many times the memory of its text
    let mut body = String::from("{\"listFindingsResults\":[");
    for (at, item) in page.results.into_iter().enumerate() {
        let mut result = shape.write(&item);
        if version == Version::V1 {
            let change = page.changes.get(at).copied().unwrap_or_default();
            result["stateChange"] = state_change(change, numbers);
        }
        body.push_str(if at > 0 { "," } else { "" });
        body.push_str(&result.to_string());
    }
    let mut rest = json!({ "totalSize": i32::try_from(page.total_size).unwrap_or(i32::MAX) });
    if page.total_is_least {
        rest["totalSizeIsLeast"] = Value::from(true);
    }
    if let Some(token) = page.next_page_token {
        rest["nextPageToken"] = Value::from(past.token(token));
    }
    if version == Version::V1 {
        rest["readTime"] = Value::from(read_time.to_string());
    }
    body.push_str("],");
    body.push_str(rest.to_string().trim_start_matches('{'));
    Ok(Answer::Text(body))
}
