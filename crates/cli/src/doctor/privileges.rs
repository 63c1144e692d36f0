//! What this process may do.

use super::Row;
use super::kernel::version;
use host::Machine;
use rustix::process::geteuid;
use rustix::thread::{CapabilitySet, capabilities};

/// From this kernel on, memory of probes is counted by the memory cgroup and not by a resource limit.
const NO_MEMLOCK: (u32, u32) = (5, 11);

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
    let user = geteuid();
    let mut rows = vec![if user.is_root() {
        Row::ok("user", "root")
    } else {
        let cost = "what follows is what this user may do, and root may do more";
        Row::less("user", format!("uid {}, not root", user.as_raw()), cost, "sudo vedette doctor")
    }];
    let old = version(&Machine::read().kernel).is_some_and(|version| version < NO_MEMLOCK);
    rows.extend(wanted(old).iter().map(|wanted| judge(wanted, held)));
    rows
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
    let name = wanted.name;
    let short = name.trim_start_matches("CAP_");
    let first = if geteuid().is_root() { "this root is confined: give it" } else { "run as root, or give" };
    let give = format!(
        "{first} {name} (AmbientCapabilities={name} in a systemd unit, capabilities.add: [{short}] in Kubernetes, --cap-add={short} in Docker)"
    );
    match (held.intersects(wanted.any_of), wanted.essential) {
        (true, _) => Row::ok(name, "held"),
        (false, true) => Row::missing(name, "not held", wanted.cost, &give),
        (false, false) => Row::less(name, "not held", wanted.cost, &give),
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
    fn the_service_holds_what_is_wanted_and_nothing_else() {
        let unit = include_str!("../../../../deploy/vedette.service");
        let held = unit.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet=")).unwrap();
        let named: Vec<&str> = wanted(false).iter().map(|wanted| wanted.name).collect();
        assert_eq!(held.split(' ').collect::<Vec<_>>(), named);
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
