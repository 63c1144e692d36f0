//! What was found out a moment ago: bounded in number and in time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use finding::Timestamp;

/// Answers by the hash of what was asked.
pub(crate) struct Recent<V> {
    capacity: usize,
    answers: Mutex<HashMap<[u8; 32], (V, Timestamp)>>,
}

impl<V: Clone> Recent<V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, answers: Mutex::default() }
    }

    pub(crate) fn get(&self, key: &[u8; 32], now: Timestamp) -> Option<V> {
        self.lock().get(key).filter(|(_, until)| now < *until).map(|(value, _)| value.clone())
    }

    /// Keeps an answer until a time. When there are too many, the one that ends first goes.
    pub(crate) fn put(&self, key: [u8; 32], value: V, now: Timestamp, until: Timestamp) {
        let mut answers = self.lock();
        if answers.len() >= self.capacity && !answers.contains_key(&key) {
            answers.retain(|_, (_, until)| now < *until);
            if answers.len() >= self.capacity
                && let Some(first) = answers.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| *key)
            {
                answers.remove(&first);
            }
        }
        answers.insert(key, (value, until));
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (V, Timestamp)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_and_their_number_is_bounded() {
        let at = Timestamp::from_nanos;
        let recent = Recent::new(2);
        recent.put([1; 32], 1, at(0), at(10));
        recent.put([2; 32], 2, at(0), at(20));
        recent.put([3; 32], 3, at(0), at(30));
        assert_eq!(recent.get(&[1; 32], at(1)), None, "the first to end made room");
        assert_eq!(recent.get(&[2; 32], at(19)), Some(2));
        assert_eq!(recent.get(&[2; 32], at(20)), None);
        assert_eq!(recent.lock().len(), 2);
    }
}
