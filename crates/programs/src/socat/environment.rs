//! The variables that socat gives to every program it starts, whatever it is called itself.

use event::Text;

/// What socat's variables tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The name under which it ran, in upper case: `SOCAT`, or another one for a renamed copy or `-lp NAME`.
    pub name: Text,
    /// The process identifier of the socat that started the program, in its own namespace.
    pub pid: u32,
    /// The process identifier of that socat's parent (itself, where it did not fork).
    pub ppid: u32,
    /// Its version.
    pub version: Text,
    /// The peer's address, where a network address was opened first.
    pub peer_address: Option<Text>,
    /// The peer's port.
    pub peer_port: Option<Text>,
    /// The local address.
    pub socket_address: Option<Text>,
    /// The local port.
    pub socket_port: Option<Text>,
}

/// Finds the variables `NAME_PID`, `NAME_PPID` and `NAME_VERSION` (`1.7.x` or `1.8.x`) of one name among
/// `NAME=value` texts. All three must be there: one alone is common.
pub fn environment_mark(environment: &[Text]) -> Option<Mark> {
    let pairs: Vec<(&[u8], &[u8])> = environment
        .iter()
        .filter_map(|text| {
            let bytes = text.bytes();
            let equals = bytes.iter().position(|b| *b == b'=')?;
            Some((&bytes[..equals], &bytes[equals + 1..]))
        })
        .collect();
    let versions = pairs.iter().filter_map(|(variable, value)| {
        let name = variable.strip_suffix(b"_VERSION")?;
        (!name.is_empty() && is_version(value)).then_some((name, *value))
    });
    for (name, version) in versions {
        let value = |suffix: &[u8]| {
            pairs
                .iter()
                .find(|(variable, _)| variable.strip_suffix(suffix) == Some(name))
                .map(|(_, value)| *value)
        };
        let number = |suffix: &[u8]| std::str::from_utf8(value(suffix)?).ok()?.parse().ok();
        let (Some(pid), Some(ppid)) = (number(b"_PID"), number(b"_PPID")) else { continue };
        let text = |suffix: &[u8]| value(suffix).map(Text::new);
        return Some(Mark {
            name: Text::new(name),
            pid,
            ppid,
            version: Text::new(version),
            peer_address: text(b"_PEERADDR"),
            peer_port: text(b"_PEERPORT"),
            socket_address: text(b"_SOCKADDR"),
            socket_port: text(b"_SOCKPORT"),
        });
    }
    None
}

/// `1.7.4.4`, `1.8.1.3`, also with something behind a dash or a plus (`1.8.0.0+git`).
fn is_version(value: &[u8]) -> bool {
    let numbers = value.split(|b| matches!(b, b'-' | b'+' | b'~')).next().unwrap_or_default();
    let parts: Vec<&[u8]> = numbers.split(|b| *b == b'.').collect();
    matches!(parts.as_slice(), [b"1", b"7" | b"8" | b"9", rest @ ..]
        if (1..=2).contains(&rest.len()) && rest.iter().all(|p| !p.is_empty() && p.iter().all(u8::is_ascii_digit)))
}
