//! Errors as Google's APIs write them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use finding::NameError;
use serde_json::{Value, json};
use store::StoreError;

/// What went wrong, for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// A parameter cannot be used.
    #[error("{field}: {reason}")]
    Invalid { field: &'static str, reason: String },
    /// Nothing of that name.
    #[error("{what} does not exist here")]
    NotFound { what: String },
    /// The path is right, the method is not.
    #[error("this path answers GET only, not {method}")]
    Method { method: String },
    /// Known to the published interface, not done here yet.
    #[error("{what} is not implemented yet")]
    Unimplemented { what: String },
    /// The request did not name this server.
    #[error(
        "the Host header names {host:?}, and this server answers to localhost and loopback addresses only; ask \
         http://127.0.0.1 with its port, and let a proxy or a forwarded port send such a Host header"
    )]
    Host { host: String },
    /// The request holds no token, or another one.
    #[error(
        "this needs the token of this Vedette: send `Authorization: Bearer TOKEN` with what is in {place}; the vedette \
         command reads it by itself where it may, else give it --token-file or VEDETTE_TOKEN"
    )]
    Unauthenticated { place: String },
    /// More than is read.
    #[error("{what} has more than the {limit} bytes that are read")]
    TooLong { what: &'static str, limit: usize, status: StatusCode },
    /// It took too long.
    #[error("the answer took longer than {seconds} s; ask for a smaller page, or try again later")]
    Timeout { seconds: u64 },
    /// The store failed; its own words are in the log.
    #[error("the store cannot answer now; the server's log says why and what to do")]
    Store(#[source] StoreError),
}

impl ApiError {
    pub(crate) fn invalid(field: &'static str, error: &impl ToString) -> Self {
        Self::Invalid { field, reason: error.to_string() }
    }

    /// HTTP status and the name of Google's canonical code.
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Invalid { .. } => (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            // There is no canonical code for 405; this is what a client can do most with.
            Self::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, "UNIMPLEMENTED"),
            Self::Unimplemented { .. } => (StatusCode::NOT_IMPLEMENTED, "UNIMPLEMENTED"),
            Self::Host { .. } => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
            Self::Unauthenticated { .. } => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
            Self::TooLong { status, .. } => (*status, "INVALID_ARGUMENT"),
            Self::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED"),
            Self::Store(StoreError::Corrupt { .. }) => (StatusCode::INTERNAL_SERVER_ERROR, "DATA_LOSS"),
            Self::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE"),
        }
    }

    fn details(&self) -> Value {
        match self {
            Self::Invalid { field, reason } => json!([{
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": field, "description": reason}]
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

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::PageToken => Self::invalid("pageToken", &error),
            StoreError::Order(error) => Self::invalid("orderBy", &error),
            StoreError::Name(error) => error.into(),
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
            "code": code.as_u16(), "status": status, "message": self.to_string(), "details": self.details()
        }});
        let mut response = (code, Json(body)).into_response();
        if matches!(self, Self::Method { .. }) {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        if matches!(self, Self::Unauthenticated { .. }) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
