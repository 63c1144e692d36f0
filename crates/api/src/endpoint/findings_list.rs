//! `GET /v2/{parent}/findings`: one page of findings, newest first.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::header;
use axum::response::{IntoResponse, Response};
use finding::{Parent, Timestamp};
use finding_filter::Filter;
use serde_json::{Value, json};
use store::{ListQuery, OrderBy, PageSize};

use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::Version;
use crate::service::Service;
use crate::shape::Shape;

/// Parameters that change what is listed and are not done yet: an answer without them would be a wrong answer.
const NOT_YET: [&str; 2] = ["readTime", "compareDuration"];

fn query(parent: Parent, parameters: &mut Parameters) -> Result<ListQuery, ApiError> {
    if let Some(name) = NOT_YET.iter().find(|name| parameters.take(name).is_some()) {
        return Err(ApiError::Unimplemented { what: format!("the parameter {name:?}") });
    }
    let size = parameters.take("pageSize").unwrap_or_default();
    let page_size = match size.as_str() {
        // proto3 cannot tell 0 from absent.
        "" | "0" => PageSize::default(),
        text => {
            let number = text.parse::<i64>().map_err(|_| {
                ApiError::invalid("pageSize", &format!("{text:?} is not a number; ask for 1 to 1000"))
            })?;
            PageSize::new(number).map_err(|e| ApiError::invalid("pageSize", &e))?
        }
    };
    let order = parameters.take("orderBy").unwrap_or_default();
    let order_by: OrderBy = order.parse().map_err(|e| ApiError::invalid("orderBy", &e))?;
    let filter = parameters.take("filter").unwrap_or_default();
    let filter: Filter = filter.parse().map_err(|e| ApiError::invalid("filter", &e))?;
    let page_token = parameters.take("pageToken");
    Ok(ListQuery { page_size, order_by, page_token, filter, ..ListQuery::new(parent) })
}

pub(crate) async fn answer(
    service: &Service,
    version: Version,
    parent: Parent,
    mut parameters: Parameters,
) -> Result<Response, ApiError> {
    let shape = Shape::take(version, &mut parameters)?;
    let query = query(parent, &mut parameters)?;
    parameters.finish()?;
    let page = service.findings.list(query).await?;
    // one result after the other becomes text: a page of values would take many times the memory of its text
    let mut body = String::from("{\"listFindingsResults\":[");
    for (at, item) in page.results.into_iter().enumerate() {
        let mut result = shape.write(&item);
        if version == Version::V1 {
            result["stateChange"] = Value::from("UNUSED");
        }
        body.push_str(if at > 0 { "," } else { "" });
        body.push_str(&result.to_string());
    }
    let mut rest = json!({ "totalSize": i32::try_from(page.total_size).unwrap_or(i32::MAX) });
    if let Some(token) = page.next_page_token {
        rest["nextPageToken"] = Value::from(token);
    }
    if version == Version::V1 {
        rest["readTime"] = Value::from(now().to_string());
    }
    body.push_str("],");
    body.push_str(rest.to_string().trim_start_matches('{'));
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
