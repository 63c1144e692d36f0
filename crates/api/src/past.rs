//! v1's questions about the past: `readTime` and `compareDuration`.

use finding::Timestamp;
use store::{Comparison, StoreError};

use crate::error::ApiError;

/// As of when findings are read, and against what they are compared.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) at: Option<Timestamp>,
    pub(crate) compared: Option<Comparison>,
    /// The store's own token.
    pub(crate) page_token: Option<String>,
    /// The time that pages of one walk share, because the request did not say one.
    shared: Option<Timestamp>,
}

impl Past {
    /// From the three parameters that belong together.
    pub(crate) fn read(
        read_time: Option<String>,
        compare_duration: Option<String>,
        page_token: Option<String>,
        now: Timestamp,
    ) -> Result<Self, ApiError> {
        let at = read_time.map(|text| past(&text, now)).transpose()?;
        let Some(duration_text) = compare_duration else {
            return Ok(Self { at, page_token, ..Self::default() });
        };
        let before = duration(&duration_text)?;
        let (shared, page_token) = match (at, page_token) {
            (Some(_), token) => (None, token),
            (None, None) => (Some(now), None),
            (None, Some(token)) => {
                let (time, token) = token.split_once('.').ok_or(StoreError::PageToken)?;
                let time: i64 = time.parse().map_err(|_| StoreError::PageToken)?;
                let time = Timestamp::from_nanos(time);
                if time > now {
                    return Err(StoreError::PageToken.into());
                }
                (Some(time), Some(token.to_owned()))
            }
        };
        let at = at.or(shared);
        let with = Timestamp::from_nanos(at.unwrap_or(now).nanos().saturating_sub(before));
        Ok(Self { at, compared: Some(Comparison { with }), page_token, shared })
    }

    /// The token for the client.
    pub(crate) fn token(&self, token: String) -> String {
        match self.shared {
            Some(time) => format!("{}.{token}", time.nanos()),
            None => token,
        }
    }
}

fn past(text: &str, now: Timestamp) -> Result<Timestamp, ApiError> {
    let time: Timestamp = text.parse().map_err(|e| ApiError::invalid("readTime", &e))?;
    if time > now {
        return Err(ApiError::invalid("readTime", &format!("{time} has not come yet; it is {now}")));
    }
    Ok(time)
}

/// `3600s`, `1.5s` as nanoseconds; not negative, and within what a time can be.
fn duration(text: &str) -> Result<i64, ApiError> {
    let wrong =
        || ApiError::invalid("compareDuration", &format!("{text:?} is not a duration; write such as 3600s"));
    let number = text.strip_suffix('s').ok_or_else(wrong)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 10 || fraction.len() > 9 || !is_number(whole) || !is_number(fraction)
    {
        return Err(wrong());
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
    let seconds: i64 = whole.parse().map_err(|_| wrong())?;
    seconds.checked_mul(1_000_000_000).and_then(|n| n.checked_add(nanos)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::{Past, duration};
    use finding::Timestamp;

    #[test]
    fn durations_are_seconds() {
        assert_eq!(duration("3600s").unwrap(), 3_600_000_000_000);
        assert_eq!(duration("1.5s").unwrap(), 1_500_000_000);
        for wrong in ["", "s", "1", "-1s", "1h", "1.s.s", "99999999999s", "9999999999s", "0.1234567890s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_of_one_comparison_share_its_time() {
        let first =
            Past::read(None, Some("10s".into()), None, Timestamp::from_nanos(100_000_000_000)).unwrap();
        let token = first.token("ab".into());
        let next = Past::read(None, Some("10s".into()), Some(token), Timestamp::from_nanos(107_000_000_000))
            .unwrap();
        assert_eq!(
            (next.at, next.compared, next.page_token.as_deref()),
            (first.at, first.compared, Some("ab"))
        );
        for wrong in ["ab", "x.ab", "999999999999999.ab"] {
            let wrong = Past::read(None, Some("1s".into()), Some(wrong.into()), Timestamp::from_nanos(1));
            assert!(wrong.is_err());
        }
    }
}
