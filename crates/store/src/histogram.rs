//! How many findings there are over time.

use finding::{Parent, Timestamp};
use finding_filter::Filter;

use crate::{OrderField, TimeRange};

/// Findings are tallied by so much of the time of their events, in nanoseconds: a quarter of a day.
pub(crate) const PERIOD: i64 = 21_600_000_000_000;

/// The shortest span of time that is counted, in nanoseconds.
const SHORTEST: i64 = 1_000_000;

/// Spans of time at most.
const MOST: u16 = 500;

/// Severities that are told apart, by their number.
pub(crate) const SEVERITIES: usize = 5;

/// Spans of time, each beginning where the one before ends.
///
/// Spans that are longer than a [`PERIOD`] begin at its multiples (midnight, six, noon and eighteen o'clock UTC), but for the
/// first, so that tallies answer for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// Where each begins, and where the last one ends.
    bounds: Vec<i64>,
    /// What times are divided into for counting: every unit from the origin on lies in one span.
    origin: i64,
    unit: i64,
}

/// Not what can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HistogramError {
    /// The number of spans.
    #[error("{asked} spans of time cannot be counted; ask for 1 to {MOST}")]
    Buckets {
        /// What was asked for.
        asked: i64,
    },
    /// The end is not after the beginning.
    #[error("{until} is not after {from}")]
    Order {
        /// The beginning.
        from: Timestamp,
        /// The end.
        until: Timestamp,
    },
    /// The spans are too short.
    #[error("spans of less than a millisecond are not counted; ask for fewer, or for a longer time")]
    Short,
    /// The whole is too long.
    #[error("292 years and more are not counted; ask for a shorter time")]
    Long,
}

impl Clock {
    /// So many spans of about equal length.
    ///
    /// # Errors
    /// [`HistogramError`].
    pub fn new(range: TimeRange, buckets: i64) -> Result<Self, HistogramError> {
        let count = u16::try_from(buckets).ok().filter(|count| (1..=MOST).contains(count));
        let count = i64::from(count.ok_or(HistogramError::Buckets { asked: buckets })?);
        let TimeRange { from, until } = range;
        if until <= from {
            return Err(HistogramError::Order { from, until });
        }
        let (start, end) = (from.nanos(), until.nanos());
        let length = i128::from(end) - i128::from(start);
        // what lies between the origin and the end is a number of 64 bits in every database
        if length > i128::from(i64::MAX - PERIOD) {
            return Err(HistogramError::Long);
        }
        // whole nanoseconds, rounded up: then only the last one is a little shorter
        let width = (length + i128::from(count) - 1) / i128::from(count);
        if width < i128::from(SHORTEST) {
            return Err(HistogramError::Short);
        }
        let is_aligned = width >= i128::from(PERIOD);
        let mut bounds: Vec<i64> = vec![start];
        for at in 1..count {
            // before the end, which is a number of 64 bits
            let bound = i64::try_from(i128::from(start) + i128::from(at) * width).unwrap_or(end);
            bounds.push(if is_aligned { floor(bound) } else { bound });
        }
        bounds.push(end);
        let (origin, unit) = match is_aligned {
            true => (floor(start), PERIOD),
            false => (start, i64::try_from(width).unwrap_or(PERIOD)),
        };
        Ok(Self { bounds, origin, unit })
    }

    /// From the first beginning to the last end.
    pub fn range(&self) -> TimeRange {
        let at = |bound: Option<&i64>| Timestamp::from_nanos(bound.copied().unwrap_or_default());
        TimeRange { from: at(self.bounds.first()), until: at(self.bounds.last()) }
    }

    /// The spans, the oldest first.
    pub fn spans(&self) -> Vec<TimeRange> {
        let begins = self.bounds.iter().zip(self.bounds.iter().skip(1));
        let at = |bound: &i64| Timestamp::from_nanos(*bound);
        begins.map(|(from, until)| TimeRange { from: at(from), until: at(until) }).collect()
    }

    /// Where units begin to be counted, and how long each is.
    pub(crate) fn units(&self) -> (i64, i64) {
        (self.origin, self.unit)
    }

    /// The whole periods between two times, from one to before another, where tallies may answer. Divisions of times before
    /// 1970 round towards it, so tallies of its first period hold more than that period.
    pub(crate) fn periods(&self, from: i64, until: i64) -> Option<(i64, i64)> {
        let first = (floor(from.saturating_add(PERIOD - 1)) / PERIOD).max(1);
        let end = floor(until) / PERIOD;
        (self.unit == PERIOD && first < end).then_some((first, end))
    }

    /// The span that holds a time, as one of the counts.
    fn span_of(&self, time: i64) -> Option<usize> {
        let behind = self.bounds.partition_point(|bound| *bound <= time);
        // the first unit begins before the first span, and the last ends behind the last
        let last = self.bounds.len().checked_sub(2)?;
        Some(behind.saturating_sub(1).min(last))
    }
}

/// The beginning of the period that a time lies in.
fn floor(time: i64) -> i64 {
    time.div_euclid(PERIOD).saturating_mul(PERIOD)
}

/// What to count.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramQuery {
    /// Under what; as in a list.
    pub parent: Parent,
    /// Only what matches.
    pub filter: Filter,
    /// By which of its times: [`OrderField::EventTime`], or else when it was first stored.
    pub field: OrderField,
    /// The spans of time.
    pub clock: Clock,
}

/// How many findings of each severity there are in each span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    /// For each span how many there are of each severity, by its number.
    pub counts: Vec<[u64; SEVERITIES]>,
    /// Everything was counted.
    pub complete: bool,
}

impl Histogram {
    /// Nothing was counted yet.
    pub(crate) fn new(clock: &Clock) -> Self {
        Self { counts: vec![[0; SEVERITIES]; clock.bounds.len().saturating_sub(1)], complete: true }
    }

    /// More findings of a severity, of about a time.
    pub(crate) fn add(&mut self, clock: &Clock, time: i64, severity: i64, count: u64) {
        let counts = clock.span_of(time).and_then(|span| self.counts.get_mut(span));
        let severity = usize::try_from(severity).unwrap_or_default();
        if let Some(own) = counts.and_then(|counts| counts.get_mut(severity)) {
            *own = own.saturating_add(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, HistogramError, PERIOD};
    use crate::TimeRange;
    use finding::Timestamp;

    fn clock(from: i64, until: i64, buckets: i64) -> Result<Clock, HistogramError> {
        let at = Timestamp::from_nanos;
        Clock::new(TimeRange { from: at(from), until: at(until) }, buckets)
    }

    #[test]
    fn spans_follow_each_other_without_a_gap() {
        for (from, until, buckets) in [
            (0, 60_000_000, 60),
            (-7, 10_000_000_003, 500),
            (5, 5 + 34_214_400_000_000_000, 60),
            (PERIOD * 3 + 1, PERIOD * 9 - 1, 5),
            (-PERIOD * 3 - 1, PERIOD * 3, 3),
            (i64::MIN, -1 - PERIOD, 500),
            (1, PERIOD + 2, 1),
        ] {
            let spans = clock(from, until, buckets).unwrap().spans();
            assert_eq!(spans.len() as i64, buckets);
            assert_eq!((spans[0].from.nanos(), spans.last().unwrap().until.nanos()), (from, until));
            assert!(spans.iter().all(|span| span.from < span.until), "{spans:?}");
            assert!(spans.windows(2).all(|two| two[0].until == two[1].from));
        }
    }

    #[test]
    fn long_spans_begin_with_a_period_and_tallies_answer_for_whole_ones() {
        let long = clock(1, 34_214_400_000_000_000, 60).unwrap();
        assert!(long.spans().iter().skip(1).all(|span| span.from.nanos() % PERIOD == 0));
        assert_eq!(long.periods(1, 34_214_400_000_000_000), Some((1, 1_584)));
        assert_eq!(clock(1, PERIOD * 3, 60).unwrap().periods(1, PERIOD * 3), None, "spans are shorter");
        assert_eq!(long.periods(1, PERIOD + 5), None, "none is whole");
        assert_eq!(long.periods(-PERIOD * 5, PERIOD * 3), Some((1, 3)));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        assert_eq!(clock(0, 10, 0), Err(HistogramError::Buckets { asked: 0 }));
        assert_eq!(clock(0, 10, 501), Err(HistogramError::Buckets { asked: 501 }));
        assert!(matches!(clock(10, 10, 5), Err(HistogramError::Order { .. })));
        assert_eq!(clock(0, 9_000_000, 10), Err(HistogramError::Short));
        assert_eq!(clock(i64::MIN, i64::MAX, 10), Err(HistogramError::Long));
    }
}
