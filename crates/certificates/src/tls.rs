//! TLS configurations of servers and clients: version 1.3 preferred, 1.2 still spoken, aws-lc-rs underneath.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ServerConfig};

use crate::{CertificateError, Peer, pem};

/// Files of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFiles {
    /// Certificate and what leads to its authority, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
    /// Authorities whose clients are recognised by their certificates, PEM; `None` asks for no certificate.
    pub clients: Option<PathBuf>,
    /// A client without a certificate is let in nevertheless, because it proves itself in another way.
    pub without_certificate: bool,
}

/// Files of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFiles {
    /// Authorities of the server, PEM.
    pub authority: PathBuf,
    /// Own certificate and private key, PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// The provider, named here rather than installed for the process: two libraries of one process may have two.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn pair_error(
    certificate: &std::path::Path,
    key: &std::path::Path,
    error: rustls::Error,
) -> CertificateError {
    CertificateError::Pair { certificate: certificate.into(), key: key.into(), detail: error.to_string() }
}

fn server_config(files: &ServerFiles, protocols: &[&[u8]]) -> Result<ServerConfig, CertificateError> {
    let pair = |error| pair_error(&files.certificate, &files.key, error);
    let builder = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(pem::roots(path)?), provider());
            let verifier =
                if files.without_certificate { verifier.allow_unauthenticated() } else { verifier };
            builder.with_client_cert_verifier(verifier.build().map_err(|error| {
                CertificateError::Content { path: path.clone(), what: "authority", detail: error.to_string() }
            })?)
        }
    };
    let mut config = builder
        .with_single_cert(pem::certificates(&files.certificate)?, pem::key(&files.key)?)
        .map_err(pair)?;
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// A client's configuration. Read anew for each connection, it follows a renewed certificate.
///
/// # Errors
/// [`CertificateError`], naming the file.
pub fn client_config(files: &ClientFiles, protocols: &[&[u8]]) -> Result<ClientConfig, CertificateError> {
    let path = &files.authority;
    let wrong = |error: rustls::Error| CertificateError::Content {
        path: path.clone(),
        what: "authority",
        detail: error.to_string(),
    };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_root_certificates(pem::roots(path)?);
    let mut config = match &files.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(pem::certificates(certificate)?, pem::key(key)?)
            .map_err(|error| pair_error(certificate, key, error))?,
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

/// Whom a certificate's file names and until when, by the first certificate in it.
///
/// # Errors
/// [`CertificateError`], naming the file.
pub fn identity_of(path: &std::path::Path) -> Result<Peer, CertificateError> {
    let list = pem::certificates(path)?;
    list.first().and_then(|der| Peer::of(der)).ok_or_else(|| CertificateError::Content {
        path: path.into(),
        what: "certificate",
        detail: "its dates cannot be read".into(),
    })
}

/// Length and time of change of each file: changes when one of them is replaced.
type Stamp = Vec<Option<(u64, SystemTime)>>;

/// A server's configuration that follows its files: [`reload`](Self::reload) takes up a changed certificate, and one that
/// cannot be used leaves the old one in place.
pub struct ServerTls {
    files: ServerFiles,
    protocols: Vec<&'static [u8]>,
    current: RwLock<(Arc<ServerConfig>, Stamp)>,
}

impl ServerTls {
    /// Reads the files. `protocols` are offered by ALPN: `h2`, `http/1.1`.
    ///
    /// # Errors
    /// [`CertificateError`], naming the file.
    pub fn open(files: ServerFiles, protocols: &[&'static [u8]]) -> Result<Self, CertificateError> {
        let stamp = Self::stamp(&files);
        let config = Arc::new(server_config(&files, protocols)?);
        Ok(Self { files, protocols: protocols.to_vec(), current: RwLock::new((config, stamp)) })
    }

    fn stamp(files: &ServerFiles) -> Stamp {
        [Some(&files.certificate), Some(&files.key), files.clients.as_ref()]
            .into_iter()
            .flatten()
            .map(|path| {
                let facts = std::fs::metadata(path).ok()?;
                Some((facts.len(), facts.modified().ok()?))
            })
            .collect()
    }

    /// The configuration for the next handshake.
    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Reads the files again if one of them changed; whether it did. Blocks for the reading.
    ///
    /// # Errors
    /// [`CertificateError`], naming the file; the old certificate is used until the files are right.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let stamp = Self::stamp(&self.files);
        if self.current.read().unwrap_or_else(PoisonError::into_inner).1 == stamp {
            return Ok(false);
        }
        let config = Arc::new(server_config(&self.files, &self.protocols)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (config, stamp);
        Ok(true)
    }
}
