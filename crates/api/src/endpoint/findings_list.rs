//! `GET /v2/{parent}/findings`: one page of findings, newest first.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::response::{IntoResponse, Response};
use finding::{Parent, Timestamp};
use serde_json::{Value, json};
use store::{ListQuery, OrderBy, PageSize};

use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::path::Version;
use crate::service::Service;
use crate::shape::Shape;

/// Parameters that change what is listed and are not done yet: an answer without them would be a wrong answer.
const NOT_YET: [&str; 3] = ["filter", "readTime", "compareDuration"];

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
    Ok(ListQuery { page_size, order_by, page_token: parameters.take("pageToken"), ..ListQuery::new(parent) })
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
    let results = page.results.iter().map(|item| {
        let mut result = shape.write(item);
        if version == Version::V1 {
            result["stateChange"] = Value::from("UNUSED");
        }
        result
    });
    let mut body = json!({
        "listFindingsResults": results.collect::<Vec<_>>(),
        "totalSize": i32::try_from(page.total_size).unwrap_or(i32::MAX),
    });
    if let Some(token) = page.next_page_token {
        body["nextPageToken"] = Value::from(token);
    }
    if version == Version::V1 {
        body["readTime"] = Value::from(now().to_string());
    }
    Ok(Json(body).into_response())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
