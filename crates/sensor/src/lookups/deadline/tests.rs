use super::super::facts::{Fact, Found, Queues, Script, Wanted};
use super::super::queue::Urgency;
use super::super::{Answer, Reply};
use super::*;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use enrichment::{ImageKey, Started};
use event::{FileIdentity, ProcessKey, Text};
use rustix::event::{EventfdFlags, eventfd};
use rustix::mount::{MountFlags, UnmountFlags};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

const PATIENCE: Duration = Duration::from_secs(60);

/// A FUSE file system that nobody serves: whoever looks for a file in it waits.
struct Hung {
    folder: PathBuf,
    device: Option<File>,
}

impl Hung {
    fn mount() -> std::io::Result<Self> {
        let device = File::options().read(true).write(true).open("/dev/fuse")?;
        let folder = std::env::temp_dir().join(format!("vedette-hung-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        let options = std::ffi::CString::new(options)?;
        rustix::mount::mount("hung", &folder, "fuse", MountFlags::empty(), Some(options.as_c_str()))?;
        Ok(Self { folder, device: Some(device) })
    }

    /// Whoever waits gets an error.
    fn give_up(&mut self) {
        self.device = None;
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        self.give_up();
        let _ = rustix::mount::unmount(&self.folder, UnmountFlags::DETACH);
        let _ = std::fs::remove_dir(&self.folder);
    }
}

fn this() -> ProcessKey {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let ticks: u64 = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().parse().unwrap();
    ProcessKey { pid: std::process::id(), start_ns: ticks * 10_000_000 }
}

fn image(time_ns: u64) -> ImageKey {
    ImageKey { process: this(), time_ns }
}

fn script(time_ns: u64, path: &Path) -> (Wanted, Fact) {
    let asked = host::Asked::hold(Path::new("/proc"), this()).unwrap();
    let script = Script {
        path: Text::from(path.to_str().unwrap()),
        working_directory: Text::from("/"),
        arguments: Vec::new(),
        started: Started {
            kind: None,
            name: Text::from("sh"),
            loaded: false,
            working_directory: Text::from("/"),
            environment: Vec::new(),
        },
    };
    (Wanted::Script(image(time_ns)), Fact::Script { image: image(time_ns), asked, script })
}

fn next(answers: &Receiver<Answer>, wanted: impl Fn(&Answer) -> bool) -> Answer {
    loop {
        let answer = answers.recv_timeout(PATIENCE).expect("an answer");
        if wanted(&answer) {
            return answer;
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the test report collects this line")]
fn a_file_system_that_does_not_answer_holds_up_nobody_else() {
    let mut hung = match Hung::mount() {
        Ok(hung) => hung,
        Err(error) => return println!("skipped: needs root and /dev/fuse ({error})"),
    };
    let (answer, answers) = bounded(256);
    let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).unwrap());
    let (queues, metrics) = (Queues::new(), Metrics::default());
    queues.serve(&Reply { answer, wake }, &metrics).unwrap();
    let attacker = 1;
    for n in 0..8 {
        let (wanted, fact) = script(n, &hung.folder.join("script"));
        queues.facts.push(wanted, Urgency::Awaited, attacker, fact);
    }
    let meta = std::fs::metadata("/proc/self/exe").unwrap();
    let identity =
        FileIdentity { device: 1, inode: std::os::unix::fs::MetadataExt::ino(&meta), changed_ns: 1 };
    let own =
        || host::Executable::hold(Path::new("/proc"), this().pid, &identity, 0, &Text::default()).unwrap();
    // the other one's, then the attacker's own of which the kernel serves the file
    for (owner, number) in [(2, 1), (attacker, 2)] {
        let process = ProcessKey { pid: number, start_ns: 1 };
        let fact = Fact::File { identity, process, file: own(), is_local: true };
        queues.facts.push(
            Wanted::File(FileIdentity { inode: u64::from(number), ..identity }),
            Urgency::Awaited,
            owner,
            fact,
        );
        let is_it = |a: &Answer| matches!(a, Answer::Fact(Found::File { process: of, .. }) if *of == process);
        let Answer::Fact(Found::File { facts, .. }) = next(&answers, is_it) else { panic!("another answer") };
        assert!(facts.is_some());
    }
    // of the attacker's the first few are left behind, and the rest is not begun
    let text = metrics.text();
    assert!(text.contains("vedette_sensor_lookups_stuck{kind=\"facts\"} 3"), "{text}");
    assert!(text.contains("vedette_sensor_lookups_unread_total{kind=\"script\"} 8"), "{text}");
    // when the file system answers at last, what it says is taken and the threads are gone
    hung.give_up();
    let until = Instant::now() + PATIENCE;
    while !metrics.text().contains("vedette_sensor_lookups_stuck{kind=\"facts\"} 0") {
        assert!(Instant::now() < until, "threads stay: {}", metrics.text());
        std::thread::sleep(Duration::from_millis(10));
    }
    queues.close();
}

/// A lane whose work waits until it is let go.
fn waiting_lane() -> (Sender<(u64, bool)>, Receiver<&'static str>, Sender<()>) {
    let (ask, asked) = unbounded::<(u64, bool)>();
    let (tell, told) = unbounded();
    let (go, gate) = bounded::<()>(0);
    serve("test", Duration::from_millis(1), Metrics::default(), move || {
        let (owner, is_local) = asked.recv().ok()?;
        let say = |what: &'static str| -> Finish {
            let tell = tell.clone();
            Box::new(move || tell.send(what).unwrap_or_default())
        };
        let (done, gate) = (say("done"), gate.clone());
        let work = Box::new(move || {
            let _ = gate.recv();
            done
        });
        let (refused, unread) = (say("refused"), say("unread"));
        let subject = "process 7 (/tmp/x)".into();
        Some(Job { owner, is_local, kind: "test", subject, work, refused, unread })
    })
    .unwrap();
    (ask, told, go)
}

#[test]
fn what_is_left_behind_is_named_and_its_cause_is_not_made_up() {
    let said = super::left_behind("script", "process 7 (/tmp/x)", Duration::from_millis(250));
    assert!(said.starts_with("script of process 7 (/tmp/x) was not read within 250ms"), "{said}");
    assert!(!said.contains("FUSE"), "{said}");
}

#[test]
fn threads_that_are_left_behind_have_an_end_and_every_request_an_answer() {
    let (ask, told, go) = waiting_lane();
    let count = |owner, is_local| {
        ask.send((owner, is_local)).unwrap();
        told.recv_timeout(PATIENCE).expect("every request is answered")
    };
    let outcomes: Vec<_> = (0..6).map(|_| count(1, false)).collect();
    assert_eq!(outcomes, ["unread", "unread", "unread", "refused", "refused", "refused"]);
    // many owners: foreign files first, then all are refused
    let foreign = (0..40).filter(|owner| count(100 + owner, false) == "unread").count();
    assert_eq!(foreign, STUCK_FOREIGN_MAX - STUCK_OWN_MAX);
    let local = (0..40).filter(|owner| count(200 + owner, true) == "unread").count();
    assert_eq!(local, STUCK_MAX - STUCK_FOREIGN_MAX);
    // all return, late; then there is room again
    drop(go);
    let late = (0..STUCK_MAX).map(|_| told.recv_timeout(PATIENCE).unwrap()).collect::<Vec<_>>();
    assert!(late.iter().all(|what| *what == "done"), "{late:?}");
}
