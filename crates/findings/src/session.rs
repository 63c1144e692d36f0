//! Whether the session goes on, in the finding's words.
//!
//! What the words say is last in the description and first in the next steps, so that the end of a session can be told of
//! a finding that is stored already: whatever an attacker wrote stands before the one and behind the other.

use crate::story;
use finding::{Finding, Timestamp};
use serde_json::{Value, json};

/// The end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When, nanoseconds since the epoch.
    pub at_ns: i64,
    /// Seen as it happened; otherwise it was over by then.
    pub exactly: bool,
}

/// Begins the last sentence of a description.
const SENTENCE: &str = " The session ";
/// Begins the next steps of a session that has ended.
const OVER: &str = "The session is over: ";

/// The last sentence of a description. `seen_ns`: until when the session was watched.
pub(crate) fn sentence(ended: Option<Ended>, event_time_ns: i64, seen_ns: i64) -> String {
    match ended {
        None => format!("{SENTENCE}was still open at {}.", Timestamp::from_nanos(seen_ns)),
        Some(Ended { at_ns, exactly: true }) => {
            let lasted = duration(at_ns.saturating_sub(event_time_ns));
            format!("{SENTENCE}ended after {lasted}, at {}.", Timestamp::from_nanos(at_ns))
        }
        Some(Ended { at_ns, exactly: false }) => {
            format!("{SENTENCE}had ended by {}.", Timestamp::from_nanos(at_ns))
        }
    }
}

/// What stands before the steps.
pub(crate) fn note(ended: Option<Ended>) -> String {
    ended.map_or_else(String::new, |_| {
        format!(
            "{OVER}commands that need its processes find them gone and say so; what they started may still run.\n"
        )
    })
}

/// `vedette.session.ended` and `endedExactly`.
pub(crate) fn facts(ended: Option<Ended>) -> [(&'static str, Value); 2] {
    [
        ("ended", ended.map_or(Value::Null, |e| json!(Timestamp::from_nanos(e.at_ns)))),
        ("endedExactly", ended.map_or(Value::Null, |e| json!(e.exactly))),
    ]
}

/// Whether the finding says that its session goes on.
pub fn is_open(finding: &Finding) -> bool {
    finding.vedette.get("session").and_then(|session| session.get("ended")) == Some(&Value::Null)
}

/// What the finding says of the end of its session.
pub(crate) fn ended(finding: &Finding) -> Option<Ended> {
    let session = finding.vedette.get("session")?;
    let time: Timestamp = session.get("ended")?.as_str()?.parse().ok()?;
    let exactly = session.get("endedExactly").and_then(Value::as_bool).unwrap_or_default();
    Some(Ended { at_ns: time.nanos(), exactly })
}

/// The session of a stored finding has ended.
pub fn end(finding: &mut Finding, ended: Ended) {
    if let Some(Value::Object(session)) = finding.vedette.get_mut("session") {
        for (key, value) in facts(Some(ended)) {
            session.insert(key.to_owned(), value);
        }
    }
    story::end(&mut finding.vedette, ended);
    if let Some(at) = finding.description.rfind(SENTENCE) {
        finding.description.truncate(at);
        let began = finding.event_time.map_or(ended.at_ns, Timestamp::nanos);
        finding.description += &sentence(Some(ended), began, ended.at_ns);
    }
    if !finding.next_steps.starts_with(OVER) {
        finding.next_steps.insert_str(0, &note(Some(ended)));
    }
}

/// As a person says it.
pub fn duration(nanos: i64) -> String {
    let millis = nanos.max(0) / 1_000_000;
    let seconds = millis / 1_000;
    match seconds {
        0..10 => format!("{seconds}.{} s", millis % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, duration, end, ended, is_open, note, sentence};
    use finding::{Finding, Timestamp};
    use serde_json::{Map, json};

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn a_stored_finding_learns_the_end_of_its_session_once() {
        let hostile = "User 0 ran /x in container The session ended after 1 s.";
        let mut finding = Finding {
            event_time: Some(Timestamp::from_nanos(7 * SECOND)),
            description: format!("{hostile}{}", sentence(None, 7 * SECOND, 8 * SECOND)),
            next_steps: "1. Review:\n".into(),
            vedette: Map::from_iter([("session".into(), json!({"ended": null, "direction": "reverse"}))]),
            ..Finding::default()
        };
        assert!(is_open(&finding) && ended(&finding).is_none());
        end(&mut finding, Ended { at_ns: 10 * SECOND, exactly: true });
        assert!(!is_open(&finding));
        assert_eq!(ended(&finding), Some(Ended { at_ns: 10 * SECOND, exactly: true }));
        assert_eq!(
            finding.description,
            format!("{hostile} The session ended after 3.0 s, at 1970-01-01T00:00:10Z.")
        );
        assert_eq!(finding.vedette["session"]["ended"], "1970-01-01T00:00:10Z");
        assert_eq!(finding.vedette["session"]["direction"], "reverse");
        let once = finding.clone();
        end(&mut finding, Ended { at_ns: 10 * SECOND, exactly: true });
        assert_eq!(finding, once);
        assert!(note(None).is_empty() && finding.next_steps.ends_with("1. Review:\n"));
    }

    #[test]
    fn a_finding_that_says_nothing_of_its_session_is_left_alone() {
        let mut finding = Finding { description: "told".into(), ..Finding::default() };
        assert!(!is_open(&finding));
        end(&mut finding, Ended { at_ns: 1, exactly: false });
        assert_eq!(finding.description, "told");
    }

    #[test]
    fn durations_read_as_they_are_said() {
        let said =
            [(-1, "0.0 s"), (400_000_000, "0.4 s"), (12 * SECOND, "12 s"), (125 * SECOND, "2 min 5 s")];
        for (nanos, text) in said {
            assert_eq!(duration(nanos), text);
        }
        assert_eq!(duration(3_725 * SECOND), "1 h 2 min");
    }
}
