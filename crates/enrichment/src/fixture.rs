//! What tests begin with.

use event::{Exec, ProcessKey, Text};

/// An exec of which nothing is known but whose it is.
pub(crate) fn exec(process: ProcessKey) -> Exec {
    Exec {
        time_ns: process.start_ns,
        origin: event::Origin::Probe,
        process,
        pid_in_namespace: process.pid,
        name: Text::default(),
        ancestors: Vec::new(),
        credentials: event::Credentials::default(),
        session: 0,
        terminal: None,
        namespaces: event::Namespaces::default(),
        cgroup: event::Cgroup { id: 1, hierarchy: event::Hierarchy::V2, path: Vec::new(), truncated: false },
        executable: event::File {
            identity: event::FileIdentity { device: 1, inode: 1, changed_ns: 1 },
            path: Text::from("/bin/true"),
            path_truncated: false,
            size: 1,
            links: 1,
            mode: 0o755,
            file_system: event::FileSystem::Other(0),
        },
        invoked_as: Text::default(),
        arguments: event::Arguments::default(),
        environment: event::Environment::default(),
        working_directory: Text::default(),
        descriptors: Vec::new(),
        descriptors_truncated: false,
        parent_descriptors: Vec::new(),
        grandparent_descriptors: Vec::new(),
        parent_descriptors_truncated: false,
    }
}
