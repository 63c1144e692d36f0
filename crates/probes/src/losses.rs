//! Reading the loss counters.

use libbpf_rs::libbpf_sys::{bpf_obj_get_info_by_fd, bpf_prog_info};
use libbpf_rs::{MapCore, MapFlags, MapHandle};
use probe_abi::RecordKind;
use std::cell::RefCell;
use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};

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
    unsent: MapHandle,
    rescued: MapHandle,
    by_cgroup: MapHandle,
    probes: Vec<(RecordKind, OwnedFd)>,
    skipped: RefCell<HashMap<RecordKind, Skipped>>,
}

/// Events for which the first program of a tracepoint was skipped and the second one did not do its work.
#[derive(Debug, Clone, Copy, Default)]
struct Skipped {
    /// As read the last time: the second program may have been at work just then.
    read: u64,
    /// Read twice, hence true.
    certain: u64,
}

impl Skipped {
    fn learn(&mut self, read: u64) -> u64 {
        self.certain = self.certain.max(read.min(self.read));
        self.read = read;
        self.certain
    }
}

impl Losses {
    pub(crate) fn new(
        unsent: MapHandle,
        rescued: MapHandle,
        by_cgroup: MapHandle,
        probes: Vec<(RecordKind, OwnedFd)>,
    ) -> Self {
        Self { unsent, rescued, by_cgroup, probes, skipped: RefCell::default() }
    }

    /// Totals by kind, summed over processors, with the events that no probe saw; kinds without a loss are left out.
    pub fn totals(&self) -> Vec<LossCounter> {
        (1u16..=5)
            .filter_map(|number| {
                let kind = RecordKind::from_number(number)?;
                // in this order: what is rescued in between must not count as lost
                let of_kind = self.probes.iter().filter(|(of, _)| *of == kind);
                let missed = of_kind.map(|(_, probe)| missed(probe)).sum::<u64>();
                let lost = missed.saturating_sub(sum(&self.rescued, number));
                let skipped = self.skipped.borrow_mut().entry(kind).or_default().learn(lost);
                let count = sum(&self.unsent, number) + skipped;
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

/// One counter of a map by kind, summed over processors.
fn sum(map: &MapHandle, kind: u16) -> u64 {
    let key = u32::from(kind).to_le_bytes();
    let per_cpu = map.lookup_percpu(&key, MapFlags::ANY).ok().flatten().unwrap_or_default();
    per_cpu.iter().filter_map(|value| value.first_chunk().copied()).map(u64::from_le_bytes).sum()
}

/// How often the kernel skipped a probe because the same probe was interrupted on that processor. Newer kernels
/// may put a task aside in the middle of a probe.
#[expect(unsafe_code, reason = "libbpf-rs asks about a program only by walking through all of the machine's")]
fn missed(probe: &OwnedFd) -> u64 {
    let mut info = bpf_prog_info::default();
    let mut length = size_of::<bpf_prog_info>() as u32;
    // SAFETY: `info` is as long as `length` says and holds no pointer that the kernel would follow.
    let answer = unsafe {
        bpf_obj_get_info_by_fd(probe.as_raw_fd(), std::ptr::from_mut(&mut info).cast(), &mut length)
    };
    if answer == 0 { info.recursion_misses } else { 0 }
}
