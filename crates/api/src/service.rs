//! What the endpoints need, and how requests reach them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::request::Parts;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use serde_json::{Map, Value};
use store::{AuditEntry, AuditLog, DocumentStore, EvidenceStore, FindingStore, Refusal};

use crate::access::{Access, Denied, Principal};
use crate::administration::Administration;
use crate::body::Body;
use crate::call::{Answer, Asker, Call, now};
use crate::denials::Denials;
use crate::endpoint::{answer, operations};
use crate::error::ApiError;
use crate::grant;
use crate::guard::{self, Hosts};
use crate::method::ApiMethod;
use crate::openapi;
use crate::parameters::Parameters;
use crate::path::{Names, Target, decoded};
use crate::settings::{Ancestors, Module};
use crate::{routes, upload::Upload};

/// What the endpoints need.
pub struct Service {
    /// Where findings are.
    pub findings: Arc<dyn FindingStore>,
    /// Where evidence is.
    pub evidence: Arc<dyn EvidenceStore>,
    /// Where sources, configurations and settings are.
    pub documents: Arc<dyn DocumentStore>,
    /// Where changes and downloads are written down.
    pub audit: Arc<dyn AuditLog>,
    /// Who may do what.
    pub access: Arc<dyn Access>,
    /// The detectors' modules that settings can switch.
    pub modules: Vec<Module>,
    /// Where projects and folders stand.
    pub ancestors: Ancestors,
    /// Whether a notification config, as it would be stored, can be used by whoever sends findings out.
    pub check_notification: CheckNotification,
    /// Credentials, certificates of nodes, outputs: those who do what administrators ask.
    pub administration: Administration,
    /// All metrics of the process in OpenMetrics text.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Whether the process as a whole can do its work; the reason when it cannot, shown to whoever asks.
    pub ready: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Names the server may be called by.
    pub hosts: Hosts,
}

/// Says which field of a notification config's body cannot work under this name, and why.
pub type CheckNotification = Box<dyn Fn(&str, &Value) -> Result<(), Refusal> + Send + Sync>;

/// All of it: `/v1`, `/v2`, `/v1beta2`, `/openapi.json`, `/healthz`, `/readyz`, `/metrics`.
pub fn router(service: Service) -> Router {
    let hosts = Arc::new(service.hosts.clone());
    let service = Arc::new(service);
    Router::new()
        .route("/healthz", get(operations::healthz))
        .route("/readyz", get(operations::readyz))
        .route("/metrics", get(operations::metrics))
        .route("/openapi.json", get(openapi_document))
        .route("/oauth2/token", post(grant::answer))
        .fallback(dispatch)
        .method_not_allowed_fallback(wrong_method)
        .layer(middleware::from_fn_with_state(hosts, guard::around))
        .layer(Extension(Arc::new(Denials::default())))
        .with_state(service)
}

async fn openapi_document() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::text()).into_response()
}

async fn wrong_method(method: Method) -> ApiError {
    ApiError::Method { method: method.to_string(), allow: "GET, HEAD".into() }
}

async fn dispatch(
    State(service): State<Arc<Service>>,
    Extension(denials): Extension<Arc<Denials>>,
    request: HttpRequest,
) -> Response {
    let (parts, body) = request.into_parts();
    answered(service, &denials, &parts, body).await.unwrap_or_else(IntoResponse::into_response)
}

async fn answered(
    service: Arc<Service>,
    denials: &Denials,
    parts: &Parts,
    body: axum::body::Body,
) -> Result<Response, ApiError> {
    let target = Target::find(&parts.method, parts.uri.path());
    let method = target.as_ref().map_or(ApiMethod::Other, |target| target.route.method);
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let trail = Trail {
        method,
        resource: resource(parts),
        address: peer.map(|p| p.ip().to_string()).unwrap_or_default(),
    };
    let places = target.as_ref().map_or_else(|_| Vec::new(), |target| places(&service, &target.names));
    let asker = Asker { headers: parts.headers.clone(), peer, places };
    let principal = match service.access.admit(asker.request(method)).await {
        Ok(principal) => principal,
        Err(denied) => {
            if let Denied::PermissionDenied { principal, .. } = &denied
                && let Some(left_out) = denials.one_more(&principal.name, now())
            {
                let note = (left_out > 0).then(|| ("leftOut".to_owned(), Value::from(left_out)));
                trail.record(&service, principal, "PERMISSION_DENIED", note.into_iter().collect()).await?;
            }
            return Err(denied.into());
        }
    };
    let target = target?;
    let mut parameters = Parameters::read(&parts.uri)?;
    let writing = parameters.take_writing()?;
    parameters.only(target.route.query)?;
    parameters.once(target.route.query)?;
    let (mut json, mut upload) = (Body::default(), None);
    match target.route.body {
        Some(routes::RECORDING) => upload = Some(Upload::read(body).await?),
        Some(_) => json = Body::read(body).await?,
        None => {}
    }
    let call = Call {
        service: Arc::clone(&service),
        target,
        parameters,
        writing: writing.clone(),
        body: json,
        upload,
        principal: principal.clone(),
        asker,
        now: now(),
    };
    if !method.is_audited() {
        return answer(call).await?.write(&writing);
    }
    // a client that goes away, or an answer that takes too long, must not end a change before it is written down
    let work = tokio::spawn(async move {
        let result = answer(call).await;
        let outcome = result.as_ref().map_or_else(|error| error.status().1, |_: &Answer| "OK");
        let note = result.as_ref().map(Answer::note).unwrap_or_default();
        trail.record(&service, &principal, outcome, note).await?;
        result
    });
    match work.await {
        Ok(result) => result?.write(&writing),
        Err(error) => {
            tracing::error!(%error, "a request panicked");
            Err(ApiError::Defect)
        }
    }
}

/// What a path is within, nearest first.
fn places(service: &Service, names: &Names) -> Vec<String> {
    let place = names.place();
    let above = (service.ancestors)(&place);
    std::iter::once(place).chain(above).collect()
}

/// Characters of a path that are written down: the longest that can name anything are shorter.
const RESOURCE_MAX: usize = 512;

/// What a request names: its path behind the version, bounded, because anybody may send one. However it was encoded, one thing
/// has one name: who downloads evidence cannot hide it from who asks about that evidence.
fn resource(parts: &Parts) -> String {
    let path = parts.uri.path().trim_start_matches('/');
    let path = path.split_once('/').map_or(path, |(_, rest)| rest);
    let decoded = decoded(path).filter(|text| !text.chars().any(char::is_control));
    decoded.as_deref().unwrap_or(path).chars().take(RESOURCE_MAX).collect()
}

/// What the audit log says of a request, whatever becomes of it.
struct Trail {
    method: ApiMethod,
    resource: String,
    address: String,
}

impl Trail {
    async fn record(
        &self,
        service: &Service,
        principal: &Principal,
        outcome: &str,
        mut note: Map<String, Value>,
    ) -> Result<(), ApiError> {
        if !self.method.is_audited() {
            return Ok(());
        }
        note.insert("role".into(), principal.role.as_str().into());
        let entry = AuditEntry {
            time: now(),
            principal: principal.name.clone(),
            method: self.method.name().into(),
            resource: self.resource.clone(),
            outcome: outcome.into(),
            address: self.address.clone(),
            detail: note.into(),
        };
        Ok(service.audit.record(entry).await?)
    }
}
