//! What administrators do beside findings: credentials, certificates of nodes, outputs. Each is done behind a trait, by whoever
//! keeps them; a server without one of them says so.

mod bindings;
mod place;
mod sensors;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use finding::Timestamp;
use serde_json::Value;
use store::StoreError;

pub(crate) use bindings::{new_credential, written_bindings};
pub use sensors::{SensorHealth, SensorProblem, SensorState, Sensors};

pub(crate) use place::{contains, credentials_of, everything, organization};

use crate::detectors::Detectors;
use crate::error::ApiError;

/// Those who do it. A server may lack some.
#[derive(Clone, Default)]
pub struct Administration {
    /// What is detected.
    pub detectors: Option<Arc<dyn Detectors>>,
    /// Static tokens and keys of service accounts.
    pub credentials: Option<Arc<dyn Credentials>>,
    /// Certificates of nodes.
    pub certificates: Option<Arc<dyn NodeCertificates>>,
    /// What notification configs send to.
    pub outputs: Option<Arc<dyn Outputs>>,
    /// Who watches sensors.
    pub sensors: Option<Arc<dyn Sensors>>,
    /// What the server is set to, without secrets: the answer to `GET /v2/configuration`.
    pub configuration: Option<Arc<Value>>,
}

/// An answer that is on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, AdministrationError>> + Send + 'a>>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdministrationError {
    /// What was asked for cannot be.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field of the body, or the variable of the path.
        field: String,
        /// What is wrong, and what it takes.
        reason: String,
    },
    /// It is there already.
    #[error("{what} exists already")]
    Exists {
        /// What, with its name.
        what: String,
    },
    /// Something that this server does not decide stands in the way, and asking again changes nothing.
    #[error("{reason}")]
    Refused {
        /// What, and what to do.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect; its own words are for the log.
    #[error("{reason}")]
    Failed {
        /// What went wrong.
        reason: String,
    },
}

impl From<AdministrationError> for ApiError {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::Invalid { field, reason } => Self::invalid(field, &reason),
            AdministrationError::Exists { what } => Self::Taken { what },
            AdministrationError::Refused { reason } => Self::Precondition { reason },
            AdministrationError::Store(error) => error.into(),
            AdministrationError::Failed { reason } => {
                tracing::error!(reason, "administration failed");
                Self::Defect
            }
        }
    }
}

/// A role, everywhere or within one parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The role's name.
    pub role: String,
    /// `organizations/ID`, `folders/ID` or `projects/ID`; everywhere when there is none.
    pub parent: Option<String>,
}

/// A token or key to make. Whether its bindings are within what the asker administers was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    /// What it may do.
    pub bindings: Vec<Binding>,
    /// When it ends; never when there is none.
    pub expire_time: Option<Timestamp>,
    /// Who makes it, as the audit log writes it.
    pub created_by: String,
}

/// What is known of a token or key; never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The token's name, or the key's id.
    pub id: String,
    /// The service account's address; of a token there is none.
    pub account: Option<String>,
    /// What it may do.
    pub bindings: Vec<Binding>,
    /// When it was made.
    pub create_time: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When it ends.
    pub expire_time: Option<Timestamp>,
    /// When it was last used, as far as that is noted.
    pub last_used_time: Option<Timestamp>,
}

/// Keeps static tokens and keys of service accounts.
pub trait Credentials: Send + Sync {
    /// Every token.
    fn tokens(&self) -> Answering<'_, Vec<Credential>>;

    /// Makes a token; with its secret, which is not kept.
    fn create_token<'a>(&'a self, name: &'a str, new: NewCredential) -> Answering<'a, (Credential, String)>;

    /// Revokes a token; whether there was one.
    fn revoke_token<'a>(&'a self, name: &'a str) -> Answering<'a, bool>;

    /// Every key of every account.
    fn keys(&self) -> Answering<'_, Vec<Credential>>;

    /// Makes a key of an account; with the key file, of which the private key is not kept.
    fn create_key<'a>(&'a self, account: &'a str, new: NewCredential) -> Answering<'a, (Credential, Value)>;

    /// Revokes a key; whether there was one.
    fn revoke_key<'a>(&'a self, id: &'a str) -> Answering<'a, bool>;
}

/// A node's certificate that was made.
#[derive(Clone)]
pub struct IssuedCertificate {
    /// The certificate, PEM.
    pub certificate: String,
    /// Its private key, PEM. It is kept nowhere.
    pub private_key: String,
    /// The certificate of the authority, PEM: what the node trusts.
    pub authority: String,
    /// SHA-256 of the certificate, in hexadecimal: what it is revoked by.
    pub fingerprint: String,
    /// When it ends.
    pub not_after: Timestamp,
}

/// Makes certificates of nodes.
pub trait NodeCertificates: Send + Sync {
    /// A certificate for a node of a cluster.
    fn issue<'a>(
        &'a self,
        cluster: &'a str,
        node: &'a str,
        life: Duration,
    ) -> Answering<'a, IssuedCertificate>;
}

/// What became of one output's messages, on this server since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutputCounts {
    /// Messages that the other side took.
    pub delivered: u64,
    /// Attempts that failed and were repeated.
    pub failed: u64,
    /// Messages that were set aside.
    pub dead_lettered: u64,
    /// Changes that were read and are not handled yet.
    pub waiting: u64,
}

/// What became of dead letters that were sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// How many were taken.
    pub delivered: u64,
    /// How many are left.
    pub remaining: u64,
    /// Why it stopped before the last one, when the other side did not take one.
    pub stopped: Option<String>,
}

/// Sends findings out.
pub trait Outputs: Send + Sync {
    /// Sends a made-up finding to what a stored notification config describes.
    fn send_test<'a>(&'a self, config: &'a str, body: &'a Value) -> Answering<'a, ()>;

    /// Sends dead letters of a notification config again, as many as can be told in time for an answer.
    fn replay<'a>(&'a self, config: &'a str) -> Answering<'a, Replayed>;

    /// What became of messages, by the names of notification configs.
    fn counts(&self) -> BTreeMap<String, OutputCounts>;
}

/// One of those who do it, or what a server without it says.
pub(crate) fn present<T: ?Sized>(found: &Option<Arc<T>>, what: &str) -> Result<Arc<T>, ApiError> {
    let reason = || format!("this Vedette has no {what}; docs/api.md says which servers do");
    found.clone().ok_or_else(|| ApiError::Precondition { reason: reason() })
}
