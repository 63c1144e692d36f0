//! One open descriptor.

use crate::bytes::{Malformed, Reader, Writer};

/// What a descriptor refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum DescriptorKind {
    /// Not open.
    #[default]
    Closed = 0,
    /// IPv4, IPv6 or vsock socket.
    Internet = 1,
    /// UNIX socket.
    Unix = 2,
    /// Anonymous pipe.
    Pipe = 3,
    /// Named pipe.
    Fifo = 4,
    /// Pseudo-terminal, the program's side.
    PtySlave = 5,
    /// Pseudo-terminal, the controller's side.
    PtyMaster = 6,
    /// Regular file.
    Regular = 7,
    /// Character device.
    Character = 8,
    /// Socket of another family.
    OtherSocket = 9,
    /// Anything else.
    Other = 10,
}

impl DescriptorKind {
    const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Closed,
            1 => Self::Internet,
            2 => Self::Unix,
            3 => Self::Pipe,
            4 => Self::Fifo,
            5 => Self::PtySlave,
            6 => Self::PtyMaster,
            7 => Self::Regular,
            8 => Self::Character,
            9 => Self::OtherSocket,
            10 => Self::Other,
            _ => return None,
        })
    }
}

/// `struct record_descriptor`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordDescriptor {
    /// Its number.
    pub number: u32,
    /// What it refers to.
    pub kind: DescriptorKind,
    /// 1 read, 2 write.
    pub access: u8,
    /// Sockets: the kernel's `sk_state`.
    pub state: u8,
    /// 0 unknown, 1 connected, 2 accepted.
    pub direction: u8,
    /// Sockets: address family.
    pub family: u16,
    /// Internet sockets: transport protocol number. UNIX sockets: type.
    pub protocol: u16,
    /// Host byte order.
    pub local_port: u16,
    /// Host byte order.
    pub remote_port: u16,
    /// Inode number.
    pub inode: u64,
    /// UNIX sockets: inode number of the other end.
    pub peer: u64,
    /// Address; IPv4 in the first four bytes.
    pub local: [u8; 16],
    /// Address of the other end.
    pub remote: [u8; 16],
    /// Device of the file system the object lives in.
    pub device: u32,
    /// Terminal index, or `major << 20 | minor`.
    pub index: u32,
    /// Internet sockets: network namespace.
    pub network_namespace: u32,
}

impl RecordDescriptor {
    /// A TCP connection over IPv4 that the process made. To be completed by whoever makes records of their own.
    pub fn connection(number: u32, inode: u64, local_port: u16, peer: ([u8; 4], u16)) -> Self {
        let (address, remote_port) = peer;
        let mut remote = [0; 16];
        remote[..4].copy_from_slice(&address);
        Self {
            number,
            kind: DescriptorKind::Internet,
            access: 3,
            state: 1,
            direction: 1,
            family: 2,
            protocol: 6,
            local_port,
            remote_port,
            inode,
            remote,
            ..Self::default()
        }
    }

    /// Bytes of a descriptor.
    pub const SIZE: usize = 80;

    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        let number = r.u32("descriptor.number")?;
        let kind = r.u8("descriptor.kind")?;
        let descriptor = Self {
            number,
            kind: DescriptorKind::from_number(kind).ok_or(Malformed { field: "descriptor.kind", at: 4 })?,
            access: r.u8("descriptor.access")?,
            state: r.u8("descriptor.state")?,
            direction: r.u8("descriptor.direction")?,
            family: r.u16("descriptor.family")?,
            protocol: r.u16("descriptor.protocol")?,
            local_port: r.u16("descriptor.local_port")?,
            remote_port: r.u16("descriptor.remote_port")?,
            inode: r.u64("descriptor.inode")?,
            peer: r.u64("descriptor.peer")?,
            local: r.array("descriptor.local")?,
            remote: r.array("descriptor.remote")?,
            device: r.u32("descriptor.device")?,
            index: r.u32("descriptor.index")?,
            network_namespace: r.u32("descriptor.network_namespace")?,
        };
        r.u32("descriptor.reserved")?;
        Ok(descriptor)
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.u32(self.number);
        w.u8(self.kind as u8);
        w.u8(self.access);
        w.u8(self.state);
        w.u8(self.direction);
        w.u16(self.family);
        w.u16(self.protocol);
        w.u16(self.local_port);
        w.u16(self.remote_port);
        w.u64(self.inode);
        w.u64(self.peer);
        w.bytes(&self.local);
        w.bytes(&self.remote);
        w.u32(self.device);
        w.u32(self.index);
        w.u32(self.network_namespace);
        w.u32(0);
    }
}
