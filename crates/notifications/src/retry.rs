//! When to try again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often and with which pauses a message is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts, the first one included.
    pub attempts: u32,
    /// The pause after the first failure; each further one is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 10, first: Duration::from_secs(1), longest: Duration::from_secs(300) }
    }
}

impl Retry {
    /// The pause after so many failures; `chance` (of 2^64) says how much of its second half. Many senders that failed
    /// together do not come back together.
    pub(crate) fn pause(&self, failures: u32, chance: u64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(31));
        let whole = self.first.saturating_mul(doubled).min(self.longest);
        let share = (chance >> 32) as f64 / f64::from(u32::MAX);
        whole / 2 + (whole / 2).mul_f64(share)
    }
}

/// A number that differs from call to call; no secret depends on it.
pub(crate) fn chance() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use super::Retry;
    use std::time::Duration;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = Retry { attempts: 9, first: Duration::from_secs(1), longest: Duration::from_secs(10) };
        let least: Vec<_> = (1..7).map(|n| retry.pause(n, 0).as_millis()).collect();
        assert_eq!(least, [500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        let most: Vec<_> = (1..7).map(|n| retry.pause(n, u64::MAX).as_millis()).collect();
        assert_eq!(most, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(retry.pause(u32::MAX, u64::MAX), Duration::from_secs(10));
    }
}
