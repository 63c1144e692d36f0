use super::*;
use std::os::fd::AsRawFd;
use std::process::{Child, Command};

/// A process that waits, with so many bytes in its last argument.
struct Waiting(Child);

impl Waiting {
    fn new(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    fn key(&self) -> ProcessKey {
        let pid = self.0.id();
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let ticks: u64 =
            stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
        ProcessKey { pid, start_ns: ticks * ProcessKey::TICK_NS + 7 }
    }

    /// Executed, so that its arguments are its own and not this test's.
    fn asked(&self) -> Asked {
        loop {
            let asked = Asked::hold(Path::new("/proc"), self.key()).unwrap();
            if asked.arguments().is_ok_and(|(values, _)| values.iter().any(|v| v.bytes() == b"sleep 100; :"))
            {
                return asked;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn shell(arguments: &[&str]) -> Waiting {
    Waiting::new(Command::new("sh").args(["-c", "sleep 100; :"]).args(arguments))
}

#[test]
fn long_arguments_are_read_whole_and_longer_ones_say_so() {
    let process = shell(&["sh", &"x".repeat(60_000), "last"]);
    let (values, truncated) = process.asked().arguments().unwrap();
    assert_eq!((values.len(), truncated), (6, false));
    assert_eq!((values[4].bytes().len(), values[5].bytes()), (60_000, b"last".as_slice()));

    let process = shell(&["sh", &"x".repeat(100_000), &"y".repeat(100_000)]);
    let (values, truncated) = process.asked().arguments().unwrap();
    assert!(truncated && values.len() == 6 && values[5].bytes().len() < 100_000);
}

#[test]
fn another_process_with_the_same_pid_is_not_asked() {
    let process = shell(&[]);
    let key = process.key();
    assert!(Asked::hold(Path::new("/proc"), key).is_some());
    let before = ProcessKey { start_ns: key.start_ns - ProcessKey::TICK_NS, ..key };
    assert!(Asked::hold(Path::new("/proc"), before).is_none());
    let asked = process.asked();
    drop(process);
    assert!(asked.arguments().is_err(), "it ended after it was held");
}

#[test]
fn a_script_is_read_by_path_and_by_descriptor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("serve.sh");
    std::fs::write(&path, "read line\n").unwrap();
    let process = shell(&[]);
    let asked = process.asked();
    let (name, here) = (Text::from("serve.sh"), Text::new(folder.path().as_os_str().as_encoded_bytes()));
    assert_eq!(asked.script(&name, &here).unwrap(), b"read line\n");
    let absolute = Text::new(path.as_os_str().as_encoded_bytes());
    assert_eq!(asked.script(&absolute, &Text::from("/")).unwrap(), b"read line\n");
    assert!(asked.script(&Text::from("/dev/null"), &here).is_err());
    assert!(asked.script(&Text::from("absent"), &here).is_err());

    // this very process stands for one with an open script
    let own = File::open(&path).unwrap();
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: u64 = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
    let this = ProcessKey { pid: std::process::id(), start_ns: ticks * ProcessKey::TICK_NS };
    let asked = Asked::hold(Path::new("/proc"), this).unwrap();
    std::fs::remove_file(&path).unwrap();
    for folder in ["/dev/fd", "/proc/self/fd"] {
        let name = Text::new(format!("{folder}/{}", own.as_raw_fd()));
        assert_eq!(asked.script(&name, &here).unwrap(), b"read line\n");
    }
    let (reader, _writer) = std::io::pipe().unwrap();
    let name = Text::new(format!("/dev/fd/{}", reader.as_raw_fd()));
    assert!(asked.script(&name, &here).is_err(), "a pipe would give its text away to whoever reads first");
}

#[test]
fn a_long_script_is_cut_and_seen_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long");
    std::fs::write(&path, vec![b'#'; SCRIPT_MAX as usize + 100]).unwrap();
    let process = shell(&[]);
    let name = Text::new(path.as_os_str().as_encoded_bytes());
    let text = process.asked().script(&name, &Text::from("/")).unwrap();
    assert_eq!(text.len() as u64, SCRIPT_MAX + 1);
}

#[test]
fn a_link_to_a_descriptor_of_the_process_is_one() {
    let process = shell(&[]);
    let asked = process.asked();
    let folder = tempfile::tempdir().unwrap();
    let link = |name: &str, target: &str| {
        let path = folder.path().join(name);
        std::os::unix::fs::symlink(target, &path).unwrap();
        Text::from(path.to_str().unwrap())
    };
    let behind = |name: &Text| asked.descriptor_behind(name, &Text::from("/"));
    let direct = link("direct", "/proc/self/fd/5");
    assert_eq!(behind(&direct), Some(5));
    assert_eq!(behind(&link("twice", "direct")), Some(5), "relative to the link's folder");
    assert_eq!(behind(&link("stdin", "/dev/stdin")), Some(0));
    assert_eq!(behind(&link("round", "round")), None);
    assert_eq!(behind(&link("file", "/etc/passwd")), None);
    assert_eq!(behind(&Text::from("/etc/passwd")), None);
}
