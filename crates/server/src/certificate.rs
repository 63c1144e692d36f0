//! The server's certificate from the own authority: made at the start, renewed long before it ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use certificates::{Authority, CertificateError, DAY, ServerFiles, identity_of, write_private, write_public};

/// How long a certificate lives, and how much of that may be left before there is a new one. Clients check the authority,
/// which stays.
const LIFE: Duration = DAY.saturating_mul(90);
const LEFT: Duration = DAY.saturating_mul(30);
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(3_600);

/// A certificate that the own authority signs, in files that listeners follow.
pub struct OwnCertificate {
    authority: Arc<Authority>,
    names: Vec<String>,
    certificate: PathBuf,
    key: PathBuf,
}

impl OwnCertificate {
    /// The certificate for `names` (and loopback) in a folder; made now, for the names may be others than last time.
    ///
    /// # Errors
    /// [`CertificateError`], naming the file or the name.
    pub fn make(
        authority: Arc<Authority>,
        names: Vec<String>,
        folder: &Path,
    ) -> Result<Self, CertificateError> {
        let (certificate, key) = (folder.join("server.crt"), folder.join("server.key"));
        let own = Self { authority, names, certificate, key };
        own.renew()?;
        Ok(own)
    }

    fn renew(&self) -> Result<(), CertificateError> {
        let issued = self.authority.server(&self.names, SystemTime::now(), LIFE)?;
        // between the two, listeners keep the pair that they have
        write_private(&self.key, issued.key_pem.as_bytes())?;
        write_public(&self.certificate, issued.certificate_pem.as_bytes())
    }

    /// Its files. With `nodes`, clients are asked for a certificate of the same authority.
    pub fn files(&self, nodes: Nodes) -> ServerFiles {
        ServerFiles {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            clients: (nodes != Nodes::None).then(|| self.authority.certificate_file().to_owned()),
            without_certificate: nodes == Nodes::CertificatesOrTokens,
        }
    }

    /// Renews it when it is time, for ever.
    pub async fn keep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let own = Arc::clone(&self);
            let done = tokio::task::spawn_blocking(move || {
                let ends = identity_of(&own.certificate).map(|peer| peer.not_after());
                if ends.is_ok_and(|ends| ends > SystemTime::now() + LEFT) { Ok(()) } else { own.renew() }
            });
            if let Ok(Err(error)) = done.await {
                tracing::error!("the server's certificate was not renewed: {error}");
            }
        }
    }
}

/// How those who connect prove to be nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nodes {
    /// They are none: the API.
    None,
    /// With certificates of the own authority.
    Certificates,
    /// With these, or with bearer tokens.
    CertificatesOrTokens,
}
