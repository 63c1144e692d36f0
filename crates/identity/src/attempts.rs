//! Counts refused attempts, so that nobody makes the server work for guesses.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use finding::Timestamp;

const WINDOW_NANOS: i64 = 60_000_000_000;
const REMEMBERED: usize = 4_096;

/// Attempts of each key within a minute; bounded in number.
pub struct Attempts<K> {
    allowed: u32,
    counts: Mutex<HashMap<K, (u32, Timestamp)>>,
}

impl<K: Hash + Eq + Clone> Attempts<K> {
    /// So many a minute.
    pub fn new(allowed: u32) -> Self {
        Self { allowed, counts: Mutex::default() }
    }

    /// Seconds until a key may try again; `None` when it may now.
    pub fn blocked(&self, key: &K, now: Timestamp) -> Option<u32> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, since) = counts.get(key)?;
        let left = WINDOW_NANOS - (now.nanos() - since.nanos()).max(0);
        (*count >= self.allowed && left > 0)
            .then(|| u32::try_from((left + 999_999_999) / 1_000_000_000).unwrap_or(u32::MAX))
    }

    /// Counts one.
    pub fn count(&self, key: K, now: Timestamp) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |since: &Timestamp| now.nanos() - since.nanos() >= WINDOW_NANOS;
        if counts.len() >= REMEMBERED && !counts.contains_key(&key) {
            counts.retain(|_, (_, since)| !over(since));
            // whoever failed least is forgotten first: many addresses with one failure cannot hide one with many
            if counts.len() >= REMEMBERED
                && let Some(least) = counts
                    .iter()
                    .min_by_key(|(_, (count, since))| (*count, *since))
                    .map(|(key, _)| key.clone())
            {
                counts.remove(&least);
            }
        }
        let entry = counts.entry(key).or_insert((0, now));
        if over(&entry.1) {
            *entry = (0, now);
        }
        entry.0 = entry.0.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_too_often_waits_and_others_do_not() {
        let second = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000);
        let attempts = Attempts::new(3);
        for _ in 0..3 {
            assert_eq!(attempts.blocked(&1, second(0)), None);
            attempts.count(1, second(0));
        }
        assert_eq!(attempts.blocked(&1, second(10)), Some(50));
        assert_eq!(attempts.blocked(&2, second(10)), None);
        assert_eq!(attempts.blocked(&1, second(60)), None);
        attempts.count(1, second(60));
        assert_eq!(attempts.blocked(&1, second(60)), None, "a new minute counts anew");
    }

    #[test]
    fn a_flood_of_addresses_neither_grows_nor_hides_the_one_that_is_blocked() {
        let attempts = Attempts::new(2);
        let now = Timestamp::from_nanos(1);
        attempts.count(u32::MAX, now);
        attempts.count(u32::MAX, now);
        for address in 0..10_000 {
            attempts.count(address, now);
        }
        assert!(attempts.counts.lock().unwrap().len() <= REMEMBERED);
        assert!(attempts.blocked(&u32::MAX, now).is_some());
    }
}
