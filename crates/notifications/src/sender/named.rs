//! A certificate of one name, whatever address the connection is to.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

use super::syslog::{provider, roots};
use crate::output::{OutputError, wrong};

/// Asks for the name of the config, not for the address that it led to.
#[derive(Debug)]
struct Named {
    name: ServerName<'static>,
    inner: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _address: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner.verify_server_cert(end_entity, intermediates, &self.name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// TLS with whoever has a certificate for the host, of the authorities of the server's configuration.
pub(super) fn tls_with(authorities: &str, host: &str) -> Result<ClientConfig, OutputError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(name) = ServerName::try_from(bare.to_owned()) else {
        return wrong("vedette.url", format!("{host:?} is not a name that a certificate can hold"));
    };
    let roots = Arc::new(roots(authorities)?);
    let inner = match WebPkiServerVerifier::builder_with_provider(roots, provider()).build() {
        Ok(inner) => inner,
        Err(error) => {
            return wrong("vedette.url", format!("the certificate authorities cannot be used: {error}"));
        }
    };
    match ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions() {
        Ok(builder) => Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Named { name, inner }))
            .with_no_client_auth()),
        Err(error) => wrong("vedette.url", format!("TLS cannot be spoken here: {error}")),
    }
}
