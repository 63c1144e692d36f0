//! Which sockets processes hold, by /proc alone.

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

#[cfg(test)]
mod tests {
    use super::held_sockets;
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
        // a test beside this one that starts a program holds a copy of every descriptor until the program runs
        let gone = (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            !held_sockets(Path::new("/proc")).unwrap().contains(&inode)
        });
        assert!(gone);
    }
}
