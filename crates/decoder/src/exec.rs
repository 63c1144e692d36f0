//! A process and its image.

use crate::{descriptor, process};
use event::{
    Ancestor, Arguments, Cgroup, Credentials, Environment, Exec, File, FileIdentity, FileSystem, Hierarchy,
    Namespaces, Origin, ProcessKey, Terminal, Text,
};
use probe_abi::{Malformed, RecordAncestor, RecordExec, RecordKind, flags};

const OVERLAYFS: u64 = 0x794c_7630;
const TMPFS: u64 = 0x0102_1994;

pub(crate) fn decode(record: &[u8]) -> Result<Exec, Malformed> {
    let r = RecordExec::read(record)?;
    let has = |flag| r.flags & flag != 0;
    let path = path(&r.path, has(flags::PATH_TRUNCATED));
    let file_system = match r.executable_magic {
        OVERLAYFS => FileSystem::Overlay { upper: has(flags::OVERLAY_UPPER) },
        TMPFS if path.bytes().starts_with(b"memfd:") => FileSystem::Memfd,
        TMPFS => FileSystem::Tmpfs,
        magic => FileSystem::Other(magic),
    };
    Ok(Exec {
        time_ns: r.header.time_ns,
        origin: match r.header.kind {
            RecordKind::Task if has(flags::NOT_EXECUTED) => Origin::Copy,
            RecordKind::Task => Origin::Snapshot,
            _ => Origin::Probe,
        },
        process: process(r.process),
        pid_in_namespace: r.pid_in_namespace,
        name: padded(&r.name),
        ancestors: r.ancestors.iter().map(ancestor).collect(),
        credentials: Credentials {
            uid: r.uid,
            gid: r.gid,
            effective_uid: r.effective_uid,
            effective_gid: r.effective_gid,
            effective_capabilities: r.effective_capabilities,
            login_uid: r.login_uid,
        },
        session: r.session,
        terminal: has(flags::HAS_TERMINAL)
            .then_some(Terminal { major: r.terminal_major, index: r.terminal_index }),
        namespaces: Namespaces {
            pid: r.pid_namespace,
            mount: r.mount_namespace,
            network: r.network_namespace,
            user: r.user_namespace,
        },
        cgroup: Cgroup {
            id: r.header.cgroup,
            hierarchy: if has(flags::CGROUP_V1) { Hierarchy::V1 } else { Hierarchy::V2 },
            path: downwards(&r.cgroup).map(Text::new).collect(),
            truncated: has(flags::CGROUP_TRUNCATED),
        },
        executable: File {
            identity: FileIdentity {
                device: r.executable_device,
                inode: r.executable_inode,
                changed_ns: r.executable_changed_ns,
            },
            path,
            path_truncated: has(flags::PATH_TRUNCATED),
            size: r.executable_size,
            links: r.executable_links,
            mode: r.executable_mode,
            file_system,
        },
        invoked_as: padded(&r.invoked_as),
        arguments: Arguments {
            values: entries(&r.arguments),
            truncated: has(flags::ARGUMENTS_TRUNCATED) || has(flags::ARGUMENTS_UNREADABLE),
        },
        environment: environment(&r, has(flags::ENVIRONMENT_TRUNCATED)),
        working_directory: self::path(&r.working_directory, false),
        descriptors: r.descriptors.iter().map(descriptor::decode).collect(),
        descriptors_truncated: has(flags::DESCRIPTORS_TRUNCATED),
        parent_descriptors: r.parent_descriptors.iter().map(descriptor::decode).collect(),
        grandparent_descriptors: r.grandparent_descriptors.iter().map(descriptor::decode).collect(),
        parent_descriptors_truncated: has(flags::PARENT_DESCRIPTORS_TRUNCATED),
    })
}

fn ancestor(a: &RecordAncestor) -> Ancestor {
    let executable = (a.executable_inode != 0).then_some(FileIdentity {
        device: a.executable_device,
        inode: a.executable_inode,
        changed_ns: a.executable_changed_ns,
    });
    let process = ProcessKey { pid: a.pid, start_ns: a.start_ns };
    Ancestor { process, name: padded(&a.name), executable, cgroup: a.cgroup }
}

fn padded(bytes: &[u8]) -> Text {
    Text::new(bytes.split(|b| *b == 0).next().unwrap_or_default())
}

/// Names from the leaf upwards become names from the top downwards.
fn downwards(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|b| *b == 0).rev().filter(|name| !name.is_empty())
}

fn path(bytes: &[u8], truncated: bool) -> Text {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    if truncated {
        out.extend_from_slice(b"...");
    }
    for name in downwards(bytes) {
        // a file without a mount point (memfd) has a name, not a path
        if !(out.is_empty() && name.starts_with(b"memfd:")) {
            out.push(b'/');
        }
        out.extend_from_slice(name);
    }
    if out.is_empty() && !bytes.is_empty() || bytes.is_empty() {
        out.push(b'/');
    }
    Text::new(out)
}

/// NUL-ended strings; the last may lack its NUL when the block was cut.
fn entries(block: &[u8]) -> Vec<Text> {
    let block = block.strip_suffix(b"\0").unwrap_or(block);
    if block.is_empty() {
        return Vec::new();
    }
    block.split(|b| *b == 0).map(Text::new).collect()
}

fn environment(r: &RecordExec<'_>, truncated: bool) -> Environment {
    if !truncated {
        return Environment { values: entries(&r.environment), truncated };
    }
    let cut = usize::from(r.environment_head).min(r.environment.len());
    let (head, tail) = r.environment.split_at(cut);
    let mut values = entries(head);
    values.pop(); // cut in the middle
    values.extend(entries(tail).into_iter().skip(1));
    Environment { values, truncated }
}
