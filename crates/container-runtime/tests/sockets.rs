//! Sockets at which nobody, or nobody sane, answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use container_runtime::{Config, RuntimeError, Runtimes, SocketProblem};
use event::{Container, ContainerId, RuntimeKind};

const LIMIT: Duration = Duration::from_millis(300);

fn runtimes(root: &Path, extra: &[&str]) -> Runtimes {
    let proc_root = root.join("proc");
    std::fs::create_dir_all(&proc_root).unwrap();
    let extra_sockets = extra.iter().map(PathBuf::from).collect();
    Runtimes::new(Config { host_root: root.to_owned(), proc_root, extra_sockets, timeout: LIMIT })
}

fn container() -> Container {
    Container::bare(ContainerId::new(&"a".repeat(64)).unwrap(), RuntimeKind::Unknown, None)
}

#[test]
fn a_socket_that_never_answers_costs_its_deadline_once() {
    let scratch = tempfile::tempdir().unwrap();
    // Connections queue up in the listener's backlog and nobody takes them.
    let _listener = UnixListener::bind(scratch.path().join("silent.sock")).unwrap();
    let runtimes = runtimes(scratch.path(), &["/silent.sock"]);

    let begun = Instant::now();
    let error = runtimes.cri_facts(&container()).unwrap_err();
    assert!(matches!(error, RuntimeError::Socket { problem: SocketProblem::Hung { .. }, .. }), "{error}");
    assert!(begun.elapsed() >= LIMIT && begun.elapsed() < LIMIT * 3, "{:?}", begun.elapsed());

    let begun = Instant::now();
    let error = runtimes.cri_facts(&container()).unwrap_err();
    assert!(matches!(error, RuntimeError::Socket { problem: SocketProblem::Resting { .. }, .. }), "{error}");
    assert!(begun.elapsed() < LIMIT / 3, "{:?}", begun.elapsed());
    assert!(error.to_string().contains("silent.sock") && error.to_string().contains("no answer"), "{error}");
}

#[test]
fn a_socket_that_talks_nonsense_is_an_error_in_time() {
    let scratch = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(scratch.path().join("mad.sock")).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.read(&mut [0; 64]);
                while stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n\xff\x00garbage").is_ok() {}
            });
        }
    });
    let runtimes = runtimes(scratch.path(), &["/mad.sock"]);
    let begun = Instant::now();
    let error = runtimes.cri_facts(&container()).unwrap_err();
    assert!(matches!(error, RuntimeError::Socket { .. }), "{error}");
    assert!(begun.elapsed() < LIMIT * 3, "{:?}", begun.elapsed());
}

#[test]
fn without_any_socket_the_error_says_where_it_was_looked_for() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("file.sock"), "").unwrap();
    let runtimes = runtimes(scratch.path(), &["/file.sock", "/vanished.sock"]);
    let error = runtimes.cri_facts(&container()).unwrap_err();
    assert!(matches!(error, RuntimeError::NoSocket { .. }), "{error}");
    assert!(error.to_string().contains("/run/crio/crio.sock"), "{error}");
}

#[test]
fn the_doctor_sees_what_was_named_and_what_answers_badly() {
    let scratch = tempfile::tempdir().unwrap();
    let _listener = UnixListener::bind(scratch.path().join("silent.sock")).unwrap();
    let statuses = runtimes(scratch.path(), &["/silent.sock", "/missing.sock"]).sockets();
    assert_eq!(statuses.len(), 2, "{statuses:?}");
    assert!(matches!(statuses[0].answer, Err(SocketProblem::Hung { .. })));
    assert!(matches!(statuses[1].answer, Err(SocketProblem::Unreachable(_))));
    assert!(statuses.iter().all(|status| status.costs().is_some()));
}
