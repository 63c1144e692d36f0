//! What can go wrong with certificates, and what to do about it.

use std::io;
use std::path::PathBuf;

/// A certificate or key could not be read, made or used. Every error names its file.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not hold what it must.
    #[error("{} holds no {what} ({detail}); write a PEM file that does, or remove it so that it is made anew", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it must hold.
        what: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// Certificate and key do not belong together, or TLS refuses them.
    #[error(
        "{} and {} cannot be used together ({detail}); take a certificate and the key that it was made for",
        certificate.display(),
        key.display()
    )]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS said.
        detail: String,
    },
    /// Half of an authority is there.
    #[error(
        "{} is there but {} is not; an authority is never made anew over a half of it: restore the missing file from a \
         backup, or move both away and give every node a new certificate",
        present.display(),
        missing.display()
    )]
    Half {
        /// What is there.
        present: PathBuf,
        /// What is not.
        missing: PathBuf,
    },
    /// A name that no certificate can hold.
    #[error("{name:?} cannot stand in a certificate ({detail}); write a DNS name or an IP address")]
    Name {
        /// The name.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// Not a public key.
    #[error(
        "the public key has {size} bytes; send the 65 bytes of an uncompressed point on P-256, the first of them 4"
    )]
    PublicKey {
        /// How many bytes there were.
        size: usize,
    },
    /// Signing failed.
    #[error("cannot make a certificate for {subject}: {detail}")]
    Sign {
        /// For whom.
        subject: String,
        /// What the library said.
        detail: String,
    },
}
