//! Work that may never return: a file on a network or FUSE file system is answered for by whoever serves that, if at all.
//!
//! `Job → worker → finish`, and when a deadline passes first: `unread`, and another worker carries on.
//!
//! A thread that waits for such a file system cannot be ended, so it is left behind; when it returns after all, what it
//! brings is taken. There are only so many of them. Whoever has caused some gets no more of his files looked at, then
//! nobody of whom it is not known that the kernel itself serves the file, then nobody: each time with an answer that
//! says so, so that no queue stands still.

use super::spawn_thread;
use crate::metrics::{Kind, Metrics};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Threads of one lane that are left behind at most.
pub(super) const STUCK_MAX: usize = 16;
/// Of these, by files of which it is not known that the kernel serves them itself.
const STUCK_FOREIGN_MAX: usize = 12;
/// Of these, by one container.
const STUCK_OWN_MAX: usize = 3;
/// What is left behind is said at most this often.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// What is done with a result.
pub(super) type Finish = Box<dyn FnOnce() + Send>;

/// One piece of work.
pub(super) struct Job {
    /// The container, or the control group outside any, that it is about.
    pub(super) owner: u64,
    /// The kernel itself serves what is read, from memory or a disk.
    pub(super) is_local: bool,
    /// Name in metrics.
    pub(super) kind: &'static str,
    /// Which process or file, for the log.
    pub(super) subject: String,
    pub(super) work: Box<dyn FnOnce() -> Finish + Send>,
    /// Instead of the work, when it is not begun.
    pub(super) refused: Finish,
    /// Before the work is done, when the deadline has passed.
    pub(super) unread: Finish,
}

type Next = Arc<dyn Fn() -> Option<Job> + Send + Sync>;

struct Running {
    owner: u64,
    kind: &'static str,
    subject: String,
    due: Instant,
    unread: Finish,
}

#[derive(Default)]
struct State {
    running: HashMap<u64, Running>,
    begun: u64,
    /// How many threads each owner has stuck.
    stuck: HashMap<u64, usize>,
    closed: bool,
}

impl State {
    fn all_stuck(&self) -> usize {
        self.stuck.values().sum()
    }

    fn refuses(&self, job: &Job) -> bool {
        let (all, own) = (self.all_stuck(), self.stuck.get(&job.owner).copied().unwrap_or_default());
        all >= STUCK_MAX
            || own > STUCK_OWN_MAX
            || (!job.is_local && (all >= STUCK_FOREIGN_MAX || own >= STUCK_OWN_MAX))
    }

    fn release(&mut self, owner: u64) {
        if let Some(count) = self.stuck.get_mut(&owner) {
            *count -= 1;
        }
        self.stuck.retain(|_, count| *count > 0);
    }
}

/// One worker that always goes on, and what it leaves behind.
#[derive(Clone)]
struct Lane {
    name: &'static str,
    deadline: Duration,
    next: Next,
    state: Arc<(Mutex<State>, Condvar)>,
    said: Arc<Mutex<Said>>,
    metrics: Metrics,
}

/// What was said of what is left behind.
#[derive(Default)]
struct Said {
    at: Option<Instant>,
    unsaid: u64,
}

/// What is known: neither whether it will end nor why it has not.
fn left_behind(kind: &str, subject: &str, deadline: Duration) -> String {
    format!(
        "{kind} of {subject} was not read within {deadline:?}; its thread is left behind, and what it brings later is taken"
    )
}

/// Starts a lane; it ends when `next` has nothing more.
pub(super) fn serve(
    name: &'static str,
    deadline: Duration,
    metrics: Metrics,
    next: impl Fn() -> Option<Job> + Send + Sync + 'static,
) -> std::io::Result<()> {
    let lane =
        Lane { name, deadline, next: Arc::new(next), state: Arc::default(), said: Arc::default(), metrics };
    let watchdog = lane.clone();
    spawn_thread(&format!("{name}-due"), move || watchdog.watch())?;
    lane.start()
}

impl Lane {
    fn start(&self) -> std::io::Result<()> {
        let worker = self.clone();
        spawn_thread(self.name, move || worker.work())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(job) = (self.next)() {
            let mut state = self.lock();
            if state.refuses(&job) {
                drop(state);
                self.count(job.kind);
                (job.refused)();
                continue;
            }
            state.begun += 1;
            let number = state.begun;
            let Job { owner, kind, subject, work, unread, .. } = job;
            let due = Instant::now() + self.deadline;
            state.running.insert(number, Running { owner, kind, subject, due, unread });
            drop(state);
            self.state.1.notify_one();
            let finish = work();
            let mut state = self.lock();
            let in_time = state.running.remove(&number).is_some();
            if !in_time {
                state.release(owner);
                self.show(&state);
            }
            drop(state);
            finish();
            if !in_time {
                return; // another one carries on
            }
        }
        self.lock().closed = true;
        self.state.1.notify_one();
    }

    /// Leaves workers behind whose time is over.
    fn watch(&self) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            let over: Vec<u64> =
                state.running.iter().filter(|(_, running)| running.due <= now).map(|(n, _)| *n).collect();
            let over: Vec<Running> =
                over.into_iter().filter_map(|number| state.running.remove(&number)).collect();
            for running in &over {
                *state.stuck.entry(running.owner).or_default() += 1;
            }
            if !over.is_empty() {
                self.show(&state);
                drop(state);
                over.into_iter().for_each(|running| self.leave(running));
                state = self.lock();
            }
            let due = state.running.values().map(|running| running.due).min();
            let wait = due.map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()));
            state = if wait == Duration::MAX {
                self.state.1.wait(state).unwrap_or_else(PoisonError::into_inner)
            } else {
                self.state.1.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0
            };
        }
    }

    fn leave(&self, running: Running) {
        self.count(running.kind);
        self.say(&running);
        (running.unread)();
        // the last one that is started refuses everything, and is never left behind
        if let Err(error) = self.start() {
            tracing::error!("no other thread could be started for {}: {error}", self.name);
        }
    }

    /// One at once, and of those that follow within a minute how many there were.
    fn say(&self, running: &Running) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.unsaid += 1;
        if said.at.is_some_and(|at| at.elapsed() < SAY_EVERY) {
            return;
        }
        let more = match said.unsaid - 1 {
            0 => String::new(),
            more => format!("; the same happened {more} times more since it was said last"),
        };
        tracing::warn!("{}{more}", left_behind(running.kind, &running.subject, self.deadline));
        *said = Said { at: Some(Instant::now()), unsaid: 0 };
    }

    fn count(&self, kind: &'static str) {
        self.metrics.lookups_unread.get_or_create(&Kind { kind }).inc();
    }

    fn show(&self, state: &State) {
        let stuck = i64::try_from(state.all_stuck()).unwrap_or(i64::MAX);
        self.metrics.lookups_stuck.get_or_create(&Kind { kind: self.name }).set(stuck);
    }
}

#[cfg(test)]
mod tests;
