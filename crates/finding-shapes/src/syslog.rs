//! One line of RFC 5424.

use finding::{FindingResource, Severity, Timestamp};

use crate::Happening;
use crate::facts::{Facts, command_line};
use crate::text::{CUT, escaped, shown};

/// Facility `local0`.
const FACILITY: u8 = 16;

/// The id of our structured data. 32473 is the enterprise number set aside for examples (RFC 5612): Vedette has none of its
/// own.
const DATA_ID: &str = "vedette@32473";

/// Characters of one value.
const VALUE: usize = 255;

/// The smallest limit that the line can be held to: header and the finding's name, with all the rest cut off.
pub const SYSLOG_BYTES_MIN: usize = 1_024;

/// A header's word: printable ASCII without spaces, `-` when there is none.
fn word(text: &str, limit: usize) -> String {
    let word: String = text.chars().map(|c| if c.is_ascii_graphic() { c } else { '_' }).take(limit).collect();
    if word.is_empty() { "-".to_owned() } else { word }
}

/// Microseconds are the finest that the format takes.
fn time(time: Timestamp) -> String {
    Timestamp::from_nanos(time.nanos().div_euclid(1_000) * 1_000).to_string()
}

/// The longest beginning of at most `limit` bytes, marked when cut.
fn bounded(mut line: String, limit: usize) -> String {
    if line.len() > limit {
        let mut end = limit.saturating_sub(CUT.len_utf8());
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push(CUT);
    }
    line
}

/// The line, without a line break, at most `limit` bytes (at least [`SYSLOG_BYTES_MIN`]): structured data that would not
/// fit is left out whole, then the message is cut.
pub fn syslog(happening: Happening, item: &FindingResource, limit: usize) -> String {
    let finding = &item.finding;
    let facts = Facts::of(item);
    let severity = match finding.severity {
        Severity::Critical => 2,
        Severity::High => 3,
        Severity::Medium => 4,
        Severity::Low => 5,
        Severity::Unspecified => 6,
    };
    let change = match happening {
        Happening::Created => "created",
        Happening::Updated => "updated",
        Happening::Closed => "closed",
    };
    let limit = limit.max(SYSLOG_BYTES_MIN);
    let mut line = format!(
        "<{}>1 {} {} vedette - {} [{DATA_ID}",
        FACILITY * 8 + severity,
        finding.event_time.or(finding.create_time).map_or_else(|| "-".to_owned(), time),
        word(facts.node, VALUE),
        word(&finding.module_name, 32),
    );
    let connection = finding.connections.first();
    let port = connection.map(|c| c.destination_port).filter(|port| *port != 0).map(|port| port.to_string());
    for (name, value) in [
        ("finding", finding.name.as_str()),
        ("change", change),
        ("category", &finding.category),
        ("severity", finding.severity.name()),
        ("state", finding.state.name()),
        ("cluster", facts.cluster),
        ("namespace", facts.namespace),
        ("pod", facts.pod),
        ("container", facts.container),
        ("image", facts.image),
        ("process", facts.process.map(|process| process.binary.path.as_str()).unwrap_or_default()),
        ("args", &facts.process.map(command_line).unwrap_or_default()),
        ("dst", connection.map(|c| c.destination_ip.as_str()).unwrap_or_default()),
        ("dpt", port.as_deref().unwrap_or_default()),
    ] {
        if value.is_empty() {
            continue;
        }
        let value = escaped(value, VALUE, |c, out| {
            if matches!(c, '"' | '\\' | ']') {
                out.push('\\');
            }
            out.push(c);
        });
        let parameter = format!(" {name}=\"{value}\"");
        if line.len() + parameter.len() + "]".len() <= limit {
            line.push_str(&parameter);
        }
    }
    line.push_str("] ");
    line.push_str(&shown(&format!("{}: {}", finding.category, finding.description), limit));
    bounded(line, limit)
}
