//! Errors as Google's APIs write them.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use finding::NameError;
use serde_json::{Value, json};
use store::{Refusal, StoreError};

use crate::access::Denied;

/// What went wrong, for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// A parameter cannot be used.
    #[error("{field}: {reason}")]
    Invalid { field: Cow<'static, str>, reason: String },
    /// Nothing of that name.
    #[error("{what} does not exist here")]
    NotFound { what: String },
    /// Something of that name.
    #[error("{what} exists already; choose another id, or change it with PATCH")]
    Exists { what: String },
    /// Something of that name that is never changed, only removed.
    #[error("{what} exists already; choose another name, or remove that one first")]
    Taken { what: String },
    /// Something beside the request is in the way.
    #[error("{reason}")]
    Precondition { reason: String },
    /// Others changed it at the same time, again and again.
    #[error("{what} is being changed by others; read it and try again")]
    Aborted { what: String },
    /// The path is right, the method is not.
    #[error("this path answers {allow} only, not {method}")]
    Method { method: String, allow: String },
    /// Known to the published interface, not done here.
    #[error("{what} is not implemented; docs/api.md lists what is left out")]
    Unimplemented { what: String },
    /// The request did not name this server.
    #[error(
        "the Host header names {host:?}, and this server answers to localhost, loopback addresses and the names that it \
         was told (`hosts`) only; ask by one of these, and let a proxy or a forwarded port send such a Host header"
    )]
    Host { host: String },
    /// Who asks may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// More than is read.
    #[error("{what} has more than the {limit} bytes that are read")]
    TooLong { what: &'static str, limit: usize, status: StatusCode },
    /// It took too long.
    #[error("the answer took longer than {seconds} s; ask for a smaller page, or try again later")]
    Timeout { seconds: u64 },
    /// It is done for somebody else now.
    #[error("{what} is being looked at; try again when that is done")]
    Busy { what: &'static str },
    /// The store failed; its own words are in the log.
    #[error("the store cannot answer now; the server's log says why and what to do")]
    Store(#[source] StoreError),
    /// The database has not answered since the server started.
    #[error(
        "the server's database has not answered yet; try again soon, and if it stays so, the server's log says why"
    )]
    Starting,
    /// A defect of ours.
    #[error("this request met a defect of the server; its log has more")]
    Defect,
}

/// Characters of one text of an answer at most.
const TEXT_MAX: usize = 1_000;

/// A text that quotes what was sent without sending all of it back: what is too much in the middle goes, for the end says what was
/// expected.
fn bounded(text: &str) -> String {
    let count = text.chars().count();
    if count <= TEXT_MAX {
        return text.to_owned();
    }
    let end: String = text.chars().skip(count - TEXT_MAX / 2).collect();
    let start: String = text.chars().take(TEXT_MAX / 2).collect();
    format!("{start} … {end}")
}

impl ApiError {
    pub(crate) fn invalid(field: impl Into<Cow<'static, str>>, error: &impl ToString) -> Self {
        Self::Invalid { field: field.into(), reason: error.to_string() }
    }

    /// HTTP status and the name of Google's canonical code.
    pub(crate) fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid { .. } => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::Exists { .. } | Self::Taken { .. } => (StatusCode::CONFLICT, "ALREADY_EXISTS"),
            Self::Precondition { .. } => (StatusCode::BAD_REQUEST, "FAILED_PRECONDITION"),
            Self::Aborted { .. } => (StatusCode::CONFLICT, "ABORTED"),
            // There is no canonical code for 405; this is what a client can do most with.
            Self::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, "UNIMPLEMENTED"),
            Self::Unimplemented { .. } => (StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED"),
            Self::Host { .. } | Self::Denied(Denied::PermissionDenied { .. }) => {
                (StatusCode::FORBIDDEN, "PERMISSION_DENIED")
            }
            Self::Denied(Denied::Unauthenticated { .. }) => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Self::Busy { .. } | Self::Denied(Denied::TooMany { .. }) => {
                (StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED")
            }
            Self::TooLong { status, .. } => (*status, "INVALID_ARGUMENT"),
            Self::Timeout { .. } | Self::Store(StoreError::TooMuch { .. }) => {
                (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED")
            }
            Self::Store(StoreError::Corrupt { .. }) => (StatusCode::INTERNAL_SERVER_ERROR, "DATA_LOSS"),
            Self::Store(_) | Self::Starting | Self::Denied(Denied::Unavailable { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
            }
            Self::Defect => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Invalid { field, reason } => json!([{
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": bounded(field), "description": bounded(reason)}]
            }]),
            _ => json!([]),
        }
    }
}

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        Self::invalid("name", &error)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Invalid { field: refusal.field.into(), reason: refusal.reason }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PageToken => Self::invalid("pageToken", &error),
            StoreError::Order(error) => Self::invalid("orderBy", &error),
            StoreError::Name(error) => error.into(),
            StoreError::Refused(refusal) => refusal.into(),
            error => Self::Store(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Self::Store(error) = &self {
            tracing::error!(%error, "the store failed");
        }
        let (code, status) = self.status();
        let body = json!({"error": {
            "code": code.as_u16(), "status": status, "message": bounded(&self.to_string()), "details": self.details()
        }});
        let mut response = (code, Json(body)).into_response();
        if let Self::Method { allow, .. } = &self
            && let Ok(allow) = HeaderValue::from_str(allow)
        {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        if matches!(self, Self::Denied(Denied::Unauthenticated { .. })) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::Denied(Denied::TooMany { retry_seconds, .. }) = &self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*retry_seconds));
        }
        response
    }
}
