//! `POST /v2/{parent}/findings:group`: how many findings there are of each kind.

use finding_filter::{Field, Kind};
use serde_json::{Value, json};
use store::{GroupField, GroupQuery};

use crate::call::{Answer, Call, filter};
use crate::error::ApiError;
use crate::past::Past;
use crate::routes::Version;
use finding::snake_case;

/// Fields at most.
const FIELDS_MAX: usize = 8;

fn field(name: &str, version: Version, is_compared: bool) -> Result<GroupField, ApiError> {
    let wrong = |reason: &str| ApiError::invalid("groupBy", &format!("{name:?}: {reason}"));
    let snake = if name.contains('.') { name.to_owned() } else { snake_case(name) };
    if version == Version::V1 && snake == "state_change" {
        return if is_compared {
            Ok(GroupField::StateChange)
        } else {
            Err(wrong("needs compareDuration: without it nothing is compared"))
        };
    }
    let field = Field::named(&snake).map_err(|e| ApiError::invalid("groupBy", &e))?;
    if !field.is_single() || field.kind == Kind::Parts {
        return Err(wrong("it has more than one value; group by a field that has one, such as category"));
    }
    Ok(GroupField::Field(field))
}

fn query(call: &mut Call) -> Result<(GroupQuery, Past), ApiError> {
    let parent = call.target.names.parent()?;
    let page_size = call.page_size()?;
    let body = &call.body;
    let is_v1 = call.target.version == Version::V1;
    let taken = |field| {
        let text = if is_v1 || field == "pageToken" { body.text(field, 16 << 10)? } else { String::new() };
        Ok::<_, ApiError>(Some(text).filter(|text| !text.is_empty()))
    };
    let past = Past::read(taken("readTime")?, taken("compareDuration")?, taken("pageToken")?, call.now)?;
    let filter = filter("filter", &body.text("filter", usize::MAX)?)?;
    let text = body.text("groupBy", 4_096)?;
    let names: Vec<&str> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() || names.len() > FIELDS_MAX {
        let reason =
            format!("it must name 1 to {FIELDS_MAX} fields, separated by commas, such as category,severity");
        return Err(ApiError::invalid("groupBy", &reason));
    }
    let by = names.into_iter().map(|name| field(name, call.target.version, past.compared.is_some()));
    let by = by.collect::<Result<Vec<_>, _>>()?;
    let (at, compared, page_token) = (past.at, past.compared, past.page_token.clone());
    Ok((GroupQuery { parent, filter, by, page_size, page_token, at, compared }, past))
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let (query, past) = query(&mut call)?;
    let page = call.service.findings.group(query).await?;
    let groups = page
        .groups
        .into_iter()
        .map(|group| json!({"properties": group.properties, "count": group.count.to_string()}));
    let mut answer = json!({
        "groupByResults": groups.collect::<Vec<_>>(),
        "totalSize": i32::try_from(page.total_size).unwrap_or(i32::MAX),
    });
    if let Some(token) = page.next_page_token {
        answer["nextPageToken"] = Value::from(past.token(token));
    }
    if call.target.version == Version::V1 {
        answer["readTime"] = Value::from(past.at.unwrap_or(call.now).to_string());
    }
    Ok(Answer::Json(answer))
}
