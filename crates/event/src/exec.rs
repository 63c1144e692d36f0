//! A process replaced its image.

use crate::{Ancestor, Cgroup, Credentials, Descriptor, File, Namespaces, ProcessKey, Terminal, Text};

/// Command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arguments {
    /// `argv`, the first included.
    pub values: Vec<Text>,
    /// There was more than the probe reads.
    pub truncated: bool,
}

/// Environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// `NAME=value` entries. When truncated: the first and the last ones.
    pub values: Vec<Text>,
    /// There was more than the probe reads.
    pub truncated: bool,
}

impl Environment {
    /// Value of a variable, if it was read.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.values.iter().find_map(|entry| entry.bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }
}

/// How the sensor came to know of this image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Seen by the exec probe as it happened.
    Probe,
    /// Read from live state: the process was there before.
    Snapshot,
    /// Read from live state, of a process that has executed nothing since it was born: the image is its parent's.
    Copy,
}

/// A process replaced its image: everything the kernel said at that moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Nanoseconds since boot. For a process that was there before: its start.
    pub time_ns: u64,
    /// Probe or snapshot.
    pub origin: Origin,
    /// The process.
    pub process: ProcessKey,
    /// Its pid in its own pid namespace.
    pub pid_in_namespace: u32,
    /// Command name (`comm`), at most 15 bytes.
    pub name: Text,
    /// Parent first, then its parent, up to 6.
    pub ancestors: Vec<Ancestor>,
    /// Who it acts as.
    pub credentials: Credentials,
    /// Session id.
    pub session: u32,
    /// Controlling terminal.
    pub terminal: Option<Terminal>,
    /// Namespaces.
    pub namespaces: Namespaces,
    /// Control group.
    pub cgroup: Cgroup,
    /// The file that is executed.
    pub executable: File,
    /// The path as the caller gave it.
    pub invoked_as: Text,
    /// Command line.
    pub arguments: Arguments,
    /// Environment as far as the probe reads it.
    pub environment: Environment,
    /// Working directory.
    pub working_directory: Text,
    /// Descriptors: 0, 1 and 2 always, then those that carry data to other processes or hosts.
    pub descriptors: Vec<Descriptor>,
    /// Not all descriptors of that kind were read.
    pub descriptors_truncated: bool,
    /// The same for the parent; empty unless 0, 1 or 2 lead to another process.
    pub parent_descriptors: Vec<Descriptor>,
    /// The same for the parent's parent, under the same condition.
    pub grandparent_descriptors: Vec<Descriptor>,
    /// Not all of the parent's were read.
    pub parent_descriptors_truncated: bool,
}

impl Exec {
    /// The parent, if it has one.
    pub fn parent(&self) -> Option<ProcessKey> {
        self.ancestors.first().map(|a| a.process)
    }

    /// The descriptor of that number, if it was read.
    pub fn descriptor(&self, number: u32) -> Option<&Descriptor> {
        self.descriptors.iter().find(|d| d.number == number)
    }
}
