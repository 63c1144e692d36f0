//! The kernel: release, type information, and the probes, really loaded.

use super::Row;
use host::Machine;
use probe_abi::{RecordHeader, RecordKind};
use probes::{Lane, LoadError, Probes, Reader, Settings};
use rustix::process::geteuid;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The oldest kernel the probes are made for.
const OLDEST: (u32, u32) = (5, 10);
/// Small ring buffers: they live for a moment, perhaps beside a sensor's own.
const SMALL: Settings = Settings { deciding_bytes: 256 << 10, bulk_bytes: 256 << 10 };
/// How long the probes may take to report a program that was started for them.
const PATIENCE: Duration = Duration::from_secs(2);
const NO_PROBES: &str = "nothing is detected";

pub(crate) fn rows() -> Vec<Row> {
    let machine = Machine::read();
    let mut rows = vec![release(&machine.kernel), types(machine.has_btf)];
    rows.extend(probes());
    rows
}

/// Major and minor of a release such as `6.1.0-18-amd64`.
pub(crate) fn version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn release(release: &str) -> Row {
    match version(release) {
        Some(version) if version >= OLDEST => Row::ok("kernel", release),
        Some(_) => {
            Row::missing("kernel", release, NO_PROBES, "Vedette needs Linux 5.10 or newer: update the kernel")
        }
        None => Row::less(
            "kernel",
            release,
            "nobody knows whether it is new enough",
            "see whether the probes load, below",
        ),
    }
}

fn types(has_btf: bool) -> Row {
    if has_btf {
        return Row::ok("type information", "/sys/kernel/btf/vmlinux");
    }
    let remedy = "use a kernel with CONFIG_DEBUG_INFO_BTF=y (every Debian kernel since 5.10 has it); in a container, mount /sys";
    Row::missing("type information", "no /sys/kernel/btf/vmlinux", NO_PROBES, remedy)
}

fn probes() -> Vec<Row> {
    let loaded = match Probes::load(SMALL) {
        Ok(loaded) => loaded,
        Err(error) => return vec![refused("probes", &error)],
    };
    let mut rows = vec![Row::ok("probes", "exec, fork, exit and socket state load and attach")];
    rows.push(match loaded.reader() {
        Ok(reader) => speaks(&reader),
        Err(error) => refused("records", &error),
    });
    rows.push(match loaded.snapshotter() {
        Err(error) => refused("live state", &error),
        Ok(snapshotter) => match snapshotter.read() {
            Ok(tasks) if !tasks.is_empty() => {
                Row::ok("live state", format!("{} processes read", tasks.len()))
            }
            Ok(_) => live("the task iterator returns nothing".into()),
            Err(error) => live(error.to_string()),
        },
    });
    rows
}

fn live(found: String) -> Row {
    let cost = "sessions that began before Vedette, and some two-stage ones, are not found";
    Row::missing(
        "live state",
        found,
        cost,
        "the kernel needs the task iterator (5.8 and newer): use a distribution's own kernel",
    )
}

/// A probe that attaches and never fires is worse than none: start a program and see it.
fn speaks(reader: &Reader) -> Row {
    let child =
        Command::new("/proc/self/exe").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            return Row::less(
                "records",
                format!("no program could be started ({error})"),
                "this check",
                "free a process slot",
            );
        }
    };
    let begun = Instant::now();
    let mut seen = false;
    while !seen && begun.elapsed() < PATIENCE {
        reader.drain(Lane::Deciding, 4_096, |record| {
            seen |=
                RecordHeader::read(record).is_ok_and(|h| h.kind == RecordKind::Exec && h.pid == child.id());
        });
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = begun.elapsed().as_millis();
    let _ = child.wait();
    if seen {
        return Row::ok("records", format!("a program that was started was seen within {took} ms"));
    }
    // pids of another namespace are other numbers
    let remedy = "in a container, share the node's pid namespace (hostPID: true); else report this with the kernel's release";
    Row::missing("records", "a program was started and the probes did not see it", NO_PROBES, remedy)
}

fn refused(what: &'static str, error: &LoadError) -> Row {
    let (remedy, said) = match error {
        LoadError::Refused { remedy, said, .. } | LoadError::Attach { remedy, said, .. } => {
            (*remedy, said.as_str())
        }
        LoadError::Incomplete(_) => ("rebuild Vedette", ""),
    };
    // the rest of both is for those who are elsewhere
    let remedy = remedy.split_once("; `vedette doctor`").map_or(remedy, |(remedy, _)| remedy);
    let words = error.to_string();
    let found = words.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut row = Row::missing(what, found, NO_PROBES, remedy);
    // to somebody who may not, the kernel speaks of memory
    if geteuid().is_root() {
        row.said = said.to_owned();
    }
    row
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, release, version};
    use crate::doctor::Verdict;

    #[test]
    fn releases_are_compared_as_numbers() {
        assert_eq!(version("6.1.0-18-cloud-amd64"), Some((6, 1)));
        assert_eq!(version("5.10.0"), Some(OLDEST));
        assert_eq!(version("rolling"), None);
        assert_eq!(release("5.9.16").verdict, Verdict::Missing);
        assert_eq!(release("5.10.0-28-amd64").verdict, Verdict::Ok);
        assert_eq!(release("10.0").verdict, Verdict::Ok);
    }
}
