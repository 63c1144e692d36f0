//! Undoing, in reverse order, however the command ends.

use super::stage::Started;
use crate::inert::told;
use std::io;
use std::time::{Duration, Instant};

/// Longest wait for something that is ending.
const PATIENCE: Duration = Duration::from_secs(5);

type Step = (String, Box<dyn FnMut() -> io::Result<()>>);

/// What was made. Dropping it undoes everything.
#[derive(Default)]
pub(crate) struct Cleanup {
    stage: Vec<Step>,
    container: Vec<Step>,
    running: Vec<Started>,
}

impl Cleanup {
    /// Undone last: what all attempts share.
    pub(crate) fn at_end(&mut self, what: impl Into<String>, undo: impl FnMut() -> io::Result<()> + 'static) {
        self.stage.push((what.into(), Box::new(undo)));
    }

    /// Undone with the container.
    pub(crate) fn with_container(
        &mut self,
        what: impl Into<String>,
        undo: impl FnMut() -> io::Result<()> + 'static,
    ) {
        self.container.push((what.into(), Box::new(undo)));
    }

    /// The process that runs the container.
    pub(crate) fn ends(&mut self, started: Started) {
        self.running.push(started);
    }

    /// Ends the container and undoes what was made for it.
    pub(crate) fn undo_container(&mut self) {
        self.running.clear();
        undo(&mut self.container);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        self.undo_container();
        undo(&mut self.stage);
    }
}

fn undo(steps: &mut Vec<Step>) {
    while let Some((what, mut step)) = steps.pop() {
        if let Err(error) = step() {
            eprintln!("simulate: left behind: {}: {error}", told(&what));
        }
    }
}

/// Tries again while what is in the way is still ending.
pub(crate) fn until_free(mut step: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match step() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && begun.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cleanup;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[test]
    fn everything_is_undone_in_reverse_and_an_error_stops_nothing() {
        let order = Rc::new(RefCell::new(Vec::new()));
        let step = |name: &'static str, fails: bool| {
            let order = Rc::clone(&order);
            move || {
                order.borrow_mut().push(name);
                if fails { Err(std::io::Error::other("no")) } else { Ok(()) }
            }
        };
        let mut cleanup = Cleanup::default();
        cleanup.at_end("folder", step("folder", false));
        cleanup.with_container("mount", step("mount", true));
        cleanup.with_container("cgroup", step("cgroup", false));
        drop(cleanup);
        assert_eq!(*order.borrow(), ["cgroup", "mount", "folder"]);
    }
}
