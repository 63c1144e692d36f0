//! When a thread gets its turn.

use rustix::process::{Pid, setpriority_process};
use rustix::thread::gettid;

/// Steps of niceness that the reading thread is ahead of ordinary programs.
const AHEAD: i32 = -10;

/// Lets this thread go before ordinary programs: a file that was executed may be gone in milliseconds, and on a busy
/// machine whoever waits for a turn comes too late. Needs CAP_SYS_NICE or a limit
/// (`RLIMIT_NICE`) that allows it.
///
/// # Errors
/// When the system refuses; the thread then waits like any other.
pub fn go_first() -> std::io::Result<()> {
    let thread: Pid = gettid();
    Ok(setpriority_process(Some(thread), AHEAD)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{geteuid, getpriority_process};

    #[test]
    fn only_this_thread_goes_first() {
        if !geteuid().is_root() {
            println!("skipped: raising a thread's priority needs root");
            return;
        }
        let before = getpriority_process(Some(gettid())).unwrap();
        let there = std::thread::spawn(|| {
            go_first().unwrap();
            getpriority_process(Some(gettid())).unwrap()
        });
        assert_eq!(there.join().unwrap(), AHEAD);
        assert_eq!(getpriority_process(Some(gettid())).unwrap(), before);
    }
}
