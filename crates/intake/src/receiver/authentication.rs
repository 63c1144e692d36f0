//! Which node calls.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use certificates::{NodeIdentity, Peer};
use tonic::{Request, Status};

use super::Receiver;
use crate::connection::Origin;

/// Whose token it is, and until when that holds without asking again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// The node.
    pub node: NodeIdentity,
    /// Asked again after this.
    pub until: SystemTime,
}

/// An answer that is on its way: the reason, when the token counts for nothing.
pub type TokenPending<'a> = Pin<Box<dyn Future<Output = Result<TokenHolder, String>> + Send + 'a>>;

/// Says whose a bearer token is.
pub trait TokenCheck: Send + Sync {
    /// Asks whoever gave the token out. The token is a secret: it goes into no log and no reason.
    /// `address` is where it came from.
    fn check<'a>(&'a self, address: IpAddr, token: &'a str) -> TokenPending<'a>;
}

/// A longer token is none.
const LONGEST_TOKEN: usize = 16 << 10;

/// A caller who has proved to be a node.
pub(super) struct Caller {
    pub(super) node: NodeIdentity,
    proof: Proof,
}

enum Proof {
    Certificate(Arc<Peer>),
    Token(SystemTime),
}

impl Receiver {
    pub(super) async fn caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let found = self.find_caller(request).await;
        found.inspect_err(|status| self.count_denied(request, status))
    }

    fn count_denied<T>(&self, request: &Request<T>, status: &Status) {
        self.counters.unauthenticated.fetch_add(1, Ordering::Relaxed);
        let address = request.extensions().get::<Origin>().map(|origin| origin.address);
        tracing::debug!("{address:?}: {}", status.message());
    }

    async fn find_caller<T>(&self, request: &Request<T>) -> Result<Caller, Status> {
        let peer = request.extensions().get::<Origin>().and_then(|origin| origin.peer.clone());
        let caller = if let Some(peer) = peer {
            let node = peer
                .check(&self.revoked, SystemTime::now())
                .map_err(|error| Status::unauthenticated(error.to_string()))?
                .clone();
            Caller { node, proof: Proof::Certificate(peer) }
        } else {
            let holder = self.by_token(request).await?;
            Caller { node: holder.node, proof: Proof::Token(holder.until) }
        };
        if caller.node.domain() != &*self.domain {
            return Err(Status::unauthenticated(format!(
                "{} is of another trust domain than {}; give the node a certificate of this one",
                caller.node, self.domain
            )));
        }
        self.tenancy.admits(caller.node.cluster()).map_err(Status::permission_denied)?;
        Ok(caller)
    }

    async fn by_token<T>(&self, request: &Request<T>) -> Result<TokenHolder, Status> {
        let nobody = || {
            Status::unauthenticated(
                "present a node's certificate, or a node's token as `authorization: Bearer …`",
            )
        };
        let tokens = self.tokens.as_ref().ok_or_else(nobody)?;
        let header = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(nobody)?;
        if token.is_empty() || token.len() > LONGEST_TOKEN {
            return Err(nobody());
        }
        let origin = request.extensions().get::<Origin>().map(|origin| origin.address.ip());
        let address = origin.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        tokens.check(address, token).await.map_err(Status::unauthenticated)
    }

    /// A call may last longer than what proved its caller.
    pub(super) fn still(&self, caller: &Caller) -> Result<(), Status> {
        let now = SystemTime::now();
        let checked = match &caller.proof {
            Proof::Certificate(peer) => peer
                .check(&self.revoked, now)
                .map(drop)
                .map_err(|error| Status::unauthenticated(error.to_string())),
            Proof::Token(until) if now > *until => {
                Err(Status::unauthenticated("the token has to be presented again; call anew"))
            }
            Proof::Token(_) => Ok(()),
        };
        checked.inspect_err(|_| {
            self.counters.unauthenticated.fetch_add(1, Ordering::Relaxed);
        })
    }
}
