//! Where sensors deliver: who may, what they are told, and what is watched of them.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use api::Module;
use certificates::{
    Authority, CertificateError, Fingerprint, HandshakeLimits, NodeIdentity, Peer, Revocations, ServerFiles,
    ServerTls, TlsListener,
};
use finding::{Resource, Timestamp};
use identity::Identity;
use intake::proto::Settings;
use intake::watchers::{WatchRules, watch_once};
use intake::{
    Receiver, ReceiverLimits, SensorDocument, SettingsOf, Tenancy, TokenCheck, TokenHolder, TokenPending,
};
use store::{Document, DocumentKind, DocumentQuery, DocumentStore, StoreError};
use tokio::net::TcpListener;

use crate::{Stores, now};

/// How old what is known of revocations may be.
const REVOKED: Duration = Duration::from_secs(5);
/// How long an answer about a node's token counts within one call that goes on.
const TOKEN: Duration = Duration::from_secs(60);
const PAGE: u32 = 500;

/// What a project or a folder belongs to, nearest first.
pub type Ancestors = Arc<dyn Fn(&str) -> Vec<String> + Send + Sync>;

/// How the intake is.
pub struct IntakeSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its certificate, and whose clients it lets in.
    pub files: ServerFiles,
    /// Signs the certificates of nodes.
    pub authority: Arc<Authority>,
    /// Trust domain of nodes.
    pub domain: String,
    /// The cluster whose Kubernetes tokens count.
    pub cluster: Option<String>,
    /// Where nodes may write.
    pub tenancy: Arc<Tenancy>,
    /// Between heartbeats, seconds.
    pub heartbeat_seconds: u32,
    /// Life of a renewed certificate.
    pub certificate_life: Duration,
}

/// The intake cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// Nobody can listen there.
    #[error(
        "sensors cannot be listened for on {address}: {source}; choose another address with intake.listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: std::io::Error,
    },
    /// Its certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An intake that listens.
pub(crate) struct Prepared {
    pub(crate) listener: TlsListener,
    pub(crate) receiver: Receiver,
    pub(crate) revoked: Arc<Revoked>,
    pub(crate) rules: WatchRules,
    pub(crate) tenancy: Arc<Tenancy>,
}

/// Listens. What was revoked is known before the first connection is taken.
pub(crate) async fn prepare(
    settings: IntakeSettings,
    stores: &Stores,
    identity: &Arc<Identity>,
    modules: Vec<Module>,
    ancestors: Ancestors,
) -> Result<Prepared, IntakeError> {
    let revoked = Arc::new(Revoked::default());
    revoked.read(&*stores.documents).await?;
    let address = settings.listen;
    let listen = |source| IntakeError::Listen { address, source };
    let tls = Arc::new(ServerTls::open(settings.files, &[b"h2"])?);
    let socket = TcpListener::bind(address).await.map_err(listen)?;
    let listener = TlsListener::new(socket, tls, HandshakeLimits::default()).map_err(listen)?;
    let limits = ReceiverLimits { certificate_life: settings.certificate_life, ..ReceiverLimits::default() };
    let into = intake::Stores {
        findings: Arc::clone(&stores.findings),
        evidence: Arc::clone(&stores.evidence),
        documents: Arc::clone(&stores.documents),
        audit: Some(Arc::clone(&stores.audit)),
    };
    let told = Told {
        documents: Arc::clone(&stores.documents),
        modules,
        ancestors,
        heartbeat_seconds: settings.heartbeat_seconds,
    };
    let mut receiver = Receiver::new(into, &settings.domain, revoked.door(), limits)
        .with_authority(settings.authority)
        .with_settle(Arc::new(findings::settle))
        .with_tenancy(Arc::clone(&settings.tenancy))
        .with_settings(told.source());
    if let Some(cluster) = settings.cluster {
        let identity = Arc::clone(identity);
        receiver = receiver.with_tokens(Arc::new(NodeTokens { identity, domain: settings.domain, cluster }));
    }
    let interval_ns = i64::from(settings.heartbeat_seconds) * 1_000_000_000;
    let rules = WatchRules { interval_ns, ..WatchRules::default() };
    Ok(Prepared { listener, receiver, revoked, rules, tenancy: settings.tenancy })
}

/// Looks at all sensors once in an interval, for ever.
pub(crate) async fn watch_sensors(
    stores: Stores,
    holder: String,
    rules: WatchRules,
    tenancy: Arc<Tenancy>,
    since: Timestamp,
) {
    let interval = Duration::from_nanos(u64::try_from(rules.interval_ns).unwrap_or(1).max(1_000_000_000));
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match watch_once(&stores.findings, &stores.documents, &holder, &rules, &tenancy, since, now()).await {
            Ok(Some(watched)) => {
                for item in &watched.open {
                    tracing::warn!("{}: {}", item.finding.category, item.finding.description);
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!("sensors cannot be watched now: {error}"),
        }
    }
}

/// Certificates that no longer count, in memory.
#[derive(Default)]
pub(crate) struct Revoked(RwLock<Known>);

/// A thief renews: of a node that was stolen, everything counts for nothing that was made until then.
#[derive(Default)]
struct Known {
    certificates: HashSet<Fingerprint>,
    /// `CLUSTER/NODE`, and until when.
    nodes: HashMap<String, SystemTime>,
}

impl Known {
    fn holds(&self, peer: &Peer) -> bool {
        let of_node = peer.named().is_some_and(|node| {
            let name = SensorDocument::name(node.cluster(), node.node());
            self.nodes.get(&name).is_some_and(|until| peer.issued_at() <= *until)
        });
        of_node || self.certificates.contains(&peer.fingerprint())
    }

    fn learn(&mut self, document: &Document) {
        if let Ok(fingerprint) = document.name.parse() {
            self.certificates.insert(fingerprint);
        } else if document.name.contains('/') {
            // unreadable, it would better be too much than too little
            let until = api::revoked_until(document).map_or(i64::MAX, Timestamp::nanos);
            let until =
                SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(until).unwrap_or_default());
            self.nodes.insert(document.name.clone(), until);
        }
    }
}

impl Revoked {
    fn door(self: &Arc<Self>) -> Revocations {
        let revoked = Arc::clone(self);
        Arc::new(move |one| revoked.0.read().unwrap_or_else(PoisonError::into_inner).holds(one))
    }

    async fn read(&self, documents: &dyn DocumentStore) -> Result<(), StoreError> {
        let mut found = Known::default();
        let mut after = None;
        loop {
            let kind = DocumentKind::RevokedCertificate;
            let query = DocumentQuery { kind, prefix: String::new(), after, limit: PAGE };
            let page = documents.documents(query).await?;
            page.iter().for_each(|document| found.learn(document));
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => after = Some(last.name.clone()),
                _ => break,
            }
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }

    /// Follows what is revoked, for ever. While the store is away, what was revoked before stays so.
    pub(crate) async fn follow(self: Arc<Self>, documents: Arc<dyn DocumentStore>) {
        loop {
            tokio::time::sleep(REVOKED).await;
            if let Err(error) = self.read(&*documents).await {
                tracing::warn!("what was revoked lately is not known: {error}");
            }
        }
    }
}

/// A node's Kubernetes token, reviewed by its API server.
struct NodeTokens {
    identity: Arc<Identity>,
    domain: String,
    cluster: String,
}

impl TokenCheck for NodeTokens {
    fn check<'a>(&'a self, address: IpAddr, token: &'a str) -> TokenPending<'a> {
        Box::pin(async move {
            let header = format!("Bearer {token}");
            let found = self.identity.authenticate_node(address, Some(header.as_bytes()), now()).await;
            let node = found.map_err(|refusal| refusal.to_string())?;
            let node = NodeIdentity::new(&self.domain, &self.cluster, &node.name)
                .map_err(|error| error.to_string())?;
            Ok(TokenHolder { node, until: SystemTime::now() + TOKEN })
        })
    }
}

/// What sensors are told.
#[derive(Clone)]
struct Told {
    documents: Arc<dyn DocumentStore>,
    modules: Vec<Module>,
    ancestors: Ancestors,
    heartbeat_seconds: u32,
}

impl Told {
    fn source(self) -> SettingsOf {
        let told = Arc::new(self);
        Arc::new(move |sensor: &SensorDocument| {
            let told = Arc::clone(&told);
            let resource: Resource = serde_json::from_value(sensor.resource.clone()).unwrap_or_default();
            Box::pin(async move {
                let places = places(&resource, &*told.ancestors);
                let said = api::modules_along(&*told.documents, &told.modules, &places).await?;
                let on = said.iter().flatten().filter(|(_, on)| **on).map(|(name, _)| name.clone());
                Ok(Settings {
                    modules_set: said.is_some(),
                    modules: on.collect(),
                    heartbeat_seconds: told.heartbeat_seconds,
                })
            })
        })
    }
}

/// The places that decide for a cluster, nearest first: itself, its project by number and by id, what that belongs to.
pub fn places(resource: &Resource, ancestors: &(dyn Fn(&str) -> Vec<String> + Send + Sync)) -> Vec<String> {
    let behind_host = |name: &str| {
        let name = name.strip_prefix("//")?;
        name.split_once('/').map(|(_, rest)| rest.to_owned())
    };
    let Some(cluster) = behind_host(&resource.name).filter(|name| name.starts_with("projects/")) else {
        return Vec::new();
    };
    let (project, behind) = match cluster.split_once("/locations/") {
        Some((project, behind)) => (project.to_owned(), format!("/locations/{behind}")),
        None => (cluster.clone(), String::new()),
    };
    // people name a project by its id, Google's names of clusters by its number
    let id = format!("projects/{}", resource.gcp_metadata.project_display_name);
    let projects: Vec<String> =
        if id == project || id == "projects/" { vec![project] } else { vec![project, id] };
    let mut places: Vec<String> = projects.iter().map(|project| format!("{project}{behind}")).collect();
    places.extend(projects.iter().filter(|project| !places.contains(project)).cloned().collect::<Vec<_>>());
    let mut above: Vec<String> = projects.iter().flat_map(|project| ancestors(project)).collect();
    let organization = &resource.gcp_metadata.organization;
    if organization.starts_with("organizations/") {
        above.push(organization.clone());
    }
    for place in above {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::{Known, SensorDocument, places};
    use certificates::{Authority, NodeIdentity};
    use finding::{Resource, Timestamp};
    use std::time::{Duration, SystemTime};
    use store::Document;

    #[test]
    fn a_stolen_node_loses_every_certificate_that_was_made_until_then() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let authority = Authority::open(folder.path(), now).unwrap();
        let made = |node: &str, at: SystemTime| {
            let identity = NodeIdentity::new("vedette.test", "c", node).unwrap();
            let issued = authority.node(&identity, at, Duration::from_secs(3_600)).unwrap();
            let file = folder.path().join("node.pem");
            std::fs::write(&file, format!("{}{}", issued.certificate_pem, issued.key_pem)).unwrap();
            certificates::identity_of(&file).unwrap()
        };
        let until = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
        let until = Timestamp::from_nanos(i64::try_from(until).unwrap());
        let document = |name: &str, body| Document {
            name: name.into(),
            body,
            revision: 1,
            create_time: until,
            update_time: until,
        };
        let mut known = Known::default();
        known.learn(&document("c/stolen", serde_json::json!({"issuedUntil": until})));
        let hour = Duration::from_secs(3_600);
        // renewed by the thief or not
        assert!(known.holds(&made("stolen", now - hour)) && known.holds(&made("stolen", now)));
        assert!(!known.holds(&made("stolen", now + Duration::from_secs(2))), "it was given a new one");
        assert!(!known.holds(&made("other", now)));
        known.learn(&document(&SensorDocument::name("c", "other"), serde_json::json!({})));
        assert!(known.holds(&made("other", now + hour)), "nobody knows until when");
    }

    #[test]
    fn a_cluster_is_decided_for_by_itself_its_project_and_what_that_belongs_to() {
        let name = "//container.googleapis.com/projects/42/locations/eu/clusters/c".into();
        let mut resource = Resource { name, ..Resource::default() };
        resource.gcp_metadata.project_display_name = "shop".into();
        resource.gcp_metadata.organization = "organizations/9".into();
        let ancestors = |place: &str| match place {
            "projects/shop" => vec!["folders/1".to_owned(), "organizations/9".to_owned()],
            _ => Vec::new(),
        };
        assert_eq!(
            places(&resource, &ancestors),
            [
                "projects/42/locations/eu/clusters/c",
                "projects/shop/locations/eu/clusters/c",
                "projects/42",
                "projects/shop",
                "folders/1",
                "organizations/9"
            ]
        );
        assert!(places(&Resource::default(), &ancestors).is_empty());
    }
}
