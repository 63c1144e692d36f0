//! One boot under QEMU: starts it, passes the payload's output through, reads its exit code, ends it in time.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Context, Result};

use super::Options;

/// The result when the guest ended without running the payload to its end.
const NO_VERDICT: u8 = 99;

/// Lines of a boot that are shown when it fails before the payload.
const TAIL: usize = 60;

/// Boots, prints what the payload prints, and returns its exit code (99: none came).
pub(crate) fn boot(vmlinuz: &Path, image: &Path, options: &Options) -> Result<u8> {
    let mut guest = start(vmlinuz, image, options)?;
    let deadline = Instant::now() + options.timeout;
    let output = guest.stdout.take().context("QEMU has no output")?;
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || read_lines(output, &sender));
    let mut console = Console::default();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => console.take(&line),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                eprintln!("kernel-vm: not done after {} s, ended", options.timeout.as_secs());
                guest.kill().context("QEMU could not be ended")?;
                break;
            }
        }
    }
    guest.wait().context("QEMU could not be waited for")?;
    // The reader ends with QEMU's output; a panic there would already be on the terminal.
    let _ = reader.join();
    Ok(console.verdict())
}

fn start(vmlinuz: &Path, image: &Path, options: &Options) -> Result<Child> {
    Command::new("qemu-system-x86_64")
        .args([
            "-machine",
            "q35",
            "-accel",
            "tcg,thread=multi",
            "-smp",
            "2",
            "-nodefaults",
            "-nographic",
            "-no-reboot",
        ])
        // Without cx16=off some kernels die early under emulation.
        .args(["-cpu", "max,cx16=off", "-serial", "stdio"])
        .args(["-m", &options.memory.to_string()])
        .arg("-kernel")
        .arg(vmlinuz)
        .arg("-initrd")
        .arg(image)
        // On a busy host an emulated timer is late, and the kernel's check of it would end the boot.
        .args(["-append", &format!("console=ttyS0 quiet panic=-1 no_timer_check {}", options.cmdline)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("qemu-system-x86_64 could not be started; install qemu-system-x86 (./setup --for test)")
}

fn read_lines(output: ChildStdout, sender: &mpsc::Sender<String>) {
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    // A payload may print anything; a line without an end must not fill the memory.
    while matches!(reader.by_ref().take(64 * 1024).read_until(b'\n', &mut line), Ok(1..)) {
        let text = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).replace('\r', "");
        line.clear();
        if sender.send(text).is_err() {
            return;
        }
    }
}

/// What has come over the serial line so far.
#[derive(Default)]
struct Console {
    begun: bool,
    before: Vec<String>,
    code: Option<u8>,
}

impl Console {
    fn take(&mut self, line: &str) {
        self.begun |= line.starts_with("@@BEGIN");
        if let Some(code) = line.strip_prefix("@@EXIT ") {
            self.code = code.trim().parse().ok();
        }
        if self.begun {
            println!("{line}");
        } else {
            self.before.push(line.to_owned());
        }
    }

    fn verdict(&self) -> u8 {
        if !self.begun {
            eprintln!("kernel-vm: the kernel never reached the payload; its last words:");
            for line in self.before.iter().rev().take(TAIL).rev() {
                eprintln!("{line}");
            }
        }
        self.code.unwrap_or(NO_VERDICT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payloads_code_is_the_verdict() {
        let mut console = Console::default();
        ["SeaBIOS", "@@BEGIN 6.1.0", "hello", "@@EXIT 3"].iter().for_each(|line| console.take(line));
        assert_eq!(console.verdict(), 3);
    }

    #[test]
    fn a_kernel_that_dies_is_no_success() {
        let mut console = Console::default();
        console.take("Kernel panic");
        assert_eq!(console.verdict(), NO_VERDICT);
    }
}
