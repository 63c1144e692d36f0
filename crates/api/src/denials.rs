//! How many refusals of one principal are written to the audit log: whoever may do nothing must not be able to fill it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use finding::Timestamp;

/// Refusals of one principal that are written down in a minute.
const MOST: u32 = 30;
const MINUTE_NANOS: i64 = 60_000_000_000;
/// Principals that are remembered.
const REMEMBERED: usize = 10_000;

/// What was refused lately.
#[derive(Default)]
pub(crate) struct Denials(Mutex<HashMap<String, Lately>>);

struct Lately {
    since: Timestamp,
    written: u32,
    left_out: u64,
}

impl Denials {
    /// Whether one more is written down; with how many before it were not.
    pub(crate) fn one_more(&self, principal: &str, now: Timestamp) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED && !all.contains_key(principal) {
            all.retain(|_, lately| now.nanos() - lately.since.nanos() < MINUTE_NANOS);
        }
        let fresh = || Lately { since: now, written: 0, left_out: 0 };
        let lately = all.entry(principal.to_owned()).or_insert_with(fresh);
        if !(0..MINUTE_NANOS).contains(&(now.nanos() - lately.since.nanos())) {
            (lately.since, lately.written) = (now, 0);
        }
        if lately.written >= MOST {
            lately.left_out += 1;
            return None;
        }
        lately.written += 1;
        Some(std::mem::take(&mut lately.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::{Denials, MINUTE_NANOS, MOST};
    use finding::Timestamp;

    #[test]
    fn so_many_are_written_in_a_minute_and_how_many_were_not_is_said_later() {
        let denials = Denials::default();
        let at = |nanos: i64| Timestamp::from_nanos(1_000 + nanos);
        let written = (0..100).filter(|n| denials.one_more("user:eve", at(*n)).is_some()).count();
        assert_eq!(written, MOST as usize);
        assert_eq!(denials.one_more("user:bob", at(101)), Some(0), "another has places of its own");
        assert_eq!(denials.one_more("user:eve", at(MINUTE_NANOS)), Some(100 - u64::from(MOST)));
        assert_eq!(denials.one_more("user:eve", at(MINUTE_NANOS)), Some(0));
    }
}
