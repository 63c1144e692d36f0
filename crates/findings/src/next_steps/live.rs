//! Commands for a process that is still the same one.

use event::ProcessKey;

/// The command, when the process is still the one that was seen. Its name, which it chose itself, ends at the last `) `.
pub(crate) fn guarded(process: ProcessKey, command: &str) -> String {
    let pid = process.pid;
    format!(
        "if [ \"$(sed 's/.*) //' /proc/{pid}/stat 2>/dev/null | cut -d' ' -f20)\" = {} ]; then {command}; else echo 'process {pid} is gone'; fi",
        process.start_ticks()
    )
}

#[cfg(test)]
mod tests {
    use super::guarded;
    use event::ProcessKey;
    use std::process::Command;

    fn said(process: ProcessKey) -> String {
        let output = Command::new("sh").arg("-c").arg(guarded(process, "echo mine")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn only_the_same_process_is_touched() {
        let pid = std::process::id();
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
        let ticks: u64 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().parse().unwrap();
        let this = ProcessKey { pid, start_ns: ticks * 10_000_000 + 7 };
        assert_eq!(this.start_ticks(), ticks);
        assert_eq!(said(this), "mine\n");
        assert_eq!(said(ProcessKey { pid, start_ns: 10_000_000 }), format!("process {pid} is gone\n"));
        assert_eq!(said(ProcessKey { pid: 0, start_ns: 1 }), "process 0 is gone\n");
    }
}
