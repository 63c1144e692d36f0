//! The product as its user meets it: `vedette up`, a simulated attack by each way of making a container, the finding.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "why a test did not run is its report")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const VEDETTE: &str = env!("CARGO_BIN_EXE_vedette");
const CATEGORY: &str = "Execution: Socat Reverse Shell Detected";
const PATIENCE: Duration = Duration::from_secs(30);

/// Why nothing can be watched here, if so. What the kernel refuses to somebody who may is a failure, not a reason.
fn cannot_watch() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Some("probes and containers need root; run the tests with sudo");
    }
    let held = rustix::thread::capabilities(None).unwrap().effective;
    let enough = rustix::thread::CapabilitySet::BPF | rustix::thread::CapabilitySet::SYS_ADMIN;
    (!held.contains(enough))
        .then_some("probes need CAP_BPF and containers CAP_SYS_ADMIN, which this root does not have")
}

fn installed(program: &str) -> bool {
    ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"]
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}

fn vedette(server: &str, arguments: &[&str]) -> Output {
    Command::new(VEDETTE).args(arguments).env("VEDETTE_SERVER", server).output().unwrap()
}

/// A program whose lines are read as they come. Dropping it ends it.
struct Running {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, lines) = channel();
        let errors = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            BufReader::new(errors).lines().map_while(Result::ok).for_each(|line| drop(out.send(line)));
        });
        Self { child, lines, said: String::new() }
    }

    /// What follows `words` on the first line that has them.
    fn after(&mut self, words: &str) -> String {
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("never said {words:?}, but:\n{}", self.said));
            self.said += &format!("{line}\n");
            if let Some((_, rest)) = line.split_once(words) {
                return rest.to_owned();
            }
        }
    }

    fn end(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end:\n{}", self.said);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `vedette up` on a free port.
fn up(data: &Path) -> (Running, String) {
    let mut running =
        Running::start(Command::new(VEDETTE).args(["up", "--listen", "127.0.0.1:0", "--data"]).arg(data));
    let address = running.after("findings: http://");
    let server = format!("http://{}", address.split('/').next().unwrap());
    (running, server)
}

/// A containerd of the test's own, without the plugin that speaks to a kubelet.
fn containerd(folder: &Path) -> Option<(Running, PathBuf)> {
    if !installed("containerd") || !installed("ctr") || !installed("runc") {
        return None;
    }
    let socket = folder.join("containerd.sock");
    let config = format!(
        "version = 2\nroot = \"{0}/root\"\nstate = \"{0}/state\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\n  address = \"{0}/containerd.sock\"\n",
        folder.display()
    );
    std::fs::write(folder.join("config.toml"), config).unwrap();
    let mut running =
        Running::start(Command::new("containerd").arg("--config").arg(folder.join("config.toml")));
    running.after("containerd successfully booted");
    Some((running, socket))
}

fn findings(server: &str) -> Vec<Value> {
    let output =
        vedette(server, &["findings", "list", "--limit", "0", "--page-size", "2", "--output", "json"]);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn of_port(findings: &[Value], port: &str) -> Vec<Value> {
    let port: u16 = port.parse().unwrap();
    let has = |f: &&Value| f["finding"]["connections"][0]["destinationPort"] == port;
    findings.iter().filter(has).cloned().collect()
}

/// The words between two others.
fn between<'a>(text: &'a str, before: &str, after: char) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in:\n{text}"));
    rest.split(after).next().unwrap()
}

/// Plays the attack and checks its finding; returns the finding's name.
fn attack(server: &str, arguments: &[&str]) -> String {
    let mut all = vec!["simulate", "socat-reverse-shell", "--timeout", "30s"];
    all.extend(arguments);
    let output = vedette(server, &all);
    let (page, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {progress}{page}");
    assert!(progress.contains("uid=0"), "{progress}");
    assert!(page.contains("From the start of socat to the finding: "), "{page}");

    let port = between(&progress, "listening on 127.0.0.1:", ';');
    let container = between(&progress, "simulate: container ", ' ');
    let found = of_port(&findings(server), port);
    assert_eq!(found.len(), 1, "{arguments:?}: one session is one finding: {found:?}");
    let finding = &found[0]["finding"];
    assert_eq!(finding["category"], CATEGORY);
    assert_eq!(finding["moduleName"], "SOCAT_REVERSE_SHELL_DETECTED");
    assert_eq!(finding["connections"][0]["destinationIp"], "127.0.0.1");
    assert_eq!(finding["processes"][0]["binary"]["path"], "/bin/sh");
    let socat = finding["processes"].as_array().unwrap().iter().find(|p| p["name"] == "socat").unwrap();
    let expected = format!("TCP:127.0.0.1:{port}");
    assert!(socat["args"].as_array().unwrap().iter().any(|argument| *argument == *expected), "{socat}");
    let id = finding["sourceProperties"]["Container_Id"].as_str().unwrap();
    assert!(id.len() == 64 && id.starts_with(container), "{id} is not {container}");
    if arguments.iter().any(|argument| argument.ends_with("containerd")) {
        assert_eq!(finding["sourceProperties"]["Pod_Name"], "socat-reverse-shell");
        assert_eq!(finding["sourceProperties"]["Container_Name"], "socat");
    }
    let name = finding["name"].as_str().unwrap();
    let id = name.rsplit('/').next().unwrap();
    for asked in [name, id] {
        let shown = vedette(server, &["findings", "show", asked]);
        assert!(
            shown.status.success() && String::from_utf8_lossy(&shown.stdout).contains(&expected),
            "{shown:?}"
        );
    }
    name.to_owned()
}

fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    entries
        .filter(|path| {
            path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("vedette-simulation"))
        })
        .collect()
}

#[test]
fn an_attack_is_found_shown_and_kept_over_a_restart() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    if !installed("socat") {
        return println!("skipped: no socat here; install the package socat");
    }
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    let (first, server) = up(&data);

    let mut names = BTreeSet::from([attack(&server, &["--runtime", "namespaces"])]);
    if installed("runc") {
        names.insert(attack(&server, &["--runtime", "runc"]));
    } else {
        println!("without runc: it is not installed");
    }
    let own = scratch.path().join("containerd");
    std::fs::create_dir(&own).unwrap();
    if let Some((_containerd, socket)) = containerd(&own) {
        let socket = socket.to_str().unwrap();
        names.insert(attack(&server, &["--runtime", "containerd", "--containerd", socket]));
    } else {
        println!("without containerd: it is not installed");
    }

    if ["containerd", "ctr", "runc"].iter().all(|program| installed(program)) {
        names.insert(attack(&server, &["--runtime", "own-containerd"]));
    } else {
        println!("without a containerd of the command's own: containerd and runc are not installed");
    }

    // a session that is open while Vedette restarts is seen twice and is one finding
    let mut open = Running::start(
        Command::new(VEDETTE)
            .args(["simulate", "socat-reverse-shell", "--runtime", "namespaces", "--keep"])
            .env("VEDETTE_SERVER", &server)
            .env("TMPDIR", scratch.path()),
    );
    let port = open.after("listening on 127.0.0.1:");
    let port = port.split(';').next().unwrap();
    open.after("the session stays open");
    // and one that ends meanwhile
    let mut unseen = Running::start(
        Command::new(VEDETTE)
            .args(["simulate", "socat-reverse-shell", "--runtime", "namespaces", "--keep"])
            .env("VEDETTE_SERVER", &server),
    );
    let unseen_port = unseen.after("listening on 127.0.0.1:");
    let unseen_port = unseen_port.split(';').next().unwrap();
    unseen.after("the session stays open");
    let open_said = open.said.clone();
    let before = findings(&server);
    assert_eq!(of_port(&before, port).len(), 1);
    assert_eq!(of_port(&before, unseen_port)[0]["finding"]["vedette"]["session"]["ended"], Value::Null);
    assert!(first.end(Signal::TERM).success(), "a requested end is no failure");
    assert!(unseen.end(Signal::INT).success());

    let (second, server) = up(&data);
    std::thread::sleep(Duration::from_secs(2));
    let after = findings(&server);
    let kept = |list: &[Value]| -> BTreeSet<String> {
        list.iter().map(|f| f["finding"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names.is_subset(&kept(&after)), "{names:?} in {:?}", kept(&after));
    assert_eq!(of_port(&after, port).len(), 1, "the open session again");
    assert_eq!(after.len(), kept(&after).len());

    assert_eq!(left_behind(scratch.path()).len(), 1, "the open session's folder");
    let session =
        |list: &[Value], port: &str| of_port(list, port)[0]["finding"]["vedette"]["session"].clone();
    assert_eq!(session(&after, port)["ended"], Value::Null, "it goes on");
    assert_eq!(session(&after, unseen_port)["endedExactly"], false, "nobody saw it end");
    for other in after.iter().map(|f| &f["finding"]).filter(|f| names.contains(f["name"].as_str().unwrap())) {
        assert!(other["vedette"]["session"]["ended"].is_string(), "its attacker is gone: {other}");
    }
    assert!(open.end(Signal::INT).success());
    let begun = Instant::now();
    while session(&findings(&server), port)["ended"].is_null() {
        assert!(begun.elapsed() < PATIENCE, "its end is not noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let container = between(&open_said, "container ", ' ');
    let related = |options: &[&str]| {
        let all = [&["findings", "list", "--output", "json", "--container", container], options].concat();
        serde_json::from_slice::<Vec<Value>>(&vedette(&server, &all).stdout).unwrap()
    };
    assert_eq!(related(&["--since", "1h"]).len(), 1);
    assert_eq!(related(&["--until", "1h"]).len(), 0);
    assert!(left_behind(scratch.path()).is_empty(), "everything is cleaned up");
    assert!(second.end(Signal::TERM).success());
}

#[test]
fn an_interrupted_attack_leaves_nothing() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    if !installed("socat") {
        return println!("skipped: no socat here; install the package socat");
    }
    let scratch = tempfile::tempdir().unwrap();
    let (watching, server) = up(&scratch.path().join("data"));
    for words in ["listening on", "container ", "the shell is open"] {
        let mut attack = Running::start(
            Command::new(VEDETTE)
                .args(["simulate", "socat-reverse-shell", "--runtime", "namespaces", "--keep"])
                .env("VEDETTE_SERVER", &server)
                .env("TMPDIR", scratch.path()),
        );
        attack.after(words);
        attack.end(Signal::INT);
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(scratch.path().to_str().unwrap()), "{words}: {mounts}");
        assert!(left_behind(scratch.path()).is_empty(), "{words}");
    }
    assert!(watching.end(Signal::TERM).success());
}

#[test]
fn a_data_folder_is_for_one_at_a_time_and_its_token_opens_the_api() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    let (first, server) = up(&data);
    let second =
        Command::new(VEDETTE).args(["up", "--listen", "127.0.0.1:0", "--data"]).arg(&data).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(1), "{said}");
    let (pid, address) = (first.child.id(), server.trim_start_matches("http://"));
    assert!(
        said.contains(&format!("process {pid}")) && said.contains(address) && said.contains("--data"),
        "{said}"
    );

    let list = ["findings", "list", "--output", "json"];
    let may = |server: &str, more: &[&str]| vedette(server, &[&list[..], more].concat()).status.success();
    let token = data.join("token");
    assert!(
        may(&server.replace("127.0.0.1", "localhost"), &[]),
        "the token is found under any name of the address"
    );
    assert!(may(&server, &["--token-file", token.to_str().unwrap()]));
    let wrong = Command::new(VEDETTE)
        .args(list)
        .envs([("VEDETTE_SERVER", &*server), ("VEDETTE_TOKEN", "x")])
        .output();
    let said = String::from_utf8_lossy(&wrong.unwrap().stderr).into_owned();
    assert!(said.contains("401") && said.contains("docs/access.md"), "{said}");

    // a lock that was left is none, and neither is a link
    first.end(Signal::KILL);
    let nobody = vedette(&server, &list);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no Vedette answers"), "{nobody:?}");
    let (third, server) = up(&data);
    assert!(Path::new("/run/vedette").join(address).read_link().is_err(), "the killed one's link");
    assert!(may(&server, &[]));
    let link = Path::new("/run/vedette").join(server.trim_start_matches("http://"));
    assert_eq!(link.read_link().unwrap(), data.canonicalize().unwrap());
    assert!(third.end(Signal::TERM).success());
    assert!(link.read_link().is_err(), "who ends as asked leaves no link");
}

#[test]
fn the_doctor_finds_nothing_essential_missing() {
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    let output =
        vedette("http://127.0.0.1:9", &["doctor", "--output", "json", "--data", data.to_str().unwrap()]);
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{rows:#?}");
    let verdict = |what: &str| rows.iter().find(|row| row["what"] == what).map(|row| row["verdict"].clone());
    for essential in ["kernel", "type information", "probes", "records", "live state"] {
        assert_eq!(verdict(essential), Some("ok".into()), "{essential}");
    }
    assert_eq!(verdict("API"), Some("less".into()), "nobody answers on port 9");
    assert!(!data.exists(), "the doctor changes nothing");
}

#[test]
fn who_is_not_there_and_what_is_not_there_are_told_apart() {
    let nobody = vedette("http://127.0.0.1:9", &["findings", "list"]);
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8_lossy(&nobody.stderr);
    assert!(said.contains("http://127.0.0.1:9") && said.contains("vedette up"), "{said}");
    assert_eq!(vedette("", &["findings", "list", "--output", "nonsense"]).status.code(), Some(1));
    assert_eq!(vedette("", &["--help"]).status.code(), Some(0));
    if let Some(reason) = cannot_watch() {
        return println!("skipped: {reason}");
    }
    let scratch = tempfile::tempdir().unwrap();
    let (_up, server) = up(&scratch.path().join("data"));
    for missing in ["0123456789abcdef", "organizations/o/sources/s/findings/abc"] {
        let output = vedette(&server, &["findings", "show", missing]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}
