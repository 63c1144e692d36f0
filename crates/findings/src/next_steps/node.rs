//! A process of the node itself.

use super::{About, Steps, live};

impl About<'_> {
    pub(super) fn node(&self, steps: &mut Steps) {
        self.machine(steps);
        let shell = self.evidence.enriched.exec.process;
        let pid = shell.pid;

        steps.step("Review the process and what started it; it belongs to no container:");
        steps.command(&live::guarded(shell, &format!("systemctl status --full --no-pager {pid}")));
        steps.command("ps -e -o pid,ppid,user,lstart,args --forest");

        steps.step("Review the logs:");
        steps.command(&format!(
            "journalctl --utc --since '{}' --until '{}'",
            plain(&self.since),
            plain(&self.until)
        ));
        steps.command(&format!("journalctl --utc _PID={pid} --since '{}'", plain(&self.since)));

        steps.step("Examine the running process (there is no container to enter):");
        steps.command(&live::guarded(
            shell,
            &format!("ls -l /proc/{pid}/fd /proc/{pid}/cwd; tr '\\0' '\\n' </proc/{pid}/environ"),
        ));
        self.copy_executable(steps);

        self.methods(steps);
        steps.step("Carry out the response: contact the owner of the machine; stop the session, then replace the machine or what let the attacker in:");
        self.end_processes(steps);
    }
}

/// RFC 3339 in UTC as systemd reads it.
fn plain(time: &str) -> String {
    time.replace('T', " ").replace('Z', " UTC")
}
