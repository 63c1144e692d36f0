//! Who is asking: the seam between what is asked for and who may.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::method::ApiMethod;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As the audit log writes it: `token:NAME`, `user:SUBJECT`, `serviceAccount:EMAIL`, …
    pub name: String,
    /// Its role, for a reader.
    pub role: String,
}

/// What a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What is asked for; [`ApiMethod::Other`] for a path that leads nowhere.
    pub method: ApiMethod,
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// From where, when the server was told.
    pub peer: Option<SocketAddr>,
    /// What the path is within: `projects/p`, then the folders and the organization that it belongs to. Empty for a path
    /// that leads nowhere.
    pub places: &'a [String],
}

/// Why somebody may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Nobody knows who asks.
    #[error("{how}")]
    Unauthenticated {
        /// What to send, for whoever asks.
        how: String,
    },
    /// It is known who asks, and what is asked for is beyond its role.
    #[error("{} has the role {}: {reason}", principal.name, principal.role)]
    PermissionDenied {
        /// Who.
        principal: Principal,
        /// What is missing, and who can give it.
        reason: String,
    },
    /// Too many attempts from there have failed.
    #[error("{reason}")]
    TooMany {
        /// Why, and what to do.
        reason: String,
        /// Seconds after which it may be tried again.
        retry_seconds: u32,
    },
    /// Whom to ask cannot be reached now.
    #[error("{reason}")]
    Unavailable {
        /// Why, and what to do.
        reason: String,
    },
}

/// A decision that is on its way.
pub type Decision<'a> = Pin<Box<dyn Future<Output = Result<Principal, Denied>> + Send + 'a>>;

/// An answer to `POST /oauth2/token`.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its status.
    pub status: StatusCode,
    /// Its body.
    pub body: Value,
    /// Whose key it is about, if that is one that is known: then it is written down.
    pub key: Option<GrantKey>,
}

/// A service account's key, as the audit log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantKey {
    /// The key's id.
    pub id: String,
    /// The account's e-mail address.
    pub account: String,
    /// Whoever asked has shown that it holds the key.
    pub is_held: bool,
}

/// An answer to `POST /oauth2/token` that is on its way.
pub type Granting<'a> = Pin<Box<dyn Future<Output = Grant> + Send + 'a>>;

/// Decides who may do what.
pub trait Access: Send + Sync {
    /// Who asks, if it may.
    fn admit<'a>(&'a self, request: Request<'a>) -> Decision<'a>;

    /// Answers `POST /oauth2/token` (RFC 6749): the request's body in, an access token out.
    fn grant<'a>(&'a self, _peer: Option<SocketAddr>, _body: &'a [u8]) -> Granting<'a> {
        Box::pin(async {
            let why = "this Vedette gives no access tokens; show its own token, see docs/access.md";
            let body = json!({"error": "unauthorized_client", "error_description": why});
            Grant { status: StatusCode::BAD_REQUEST, body, key: None }
        })
    }
}
