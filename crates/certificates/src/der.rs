//! What a certificate says that the TLS library does not tell: its URI and when it ends.
//!
//! Only certificates whose signature was checked come here; a malformed one is `None`, never a panic.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const URI: u8 = 0x86;
/// 2.5.29.17, subjectAltName.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Cuts one element off: its tag, what it holds, the rest.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > 4 {
            return None;
        }
        let (digits, behind) = rest.split_at_checked(count)?;
        length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
        rest = behind;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, content, rest) = element(self.0)?;
        self.0 = rest;
        Some((tag, content))
    }
}

/// What is read of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) uris: Vec<String>,
    pub(crate) not_after: SystemTime,
}

pub(crate) fn facts(certificate: &[u8]) -> Option<Facts> {
    let (SEQUENCE, outer, _) = element(certificate)? else { return None };
    let (SEQUENCE, to_be_signed, _) = element(outer)? else { return None };
    let mut fields = Elements(to_be_signed).filter(|(tag, _)| *tag != VERSION);
    // serial number, algorithm, issuer, then validity
    let (SEQUENCE, validity) = fields.nth(3)? else { return None };
    let (tag, time) = Elements(validity).nth(1)?;
    let not_after = moment(tag, time)?;
    let mut uris = Vec::new();
    for (_, extensions) in fields.filter(|(tag, _)| *tag == EXTENSIONS) {
        let (SEQUENCE, list, _) = element(extensions)? else { return None };
        for (_, extension) in Elements(list) {
            let mut parts = Elements(extension);
            if parts.next()? != (OBJECT_IDENTIFIER, SUBJECT_ALT_NAME) {
                continue;
            }
            let (_, value) = parts.find(|(tag, _)| *tag == OCTET_STRING)?;
            let (SEQUENCE, names, _) = element(value)? else { return None };
            for (_, uri) in Elements(names).filter(|(tag, _)| *tag == URI) {
                uris.push(std::str::from_utf8(uri).ok()?.to_owned());
            }
        }
    }
    Some(Facts { uris, not_after })
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, RFC 5280 4.1.2.5.
fn moment(tag: u8, text: &[u8]) -> Option<SystemTime> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = |part: &[u8]| part.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let short = number(&digits[..2]);
            (if short < 50 { 2000 + short } else { 1900 + short }, &digits[2..])
        }
        (GENERALIZED_TIME, 14) => (number(&digits[..4]), &digits[4..]),
        _ => return None,
    };
    let [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map(|at| number(&rest[at..at + 2]));
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][usize::try_from(month).ok()? - 1];
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let days = years + before + u64::from(month > 2 && leap(year)) + day - 1;
    UNIX_EPOCH.checked_add(Duration::from_secs(((days * 24 + hour) * 60 + minute) * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::{GENERALIZED_TIME, UTC_TIME, facts, moment};
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn times_are_read_in_both_forms() {
        for (tag, text, seconds) in [
            (UTC_TIME, "700101000000Z", 0),
            (UTC_TIME, "240229120000Z", 1_709_208_000),
            (GENERALIZED_TIME, "20500301000000Z", 2_529_705_600),
            (GENERALIZED_TIME, "20001231235959Z", 978_307_199),
        ] {
            assert_eq!(
                moment(tag, text.as_bytes()),
                Some(UNIX_EPOCH + Duration::from_secs(seconds)),
                "{text}"
            );
        }
        for text in ["", "Z", "24022912000Z", "2402291200000Z", "241329120000Z", "24022912000\u{e9}Z"] {
            assert_eq!(moment(UTC_TIME, text.as_bytes()), None, "{text}");
        }
    }

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
