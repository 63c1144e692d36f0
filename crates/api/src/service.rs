//! What the endpoints need, and how requests reach them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Router, middleware};
use store::{EvidenceStore, FindingStore};

use crate::endpoint::{evidence_download, evidence_list, finding_get, findings_list, operations};
use crate::error::ApiError;
use crate::guard::{self, Hosts};
use crate::parameters::Parameters;
use crate::path::{Target, Version};
use crate::token::Token;

/// What the endpoints need.
pub struct Service {
    /// Where findings are.
    pub findings: Arc<dyn FindingStore>,
    /// Where evidence is.
    pub evidence: Arc<dyn EvidenceStore>,
    /// All metrics of the process in OpenMetrics text.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Whether the process as a whole can do its work; the reason when it cannot, shown to whoever asks.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Names the server may be called by.
    pub hosts: Hosts,
    /// What a reader of findings and evidence must hold.
    pub token: Token,
}

/// All of it: `/v1`, `/v2`, `/healthz`, `/readyz`, `/metrics`.
pub fn router(service: Service) -> Router {
    let service = Arc::new(service);
    Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/v1/{*path}", any(v1))
        .route("/v2/{*path}", any(v2))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(Arc::clone(&service), guard::around))
        .with_state(service)
}

async fn v1(State(service): State<Arc<Service>>, method: Method, uri: Uri) -> Response {
    dispatch(&service, Version::V1, &method, &uri).await.into_response()
}

async fn v2(State(service): State<Arc<Service>>, method: Method, uri: Uri) -> Response {
    dispatch(&service, Version::V2, &method, &uri).await.into_response()
}

async fn dispatch(
    service: &Service,
    version: Version,
    method: &Method,
    uri: &Uri,
) -> Result<Response, ApiError> {
    // "/v1/" and "/v2/" have the same length.
    let path = uri.path().get("/v2/".len()..).unwrap_or_default();
    let target = Target::parse(path)?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(ApiError::Method { method: method.to_string() });
    }
    let parameters = Parameters::read(uri)?;
    match target {
        Target::Findings(parent) => findings_list::answer(service, version, parent, parameters).await,
        Target::Finding(name) => finding_get::answer(service, version, &name, parameters).await,
        Target::EvidenceOf(name) => evidence_list::answer(service, &name, parameters).await,
        Target::Evidence(name, sha256) => evidence_download::answer(service, &name, sha256, parameters).await,
    }
}

async fn unknown(uri: Uri) -> ApiError {
    ApiError::NotFound { what: format!("the path {:?}", uri.path()) }
}

async fn wrong_method(method: Method) -> ApiError {
    ApiError::Method { method: method.to_string() }
}
