//! On what was measured: without it a figure says nothing.

use std::fmt::Write as _;
use std::process::Command;

use crate::arm::Arm;

/// The header of every result.
pub(crate) fn describe(arms: &[Arm], rounds: usize, seed: u64) -> String {
    let mut out = String::from("# Environment\n\n");
    let mut line = |name: &str, value: String| {
        let _ = writeln!(out, "- {name}: {value}");
    };
    line("kernel", first_line("/proc/sys/kernel/osrelease"));
    line("processor", processor());
    line(
        "cores",
        std::thread::available_parallelism().map_or("unknown".to_owned(), |cores| cores.to_string()),
    );
    line("governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    line("hypervisor", answer("systemd-detect-virt", &[]));
    line("memory", field("/proc/meminfo", "MemTotal"));
    line("lockdown", first_line("/sys/kernel/security/lockdown"));
    line("distribution", field("/etc/os-release", "PRETTY_NAME"));
    line("load before", first_line("/proc/loadavg"));
    line("commit", answer("git", &["describe", "--always", "--dirty"]));
    line("socat", answer("socat", &["-V"]));
    line("redis", answer("redis-server", &["--version"]));
    line("runc", answer("runc", &["--version"]));
    line("BPF statistics", first_line("/proc/sys/kernel/bpf_stats_enabled"));
    line("rounds, seed", format!("{rounds}, {seed}"));
    for arm in arms {
        line(&format!("arm `{}`", arm.name), arm.command().to_owned());
    }
    out
}

fn processor() -> String {
    field("/proc/cpuinfo", "model name")
}

fn first_line(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().next().filter(|line| !line.is_empty()).unwrap_or("unknown").trim().to_owned()
}

/// The value of the first `NAME: value` or `NAME="value"` line.
fn field(path: &str, name: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let rest = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
    rest.trim_start_matches([':', '=', ' ', '\t', '"']).trim_end_matches('"').trim().to_owned()
}

/// The first telling line that a program prints; socat's version is on its second.
fn answer(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let telling = text.lines().find(|line| line.contains("version")).or_else(|| text.lines().next());
    telling.unwrap_or("not installed").trim().to_owned()
}
