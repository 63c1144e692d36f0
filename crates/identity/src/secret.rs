//! Secrets: from the system's randomness, kept as a hash.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::AdminError;

/// Bytes of randomness in a token: as many as the hash has.
const SECRET_BYTES: usize = 32;

/// A new secret behind a prefix, in hexadecimal.
pub(crate) fn generate(prefix: &str) -> Result<String, AdminError> {
    let mut bytes = [0; SECRET_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AdminError::Randomness)?;
    Ok(format!("{prefix}{}", hex(&bytes)))
}

/// Whether a text has the form of a secret with this prefix; looked at before anything is hashed or asked.
pub(crate) fn has_form(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|rest| {
        rest.len() == 2 * SECRET_BYTES && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// SHA-256. A secret of 256 random bits needs no slow hash: there is nothing to guess.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// SHA-256 in hexadecimal, as it is stored.
pub(crate) fn hash(text: &str) -> String {
    hex(&digest(text))
}

/// Compares in a time that does not depend on where two texts differ.
pub(crate) fn same(left: &str, right: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left.as_bytes(), right.as_bytes()).is_ok()
}

/// Lowercase hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// PEM (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let body = base64(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    let _ = writeln!(text, "-----END {label}-----");
    text
}

/// Base64 with padding (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (word >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_secret_has_its_form_and_nothing_else_has() {
        let secret = generate("vdt_").unwrap();
        assert!(has_form(&secret, "vdt_"), "{secret}");
        assert_ne!(secret, generate("vdt_").unwrap());
        for other in [secret.to_uppercase(), format!("{secret}0"), secret[..67].to_owned(), String::new()] {
            assert!(!has_form(&other, "vdt_"), "{other}");
        }
    }
}
