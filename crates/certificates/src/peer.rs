//! The other side of a connection, and whether its certificate still counts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use sha2::Digest;

use crate::authority::SKEW;
use crate::{NodeIdentity, facts};

/// SHA-256 of a certificate as it is transmitted (DER). Written as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate's DER bytes.
    pub fn of(der: &[u8]) -> Self {
        Self(sha2::Sha256::digest(der).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Not a certificate's fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a certificate's fingerprint; write its 64 hexadecimal digits")]
pub struct NotAFingerprint {
    /// What was written.
    pub text: String,
}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    /// Also takes capitals and the colons that other tools write.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || NotAFingerprint { text: text.chars().take(200).collect() };
        let digits: Vec<u32> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        let (pairs, []) = digits.as_chunks::<2>() else { return Err(wrong()) };
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok()).collect();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or_else(wrong)
    }
}

/// Says whether a certificate was revoked, by itself or with all of its node's. Asked on every call, so it must answer from
/// memory.
pub type Revocations = Arc<dyn Fn(&Peer) -> bool + Send + Sync>;

/// Revokes nothing.
pub fn nothing_revoked() -> Revocations {
    Arc::new(|_| false)
}

/// Why a certificate no longer counts, or never did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// It was revoked.
    #[error("the certificate {0} was revoked; give the node a new one")]
    Revoked(Fingerprint),
    /// It has ended.
    #[error("the certificate {0} has expired; renew it, or give the node a new one")]
    Expired(Fingerprint),
    /// It is no node's.
    #[error(
        "the certificate {0} names no node; present one with a URI spiffe://DOMAIN/cluster/CLUSTER/node/NODE"
    )]
    NoNode(Fingerprint),
}

/// Whom a connection is with, by a certificate that the own authority signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    fingerprint: Fingerprint,
    node: Option<NodeIdentity>,
    issued_at: SystemTime,
    not_after: SystemTime,
}

impl Peer {
    /// Reads a certificate whose signature was checked. `None` when it cannot be read.
    pub fn of(der: &[u8]) -> Option<Self> {
        let facts = facts::facts(der)?;
        // one identity or none: with two, what is checked and what is used could be different ones
        let node = match &facts.uris[..] {
            [uri] => uri.parse().ok(),
            _ => None,
        };
        // the authority lets a certificate begin before it is made
        let issued_at = facts.not_before.checked_add(SKEW)?;
        Some(Self { fingerprint: Fingerprint::of(der), node, issued_at, not_after: facts.not_after })
    }

    /// Identity of the certificate.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The node that the certificate names, whether it counts or not.
    pub const fn named(&self) -> Option<&NodeIdentity> {
        self.node.as_ref()
    }

    /// When the own authority made the certificate, in whole seconds.
    pub const fn issued_at(&self) -> SystemTime {
        self.issued_at
    }

    /// When the certificate ends.
    pub const fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// The node, if the certificate counts at `now`.
    ///
    /// # Errors
    /// [`PeerError`] when it was revoked, has ended or names no node.
    pub fn check(&self, revoked: &Revocations, now: SystemTime) -> Result<&NodeIdentity, PeerError> {
        if revoked(self) {
            return Err(PeerError::Revoked(self.fingerprint));
        }
        if now > self.not_after {
            return Err(PeerError::Expired(self.fingerprint));
        }
        self.node.as_ref().ok_or(PeerError::NoNode(self.fingerprint))
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn a_fingerprint_leads_back_from_its_text() {
        let one = Fingerprint::of(b"certificate");
        assert_eq!(one.to_string().parse(), Ok(one));
        let loud: Vec<String> = one
            .to_string()
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|c| String::from_utf8_lossy(c).into())
            .collect();
        assert_eq!(loud.join(":").parse(), Ok(one));
        for text in ["", "00", "zz", &"0".repeat(63), &"0".repeat(66)] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
