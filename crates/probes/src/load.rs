//! Loading and attaching; a refusal carries the verifier's words and the remedy.

use crate::{Losses, Reader, Snapshotter};
use libbpf_rs::query::LinkInfo;
use libbpf_rs::{Link, MapCore, MapFlags, MapHandle, Object, ObjectBuilder, PrintLevel, ProgramMut};
use probe_abi::RecordKind;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

/// The object is aligned as libbpf wants it.
#[repr(align(8))]
struct Aligned<T: ?Sized>(T);
static OBJECT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/vedette.bpf.o")));

/// What libbpf and the verifier said since the last load began.
static SAID: Mutex<String> = Mutex::new(String::new());
const SAID_MAX: usize = 64 * 1024;

/// Probes that are attached for as long as the sensor lives, in the order in which they are attached. Fork and exit
/// first: a process that is seen to run must be seen to end.
const TRACEPOINTS: [Tracepoint; 4] = [
    Tracepoint { first: "on_exit", again: "on_exit_again", kind: RecordKind::Exit },
    Tracepoint { first: "on_fork", again: "on_fork_again", kind: RecordKind::Fork },
    Tracepoint { first: "on_socket", again: "on_socket_again", kind: RecordKind::Socket },
    Tracepoint { first: "on_exec", again: "on_exec_again", kind: RecordKind::Exec },
];

/// The kernel may skip the first program since then, and the second is loaded (bpf/undisturbed.h).
const SKIPPED_SINCE: (u32, u32) = (7, 0);

struct Tracepoint {
    first: &'static str,
    again: &'static str,
    kind: RecordKind,
}

/// Sizes of the ring buffers.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Ring buffer of exec and socket records, bytes, a power of two of at least a page.
    pub deciding_bytes: u32,
    /// Ring buffer of fork and exit records, bytes, a power of two of at least a page.
    pub bulk_bytes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { deciding_bytes: 4 << 20, bulk_bytes: 1 << 20 }
    }
}

/// The probes could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The kernel refused a program or a map.
    #[error("the kernel refused the probes ({source}).\n{remedy}\nWhat the kernel said:\n{said}")]
    Refused {
        /// What to do.
        remedy: &'static str,
        /// Words of libbpf and of the verifier.
        said: String,
        /// The system's error.
        source: libbpf_rs::Error,
    },
    /// A probe loaded but could not be attached.
    #[error("probe {probe} could not be attached ({source}).\n{remedy}\nWhat the kernel said:\n{said}")]
    Attach {
        /// The program.
        probe: &'static str,
        /// What to do.
        remedy: &'static str,
        /// Words of libbpf.
        said: String,
        /// The system's error.
        source: libbpf_rs::Error,
    },
    /// The object lacks a part: this binary was built wrongly.
    #[error("the embedded probe object has no {0}: rebuild Vedette")]
    Incomplete(&'static str),
}

/// Loaded and attached probes. Dropping them detaches everything; nothing is pinned.
pub struct Probes {
    object: Object,
    attached: Vec<Attached>,
}

/// A probe at its place, as the kernel numbered both then.
struct Attached {
    probe: &'static str,
    link: Link,
    id: u32,
    program: u32,
}

impl Attached {
    fn new(probe: &'static str, link: Link) -> Result<Self, libbpf_rs::Error> {
        let LinkInfo { id, prog_id, .. } = link.info()?;
        Ok(Self { probe, link, id, program: prog_id })
    }

    /// Whoever closes the link's descriptor detaches the probe; the number may be given to another file then.
    fn is_there(&self) -> bool {
        self.link.info().is_ok_and(|link| (link.id, link.prog_id) == (self.id, self.program))
    }
}

impl Probes {
    /// Loads the object and attaches every probe.
    pub fn load(settings: Settings) -> Result<Self, LoadError> {
        said().clear();
        libbpf_rs::set_print(Some((PrintLevel::Warn, |_, line| {
            let mut said = said();
            if said.len() + line.len() < SAID_MAX {
                said.push_str(&line);
            }
        })));
        let mut open = ObjectBuilder::default().open_memory(&OBJECT.0).map_err(refused)?;
        for mut map in open.maps_mut() {
            let size = match map.name().to_str() {
                Some("deciding") => settings.deciding_bytes,
                Some("bulk") => settings.bulk_bytes,
                _ => continue,
            };
            map.set_max_entries(size).map_err(refused)?;
        }
        let twice = kernel().is_none_or(|version| version >= SKIPPED_SINCE);
        for mut program in open.progs_mut() {
            if TRACEPOINTS.iter().any(|tracepoint| program.name() == tracepoint.again) {
                program.set_autoload(twice);
            }
        }
        let mut probes = Self { object: open.load().map_err(refused)?, attached: Vec::new() };
        for Tracepoint { first, again, .. } in TRACEPOINTS {
            // in this order: the second asks what the first has done
            for probe in [Some(first), twice.then_some(again)].into_iter().flatten() {
                let link = probes.program(probe)?.attach();
                let attached = link.and_then(|link| Attached::new(probe, link));
                probes.attached.push(attached.map_err(|source| attach_failed(probe, source))?);
            }
        }
        Ok(probes)
    }

    /// The reader of the ring buffers.
    pub fn reader(&self) -> Result<Reader, LoadError> {
        Reader::new(&self.map("deciding")?, &self.map("bulk")?).map_err(refused)
    }

    /// The reader of live state.
    pub fn snapshotter(&self) -> Result<Snapshotter, LoadError> {
        let link = self.program("snapshot")?.attach().map_err(|source| attach_failed("snapshot", source))?;
        Ok(Snapshotter::new(link))
    }

    /// The loss counters.
    pub fn losses(&self) -> Result<Losses, LoadError> {
        let mut probes = Vec::new();
        for Tracepoint { first, kind, .. } in TRACEPOINTS {
            let probe = self.program(first)?.as_fd().try_clone_to_owned().map_err(libbpf_rs::Error::from);
            probes.push((kind, probe.map_err(refused)?));
        }
        Ok(Losses::new(self.map("lost")?, self.map("rescued")?, self.map("lost_by_cgroup")?, probes))
    }

    /// Reports every connect of that process from now on, however many it makes.
    pub fn watch(&self, key: u64) -> Result<(), LoadError> {
        self.map("watched")?.update(&key.to_le_bytes(), &[1], MapFlags::ANY).map_err(refused)
    }

    /// Probes that were attached and no longer are: somebody else has removed them.
    pub fn detached(&self) -> impl Iterator<Item = &'static str> {
        self.attached.iter().filter(|attached| !attached.is_there()).map(|attached| attached.probe)
    }

    /// Whether every connect is urgent, because a program waits to be connected.
    pub fn expect(&self, expecting: bool) -> Result<(), LoadError> {
        let (key, value) = (0u32.to_le_bytes(), u32::from(expecting).to_le_bytes());
        self.map("expecting")?.update(&key, &value, MapFlags::ANY).map_err(refused)
    }

    fn program(&self, name: &'static str) -> Result<ProgramMut<'_>, LoadError> {
        self.object.progs_mut().find(|p| p.name() == name).ok_or(LoadError::Incomplete(name))
    }

    fn map(&self, name: &'static str) -> Result<MapHandle, LoadError> {
        let map = self.object.maps().find(|m| m.name() == name).ok_or(LoadError::Incomplete(name))?;
        MapHandle::try_from(&map).map_err(refused)
    }
}

/// Version of the running kernel, without its patch level.
fn kernel() -> Option<(u32, u32)> {
    let uname = rustix::system::uname();
    let mut numbers = uname.release().to_str().ok()?.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn said() -> std::sync::MutexGuard<'static, String> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(source: libbpf_rs::Error) -> LoadError {
    LoadError::Refused { remedy: remedy(&source), said: said().clone(), source }
}

fn attach_failed(probe: &'static str, source: libbpf_rs::Error) -> LoadError {
    LoadError::Attach { probe, remedy: remedy(&source), said: said().clone(), source }
}

fn remedy(error: &libbpf_rs::Error) -> &'static str {
    match error.kind() {
        libbpf_rs::ErrorKind::PermissionDenied => {
            "Run as root, or give the process CAP_BPF and CAP_PERFMON (and CAP_SYS_RESOURCE on kernels older than 5.11); \
             `vedette doctor` says which is missing."
        }
        libbpf_rs::ErrorKind::NotFound => {
            "The kernel has no type information: it needs CONFIG_DEBUG_INFO_BTF=y (/sys/kernel/btf/vmlinux)."
        }
        libbpf_rs::ErrorKind::OutOfMemory => {
            "The kernel has no memory left for the ring buffers: make them smaller in the configuration."
        }
        _ => "Vedette needs Linux 5.10 or newer with BTF; `vedette doctor` checks each requirement.",
    }
}

#[cfg(test)]
mod tests {
    use super::{LoadError, Probes, Settings};
    use std::fs::File;
    use std::mem::ManuallyDrop;
    use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

    #[test]
    #[expect(unsafe_code, reason = "it does to a descriptor what somebody else would do")]
    #[expect(clippy::print_stdout, reason = "why a test did not run is its report")]
    fn a_probe_that_somebody_else_removed_is_named() {
        let probes = match Probes::load(Settings::default()) {
            Ok(probes) => probes,
            Err(LoadError::Refused { source, .. }) => return println!("skipped: no probes here: {source}"),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(probes.detached().count(), 0);
        let victim = probes.attached.iter().find(|attached| attached.probe == "on_exec").unwrap();
        // SAFETY: the number is the link's own, which stays its owner: this one is never dropped.
        let mut descriptor =
            ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(victim.link.as_fd().as_raw_fd()) });
        rustix::io::dup2(File::open("/dev/null").unwrap(), &mut descriptor).unwrap();
        assert_eq!(probes.detached().collect::<Vec<_>>(), ["on_exec"]);
    }
}
