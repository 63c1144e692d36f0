//! The finding of this very session, through the API.

use super::session::Session;
use crate::client::Client;
use crate::findings::document;
use crate::interrupt::Interrupt;
use ::finding::{FindingName, FindingResource, Parent};
use anyhow::{Result, bail};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// The detector that must speak.
const MODULE: &str = "SOCAT_REVERSE_SHELL_DETECTED";
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Findings looked at in one go: the newest are first.
const PAGE: u16 = 50;
/// Evidence is stored a moment after the finding.
const EVIDENCE_PATIENCE: Duration = Duration::from_secs(3);

/// A finding that can be read.
pub(crate) struct Found {
    pub(crate) document: FindingResource,
    /// When it first could.
    pub(crate) readable_at: Instant,
    /// The same, nanoseconds since boot.
    readable_ns: u64,
}

/// Waits until the finding of the session can be read.
pub(crate) fn wait_for(
    client: &Client,
    session: &Session,
    patience: Duration,
    interrupt: &Interrupt,
) -> Result<Found> {
    let parent: Parent = "organizations/-/sources/-".parse()?;
    let begun = Instant::now();
    let mut others = Vec::new();
    while begun.elapsed() < patience {
        interrupt.check()?;
        others.clear();
        for result in client.page(&parent, PAGE, "", "", None)?.results {
            let document = document(&result)?;
            if !is_of(&document, session.here, session.there, session.not_before_ns) {
                continue;
            }
            if document.finding.module_name == MODULE {
                return Ok(Found {
                    document,
                    readable_at: Instant::now(),
                    readable_ns: host::Clock::now_ns(),
                });
            }
            others.push(document.finding.category);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let other = match others.first() {
        Some(other) => {
            format!(" Another detector spoke: {other}. Is {MODULE} switched off in the configuration?")
        }
        None => " `vedette doctor` and the log of `vedette up` may say why.".to_owned(),
    };
    bail!(
        "no finding for the connection from {} to {} within {} s.{other}",
        session.there,
        session.here,
        patience.as_secs_f32()
    )
}

/// Whether a finding is about the connection between these two ends. Ports come around again, so an older finding does
/// not count.
fn is_of(item: &FindingResource, listener: SocketAddr, caller: SocketAddr, not_before_ns: i64) -> bool {
    let recent = item
        .finding
        .event_time
        .is_some_and(|time| time.nanos() >= not_before_ns.saturating_sub(1_000_000_000));
    let end = |ip: &str, port: i32, wanted: SocketAddr| {
        port == i32::from(wanted.port()) && ip.parse() == Ok(wanted.ip())
    };
    recent
        && item.finding.connections.iter().any(|c| {
            end(&c.destination_ip, c.destination_port, listener) && end(&c.source_ip, c.source_port, caller)
        })
}

/// The same finding once its evidence is listed, or as it is when none comes.
pub(crate) fn with_evidence(client: &Client, mut found: Found, interrupt: &Interrupt) -> Result<Found> {
    let name: FindingName = found.document.finding.name.parse()?;
    let begun = Instant::now();
    while begun.elapsed() < EVIDENCE_PATIENCE && kept(&found.document) == 0 {
        interrupt.check()?;
        std::thread::sleep(LOOK_EVERY * 5);
        found.document = document(&client.finding(&name)?)?;
    }
    Ok(found)
}

fn kept(item: &FindingResource) -> usize {
    item.finding.vedette.get("evidence").and_then(Value::as_array).map_or(0, Vec::len)
}

/// From the start of socat's process to the moment the finding could be read; the kernel keeps the start in hundredths
/// of a second. `None` when socat is gone.
pub(crate) fn since_start(found: &Found) -> Option<Duration> {
    let socat = found.document.finding.processes.iter().find(|p| p.name == "socat")?;
    let ticks = host::start_ticks(Path::new("/proc"), socat.pid)?;
    let start = ticks.checked_mul(1_000_000_000)?.checked_div(rustix::param::clock_ticks_per_second())?;
    Some(Duration::from_nanos(found.readable_ns.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::is_of;
    use ::finding::{Connection, FindingResource, Timestamp};
    use std::net::SocketAddr;

    fn found(source: &str, destination: &str, at_ns: i64) -> FindingResource {
        let (source, destination): (SocketAddr, SocketAddr) =
            (source.parse().unwrap(), destination.parse().unwrap());
        let mut item = FindingResource::default();
        item.finding.event_time = Some(Timestamp::from_nanos(at_ns));
        item.finding.connections = vec![Connection {
            source_ip: source.ip().to_string(),
            source_port: source.port().into(),
            destination_ip: destination.ip().to_string(),
            destination_port: destination.port().into(),
            ..Connection::default()
        }];
        item
    }

    #[test]
    fn only_the_same_connection_of_this_time_counts() {
        let now = 1_000_000_000_000;
        let (here, there): (SocketAddr, SocketAddr) =
            ("127.0.0.1:4444".parse().unwrap(), "127.0.0.1:50000".parse().unwrap());
        let matches = |item: &FindingResource| is_of(item, here, there, now);
        assert!(matches(&found("127.0.0.1:50000", "127.0.0.1:4444", now + 1)));
        assert!(!matches(&found("127.0.0.1:50001", "127.0.0.1:4444", now + 1)), "another caller");
        assert!(!matches(&found("127.0.0.1:50000", "127.0.0.1:4445", now + 1)), "another listener");
        assert!(!matches(&found("127.0.0.1:4444", "127.0.0.1:50000", now + 1)), "the other way round");
        assert!(!matches(&found("127.0.0.1:50000", "127.0.0.2:4444", now + 1)), "another address");
        assert!(!matches(&found("127.0.0.1:50000", "127.0.0.1:4444", now - 60_000_000_000)), "a minute ago");
        assert!(!matches(&FindingResource::default()));
    }
}
