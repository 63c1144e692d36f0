//! A server over a real store, as tests ask it.

mod fakes;

use std::net::SocketAddr;
use std::sync::Arc;

use api::{Access, Administration, Hosts, Module, Service, Token, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use finding::{Finding, FindingClass, FindingResource, GcpMetadata, Resource, Severity, Timestamp};
use serde_json::{Value, json};
use store::FindingStore;
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tower::ServiceExt;

/// Not the real form: the form is nobody's business here.
pub(crate) const TOKEN: &str = "an example";
/// The sensors' source, as they name it.
pub(crate) const SOURCE: &str = "organizations/1/sources/container-threat-detection";

pub(crate) struct Server {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) router: Router,
    _folder: TempDir,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::asked_by(Arc::new(Token::new(TOKEN, "/data/token"))).await
    }

    /// With another answer to who is asking.
    pub(crate) async fn asked_by(access: Arc<dyn Access>) -> Self {
        Self::of(access, fakes::administration()).await
    }

    /// Of those who do what administrators ask, with these alone.
    pub(crate) async fn administered_by(administration: Administration) -> Self {
        Self::of(Arc::new(Token::new(TOKEN, "/data/token")), administration).await
    }

    async fn of(access: Arc<dyn Access>, administration: Administration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(folder.path()).await.unwrap());
        let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let module = |name: &str| Module { name: name.into(), on_by_default: name != "QUIET" };
        let service = Service {
            findings: store.clone(),
            evidence: store.clone(),
            documents: store.clone(),
            audit: store.clone(),
            access,
            modules: ["REVERSE_SHELL", "QUIET"].map(module).into(),
            ancestors: Box::new(|place| match place {
                "projects/shop" => vec!["folders/7".into(), "organizations/1".into()],
                "folders/7" => vec!["organizations/1".into()],
                _ => Vec::new(),
            }),
            check_notification: Box::new(|_, _| Ok(())),
            administration,
            metrics: Box::new(|| "# EOF\n".to_owned()),
            ready: Box::new(|| Ok(())),
            hosts: Hosts::of(listen),
        };
        Self { store, router: router(service), _folder: folder }
    }

    /// With findings of a sensor: every second one is HIGH, the others MEDIUM.
    pub(crate) async fn with(findings: i64) -> Self {
        let server = Self::new().await;
        for n in 0..findings {
            server.store.upsert(&example(n), 1, Timestamp::from_nanos(n + 1)).await.unwrap();
        }
        server
    }

    /// A sensor writes another one.
    pub(crate) async fn store_new(&self, n: i64) {
        self.store.upsert(&example(n), 2, Timestamp::from_nanos(n + 1)).await.unwrap();
    }

    /// The status and the JSON.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost:8080")
            .header("authorization", format!("Bearer {TOKEN}"));
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// The JSON of an answer that must be good.
    pub(crate) async fn good(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// The field that an answer blames, which must be 400.
    pub(crate) async fn blamed(&self, method: &str, path: &str, body: Value) -> String {
        let (status, answer) = self.ask(method, path, body).await;
        assert_eq!(
            (status, &answer["error"]["status"]),
            (400, &json!("INVALID_ARGUMENT")),
            "{path}: {answer}"
        );
        answer["error"]["details"][0]["fieldViolations"][0]["field"].as_str().unwrap_or_default().to_owned()
    }

    /// The ids of the findings that a list holds.
    pub(crate) async fn listed(&self, path: &str) -> Vec<String> {
        let answer = self.good("GET", path, Value::Null).await;
        let results = answer["listFindingsResults"].as_array().unwrap().iter();
        let mut ids: Vec<String> = results
            .map(|r| r["finding"]["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }
}

/// The name of a finding.
pub(crate) fn name(n: i64) -> String {
    format!("{SOURCE}/locations/global/findings/f{n:03}")
}

/// A text as it stands in a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A sensor's finding.
pub(crate) fn example(n: i64) -> FindingResource {
    let finding = Finding {
        name: name(n),
        canonical_name: format!(
            "projects/shop/sources/container-threat-detection/locations/global/findings/f{n:03}"
        ),
        parent: format!("{SOURCE}/locations/global"),
        category: if n % 3 == 0 {
            "Reverse Shell".into()
        } else {
            "Execution: Socat Reverse Shell Detected".into()
        },
        resource_name: "//container.googleapis.com/projects/shop/locations/eu/clusters/prod".into(),
        external_uri: format!("https://shop.example/{n}"),
        severity: if n % 2 == 0 { Severity::High } else { Severity::Medium },
        finding_class: FindingClass::Threat,
        event_time: Some(Timestamp::from_nanos(1_795_464_832_500_000_000 + n * 1_000_000_000)),
        source_properties: [("Pod_Name".to_owned(), json!(format!("pod-{n}"))), ("Pid".into(), json!(n))]
            .into(),
        ..Finding::default()
    };
    let gcp_metadata = GcpMetadata {
        project: "//cloudresourcemanager.googleapis.com/projects/42".into(),
        project_display_name: "shop".into(),
        parent: "//cloudresourcemanager.googleapis.com/folders/7".into(),
        parent_display_name: "europe".into(),
        folders: vec![finding::Folder {
            resource_folder: "//cloudresourcemanager.googleapis.com/folders/7".into(),
            ..finding::Folder::default()
        }],
        ..GcpMetadata::default()
    };
    let resource = Resource {
        name: finding.resource_name.clone(),
        display_name: "prod".into(),
        kind: "google.container.Cluster".into(),
        gcp_metadata,
        ..Resource::default()
    };
    FindingResource { finding, resource }
}
