//! Reading the loss counters.

use libbpf_rs::{MapCore, MapFlags, MapHandle};
use probe_abi::RecordKind;

/// One counter, as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossCounter {
    /// Kind of record.
    pub kind: RecordKind,
    /// The cgroup; `None` for the total of a kind.
    pub cgroup: Option<u64>,
    /// Records lost since the probes were loaded.
    pub count: u64,
}

/// The kernel's counters of records that found no room.
pub struct Losses {
    total: MapHandle,
    by_cgroup: MapHandle,
}

impl Losses {
    pub(crate) fn new(total: MapHandle, by_cgroup: MapHandle) -> Self {
        Self { total, by_cgroup }
    }

    /// Totals by kind, summed over processors; kinds without a loss are left out.
    pub fn totals(&self) -> Vec<LossCounter> {
        (1u16..=5)
            .filter_map(|number| {
                let kind = RecordKind::from_number(number)?;
                let key = u32::from(number).to_le_bytes();
                let per_cpu = self.total.lookup_percpu(&key, MapFlags::ANY).ok()??;
                let count = per_cpu
                    .iter()
                    .filter_map(|value| value.first_chunk().copied())
                    .map(u64::from_le_bytes)
                    .sum();
                (count > 0).then_some(LossCounter { kind, cgroup: None, count })
            })
            .collect()
    }

    /// Counters by cgroup, as far as the kernel's table remembers them.
    pub fn by_cgroup(&self) -> Vec<LossCounter> {
        self.by_cgroup
            .keys()
            .filter_map(|key| {
                let value = self.by_cgroup.lookup(&key, MapFlags::ANY).ok()??;
                let cgroup = u64::from_le_bytes(*key.first_chunk()?);
                let kind = u16::from_le_bytes(*key.get(8..)?.first_chunk()?);
                let count = u64::from_le_bytes(*value.first_chunk()?);
                Some(LossCounter { kind: RecordKind::from_number(kind)?, cgroup: Some(cgroup), count })
            })
            .collect()
    }
}
