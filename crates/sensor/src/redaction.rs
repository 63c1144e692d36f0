//! Secrets in environments are cut before they leave the process's node.

/// Words in a variable's name that make its value a secret.
const SECRET_WORDS: [&str; 12] = [
    "PASS",
    "SECRET",
    "TOKEN",
    "KEY",
    "CREDENTIAL",
    "AUTH",
    "PRIVATE",
    "COOKIE",
    "SESSION",
    "DSN",
    "CONNECTION_STRING",
    "JWT",
];
const CUT: &[u8] = b"[redacted]";

/// Cuts the values of variables whose names say that they are secret, and passwords in URLs.
pub(crate) fn environment(block: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(block.len());
    for entry in block.split_inclusive(|b| *b == 0) {
        let (body, end) = entry.strip_suffix(b"\0").map_or((entry, &b""[..]), |body| (body, &b"\0"[..]));
        match body.iter().position(|b| *b == b'=') {
            Some(at) if is_secret(&body[..at]) => {
                out.extend_from_slice(&body[..=at]);
                out.extend_from_slice(CUT);
            }
            Some(at) => {
                out.extend_from_slice(&body[..=at]);
                out.extend_from_slice(&without_password(&body[at + 1..]));
            }
            None => out.extend_from_slice(body),
        }
        out.extend_from_slice(end);
    }
    out
}

fn is_secret(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_ascii_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
}

/// `scheme://user:password@host` → `scheme://user:[redacted]@host`.
fn without_password(value: &[u8]) -> Vec<u8> {
    let find = |needle: &[u8], from: usize| {
        value.get(from..)?.windows(needle.len()).position(|w| w == needle).map(|at| at + from)
    };
    let cut = || {
        let start = find(b"://", 0)? + 3;
        let end = find(b"@", start)?;
        let colon = value[start..end].iter().position(|b| *b == b':')? + start;
        let slash = value[start..end].contains(&b'/');
        (!slash).then(|| [&value[..=colon], CUT, &value[end..]].concat())
    };
    cut().unwrap_or_else(|| value.to_vec())
}

#[cfg(test)]
mod tests {
    use super::environment;

    #[test]
    fn secrets_are_cut_and_the_rest_is_kept() {
        let block = b"PATH=/bin\0DB_PASSWORD=hunter2\0URL=postgres://u:pw@db/x\0broken\0";
        let cut = environment(block);
        assert_eq!(
            String::from_utf8_lossy(&cut),
            "PATH=/bin\0DB_PASSWORD=[redacted]\0URL=postgres://u:[redacted]@db/x\0broken\0"
        );
    }
}
