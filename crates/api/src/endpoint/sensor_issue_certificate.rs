//! `POST /v2/{scope}/sensors/{cluster}/{node}:issueCertificate`: what a node joins with. Its answer holds the private key, and
//! nothing else ever does. Ours.

use std::time::Duration;

use finding::Timestamp;
use serde_json::{Map, Value, json};
use store::DocumentKind;

use crate::administration::{everything, present};
use crate::call::{Answer, Call};
use crate::endpoint::revoked_until;
use crate::error::ApiError;

/// Seconds for which a certificate counts, unless told otherwise: a day, as those that sensors renew themselves.
const LIFE: i64 = 86_400;
const SECOND: i64 = 1_000_000_000;

/// A minute to 400 days.
const LIVES: std::ops::RangeInclusive<i64> = 60..=400 * 86_400;

pub(crate) async fn answer(call: Call) -> Result<Answer, ApiError> {
    everything(&call)?;
    let life = call.body.integer("lifeSeconds")?.unwrap_or(LIFE);
    let life = u64::try_from(life).ok().filter(|_| LIVES.contains(&life)).ok_or_else(|| {
        let reason = format!("it must be {} to {} seconds (400 days)", LIVES.start(), LIVES.end());
        ApiError::invalid("lifeSeconds", &reason)
    })?;
    let certificates =
        present(&call.service.administration.certificates, "authority for certificates of nodes")?;
    let (cluster, node) = (call.target.names.get("cluster"), call.target.names.get("node"));
    let revoked =
        call.service.documents.document(DocumentKind::RevokedCertificate, &format!("{cluster}/{node}"));
    // certificates know whole seconds
    let until = revoked.await?.as_ref().and_then(revoked_until).map(|at| at.nanos().saturating_add(SECOND));
    if let Some(until) = until.filter(|until| call.now.nanos() <= *until) {
        let until = Timestamp::from_nanos(until);
        let reason =
            format!("the node's certificates until {until} are revoked; ask for a new one after that");
        return Err(ApiError::invalid("name", &reason));
    }
    let issued = certificates.issue(cluster, node, Duration::from_secs(life)).await?;
    let note = [
        ("fingerprint", Value::from(issued.fingerprint.as_str())),
        ("expireTime", issued.not_after.to_string().into()),
    ];
    let written = json!({
        "certificate": issued.certificate,
        "privateKey": issued.private_key,
        "authority": issued.authority,
        "fingerprint": issued.fingerprint,
        "expireTime": issued.not_after,
    });
    Ok(Answer::Noted(written, Map::from_iter(note.map(|(key, value)| (key.to_owned(), value)))))
}
