//! How often live state may be read: at once when it is rare, a fifth of a processor when somebody provokes it.

/// Readings begin at least this far apart, nanoseconds.
const APART_NS: u64 = 3_000_000;
/// Reading may take so long at a stretch, nanoseconds.
const CREDIT_NS: u64 = 200_000_000;
/// Over time, one part of so many may be spent reading.
const SHARE: u64 = 5;

#[derive(Default)]
pub(crate) struct ReadingBudget {
    spent_ns: u64,
    settled_ns: u64,
    began_ns: u64,
    running: bool,
}

impl ReadingBudget {
    /// Whether a reading may begin.
    pub(crate) fn allows(&self, now_ns: u64) -> bool {
        self.next_ns().is_some_and(|at| at <= now_ns)
    }

    /// When the next one may begin; `None` while one is running.
    pub(crate) fn next_ns(&self) -> Option<u64> {
        let debt = self.spent_ns.saturating_sub(CREDIT_NS);
        (!self.running).then_some((self.began_ns + APART_NS).max(self.settled_ns + debt * SHARE))
    }

    pub(crate) fn begun(&mut self, now_ns: u64) {
        self.began_ns = now_ns;
        self.running = true;
    }

    pub(crate) fn ended(&mut self, now_ns: u64) {
        if !std::mem::take(&mut self.running) {
            return;
        }
        let earned = now_ns.saturating_sub(self.settled_ns) / SHARE;
        let took = now_ns.saturating_sub(self.began_ns);
        self.spent_ns = self.spent_ns.saturating_sub(earned) + took;
        self.settled_ns = now_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_readings_begin_at_once_and_frequent_ones_take_a_fifth() {
        let mut budget = ReadingBudget::default();
        let (mut now, mut reading) = (1_000_000_000_000, 0u64);
        let began = now;
        assert!(budget.allows(now));
        while now < began + 10_000_000_000 {
            budget.begun(now);
            assert_eq!(budget.next_ns(), None);
            now += 10_000_000;
            reading += 10_000_000;
            budget.ended(now);
            now = now.max(budget.next_ns().unwrap());
        }
        assert!((1_800_000_000..2_500_000_000).contains(&reading), "{reading}");
        assert!(budget.allows(now + 60_000_000_000));
    }
}
