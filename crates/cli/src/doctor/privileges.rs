//! What this process may do.

use super::Row;
use super::kernel::version;
use host::Machine;
use rustix::thread::{CapabilitySet, capabilities};

/// From this kernel on, memory of probes is counted by the memory cgroup and not by a resource limit.
const NO_MEMLOCK: (u32, u32) = (5, 11);
const GIVE: &str = "run as root, or give the capability (systemd: AmbientCapabilities=, Kubernetes: securityContext.capabilities.add)";

struct Wanted {
    name: &'static str,
    any_of: CapabilitySet,
    essential: bool,
    cost: &'static str,
}

pub(crate) fn rows() -> Vec<Row> {
    let held = match capabilities(None) {
        Ok(sets) => sets.effective,
        Err(error) => {
            let found = format!("the kernel does not say ({error})");
            return vec![Row::less(
                "capabilities",
                found,
                "nobody knows what is allowed",
                "see whether the probes load, above",
            )];
        }
    };
    let old = version(&Machine::read().kernel).is_some_and(|version| version < NO_MEMLOCK);
    wanted(old).into_iter().map(|wanted| judge(&wanted, held)).collect()
}

fn wanted(old_kernel: bool) -> Vec<Wanted> {
    let admin = CapabilitySet::SYS_ADMIN;
    let mut all = vec![
        Wanted {
            name: "CAP_BPF",
            any_of: CapabilitySet::BPF | admin,
            essential: true,
            cost: "the probes cannot be loaded",
        },
        Wanted {
            name: "CAP_PERFMON",
            any_of: CapabilitySet::PERFMON | admin,
            essential: true,
            cost: "the probes may not read the kernel's structures",
        },
        Wanted {
            name: "CAP_SYS_PTRACE",
            any_of: CapabilitySet::SYS_PTRACE,
            essential: false,
            cost: "executables, descriptors and memory maps of other users' processes are missing from the evidence",
        },
        Wanted {
            name: "CAP_DAC_READ_SEARCH",
            any_of: CapabilitySet::DAC_READ_SEARCH,
            essential: false,
            cost: "files of containers and bundles of runtimes that belong to others cannot be read",
        },
    ];
    if old_kernel {
        all.push(Wanted {
            name: "CAP_SYS_RESOURCE",
            any_of: CapabilitySet::SYS_RESOURCE,
            essential: true,
            cost: "before Linux 5.11 the ring buffers do not fit into the limit of locked memory",
        });
    }
    all
}

fn judge(wanted: &Wanted, held: CapabilitySet) -> Row {
    match (held.intersects(wanted.any_of), wanted.essential) {
        (true, _) => Row::ok(wanted.name, "held"),
        (false, true) => Row::missing(wanted.name, "not held", wanted.cost, GIVE),
        (false, false) => Row::less(wanted.name, "not held", wanted.cost, GIVE),
    }
}

#[cfg(test)]
mod tests {
    use super::{judge, wanted};
    use crate::doctor::Verdict;
    use rustix::thread::CapabilitySet;

    fn verdicts(old: bool, held: CapabilitySet) -> Vec<Verdict> {
        wanted(old).iter().map(|w| judge(w, held).verdict).collect()
    }

    #[test]
    fn bpf_and_perfmon_are_essential_and_the_old_all_mighty_one_replaces_them() {
        use Verdict::{Less, Missing, Ok};
        assert_eq!(verdicts(false, CapabilitySet::empty()), [Missing, Missing, Less, Less]);
        assert_eq!(verdicts(false, CapabilitySet::SYS_ADMIN), [Ok, Ok, Less, Less]);
        assert_eq!(
            verdicts(true, CapabilitySet::BPF | CapabilitySet::PERFMON),
            [Ok, Ok, Less, Less, Missing]
        );
        assert_eq!(verdicts(true, CapabilitySet::all()), [Ok; 5]);
    }
}
