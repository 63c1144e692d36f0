//! Medians, bootstrap intervals, shuffles: pure, from a seed.

/// A small generator (xorshift64*): repeatable, and good enough to shuffle and to resample.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        // Zero is the one state that never moves.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`, which is not zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // The remainder is below `bound`, which came from a usize.
        ((self.next() >> 11) % bound as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The value that `share` (0 to 1) of the values do not exceed; none of nothing.
pub(crate) fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

pub(crate) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// A median and where 95 % of its bootstrap resamples fall.
pub(crate) struct Interval {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

const RESAMPLES: usize = 2000;

/// The median of `values`.
pub(crate) fn interval(values: &[f64], random: &mut Random) -> Option<Interval> {
    bootstrap(median(values)?, random, |random| median(&resample(values, random)))
}

/// The ratio of two medians, as change in percent: `(values / base - 1) × 100`. None where the base is zero.
pub(crate) fn change(values: &[f64], base: &[f64], random: &mut Random) -> Option<Interval> {
    let percent = |values: &[f64], base: &[f64]| {
        let base = median(base)?;
        (base.abs() > f64::EPSILON).then_some((median(values)? / base - 1.0) * 100.0)
    };
    bootstrap(percent(values, base)?, random, |random| {
        percent(&resample(values, random), &resample(base, random))
    })
}

fn bootstrap(
    median: f64,
    random: &mut Random,
    mut once: impl FnMut(&mut Random) -> Option<f64>,
) -> Option<Interval> {
    let medians: Vec<f64> = (0..RESAMPLES).filter_map(|_| once(random)).collect();
    Some(Interval { median, low: quantile(&medians, 0.025)?, high: quantile(&medians, 0.975)? })
}

fn resample(values: &[f64], random: &mut Random) -> Vec<f64> {
    (0..values.len()).map(|_| values[random.below(values.len())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0, 3.0, 10.0]), Some(2.5));
        assert_eq!(quantile(&[0.0, 10.0], 0.95), Some(9.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn an_interval_holds_its_median_and_narrows_to_a_constant() {
        let spread = interval(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &mut Random::new(1)).unwrap();
        assert!(spread.low < spread.median && spread.median < spread.high);
        let constant = interval(&[5.0; 7], &mut Random::new(1)).unwrap();
        assert_eq!((constant.low, constant.high), (5.0, 5.0));
    }

    #[test]
    fn a_change_is_in_percent_of_the_base() {
        let change = change(&[110.0; 3], &[100.0; 3], &mut Random::new(1)).unwrap();
        assert!((change.median - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_shuffle_loses_nothing_and_depends_on_the_seed() {
        let shuffled = |seed| {
            let mut items: Vec<usize> = (0..50).collect();
            Random::new(seed).shuffle(&mut items);
            items
        };
        assert_ne!(shuffled(1), shuffled(2));
        let mut sorted = shuffled(1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
