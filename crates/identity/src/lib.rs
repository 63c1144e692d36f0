//! Who is asking and what they may do: roles, tokens, service-account keys, OpenID Connect and Kubernetes tokens.
//!
//! ```text
//! Authorization header → bearer token → static token | access token | service account's JWT | issuer's ID token
//!                                       | Kubernetes token → Principal (name, roles within parents) or Refusal
//! ```
//!
//! [`Identity`] is the one entry. Time is a parameter here too, so that every limit can be tested; the world is touched
//! only to ask the store, an identity provider or an API server.

mod access_token;
mod attempts;
mod config;
mod identity;
mod jwt;
mod key_set;
mod kubernetes;
mod open_id_connect;
mod permission;
mod principal;
mod recent;
mod refusal;
mod role;
mod secret;
mod service_account;
mod static_token;
mod token_endpoint;

pub use attempts::Attempts;
pub use config::{AccessConfig, ConfigError, KubernetesConfig, OpenIdConnectConfig, RoleRule};
pub use identity::{Identity, OpenError};
pub use kubernetes::Node;
pub use permission::Permission;
pub use principal::{Binding, Principal};
pub use refusal::{AdminError, Refusal};
pub use role::{Role, permissions_table};
pub use service_account::{KeyInfo, NewKey};
pub use static_token::{CreatedToken, NewToken, TokenInfo};
pub use token_endpoint::{AskedKey, Granted, TokenError};
