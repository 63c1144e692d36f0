//! `GET /v2/{scope}/sources`: the sources of findings.

use serde_json::{Value, json};

use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::{paging, sources};

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = call.target.names.scope()?;
    let size = usize::from(call.page_size()?.get());
    let after = paging::after(call.parameters.take("pageToken"), &format!("{scope}/sources/"))?;
    let all = sources::all(&*call.service.documents, &scope).await?;
    let mut rest = all.iter().filter(|source| after.as_ref().is_none_or(|after| source.name > *after));
    let page: Vec<_> = rest.by_ref().take(size).collect();
    let mut answer = json!({"sources": page.iter().map(|source| source.written()).collect::<Vec<_>>()});
    if rest.next().is_some()
        && let Some(last) = page.last()
    {
        answer["nextPageToken"] = Value::from(paging::token(&last.name));
    }
    Ok(Answer::Json(answer))
}
