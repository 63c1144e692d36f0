//! What /proc says of a process: its arguments and environment, its start, its namespaces.

use event::{Arguments, Environment, Text};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

const BLOCK_MAX: u64 = 4_096;

/// `/proc/PID/cmdline`, as far as an exec record would hold it.
pub fn arguments(proc_root: &Path, pid: u32) -> Option<Arguments> {
    let (values, truncated) = block(&proc_root.join(format!("{pid}/cmdline")))?;
    Some(Arguments { values, truncated })
}

/// `/proc/PID/environ`, as far as an exec record would hold it. The end is missing in a long one.
pub fn environment(proc_root: &Path, pid: u32) -> Option<Environment> {
    let (values, truncated) = block(&proc_root.join(format!("{pid}/environ")))?;
    Some(Environment { values, truncated })
}

fn block(path: &Path) -> Option<(Vec<Text>, bool)> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(BLOCK_MAX + 1).read_to_end(&mut bytes).ok()?;
    let truncated = bytes.len() as u64 > BLOCK_MAX;
    bytes.truncate(BLOCK_MAX as usize);
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    let values =
        if bytes.is_empty() { Vec::new() } else { bytes.split(|b| *b == 0).map(Text::new).collect() };
    Some((values, truncated))
}

/// The start of the process that has this number now, in ticks since boot (`/proc/PID/stat`, field 22).
pub fn start_ticks(proc_root: &Path, pid: i64) -> Option<u64> {
    start_of(&fs::read(proc_root.join(format!("{pid}/stat"))).ok()?)
}

/// From a line of `/proc/PID/stat`. The process's name, in brackets, may hold anything: brackets, and what is no UTF-8.
pub(crate) fn start_of(stat: &[u8]) -> Option<u64> {
    let after = stat.rsplitn(2, |byte| *byte == b')').next()?;
    std::str::from_utf8(after).ok()?.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Number of a namespace that a process lives in; `kind` is its name in `/proc/PID/ns`.
pub fn namespace(proc_root: &Path, pid: u32, kind: &str) -> Option<u32> {
    let link = fs::read_link(proc_root.join(format!("{pid}/ns/{kind}"))).ok()?;
    link.to_str()?.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{namespace, start_of, start_ticks};
    use std::path::Path;

    #[test]
    fn a_process_has_one_start_and_nobody_none() {
        let this = i64::from(std::process::id());
        assert!(start_ticks(Path::new("/proc"), this).is_some_and(|ticks| ticks > 0));
        assert_eq!(start_ticks(Path::new("/proc"), 0), None);
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4200 20";
        let hostile = [format!("7 (a) b (c) {rest}").into_bytes(), [b"7 (\xff) ", rest.as_bytes()].concat()];
        for line in hostile {
            assert_eq!(start_of(&line), Some(4200), "behind a hostile name");
        }
        assert_eq!(start_of(b"7 (x"), None);
    }

    #[test]
    fn a_process_lives_in_namespaces_of_each_kind() {
        let of = |kind| namespace(Path::new("/proc"), std::process::id(), kind);
        assert!(of("pid").is_some() && of("mnt").is_some() && of("pid") != of("mnt"));
        assert_eq!(of("none"), None);
        assert_eq!(namespace(Path::new("/proc"), 0, "pid"), None);
    }
}
