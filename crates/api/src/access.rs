//! Who is asking: the seam between what is asked for and who may.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use axum::http::HeaderMap;

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
    /// Whom to ask cannot be reached now.
    #[error("{reason}")]
    Unavailable {
        /// Why, and what to do.
        reason: String,
    },
}

/// A decision that is on its way.
pub type Decision<'a> = Pin<Box<dyn Future<Output = Result<Principal, Denied>> + Send + 'a>>;

/// Decides who may do what.
pub trait Access: Send + Sync {
    /// Who asks, if it may.
    fn admit<'a>(&'a self, request: Request<'a>) -> Decision<'a>;

    /// Whether somebody who was admitted may ask for another method, too.
    fn holds(&self, principal: &Principal, method: ApiMethod) -> bool;
}
