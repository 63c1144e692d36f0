//! The guest's first file system: a cpio archive (newc) of busybox, the modules, the payload and two init scripts.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::module::Module;

/// Leaves the initial ramfs for a tmpfs: a container runtime's `pivot_root` refuses to work on the first one.
const INIT: &str = r#"#!/bin/busybox sh
/bin/busybox mkdir -p /room
/bin/busybox mount -t tmpfs -o size=80% room /room
/bin/busybox cp -a /bin /modules /payload /second /room/
exec /bin/busybox switch_root /room /second
"#;

/// Makes the machine look like a node (cgroup v2, loopback, BPF and tracing file systems), then runs the payload.
const SECOND: &str = r#"#!/bin/busybox sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /etc /root /var/lib /usr/bin /usr/sbin /sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
ip link set lo up
for module in /modules/*.ko; do [ -e "$module" ] && insmod "$module"; done
echo
echo "@@BEGIN $(uname -r)"
cd /payload
sh ./run.sh
echo "@@EXIT $?"
poweroff -f
"#;

/// Writes the archive to `image`.
pub(crate) fn write(image: &Path, payload: &Path, modules: &[Module]) -> Result<()> {
    let file = File::create(image).with_context(|| format!("cannot write {}", image.display()))?;
    let mut archive = Archive { out: BufWriter::new(file), entries: 0 };
    let busybox = std::env::var_os("BUSYBOX").unwrap_or_else(|| "/bin/busybox".into());
    let busybox = std::fs::read(&busybox).with_context(|| {
        format!("{} is missing; install busybox-static (./setup --for test)", busybox.display())
    })?;
    for folder in ["bin", "modules", "payload"] {
        archive.add(folder.as_bytes(), FOLDER | 0o755, &[])?;
    }
    archive.add(b"bin/busybox", FILE | 0o755, &busybox)?;
    archive.add(b"init", FILE | 0o755, INIT.as_bytes())?;
    archive.add(b"second", FILE | 0o755, SECOND.as_bytes())?;
    for (number, module) in modules.iter().enumerate() {
        archive.add(
            format!("modules/{number:03}-{}.ko", module.name).as_bytes(),
            FILE | 0o644,
            &module.bytes,
        )?;
    }
    archive.add_folder(payload, b"payload")?;
    archive.add(b"TRAILER!!!", 0, &[])?;
    archive.out.flush().with_context(|| format!("cannot write {}", image.display()))
}

const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const KIND: u32 = 0o170_000;

struct Archive<W: Write> {
    out: W,
    /// Serves as the inode number.
    entries: u32,
}

impl<W: Write> Archive<W> {
    /// Everything inside `folder`, below `name`.
    fn add_folder(&mut self, folder: &Path, name: &[u8]) -> Result<()> {
        for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            let about = path.symlink_metadata().with_context(|| format!("cannot read {}", path.display()))?;
            let leaf = path.file_name().unwrap_or_default();
            let name = [name, b"/", leaf.as_bytes()].concat();
            match about.mode() & KIND {
                FOLDER => {
                    self.add(&name, about.mode(), &[])?;
                    self.add_folder(&path, &name)?;
                }
                LINK => self.add(&name, about.mode(), std::fs::read_link(&path)?.as_os_str().as_bytes())?,
                FILE => {
                    let bytes =
                        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                    self.add(&name, about.mode(), &bytes)?;
                }
                _ => bail!("{} is neither file, folder nor link; a payload holds only those", path.display()),
            }
        }
        Ok(())
    }

    fn add(&mut self, name: &[u8], mode: u32, body: &[u8]) -> Result<()> {
        self.entries += 1;
        let size =
            u32::try_from(body.len()).context("a file of 4 GiB or more does not fit into a cpio archive")?;
        let length = u32::try_from(name.len() + 1).context("a path is too long for a cpio archive")?;
        // inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name's length, checksum
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, length, 0];
        let mut header = b"070701".to_vec();
        for field in fields {
            header.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        header.extend_from_slice(name);
        header.push(0);
        pad(&mut header);
        self.out.write_all(&header)?;
        self.out.write_all(body)?;
        self.out.write_all(&[0; 3][..body.len().next_multiple_of(4) - body.len()])?;
        Ok(())
    }
}

/// Header and body each end on a multiple of four bytes.
fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_aligned_and_spelt_as_newc_wants() {
        let mut archive = Archive { out: Vec::new(), entries: 0 };
        archive.add(b"a", FILE | 0o644, b"hello").unwrap();
        archive.add(b"TRAILER!!!", 0, &[]).unwrap();
        let out = archive.out;
        assert_eq!(out.len() % 4, 0);
        assert_eq!(&out[..6], b"070701");
        assert_eq!(&out[54..62], b"00000005", "the body's size");
        assert_eq!(&out[112..117], b"hello");
        assert_eq!(&out[120..126], b"070701", "the next header starts on a multiple of four");
    }
}
