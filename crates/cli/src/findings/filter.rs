//! Which findings of a list are meant: the words of the command line as a filter of the API.

use crate::arguments::Which;
use finding::Timestamp;

/// Beginning of a container's id that is enough to mean it.
const ID_LEAST: usize = 8;

impl Which {
    /// Empty when nothing is left out.
    pub(crate) fn filter(&self) -> String {
        let Self { container, pod, namespace, category, filter, since, until } = self;
        let property = |key: &str, value: &str| format!("source_properties.{key}={}", quoted(value));
        let container = container.as_deref().map(|wanted| {
            let mut any = vec![property("Container_Name", wanted), property("Container_Id", wanted)];
            if wanted.len() >= ID_LEAST {
                any.push(begins("Container_Id", wanted));
            }
            any.join(" OR ")
        });
        let category = category.as_deref().map(|wanted| {
            let wanted = quoted(wanted);
            format!("category={wanted} OR module_name={wanted}")
        });
        let parts = [
            filter.clone().filter(|text| !text.trim().is_empty()),
            container,
            pod.as_deref().map(|pod| property("Pod_Name", pod)),
            namespace.as_deref().map(|namespace| property("Pod_Namespace", namespace)),
            category,
            since.map(|time| format!("event_time>=\"{time}\"")),
            until.map(|time| format!("event_time<\"{time}\"")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.as_slice() {
            // alone as it is, so that an error names the place where the user wrote it
            [one] => one.clone(),
            parts => parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" AND "),
        }
    }
}

/// Text that begins so: from there up to what no longer does.
fn begins(key: &str, beginning: &str) -> String {
    let from = format!("source_properties.{key}>={}", quoted(beginning));
    let until = quoted(&format!("{beginning}\u{10ffff}"));
    format!("({from} AND source_properties.{key}<{until})")
}

fn quoted(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|c| (c == '"' || c == '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("\"{escaped}\"")
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
    use finding::Timestamp;

    #[test]
    fn the_words_become_one_filter_and_each_is_only_text() {
        assert_eq!(Which::default().filter(), "");
        let word = |text: &str| Some(text.to_owned());
        let which = Which { pod: word("web\" OR state=\"ACTIVE\\"), ..Which::default() };
        assert_eq!(which.filter(), r#"source_properties.Pod_Name="web\" OR state=\"ACTIVE\\""#);
        let which = Which {
            filter: word("severity=HIGH OR severity=LOW"),
            container: word("01234567"),
            namespace: word("shop"),
            category: word("REVERSE_SHELL"),
            since: Some(Timestamp::from_nanos(1_000_000_000)),
            ..Which::default()
        };
        let whole = which.filter();
        for part in [
            "(severity=HIGH OR severity=LOW) AND (",
            r#"source_properties.Container_Name="01234567" OR source_properties.Container_Id="01234567" OR ("#,
            r#"(source_properties.Pod_Namespace="shop")"#,
            r#"(category="REVERSE_SHELL" OR module_name="REVERSE_SHELL")"#,
            r#"(event_time>="1970-01-01T00:00:01Z")"#,
        ] {
            assert!(whole.contains(part), "{part} in {whole}");
        }
        let short = Which { container: word("0123456"), ..Which::default() };
        assert!(!short.filter().contains(">="), "too short to mean an id that begins so");
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
