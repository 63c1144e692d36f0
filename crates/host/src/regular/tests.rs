use super::*;
use rustix::fs::{makedev, mknodat};
use std::io::Read;
use std::os::unix::fs::symlink;

fn folder() -> (tempfile::TempDir, OwnedFd) {
    let folder = tempfile::tempdir().unwrap();
    let root = OwnedFd::from(File::open(folder.path()).unwrap());
    (folder, root)
}

fn refused(pinned: io::Result<Pinned>) -> String {
    pinned.and_then(|pinned| pinned.open()).unwrap_err().to_string()
}

fn text(mut file: File) -> String {
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_fifo_is_refused_without_waiting_for_its_other_end() {
    let (folder, root) = folder();
    mknodat(&root, "fifo", FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    assert_eq!(refused(Pinned::within(&root, Path::new("fifo"))), "not a regular file but a FIFO");
    assert_eq!(refused(Pinned::at(&folder.path().join("fifo"))), "not a regular file but a FIFO");
    // who opens a FIFO for writing without waiting is told whether somebody has it open for reading
    let writer = openat(&root, "fifo", OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty());
    assert_eq!(writer.unwrap_err(), rustix::io::Errno::NXIO);
}

#[test]
fn a_device_is_refused() {
    let (_folder, root) = folder();
    // major 10, minor 130: a watchdog, which opening would start; no such driver need be there
    if let Err(why) = mknodat(&root, "device", FileType::CharacterDevice, Mode::RUSR, makedev(10, 130)) {
        println!("skipped: a device node cannot be made here: {why}");
        return;
    }
    assert_eq!(refused(Pinned::within(&root, Path::new("device"))), "not a regular file but a device");
    assert_eq!(refused(Pinned::at(Path::new("/dev/null"))), "not a regular file but a device");
}

#[test]
fn a_link_out_of_the_root_ends_inside_it() {
    let (folder, root) = folder();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "outside").unwrap();
    symlink(outside.path().join("secret"), folder.path().join("absolute")).unwrap();
    symlink("../../../../../../../../etc/hostname", folder.path().join("climbing")).unwrap();
    for link in ["absolute", "climbing"] {
        assert!(Pinned::within(&root, Path::new(link)).is_err(), "{link} led outside");
    }
    std::fs::write(folder.path().join("inside"), "inside").unwrap();
    symlink("/inside", folder.path().join("link")).unwrap();
    assert_eq!(text(Pinned::within(&root, Path::new("link")).unwrap().open().unwrap()), "inside");
    assert_eq!(text(Pinned::within(&root, Path::new("/link")).unwrap().open().unwrap()), "inside");
}

#[test]
fn what_was_looked_at_is_what_is_opened() {
    let (folder, root) = folder();
    std::fs::write(folder.path().join("script"), "first").unwrap();
    let pinned = Pinned::within(&root, Path::new("script")).unwrap();
    std::fs::remove_file(folder.path().join("script")).unwrap();
    mknodat(&root, "script", FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(text(pinned.open().unwrap()), "first");
}

#[test]
fn entries_of_proc_that_vanish_are_errors() {
    let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
    let pid = child.id();
    let held = Pinned::at(Path::new(&format!("/proc/{pid}/exe"))).unwrap();
    let folder = Pinned::at(Path::new(&format!("/proc/{pid}"))).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(Pinned::at(Path::new(&format!("/proc/{pid}/exe"))).is_err());
    assert!(openat(&folder, "cmdline", OFlags::RDONLY, Mode::empty()).is_err());
    assert!(held.open().is_ok(), "the file outlives the process");
}
