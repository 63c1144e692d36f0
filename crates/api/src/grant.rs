//! `POST /oauth2/token`: as RFC 6749 has it, and not in Google's error shape: libraries of service accounts read it so.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::AuditEntry;

use crate::access::Grant;
use crate::body;
use crate::call::now;
use crate::denials::Denials;
use crate::error::ApiError;
use crate::service::Service;

/// In the audit log.
const METHOD: &str = "serviceAccountKeys.grantToken";

pub(crate) async fn answer(
    State(service): State<Arc<Service>>,
    Extension(denials): Extension<Arc<Denials>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let form = body::bytes(body).await?;
    let grant = service.access.grant(peer, &form).await;
    // what is not written down is not given out
    record(&service, &denials, peer, &grant).await?;
    let Grant { status, body, .. } = grant;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response())
}

/// Writes down what was granted, and what was refused of a key that is known.
async fn record(
    service: &Service,
    denials: &Denials,
    peer: Option<SocketAddr>,
    grant: &Grant,
) -> Result<(), ApiError> {
    let Some(key) = &grant.key else { return Ok(()) };
    let holder = format!("serviceAccount:{}", key.account);
    let (outcome, detail) = if grant.status == StatusCode::OK {
        ("OK", json!({}))
    } else {
        // a key's id is no secret: whoever knows it must not be able to fill the log, nor the place of who holds the key
        let Some(left_out) = denials.one_more(&format!("grant:{}:{}", key.is_held, key.id), now()) else {
            return Ok(());
        };
        let outcome = match grant.status {
            StatusCode::TOO_MANY_REQUESTS => "RESOURCE_EXHAUSTED",
            StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
            _ => "UNAUTHENTICATED",
        };
        let mut detail = json!({"reason": grant.body.get("error_description")});
        if left_out > 0 {
            detail["leftOut"] = left_out.into();
        }
        (outcome, detail)
    };
    let entry = AuditEntry {
        time: now(),
        // who has not shown the key may be anybody
        principal: if key.is_held { holder } else { "unauthenticated".into() },
        method: METHOD.into(),
        resource: format!("organizations/-/serviceAccounts/{}/keys/{}", key.account, key.id),
        outcome: outcome.into(),
        address: peer.map(|peer| peer.ip().to_string()).unwrap_or_default(),
        detail,
    };
    Ok(service.audit.record(entry).await?)
}
