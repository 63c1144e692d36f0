//! `POST /v2/{scope}/revokedCertificates`: from now on a certificate does not count, or none that a node was given so far. A
//! certificate said again changes nothing; a node said again loses what it was given since. Ours.

use finding::Timestamp;
use serde_json::{Map, json};
use store::{Document, DocumentKind, Expectation, Sha256};

use crate::administration::everything;
use crate::call::{Answer, Call};
use crate::endpoint::revoked_list;
use crate::error::ApiError;

/// Characters of a reason.
const REASON_MAX: usize = 1_024;

/// Characters of a cluster's or a node's name.
const PART_MAX: usize = 253;

/// Other servers learn of it within some seconds, and might renew until then.
const LEARNING: i64 = 10 * 1_000_000_000;

/// Until when certificates count for nothing that a node was given, by the document named after it.
pub fn revoked_until(document: &Document) -> Option<Timestamp> {
    document.body["issuedUntil"].as_str()?.parse().ok()
}

/// `CLUSTER/NODE`, as certificates can name them.
fn node(text: &str) -> Result<String, ApiError> {
    let is_part = |part: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
        (1..=PART_MAX).contains(&part.len()) && part.bytes().all(known)
    };
    match text.split_once('/') {
        Some((cluster, node)) if is_part(cluster) && is_part(node) => Ok(text.to_owned()),
        _ => Err(ApiError::invalid("node", &"it must be CLUSTER/NODE")),
    }
}

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
    let of_node = call.body.text("node", 2 * PART_MAX + 1)?;
    let said = call.body.text("fingerprint", 256)?;
    if !of_node.is_empty() && !said.is_empty() {
        return Err(ApiError::invalid(
            "node",
            &"revoke either a node's certificates or one by its fingerprint",
        ));
    }
    let reason = call.body.text("reason", REASON_MAX)?;
    let documents = &call.service.documents;
    let kind = DocumentKind::RevokedCertificate;
    let mut body = json!({"reason": reason, "revokedBy": call.principal.name});
    if !of_node.is_empty() {
        let node = node(&of_node)?;
        body["issuedUntil"] = json!(Timestamp::from_nanos(call.now.nanos().saturating_add(LEARNING)));
        let made = documents.put_document(kind, &node, body, Expectation::Any, call.now).await?;
        let what = || ApiError::Aborted { what: format!("the certificates of node {node}") };
        let revoked = revoked_list::written(&scope, &made.ok_or_else(what)?);
        return Ok(Answer::Noted(revoked, Map::from_iter([("node".to_owned(), node.into())])));
    }
    let fingerprint = fingerprint("fingerprint", &said)?;
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
