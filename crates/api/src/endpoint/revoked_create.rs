//! `POST /v2/{scope}/revokedCertificates`: from now on a node's certificate does not count. Said again, it changes nothing. Ours.

use serde_json::{Map, json};
use store::{DocumentKind, Expectation, Sha256};

use crate::administration::everything;
use crate::call::{Answer, Call};
use crate::endpoint::revoked_list;
use crate::error::ApiError;

/// Characters of a reason.
const REASON_MAX: usize = 1_024;

/// In the spelling of its document: 64 small hexadecimal digits. Other tools write capitals and colons.
pub(super) fn fingerprint(field: &'static str, text: &str) -> Result<String, ApiError> {
    let digits = text.replace(':', "").to_ascii_lowercase();
    let sha256: Result<Sha256, _> = digits.parse();
    sha256.map(|sha256| sha256.to_string()).map_err(|_| {
        let reason = "it must be the SHA-256 of the certificate: 64 hexadecimal digits";
        ApiError::invalid(field, &reason)
    })
}

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    let scope = everything(&call)?;
    let fingerprint = fingerprint("fingerprint", &call.body.text("fingerprint", 256)?)?;
    let reason = call.body.text("reason", REASON_MAX)?;
    let documents = &call.service.documents;
    let kind = DocumentKind::RevokedCertificate;
    let body = json!({"reason": reason, "revokedBy": call.principal.name});
    let made = documents.put_document(kind, &fingerprint, body, Expectation::Absent, call.now).await?;
    let revoked = match made {
        Some(made) => Some(made),
        None => documents.document(kind, &fingerprint).await?,
    };
    let revoked =
        revoked.ok_or_else(|| ApiError::Aborted { what: format!("the certificate {fingerprint}") })?;
    let note = Map::from_iter([("fingerprint".to_owned(), fingerprint.into())]);
    Ok(Answer::Noted(revoked_list::written(&scope, &revoked), note))
}
