//! A pod's network namespace, entered by a thread.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::os::fd::AsFd;

/// A network namespace, by a process in it.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    proc: PathBuf,
}

/// Sockets that wait for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Waiting {
    pub(crate) tcp: Vec<u16>,
    pub(crate) udp: Vec<u16>,
    /// Paths as the containers see them.
    pub(crate) unix: Vec<String>,
}

impl Namespace {
    /// The namespace of process `pid`.
    pub(crate) fn of(pid: u32) -> Self {
        Self { proc: PathBuf::from(format!("/proc/{pid}")) }
    }

    /// The node's.
    pub(crate) fn of_node(node: &crate::Node) -> Self {
        let path = node.network_namespace();
        Self { proc: path.ancestors().nth(2).map_or_else(|| PathBuf::from("/proc/self"), Path::to_path_buf) }
    }

    /// For `nsenter --net=`.
    pub(crate) fn path(&self) -> PathBuf {
        self.proc.join("ns/net")
    }

    /// Runs `work` on a thread of its own inside.
    pub(crate) fn enter<T: Send>(&self, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
        std::thread::scope(|scope| {
            scope
                .spawn(|| {
                    self.join_thread()?;
                    work()
                })
                .join()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("a thread in the pod's namespace panicked")))
        })
    }

    /// Moves the calling thread inside, for good.
    pub(crate) fn join_thread(&self) -> Result<()> {
        let file =
            File::open(self.path()).with_context(|| format!("the namespace {}", self.path().display()))?;
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
        Ok(())
    }

    /// What waits for a connection or a datagram inside.
    pub(crate) fn waiting(&self) -> Waiting {
        let ports = |name: &str, state: &str| {
            let text = fs::read_to_string(self.proc.join("net").join(name)).unwrap_or_default();
            text.lines().skip(1).filter_map(|line| port_in_state(line, state)).collect::<Vec<u16>>()
        };
        let both = |four: &str, six: &str, state: &str| {
            let mut all = ports(four, state);
            all.extend(ports(six, state));
            all.sort_unstable();
            all.dedup();
            all
        };
        let unix = fs::read_to_string(self.proc.join("net/unix")).unwrap_or_default();
        let unix = unix.lines().skip(1).filter_map(listening_path).map(str::to_owned).collect();
        Waiting { tcp: both("tcp", "tcp6", "0A"), udp: both("udp", "udp6", "07"), unix }
    }
}

/// `sl local rem st …`
fn port_in_state(line: &str, state: &str) -> Option<u16> {
    let mut words = line.split_whitespace().skip(1);
    let (local, _, found) = (words.next()?, words.next()?, words.next()?);
    let port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
    (found == state).then_some(port)
}

/// `num: refs protocol flags type state inode path`; a listener has the flag `__SO_ACCEPTCON`.
fn listening_path(line: &str) -> Option<&str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let flags = u32::from_str_radix(words.get(3)?, 16).ok()?;
    (flags & 0x1_0000 != 0).then(|| words.get(7).copied()).flatten()
}

/// Loopback.
pub(crate) fn here(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A container's file, from outside.
pub(crate) fn inside(pid: u32, path: &str) -> PathBuf {
    Path::new("/proc").join(pid.to_string()).join("root").join(path.trim_start_matches('/'))
}
