//! `/healthz`, `/readyz` and `/metrics`: for those who run it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::service::Service;

/// The process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can do its work: the store can be read and the caller's own check passes.
pub(crate) async fn readyz(State(service): State<Arc<Service>>) -> Response {
    let reason = match service.findings.health().await {
        Err(error) => {
            tracing::error!(%error, "the store failed");
            "the store cannot be read; the server's log says why and what to do".to_owned()
        }
        Ok(()) => match (service.ready)() {
            Ok(()) => return "ok\n".into_response(),
            Err(reason) => reason,
        },
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response()
}

/// All metrics of the process.
pub(crate) async fn metrics(State(service): State<Arc<Service>>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], (service.metrics)()).into_response()
}
