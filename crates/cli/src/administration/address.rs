//! Words of the command line as parts of an address: whatever they hold, they stay one part.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// One segment of a path, or one value of a query.
pub(super) fn part(text: &str) -> String {
    let out = utf8_percent_encode(text, RESERVED).to_string();
    // a segment of dots alone is a direction
    if out.bytes().all(|byte| byte == b'.') { out.replace('.', "%2E") } else { out }
}

/// A name of several segments.
pub(super) fn name(text: &str) -> String {
    text.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::{name, part};

    #[test]
    fn a_word_stays_one_part() {
        assert_eq!(part("ci-1.x"), "ci-1.x");
        assert_eq!(part("a/b?c=d&e#f %"), "a%2Fb%3Fc%3Dd%26e%23f%20%25");
        assert_eq!(part("soar@vedette.local"), "soar%40vedette.local");
        assert_eq!((part(".."), part("")), ("%2E%2E".into(), String::new()));
        assert_eq!(name("projects/../p"), "projects/%2E%2E/p");
    }
}
