//! What a certificate says that the TLS library does not tell: its URI and when it begins and ends.
//!
//! Only certificates whose signature was checked come here; a malformed one is `None`, never a panic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// What is read of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) uris: Vec<String>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

pub(crate) fn facts(certificate: &[u8]) -> Option<Facts> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let time = |seconds: i64| UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?));
    let validity = certificate.validity();
    let (not_before, not_after) =
        (time(validity.not_before.timestamp())?, time(validity.not_after.timestamp())?);
    let names = certificate.subject_alternative_name().ok()?;
    let mut uris = Vec::new();
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        match name {
            GeneralName::URI(uri) => uris.push((*uri).to_owned()),
            GeneralName::Invalid(..) => return None,
            _ => {}
        }
    }
    Some(Facts { uris, not_before, not_after })
}

#[cfg(test)]
mod tests {
    use super::facts;

    #[test]
    fn no_cut_and_no_flipped_byte_of_a_certificate_panics() {
        let key = rcgen::KeyPair::generate().unwrap();
        let whole =
            rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let whole = whole.der().to_vec();
        assert!(facts(&whole).is_some());
        for at in 0..whole.len() {
            let _ = facts(&whole[..at]);
            let mut flipped = whole.clone();
            flipped[at] ^= 0xff;
            let _ = facts(&flipped);
        }
    }
}
