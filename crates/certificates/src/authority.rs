//! The own authority: made once in a folder, signs certificates of servers and nodes.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType, SignatureAlgorithm,
};

use crate::pem::{self, io};
use crate::{CertificateError, Fingerprint, NodeIdentity};

/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an authority signs. It is not renewed by itself: every node has to learn of the new one.
const AUTHORITY_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Clocks of nodes and servers may differ by this much.
pub(crate) const SKEW: Duration = Duration::from_secs(5 * 60);

/// A certificate and, where it was made here, its key.
#[derive(Clone)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PEM; empty when the holder made the key.
    pub key_pem: String,
    /// Its identity, for revocation.
    pub fingerprint: Fingerprint,
    /// When it ends.
    pub not_after: SystemTime,
}

/// Keys are for files, not for logs.
impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued")
            .field("fingerprint", &self.fingerprint)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// A key that a node makes for itself; only its public half leaves the node.
pub struct NodeKey(KeyPair);

impl NodeKey {
    /// A new one.
    ///
    /// # Errors
    /// [`CertificateError::Sign`] when the system gives no randomness.
    pub fn generate() -> Result<Self, CertificateError> {
        KeyPair::generate().map(Self).map_err(|e| sign_error("a node", &e))
    }

    /// What [`Authority::node_for_key`] takes.
    pub fn public(&self) -> &[u8] {
        self.0.public_key_raw()
    }

    /// PEM of certificate and key in one file, so that both are replaced at once.
    pub fn with_certificate(&self, certificate_pem: &str) -> String {
        format!("{certificate_pem}{}", self.0.serialize_pem())
    }
}

/// A public key whose private half stays with a node.
struct Point(Vec<u8>);

impl PublicKeyData for Point {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// Signs certificates. Its files: `authority.crt` and `authority.key`.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: PathBuf,
    certificate_pem: String,
}

fn named(name: &str, now: SystemTime, life: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(name);
    params.not_before = (now - SKEW).into();
    params.not_after = (now + life).into();
    params
}

fn subject(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "Vedette");
    // X.520: a common name has at most 64 characters; the whole name stands in the alternative name
    subject.push(DnType::CommonName, name.chars().take(64).collect::<String>());
    subject
}

impl Authority {
    /// The authority of a folder; makes folder (0700) and authority (key 0600) when neither of its files is there.
    ///
    /// # Errors
    /// [`CertificateError::Half`] when only one of its files is there; other [`CertificateError`]s name the file.
    pub fn open(folder: &Path, now: SystemTime) -> Result<Self, CertificateError> {
        let (certificate, key) = (folder.join("authority.crt"), folder.join("authority.key"));
        // servers that start together share the folder: one makes the authority, the others wait for it
        let _alone = if certificate.exists() && key.exists() { None } else { Some(Self::lock(folder)?) };
        match (certificate.exists(), key.exists()) {
            (false, false) => Self::make(&certificate, &key, now)?,
            (true, true) => {}
            (true, false) => return Err(CertificateError::Half { present: certificate, missing: key }),
            (false, true) => return Err(CertificateError::Half { present: key, missing: certificate }),
        }
        Self::read(certificate, &key)
    }

    /// Makes the folder, and waits until nobody else makes an authority in it.
    fn lock(folder: &Path) -> Result<File, CertificateError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io("create the folder", folder))?;
        let path = folder.join("authority.lock");
        let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(io("open", &path))?;
        file.lock().map_err(io("lock", &path))?;
        Ok(file)
    }

    fn make(certificate: &Path, key: &Path, now: SystemTime) -> Result<(), CertificateError> {
        let pair = KeyPair::generate().map_err(|e| sign_error("an authority", &e))?;
        // the number tells authorities apart that were made one after the other
        let number = Fingerprint::of(pair.public_key_raw()).to_string();
        let mut params = named(&format!("Vedette authority {}", &number[..12]), now, AUTHORITY_LIFE);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let made = params.self_signed(&pair).map_err(|e| sign_error("an authority", &e))?;
        pem::write_private(key, pair.serialize_pem().as_bytes())?;
        pem::write_public(certificate, made.pem().as_bytes())
    }

    fn read(certificate: PathBuf, key: &Path) -> Result<Self, CertificateError> {
        let mode = std::fs::metadata(key).map_err(io("read", key))?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!("{} can be read by others than its owner; it is made private now", key.display());
            std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o600))
                .map_err(io("change the permissions of", key))?;
        }
        let damaged =
            |detail: String| CertificateError::Content { path: key.to_owned(), what: "private key", detail };
        let text = String::from_utf8(pem::read(key)?).map_err(|e| damaged(e.to_string()))?;
        let pair = KeyPair::from_pem(&text).map_err(|e| damaged(e.to_string()))?;
        let number = Fingerprint::of(pair.public_key_raw()).to_string();
        let list = pem::certificates(&certificate)?;
        let holds = |needle: &[u8]| {
            list.iter().any(|one| one.as_ref().windows(needle.len()).any(|window| window == needle))
        };
        if !holds(pair.public_key_raw()) {
            return Err(CertificateError::Pair {
                certificate,
                key: key.to_owned(),
                detail: "the certificate holds another public key".into(),
            });
        }
        let bytes = pem::read(&certificate)?;
        let certificate_pem = String::from_utf8_lossy(&bytes).into_owned();
        let mut params = CertificateParams::default();
        params.distinguished_name = subject(&format!("Vedette authority {}", &number[..12]));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self { issuer: Issuer::new(params, pair), certificate, certificate_pem })
    }

    /// The file with its certificate: what clients and servers trust.
    pub fn certificate_file(&self) -> &Path {
        &self.certificate
    }

    /// The same, as text to give to a node.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    fn sign(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
        subject: &str,
    ) -> Result<(String, Fingerprint), CertificateError> {
        let made = params.signed_by(key, &self.issuer).map_err(|e| sign_error(subject, &e))?;
        Ok((made.pem(), Fingerprint::of(made.der())))
    }

    /// A server's certificate for names and addresses, and for loopback.
    ///
    /// # Errors
    /// [`CertificateError::Name`] for what is neither a DNS name nor an address.
    pub fn server(
        &self,
        names: &[String],
        now: SystemTime,
        life: Duration,
    ) -> Result<Issued, CertificateError> {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let mut all: Vec<SanType> = loopback.map(SanType::IpAddress).into();
        for name in names.iter().map(String::as_str).chain(["localhost"]) {
            let one = match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(
                    dns(name).map_err(|detail| CertificateError::Name { name: name.into(), detail })?,
                ),
            };
            if !all.contains(&one) {
                all.push(one);
            }
        }
        let pair = KeyPair::generate().map_err(|e| sign_error("a server", &e))?;
        let mut params = named(names.first().map_or("localhost", String::as_str), now, life);
        params.subject_alt_names = all;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let (certificate_pem, fingerprint) = self.sign(&params, &pair, "a server")?;
        Ok(Issued { certificate_pem, key_pem: pair.serialize_pem(), fingerprint, not_after: now + life })
    }

    /// A node's certificate with a key made here.
    ///
    /// # Errors
    /// [`CertificateError::Sign`].
    pub fn node(
        &self,
        identity: &NodeIdentity,
        now: SystemTime,
        life: Duration,
    ) -> Result<Issued, CertificateError> {
        let pair = KeyPair::generate().map_err(|e| sign_error(&identity.to_string(), &e))?;
        let issued = self.node_for_key(identity, pair.public_key_raw(), now, life)?;
        Ok(Issued { key_pem: pair.serialize_pem(), ..issued })
    }

    /// A node's certificate for a key that the node made: an uncompressed point on P-256 (65 bytes).
    ///
    /// # Errors
    /// [`CertificateError::PublicKey`] for anything else, [`CertificateError::Sign`].
    pub fn node_for_key(
        &self,
        identity: &NodeIdentity,
        public_key: &[u8],
        now: SystemTime,
        life: Duration,
    ) -> Result<Issued, CertificateError> {
        if public_key.len() != 65 || public_key.first() != Some(&4) {
            return Err(CertificateError::PublicKey { size: public_key.len() });
        }
        let uri = identity.to_string();
        let mut params = named(identity.node(), now, life);
        let text = uri.clone().try_into().map_err(|e| sign_error(&uri, &e))?;
        params.subject_alt_names = vec![SanType::URI(text)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let (certificate_pem, fingerprint) = self.sign(&params, &Point(public_key.to_vec()), &uri)?;
        Ok(Issued { certificate_pem, key_pem: String::new(), fingerprint, not_after: now + life })
    }
}

fn sign_error(subject: &str, error: &rcgen::Error) -> CertificateError {
    CertificateError::Sign { subject: subject.into(), detail: error.to_string() }
}

fn dns(name: &str) -> Result<rcgen::string::Ia5String, String> {
    rustls::pki_types::DnsName::try_from(name).map_err(|error| error.to_string())?;
    rcgen::string::Ia5String::try_from(name).map_err(|error| error.to_string())
}
