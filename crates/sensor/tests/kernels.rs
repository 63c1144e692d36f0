//! The small binary on other kernels: it loads, attaches and finds socat's shells, once each, and nothing else.
//!
//! vedette-sensor and its libraries → payload → `cargo xtask kernel-vm SUITE` → findings → expectations → a table row
//!
//! `cargo test -p sensor --test kernels -- --nocapture` prints the table. A kernel that cannot be had is skipped, said so.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Instant;

const CATEGORY: &str = "Execution: Socat Reverse Shell Detected";
const BUSYBOX: &str = "/bin/busybox";
const DASH: &str = "/usr/bin/dash";
const SOCAT: &str = "/usr/bin/socat";
const SENSOR: &str = env!("CARGO_BIN_EXE_vedette-sensor");

/// One shell that socat hands to the network.
struct Case {
    name: &'static str,
    /// Identifies the case: its port, and with it its container.
    port: u16,
    /// What runs in the container, for a shell.
    command: &'static str,
    /// What the other side does; see `run.sh`.
    peer: &'static str,
    /// The shell's executable.
    program: &'static str,
    /// The executable that opened it to the network.
    opener: &'static str,
    /// Opened before the sensor starts.
    before: bool,
}

const CASE: Case =
    Case { name: "", port: 0, command: "", peer: "listens", program: BUSYBOX, opener: SOCAT, before: false };

const CASES: [Case; 9] = [
    Case { name: "exec", port: 7001, command: "exec socat TCP:127.0.0.1:7001 EXEC:/bin/sh", ..CASE },
    Case {
        name: "pty",
        port: 7002,
        command: "exec socat TCP:127.0.0.1:7002 EXEC:/usr/bin/dash,pty,stderr,setsid,sigint,sane",
        program: DASH,
        ..CASE
    },
    Case { name: "nofork", port: 7003, command: "exec socat TCP:127.0.0.1:7003 EXEC:/bin/sh,nofork", ..CASE },
    Case {
        name: "system",
        port: 7004,
        command: "exec socat TCP:127.0.0.1:7004 SYSTEM:/usr/bin/dash",
        program: DASH,
        ..CASE
    },
    Case {
        name: "fifo",
        port: 7005,
        command: "mkfifo /tmp/back\n/usr/bin/dash </tmp/back | socat - TCP:127.0.0.1:7005 >/tmp/back",
        program: DASH,
        ..CASE
    },
    Case {
        name: "renamed",
        port: 7006,
        command: "cp /usr/bin/socat /tmp/kworker\nexec /tmp/kworker TCP:127.0.0.1:7006 EXEC:/bin/sh",
        opener: "/tmp/kworker",
        ..CASE
    },
    Case {
        name: "bind",
        port: 7007,
        command: "exec socat TCP-LISTEN:7007,bind=127.0.0.1,reuseaddr,fork EXEC:/bin/sh",
        peer: "calls",
        ..CASE
    },
    Case {
        name: "late",
        port: 7008,
        command: "exec socat EXEC:/usr/bin/dash TCP:127.0.0.1:7008,retry=100,interval=0.3",
        peer: "listens late",
        program: DASH,
        ..CASE
    },
    Case {
        name: "before",
        port: 7009,
        command: "exec socat TCP:127.0.0.1:7009 EXEC:/bin/sh",
        before: true,
        ..CASE
    },
];

/// What must stay quiet: socat and shells, but nobody's commands are run.
const QUIET: &str = r#"socat TCP-LISTEN:7101,bind=127.0.0.1,reuseaddr,fork EXEC:/bin/cat &
socat TCP-LISTEN:7102,bind=127.0.0.1,reuseaddr,fork 'SYSTEM:echo hello; date' &
for round in 1 2 3 4 5; do
  echo 'expr 1 + 1' | sh -c true
  echo 'expr 1 + 1' | sh -c 'cat >/dev/null; true' | cat
  echo 'expr 1 + 1' | /usr/bin/dash
  /usr/bin/dash -c 'true | true'
done
touch /tmp/quiet-done
wait
"#;

impl Case {
    /// An id as a container runtime would make it, that tells the port.
    fn container(&self) -> String {
        container(self.port)
    }

    fn direction(&self) -> &'static str {
        if self.peer == "calls" { "bind" } else { "reverse" }
    }
}

fn container(port: u16) -> String {
    format!("{port:04}{}", "c0de".repeat(15))
}

#[test]
fn linux_5_10() {
    on_kernel_of("bullseye-security");
}

#[test]
fn linux_6_1() {
    on_kernel_of("bookworm-security");
}

#[test]
fn linux_6_12() {
    on_kernel_of("bookworm-backports");
}

#[test]
fn newest_of_stable_backports() {
    on_kernel_of("trixie-backports");
}

#[test]
fn newest_of_unstable() {
    on_kernel_of("sid");
}

fn on_kernel_of(suite: &str) {
    let payload = match payload() {
        Ok(payload) => payload,
        Err(missing) => return println!("skipped: kernel {suite}: {missing}"),
    };
    let guest = match boot(suite, payload) {
        Ok(guest) => guest,
        Err(reason) => return println!("skipped: kernel {suite}: {reason}"),
    };
    let complaints = guest.complaints();
    report(guest.row(suite, complaints.len()));
    if complaints.is_empty() {
        return;
    }
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kernels-{suite}.json"));
    let findings: Vec<&Value> = guest.findings.values().collect();
    std::fs::write(&kept, serde_json::to_vec_pretty(&findings).unwrap()).unwrap();
    panic!(
        "{suite}, {}:\n{}\nFindings: {}\nThe sensor said:\n{}\nThe guest said:\n{}",
        guest.release,
        complaints.join("\n"),
        kept.display(),
        guest.log,
        guest.tail()
    );
}

/// The rows so far, with the table's head; the last one printed is the whole.
fn report(row: String) {
    static ROWS: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut rows = ROWS.lock().unwrap_or_else(PoisonError::into_inner);
    rows.push(row);
    println!(
        "\n{:<20}{:<32}{:>8}{:>14}{:>9}{:>9}{:>8}\n{}",
        "suite",
        "kernel",
        "boot s",
        "load+attach ms",
        "found",
        "RSS MiB",
        "total s",
        rows.join("\n")
    );
}

// ---- what is brought into the guest

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// The payload's folder, made once; or what lacks on this machine.
fn payload() -> Result<&'static Path, String> {
    static PAYLOAD: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    PAYLOAD.get_or_init(make_payload).as_deref().map_err(Clone::clone)
}

fn make_payload() -> Result<PathBuf, String> {
    if !cfg!(target_arch = "x86_64") {
        return Err("the virtual machines are x86-64".into());
    }
    for (file, package) in [
        (SOCAT, "socat"),
        (DASH, "dash"),
        (BUSYBOX, "busybox-static"),
        ("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
    ] {
        if !Path::new(file).is_file() {
            return Err(format!("no {file} here; install the package {package} (./setup --for test)"));
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernels-payload");
    let _ = std::fs::remove_dir_all(&folder);
    let put = |path: &str, text: &str| {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    put("run.sh", include_str!("kernels/run.sh"));
    put("quiet/command", QUIET);
    put("quiet/container", &container(7100));
    for case in &CASES {
        let at = format!("{}/{}", if case.before { "before" } else { "after" }, case.name);
        put(&format!("{at}/port"), &case.port.to_string());
        put(&format!("{at}/container"), &case.container());
        put(&format!("{at}/command"), case.command);
        put(&format!("{at}/peer"), case.peer);
    }
    for program in [SOCAT, DASH, SENSOR] {
        for file in with_libraries(program).into_iter().filter(|file| file != SENSOR) {
            let target = folder.join("root").join(file.trim_start_matches('/'));
            std::fs::create_dir_all(target.parent().unwrap()).unwrap();
            std::fs::copy(&file, &target).unwrap();
        }
    }
    // without what only a debugger reads: everything in the payload lies in the guest's memory
    let sensor = folder.join("root/usr/bin/vedette-sensor");
    let stripped = Command::new("strip").arg("-o").arg(&sensor).arg(SENSOR).status();
    assert!(stripped.is_ok_and(|status| status.success()), "strip comes with the linker (binutils)");
    Ok(folder)
}

/// A program, its loader and the libraries that the loader would map.
fn with_libraries(program: &str) -> Vec<String> {
    let listed = Command::new("ldd").arg(program).output().expect("ldd belongs to the C library");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned);
    libraries.chain([program.to_owned()]).collect()
}

// ---- what came out

/// What a guest said.
struct Guest {
    release: String,
    boot_seconds: f32,
    seconds: f32,
    /// Everything else that it printed.
    lines: Vec<String>,
    log: String,
    /// By name, as last delivered.
    findings: BTreeMap<String, Value>,
}

/// Boots; an error is the reason why the kernel cannot be had.
fn boot(suite: &str, payload: &Path) -> Result<Guest, String> {
    let began = Instant::now();
    let mut child = cargo()
        .args(["run", "--quiet", "--package", "xtask", "--", "kernel-vm", suite])
        .arg(payload)
        .args(["--timeout", "300"])
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut complaints = child.stderr.take().unwrap();
    let complaints = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = complaints.read_to_string(&mut text);
        text
    });
    let (mut release, mut boot_seconds, mut lines) = (String::new(), 0.0, Vec::new());
    let mut before = began;
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        if let Some(version) = line.strip_prefix("@@BEGIN ") {
            release = version.to_owned();
            boot_seconds = before.elapsed().as_secs_f32();
            before = Instant::now();
        }
        lines.push(line);
    }
    child.wait().unwrap();
    let said = complaints.join().unwrap();
    if let Some(at) = said.find("cannot get the kernel of") {
        return Err(said[at..].split_whitespace().collect::<Vec<_>>().join(" "));
    }
    assert!(!release.is_empty(), "{suite}: the guest never began:\n{said}");
    let log = between(&lines, "@@LOG", "@@FINDINGS").join("\n");
    let findings = unpacked(&between(&lines, "@@FINDINGS", "@@END").join("\n"));
    let seconds = began.elapsed().as_secs_f32();
    Ok(Guest { release, boot_seconds, seconds, lines, log, findings })
}

fn between<'a>(lines: &'a [String], from: &str, to: &str) -> Vec<&'a str> {
    let after = lines.iter().map(String::as_str).skip_while(|line| *line != from).skip(1);
    after.take_while(|line| *line != to).collect()
}

/// The findings as the sensor printed them, through a serial line too slow for plain text.
fn unpacked(packed: &str) -> BTreeMap<String, Value> {
    let mut child = Command::new("sh")
        .args(["-c", "base64 -d | gzip -dc"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut into = child.stdin.take().unwrap();
    let packed = packed.to_owned();
    let writer = std::thread::spawn(move || into.write_all(packed.as_bytes()));
    let text = child.wait_with_output().unwrap().stdout;
    let _ = writer.join();
    let lines = String::from_utf8(text).unwrap();
    let findings = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    findings.map(|all| (text_at(&all, "/finding/name"), all)).collect()
}

fn text_at(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

impl Guest {
    fn says(&self, line: &str) -> bool {
        self.lines.iter().any(|said| said == line)
    }

    fn of(&self, case: &Case) -> Vec<&Value> {
        let id = case.container();
        self.findings
            .values()
            .filter(|f| text_at(f, "/finding/sourceProperties/Container_Id") == id)
            .collect()
    }

    /// These kernels may skip both programs of a tracepoint.
    fn may_lose(&self) -> bool {
        self.release
            .split('.')
            .next()
            .and_then(|major| major.parse().ok())
            .is_some_and(|major: u32| major >= 7)
    }

    /// Everything that is not as it should be.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for case in &CASES {
            if !self.says(&format!("@@ANSWERED {}", case.port)) {
                complaints.push(format!("{}: the shell itself did not work in the guest", case.name));
            }
            match self.of(case).as_slice() {
                [] => complaints.push(format!("{}: not found", case.name)),
                [finding] => complaints.extend(wrong(
                    case,
                    finding,
                    self.may_lose() && self.log.contains("records were lost"),
                )),
                several => complaints.push(format!("{}: found {} times", case.name, several.len())),
            }
        }
        let ours: Vec<String> = CASES.iter().map(Case::container).collect();
        for (name, finding) in &self.findings {
            let container = text_at(finding, "/finding/sourceProperties/Container_Id");
            if !ours.contains(&container) {
                complaints.push(format!("false: {name}: {}", text_at(finding, "/finding/description")));
            }
        }
        for (line, what) in [
            ("@@QUIET", "the harmless programs did not work in the guest"),
            ("@@ENDED 0", "the sensor did not end as it should when it was asked to"),
        ] {
            if !self.says(line) {
                complaints.push(what.into());
            }
        }
        complaints
    }

    /// What the log says of loading and attaching, milliseconds.
    fn load_ms(&self) -> Option<u32> {
        let line = self.log.lines().find(|line| line.contains("watching,"))?;
        line.split("watching, ").nth(1)?.split(' ').next()?.parse().ok()
    }

    fn row(&self, suite: &str, complaints: usize) -> String {
        let found = CASES.iter().filter(|case| self.of(case).len() == 1).count();
        let memory = self.lines.iter().find_map(|line| line.strip_prefix("@@MEMORY "));
        let memory = memory.and_then(|kib| kib.parse::<u32>().ok()).map_or(0, |kib| kib / 1_024);
        let mut row = format!(
            "{suite:<20}{:<32}{:>8.1}{:>14}{:>9}{memory:>9}{:>8.1}",
            self.release,
            self.boot_seconds,
            self.load_ms().map_or("never".to_owned(), |ms| ms.to_string()),
            format!("{found}/{}", CASES.len()),
            self.seconds
        );
        if complaints > 0 {
            let _ = write!(row, "  {complaints} complaint(s)");
        }
        row
    }

    /// The guest's last lines that are neither log nor findings.
    fn tail(&self) -> String {
        let own: Vec<&str> =
            self.lines.iter().map(String::as_str).take_while(|line| *line != "@@LOG").collect();
        own[own.len().saturating_sub(40)..].join("\n")
    }
}

/// What in the finding is not what happened.
fn wrong(case: &Case, finding: &Value, said_lost: bool) -> Vec<String> {
    let expected = [
        ("/finding/category", CATEGORY.to_owned()),
        ("/finding/connections/0/destinationPort", case.port.to_string()),
        ("/finding/connections/0/destinationIp", "127.0.0.1".to_owned()),
        ("/finding/vedette/session/direction", case.direction().to_owned()),
        ("/finding/processes/0/binary/path", case.program.to_owned()),
        ("/finding/processes/1/binary/path", case.opener.to_owned()),
        // the newest kernels skip a probe now and then under emulation (bpf/undisturbed.h): then it must be said
        ("/finding/vedette/coverage/complete", (!said_lost).to_string()),
    ];
    let differs = |(pointer, wanted): (&str, String)| {
        let said = text_at(finding, pointer);
        (said != wanted).then(|| format!("{}: {pointer} is {said:?}, not {wanted:?}", case.name))
    };
    // Of the other shells either may be said: on a slow machine live state is read before the records are.
    let from_snapshot = ("/finding/vedette/coverage/fromSnapshot", "true".to_owned());
    expected.into_iter().chain(case.before.then_some(from_snapshot)).filter_map(differs).collect()
}
