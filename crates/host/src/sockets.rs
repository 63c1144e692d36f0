//! Which sockets processes hold, and whether a process is still the same one, by /proc alone.

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

/// Inode numbers of all sockets that any process holds. An error when a process may not be looked at: what is not seen then
/// is not known to be gone.
pub fn held_sockets(proc_root: &Path) -> io::Result<HashSet<u64>> {
    let mut held = HashSet::new();
    for entry in fs::read_dir(proc_root)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // every thread may have descriptors of its own, but those of a process's first one are what its end closes
        let descriptors = match fs::read_dir(entry.path().join("fd")) {
            Ok(descriptors) => descriptors,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(error),
        };
        held.extend(
            descriptors.flatten().filter_map(|d| fs::read_link(d.path()).ok()).filter_map(|to| {
                to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
            }),
        );
    }
    Ok(held)
}

/// It ended meanwhile.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == ErrorKind::NotFound
        || error.raw_os_error() == Some(rustix::io::Errno::SRCH.raw_os_error())
}

/// The start of the process that has this number now, in ticks since boot (`/proc/PID/stat`, field 22).
pub fn start_ticks(proc_root: &Path, pid: i64) -> Option<u64> {
    start_of(&fs::read_to_string(proc_root.join(format!("{pid}/stat"))).ok()?)
}

/// Its name, in brackets, may hold anything.
fn start_of(stat: &str) -> Option<u64> {
    stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{held_sockets, start_of, start_ticks};
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;
    use std::path::Path;

    #[test]
    fn a_socket_is_held_until_it_is_closed() {
        if !rustix::process::geteuid().is_root() {
            return println!("skipped: other processes' descriptors need root; run the tests with sudo");
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = std::fs::read_link(format!("/proc/self/fd/{}", listener.as_raw_fd())).unwrap();
        let text = link.to_str().unwrap();
        let inode: u64 = text.trim_start_matches("socket:[").trim_end_matches(']').parse().unwrap();
        assert!(held_sockets(Path::new("/proc")).unwrap().contains(&inode));
        drop(listener);
        assert!(!held_sockets(Path::new("/proc")).unwrap().contains(&inode));
    }

    #[test]
    fn a_process_has_one_start_and_nobody_none() {
        let this = i64::from(std::process::id());
        assert!(start_ticks(Path::new("/proc"), this).is_some_and(|ticks| ticks > 0));
        assert_eq!(start_ticks(Path::new("/proc"), 0), None);
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4200 20";
        assert_eq!(start_of(&format!("7 (a) b (c) {rest}")), Some(4200), "behind a hostile name");
        assert_eq!(start_of("7 (x"), None);
    }
}
