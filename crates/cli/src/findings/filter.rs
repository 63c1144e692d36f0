//! Which findings of a list are meant. The API cannot be asked for less yet, so pages are read and looked through here.

use crate::arguments::Which;
use finding::{FindingResource, Timestamp};
use serde_json::Value;

/// Beginning of a container's id that is enough to mean it.
const ID_LEAST: usize = 8;

impl Which {
    /// Nothing is left out.
    pub(crate) fn is_all(&self) -> bool {
        let Self { container, pod, namespace, category, since, until } = self;
        [container, pod, namespace, category].iter().all(|word| word.is_none())
            && since.is_none()
            && until.is_none()
    }

    pub(crate) fn takes(&self, item: &FindingResource) -> bool {
        let property =
            |key: &str| item.finding.source_properties.get(key).and_then(Value::as_str).unwrap_or_default();
        let is = |wanted: &Option<String>, key: &str| wanted.as_ref().is_none_or(|w| w == property(key));
        let container = self.container.as_ref().is_none_or(|wanted| {
            let id = property("Container_Id");
            wanted == property("Container_Name")
                || wanted == id
                || (wanted.len() >= ID_LEAST && id.starts_with(wanted.as_str()))
        });
        let category = self
            .category
            .as_ref()
            .is_none_or(|wanted| *wanted == item.finding.category || *wanted == item.finding.module_name);
        let time = item.finding.event_time;
        let since = self.since.is_none_or(|since| time.is_some_and(|time| time >= since));
        let until = self.until.is_none_or(|until| time.is_some_and(|time| time < until));
        container
            && category
            && since
            && until
            && is(&self.pod, "Pod_Name")
            && is(&self.namespace, "Pod_Namespace")
    }

    /// The list is newest first: nothing behind this one is meant.
    pub(crate) fn is_before_all(&self, item: &FindingResource) -> bool {
        self.since.is_some_and(|since| item.finding.event_time.is_some_and(|time| time < since))
    }
}

/// A moment: RFC 3339, or how long ago (`90s`, `15m`, `6h`, `2d`).
pub(crate) fn moment(text: &str) -> Result<Timestamp, String> {
    let wrong = || {
        format!("{text:?} is no time; write it like 2026-11-23T20:13:52Z, or how long ago like 15m, 6h or 2d")
    };
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return text.parse().map_err(|_| wrong()),
    };
    let ago = number.parse::<i64>().ok().and_then(|n| n.checked_mul(seconds)?.checked_mul(1_000_000_000));
    let now = host::Clock::read().wall_ns(host::Clock::now_ns());
    now.checked_sub(ago.ok_or_else(wrong)?).map(Timestamp::from_nanos).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::moment;
    use crate::arguments::Which;
    use finding::{FindingResource, Timestamp};
    use serde_json::json;

    fn item() -> FindingResource {
        serde_json::from_value(json!({"finding": {
            "category": "Reverse Shell", "moduleName": "REVERSE_SHELL", "eventTime": "2026-01-02T03:04:05Z",
            "sourceProperties": {"Pod_Namespace": "shop", "Pod_Name": "web-1", "Container_Name": "app", "Container_Id": "0123456789abcdef"},
        }}))
        .unwrap()
    }

    fn which(key: &str, value: &str) -> Which {
        let mut which = Which::default();
        let word = Some(value.to_owned());
        match key {
            "container" => which.container = word,
            "pod" => which.pod = word,
            "namespace" => which.namespace = word,
            "category" => which.category = word,
            "since" => which.since = Some(moment(value).unwrap()),
            "until" => which.until = Some(moment(value).unwrap()),
            _ => panic!("{key}"),
        }
        which
    }

    #[test]
    fn each_word_leaves_out_what_is_not_meant() {
        assert!(Which::default().takes(&item()) && Which::default().is_all());
        for (key, meant, other) in [
            ("container", "app", "ap"),
            ("container", "01234567", "0123456"),
            ("container", "0123456789abcdef", "1123456789abcdef"),
            ("pod", "web-1", "web"),
            ("namespace", "shop", "default"),
            ("category", "Reverse Shell", "Reverse"),
            ("category", "REVERSE_SHELL", "SOCAT_REVERSE_SHELL_DETECTED"),
            ("since", "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"),
            ("until", "2026-01-02T03:04:06Z", "2026-01-02T03:04:05Z"),
        ] {
            assert!(which(key, meant).takes(&item()), "{key} {meant}");
            assert!(!which(key, other).takes(&item()), "{key} {other}");
            assert!(!which(key, meant).is_all(), "{key}");
        }
        let node = FindingResource::default();
        assert!(!which("container", "").takes(&item()) && !which("since", "1h").takes(&node));
    }

    #[test]
    fn a_time_is_a_moment_or_how_long_ago() {
        let now = moment("0s").unwrap().nanos();
        let ago = now - moment("2h").unwrap().nanos();
        assert!((7_199_000_000_000..=7_200_000_000_000).contains(&ago), "{ago}");
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(Timestamp::from_nanos(1_000_000_000)));
        for wrong in ["", "5", "h", "-1h", "1.5h", "yesterday", "99999999999999999999s", "999999999999d"] {
            assert!(moment(wrong).is_err(), "{wrong:?}");
        }
    }
}
