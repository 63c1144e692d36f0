//! What a server counts, for those who watch it, in OpenMetrics text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use intake::ReceiverCounters;
use notifications::{Counts, metrics_label};

/// Ends an OpenMetrics text.
const END: &str = "# EOF\n";

/// A metric: its name without the ending, its kind, its help, and its value.
type Metric = (&'static str, &'static str, &'static str, fn(&Counts) -> u64);

const METRICS: [Metric; 4] = [
    ("output_delivered", "counter", "Messages that the other side took, by notification config", |c| {
        c.delivered
    }),
    ("output_failed", "counter", "Attempts that failed and were repeated, by notification config", |c| {
        c.retried
    }),
    ("output_dead_lettered", "counter", "Messages set aside as dead letters, by notification config", |c| {
        c.dead
    }),
    (
        "output_waiting",
        "gauge",
        "Changes read and not yet handled; 256 are read at once, by notification config",
        |c| c.waiting,
    ),
];

/// What stands before a metric's values.
fn describe(text: &mut String, name: &str, kind: &str, help: &str) {
    // writing to a text cannot fail
    let _ = writeln!(text, "# HELP vedette_{name} {help}.\n# TYPE vedette_{name} {kind}");
}

/// What the intake counted; without the end.
pub(crate) fn of_intake(counters: &ReceiverCounters) -> String {
    let rows = [
        ("deliveries_stored", "Deliveries that were stored, or were stored already", &counters.stored),
        ("deliveries_refused", "Deliveries that were refused for good", &counters.refused),
        ("deliveries_of_another_node", "Refused deliveries that spoke of another node", &counters.wrong_node),
        ("evidence_stored", "Pieces of evidence that became whole", &counters.evidence),
        ("calls_unauthenticated", "Calls of whoever is no node, or no longer one", &counters.unauthenticated),
        ("calls_turned_away", "Calls that were told to come again", &counters.turned_away),
        ("heartbeats", "Heartbeats", &counters.heartbeats),
        ("certificates_renewed", "Certificates that were renewed", &counters.renewed),
    ];
    let mut text = String::new();
    for (name, help, value) in rows {
        let name = format!("intake_{name}");
        describe(&mut text, &name, "counter", help);
        // writing to a text cannot fail
        let _ = writeln!(text, "vedette_{name}_total {}", value.load(Relaxed));
    }
    text
}

/// An OpenMetrics text with more before its one end. An empty text becomes a whole one.
pub(crate) fn with_more(text: &str, more: &str) -> String {
    let text = text.strip_suffix(END).unwrap_or(text);
    format!("{text}{more}{END}")
}

/// An OpenMetrics text with those of outputs besides what it has.
pub(crate) fn with_outputs(text: &str, counts: &BTreeMap<String, Counts>) -> String {
    let mut more = String::new();
    for (name, kind, help, value) in METRICS {
        describe(&mut more, name, kind, help);
        let ending = if kind == "counter" { "_total" } else { "" };
        for (config, counts) in counts {
            // not the name: whoever reads metrics shows no token
            let label = metrics_label(config);
            let _ = writeln!(more, "vedette_{name}{ending}{{config=\"{label}\"}} {}", value(counts));
        }
    }
    with_more(text, &more)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use notifications::Counts;

    use super::with_outputs;

    #[test]
    fn outputs_stand_before_the_end_and_are_named_by_a_hash() {
        let counts = Counts { delivered: 3, retried: 2, dead: 1, waiting: 7 };
        let other = "projects/q/n".to_owned();
        let counts = BTreeMap::from([("projects/p/n".to_owned(), counts), (other, Counts::default())]);
        let text = with_outputs("# TYPE x gauge\nx 1\n# EOF\n", &counts);
        for line in [
            "x 1",
            "# TYPE vedette_output_delivered counter",
            "vedette_output_delivered_total{config=\"c97d32422b8a\"} 3",
            "vedette_output_failed_total{config=\"c97d32422b8a\"} 2",
            "vedette_output_dead_lettered_total{config=\"c97d32422b8a\"} 1",
            "vedette_output_waiting{config=\"c97d32422b8a\"} 7",
            "vedette_output_waiting{config=\"fbffcfcbc750\"} 0",
        ] {
            assert!(text.lines().any(|one| one == line), "{line}: {text}");
        }
        assert!(!text.contains("projects/"), "whoever reads this has shown no token: {text}");
        assert!(text.ends_with("\n# EOF\n") && text.matches("\n# EOF").count() == 1, "{text}");
        assert!(with_outputs("", &BTreeMap::new()).ends_with("# EOF\n"));
    }
}
