//! Boot time and wall time.

use rustix::time::{ClockId, clock_gettime};

/// Converts the probes' time (nanoseconds since boot, suspend included) to wall time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    boot_at_ns: i64,
}

impl Clock {
    /// Reads both clocks.
    pub fn read() -> Self {
        let wall = clock_gettime(ClockId::Realtime);
        let boot = clock_gettime(ClockId::Boottime);
        let ns = |t: rustix::time::Timespec| t.tv_sec * 1_000_000_000 + t.tv_nsec;
        Self { boot_at_ns: ns(wall) - ns(boot) }
    }

    /// The clock of a machine that began its boot then, nanoseconds since the epoch.
    pub const fn of_boot(boot_at_ns: i64) -> Self {
        Self { boot_at_ns }
    }

    /// Nanoseconds since boot, now.
    pub fn now_ns() -> u64 {
        let t = clock_gettime(ClockId::Boottime);
        t.tv_sec.unsigned_abs() * 1_000_000_000 + t.tv_nsec.unsigned_abs()
    }

    /// Nanoseconds since the epoch.
    pub fn wall_ns(self, since_boot_ns: u64) -> i64 {
        self.boot_at_ns.saturating_add(i64::try_from(since_boot_ns).unwrap_or(i64::MAX))
    }
}
