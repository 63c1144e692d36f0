//! A process and its image.

use crate::bytes::{Malformed, Reader, Writer};
use crate::{RecordDescriptor, RecordHeader, RecordProcess};
use std::borrow::Cow;

/// Bits of `RecordExec::flags`.
pub mod flags {
    /// More arguments than were read.
    pub const ARGUMENTS_TRUNCATED: u32 = 0x01;
    /// More environment than was read.
    pub const ENVIRONMENT_TRUNCATED: u32 = 0x02;
    /// More descriptors than were read.
    pub const DESCRIPTORS_TRUNCATED: u32 = 0x04;
    /// More descriptors of the parent than were read.
    pub const PARENT_DESCRIPTORS_TRUNCATED: u32 = 0x08;
    /// The path has more levels than were read; its beginning is missing.
    pub const PATH_TRUNCATED: u32 = 0x10;
    /// The cgroup has more levels than were read; the lowest are missing.
    pub const CGROUP_TRUNCATED: u32 = 0x20;
    /// The cgroup is one of a v1 hierarchy.
    pub const CGROUP_V1: u32 = 0x40;
    /// The session has a controlling terminal.
    pub const HAS_TERMINAL: u32 = 0x80;
    /// The arguments were not in memory.
    pub const ARGUMENTS_UNREADABLE: u32 = 0x100;
    /// overlayfs: the executable lives in the writable layer.
    pub const OVERLAY_UPPER: u32 = 0x200;
    /// Live state: the process has executed nothing since it was born.
    pub const NOT_EXECUTED: u32 = 0x400;
}

const ANCESTORS_MAX: usize = 6;

/// `struct record_ancestor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordAncestor {
    /// Thread group id.
    pub pid: u32,
    /// Device of its executable; 0 for a kernel thread.
    pub executable_device: u32,
    /// Nanoseconds since boot.
    pub start_ns: u64,
    /// Inode number of its executable.
    pub executable_inode: u64,
    /// Change time of its executable, nanoseconds since the epoch.
    pub executable_changed_ns: u64,
    /// Its cgroup.
    pub cgroup: u64,
    /// Command name, NUL-padded.
    pub name: [u8; 16],
}

impl RecordAncestor {
    fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            pid: r.u32("ancestor.pid")?,
            executable_device: r.u32("ancestor.executable_device")?,
            start_ns: r.u64("ancestor.start_ns")?,
            executable_inode: r.u64("ancestor.executable_inode")?,
            executable_changed_ns: r.u64("ancestor.executable_changed_ns")?,
            cgroup: r.u64("ancestor.cgroup")?,
            name: r.array("ancestor.name")?,
        })
    }

    fn write(&self, w: &mut Writer) {
        w.u32(self.pid);
        w.u32(self.executable_device);
        w.u64(self.start_ns);
        w.u64(self.executable_inode);
        w.u64(self.executable_changed_ns);
        w.u64(self.cgroup);
        w.bytes(&self.name);
    }
}

/// `struct record_exec` with its tail.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are documented in abi.h and carry the same names")]
pub struct RecordExec<'a> {
    pub header: RecordHeader,
    pub process: RecordProcess,
    pub pid_in_namespace: u32,
    pub session: u32,
    pub uid: u32,
    pub gid: u32,
    pub effective_uid: u32,
    pub effective_gid: u32,
    pub login_uid: u32,
    pub flags: u32,
    pub effective_capabilities: u64,
    pub pid_namespace: u32,
    pub mount_namespace: u32,
    pub network_namespace: u32,
    pub user_namespace: u32,
    pub terminal_major: u32,
    pub terminal_index: u32,
    pub name: [u8; 16],
    pub executable_device: u32,
    pub executable_links: u32,
    pub executable_mode: u32,
    pub executable_inode: u64,
    pub executable_changed_ns: u64,
    pub executable_size: u64,
    pub executable_magic: u64,
    pub ancestors: Vec<RecordAncestor>,
    pub descriptors: Vec<RecordDescriptor>,
    pub parent_descriptors: Vec<RecordDescriptor>,
    pub grandparent_descriptors: Vec<RecordDescriptor>,
    /// Names from the leaf upwards, each ended by NUL.
    pub path: Cow<'a, [u8]>,
    pub invoked_as: Cow<'a, [u8]>,
    /// Names from the leaf upwards, each ended by NUL.
    pub working_directory: Cow<'a, [u8]>,
    /// Names from the leaf upwards, each ended by NUL.
    pub cgroup: Cow<'a, [u8]>,
    pub arguments: Cow<'a, [u8]>,
    pub environment: Cow<'a, [u8]>,
    /// Where the cut is in a truncated environment.
    pub environment_head: u16,
}

impl<'a> RecordExec<'a> {
    /// Bytes of the fixed part.
    pub const FIXED: usize = 200;

    /// A record of which nothing is known but whose it is: root's, without terminal, descriptors or names. To be completed
    /// by whoever makes records of their own.
    pub fn of(header: RecordHeader, process: RecordProcess) -> Self {
        Self {
            header,
            process,
            pid_in_namespace: process.pid,
            session: process.pid,
            uid: 0,
            gid: 0,
            effective_uid: 0,
            effective_gid: 0,
            login_uid: u32::MAX,
            flags: 0,
            effective_capabilities: 0,
            // the one that the kernel begins with
            pid_namespace: 0xEFFF_FFFC,
            mount_namespace: 2,
            network_namespace: 3,
            user_namespace: 4,
            terminal_major: 0,
            terminal_index: 0,
            name: [0; 16],
            executable_device: 1,
            executable_links: 1,
            executable_mode: 0o100_755,
            executable_inode: 1,
            executable_changed_ns: 1,
            executable_size: 1,
            executable_magic: 0xef53,
            ancestors: Vec::new(),
            descriptors: Vec::new(),
            parent_descriptors: Vec::new(),
            grandparent_descriptors: Vec::new(),
            path: Cow::Borrowed(b""),
            invoked_as: Cow::Borrowed(b""),
            working_directory: Cow::Borrowed(b""),
            cgroup: Cow::Borrowed(b""),
            arguments: Cow::Borrowed(b""),
            environment: Cow::Borrowed(b""),
            environment_head: 0,
        }
    }

    /// Reads a whole record.
    pub fn read(record: &'a [u8]) -> Result<Self, Malformed> {
        let header = RecordHeader::read(record)?;
        let record = &record[..header.length as usize];
        let mut r = Reader::new(record);
        r.take(RecordHeader::SIZE, "header")?;
        let process = RecordProcess::read(&mut r)?;
        let mut word = |field| r.u32(field);
        let pid_in_namespace = word("pid_in_namespace")?;
        let session = word("session")?;
        let uid = word("uid")?;
        let gid = word("gid")?;
        let effective_uid = word("effective_uid")?;
        let effective_gid = word("effective_gid")?;
        let login_uid = word("login_uid")?;
        let flags = word("flags")?;
        let effective_capabilities = r.u64("effective_capabilities")?;
        let mut word = |field| r.u32(field);
        let pid_namespace = word("pid_namespace")?;
        let mount_namespace = word("mount_namespace")?;
        let network_namespace = word("network_namespace")?;
        let user_namespace = word("user_namespace")?;
        let terminal_major = word("terminal_major")?;
        let terminal_index = word("terminal_index")?;
        let name = r.array("name")?;
        let mut word = |field| r.u32(field);
        let executable_device = word("executable_device")?;
        let executable_links = word("executable_links")?;
        let executable_mode = word("executable_mode")?;
        word("reserved")?;
        let executable_inode = r.u64("executable_inode")?;
        let executable_changed_ns = r.u64("executable_changed_ns")?;
        let executable_size = r.u64("executable_size")?;
        let executable_magic = r.u64("executable_magic")?;
        let mut short = |field| r.u16(field).map(usize::from);
        let ancestors = short("ancestors")?;
        let descriptors = short("descriptors")?;
        let parent_descriptors = short("parent_descriptors")?;
        let path = short("path_length")?;
        let invoked_as = short("invoked_as_length")?;
        let working_directory = short("working_directory_length")?;
        let cgroup = short("cgroup_length")?;
        let arguments = short("arguments_length")?;
        let environment = short("environment_length")?;
        let environment_head = r.u16("environment_head")?;
        let grandparent_descriptors = r.u32("grandparent_descriptors")? as usize;
        if ancestors > ANCESTORS_MAX {
            return Err(Malformed { field: "ancestors", at: 176 });
        }
        let mut read =
            |count| (0..count).map(|_| RecordDescriptor::read(&mut r)).collect::<Result<Vec<_>, _>>();
        let (descriptors, parent_descriptors, grandparent_descriptors) =
            (read(descriptors)?, read(parent_descriptors)?, read(grandparent_descriptors)?);
        let ancestors = (0..ancestors).map(|_| RecordAncestor::read(&mut r)).collect::<Result<_, _>>()?;
        Ok(Self {
            header,
            process,
            pid_in_namespace,
            session,
            uid,
            gid,
            effective_uid,
            effective_gid,
            login_uid,
            flags,
            effective_capabilities,
            pid_namespace,
            mount_namespace,
            network_namespace,
            user_namespace,
            terminal_major,
            terminal_index,
            name,
            executable_device,
            executable_links,
            executable_mode,
            executable_inode,
            executable_changed_ns,
            executable_size,
            executable_magic,
            ancestors,
            descriptors,
            parent_descriptors,
            grandparent_descriptors,
            path: r.take(path, "path")?.into(),
            invoked_as: r.take(invoked_as, "invoked_as")?.into(),
            working_directory: r.take(working_directory, "working_directory")?.into(),
            cgroup: r.take(cgroup, "cgroup")?.into(),
            arguments: r.take(arguments, "arguments")?.into(),
            environment: r.take(environment, "environment")?.into(),
            environment_head,
        })
    }

    /// Writes a whole record.
    pub fn write(&self) -> Vec<u8> {
        let mut w = Writer::default();
        self.header.write(&mut w);
        self.process.write(&mut w);
        for word in [
            self.pid_in_namespace,
            self.session,
            self.uid,
            self.gid,
            self.effective_uid,
            self.effective_gid,
            self.login_uid,
            self.flags,
        ] {
            w.u32(word);
        }
        w.u64(self.effective_capabilities);
        for word in [
            self.pid_namespace,
            self.mount_namespace,
            self.network_namespace,
            self.user_namespace,
            self.terminal_major,
            self.terminal_index,
        ] {
            w.u32(word);
        }
        w.bytes(&self.name);
        for word in [self.executable_device, self.executable_links, self.executable_mode, 0] {
            w.u32(word);
        }
        for long in
            [self.executable_inode, self.executable_changed_ns, self.executable_size, self.executable_magic]
        {
            w.u64(long);
        }
        let strings = [
            &self.path,
            &self.invoked_as,
            &self.working_directory,
            &self.cgroup,
            &self.arguments,
            &self.environment,
        ];
        let counts = [self.ancestors.len(), self.descriptors.len(), self.parent_descriptors.len()];
        for length in counts.into_iter().chain(strings.iter().map(|s| s.len())) {
            w.u16(u16::try_from(length).unwrap_or(u16::MAX));
        }
        w.u16(self.environment_head);
        w.u32(u32::try_from(self.grandparent_descriptors.len()).unwrap_or(u32::MAX));
        for descriptor in
            self.descriptors.iter().chain(&self.parent_descriptors).chain(&self.grandparent_descriptors)
        {
            descriptor.write(&mut w);
        }
        for ancestor in &self.ancestors {
            ancestor.write(&mut w);
        }
        for string in strings {
            w.bytes(string);
        }
        w.finish()
    }
}
