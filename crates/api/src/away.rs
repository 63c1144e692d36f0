//! The API of a server whose database has not answered yet.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;

use crate::endpoint::operations;
use crate::error::ApiError;
use crate::guard::{self, Hosts};

/// What a server answers that cannot reach its database yet: it is alive, it is not ready, and everything else is UNAVAILABLE.
pub fn away(hosts: Hosts) -> Router {
    let reason = "the database has not answered yet; the server's log says why\n";
    Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(move || async move { (StatusCode::SERVICE_UNAVAILABLE, reason) }))
        .fallback(|| async { ApiError::Starting })
        .layer(middleware::from_fn_with_state(Arc::new(hosts), guard::around))
}
