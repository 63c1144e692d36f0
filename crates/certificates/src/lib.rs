//! Whom a connection is with: the own authority, certificates of servers and nodes, their revocation, and TLS listeners.
//!
//! ```text
//! Authority (made once, 0600 key) → server certificate        → ServerTls → TlsListener → TlsConnection.peer()
//!                                 → node certificate (24 hours) ↗ presented by a sensor
//! ```
//!
//! The handshake checks who signed a certificate and its dates. A connection outlives both: [`Peer::check`] asks again,
//! on every call, whether the certificate still counts.

mod admission;
mod authority;
mod error;
mod facts;
mod listener;
mod peer;
mod pem;
mod spiffe;
mod tls;

pub use admission::{Admission, Place, neighbourhood};
pub use authority::{Authority, DAY, Issued, NodeKey};
pub use error::CertificateError;
pub use listener::{HandshakeLimits, TlsConnection, TlsListener};
pub use peer::{Fingerprint, NotAFingerprint, Peer, PeerError, Revocations, nothing_revoked};
pub use pem::{write_private, write_public};
pub use spiffe::{NodeIdentity, NotAnIdentity};
pub use tls::{ClientFiles, ServerFiles, ServerTls, client_config, identity_of};
