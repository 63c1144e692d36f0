//! Reading live state: every process with its descriptors from the kernel, its arguments from /proc.

use decoder::Decoded;
use event::{Exec, FileIdentity, ProcessKey};
use host::Clock;
use probes::{SnapshotError, Snapshotter};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// All live processes at one moment.
#[derive(Debug)]
pub(crate) struct Live {
    /// Their images and descriptors.
    pub(crate) processes: Vec<Arc<Exec>>,
    /// When the reading began, nanoseconds since boot.
    pub(crate) at_ns: u64,
}

/// Reads live state; remembers the arguments of processes it has met.
pub(crate) struct LiveReader {
    snapshotter: Snapshotter,
    met: HashMap<(ProcessKey, FileIdentity), Arc<Exec>>,
}

impl LiveReader {
    pub(crate) fn new(snapshotter: Snapshotter) -> Self {
        Self { snapshotter, met: HashMap::new() }
    }

    /// Reads everything.
    pub(crate) fn read(&mut self, proc_root: &Path) -> Result<Live, SnapshotError> {
        let at_ns = Clock::now_ns();
        let mut met = HashMap::new();
        let mut processes = Vec::new();
        for record in self.snapshotter.read()? {
            let Ok(Decoded::Task(mut exec)) = decoder::decode(&record) else { continue };
            let key = (exec.process, exec.executable.identity);
            if let Some(before) = self.met.get(&key) {
                exec.arguments.clone_from(&before.arguments);
                exec.environment.clone_from(&before.environment);
            } else {
                exec.arguments = host::arguments(proc_root, exec.process.pid).unwrap_or_default();
                exec.environment = host::environment(proc_root, exec.process.pid).unwrap_or_default();
            }
            exec.time_ns = exec.process.start_ns;
            let exec: Arc<Exec> = Arc::from(exec);
            met.insert(key, Arc::clone(&exec));
            processes.push(exec);
        }
        self.met = met;
        Ok(Live { processes, at_ns })
    }
}
