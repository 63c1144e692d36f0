//! Certificates of nodes, as administrators ask for them through the API.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use api::{AdministrationError, Answering, IssuedCertificate};
use certificates::{Authority, NodeIdentity};
use finding::Timestamp;

/// Those that one authority signs, for nodes of one trust domain.
pub struct NodeCertificates {
    authority: Arc<Authority>,
    domain: String,
}

impl NodeCertificates {
    /// `domain` is the trust domain that the receiver of sensors expects.
    pub fn new(authority: Arc<Authority>, domain: impl Into<String>) -> Self {
        Self { authority, domain: domain.into() }
    }
}

impl api::NodeCertificates for NodeCertificates {
    fn issue<'a>(
        &'a self,
        cluster: &'a str,
        node: &'a str,
        life: Duration,
    ) -> Answering<'a, IssuedCertificate> {
        Box::pin(async move {
            let identity = NodeIdentity::new(&self.domain, cluster, node).map_err(|error| {
                AdministrationError::Invalid { field: "name".into(), reason: error.to_string() }
            })?;
            let issued = self
                .authority
                .node(&identity, SystemTime::now(), life)
                .map_err(|error| AdministrationError::Failed { reason: error.to_string() })?;
            Ok(IssuedCertificate {
                certificate: issued.certificate_pem,
                private_key: issued.key_pem,
                authority: self.authority.certificate_pem().to_owned(),
                fingerprint: issued.fingerprint.to_string(),
                not_after: whole_seconds(issued.not_after),
            })
        })
    }
}

/// A certificate ends at a whole second.
fn whole_seconds(time: SystemTime) -> Timestamp {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Timestamp::from_nanos(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000))
}
