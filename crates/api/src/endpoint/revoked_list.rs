//! `GET /v2/{scope}/revokedCertificates`: certificates of nodes that no longer count. Ours.

use finding::Scope;
use serde_json::{Value, json};
use store::{Document, DocumentKind, DocumentQuery};

use crate::administration::everything;
use crate::call::{Answer, Call};
use crate::error::ApiError;
use crate::paging;

pub(super) fn written(scope: &Scope, revoked: &Document) -> Value {
    let mut written = json!({
        "name": format!("{scope}/revokedCertificates/{}", revoked.name),
        "reason": revoked.body["reason"],
        "revokedBy": revoked.body["revokedBy"],
        "createTime": revoked.create_time,
    });
    if revoked.name.contains('/') {
        written["node"] = revoked.name.as_str().into();
        written["issuedUntil"] = revoked.body["issuedUntil"].clone();
    } else {
        written["fingerprint"] = revoked.name.as_str().into();
    }
    written
}

pub(crate) async fn answer(mut call: Call) -> Result<Answer, ApiError> {
    let scope = everything(&call)?;
    let size = call.page_size()?.get();
    let after = paging::after(call.parameters.take("pageToken"), "")?;
    let limit = u32::from(size) + 1;
    let query = DocumentQuery { kind: DocumentKind::RevokedCertificate, prefix: String::new(), after, limit };
    let mut found = call.service.documents.documents(query).await?;
    let has_more = found.len() > usize::from(size);
    found.truncate(usize::from(size));
    let page: Vec<_> = found.iter().map(|revoked| written(&scope, revoked)).collect();
    let mut answer = json!({ "revokedCertificates": page });
    if let Some(last) = found.last().filter(|_| has_more) {
        answer["nextPageToken"] = paging::token(&last.name).into();
    }
    Ok(Answer::Json(answer))
}
