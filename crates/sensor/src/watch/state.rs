//! What live state and sockets say of processes beside what was seen of them.

use super::{WAIT_FOR_FACTS_NS, Watch};
use enrichment::{Actor, ImageKey, Process};
use event::{Exec, Fork, Origin, ProcessKey};
use programs::executable::Kind;
use programs::invocation::Invocation;
use std::sync::Arc;

impl Watch {
    /// A copy of its parent, whose birth is reported in the other lane, perhaps later. What it holds for a while (a
    /// subshell, a shell on its way to another program) is not what a program was started with.
    pub(super) fn is_copy(&mut self, exec: &Exec, live: &[Arc<Exec>]) -> bool {
        let Some(parent) = exec.parent().filter(|_| exec.origin == Origin::Copy) else { return false };
        if self.state.tree.get(exec.process).is_some_and(|known| known.image.is_some()) {
            return false;
        }
        let alike = |other: &Exec| {
            other.executable.identity.is_same_file(&exec.executable.identity)
                && other.arguments.values == exec.arguments.values
        };
        let listed = live.binary_search_by_key(&parent, |other| other.process).ok().map(|at| &live[at]);
        let known = self.state.tree.get(parent).and_then(|p| p.image.as_ref()).map(|image| &image.exec);
        if !listed.or(known).is_some_and(|other| alike(other)) {
            return false;
        }
        let time_ns = exec.process.start_ns;
        self.state.tree.fork(&Fork { time_ns, child: exec.process, parent, cgroup: exec.cgroup.id });
        true
    }

    /// An interpreter with a connection of which nobody knows yet what it runs: its birth is reported in the other lane.
    pub(super) fn is_unborn(&self, process: &Process) -> bool {
        let file = process.glimpse.as_ref().and_then(|glimpse| glimpse.executable);
        let facts = file.and_then(|file| self.state.executables.of_file(&file));
        process.image.is_none()
            && process.is_on_network()
            && facts.is_none_or(|facts| matches!(facts.recognised.kind, Kind::Interpreter(_)))
    }

    /// A process or its client has a connection, or waits for one. A shell's script may execute what comes from there: it is read, once.
    pub(super) fn note_connection(&mut self, process: ProcessKey, now_ns: u64) {
        let executables = &self.state.executables;
        let Some(known) = self.state.tree.get(process) else { return };
        let Some(image) = &known.image else { return };
        let exec = &image.exec;
        let file = executables.of_file(&exec.executable.identity).map(|f| &f.recognised.kind);
        let may_run_scripts = matches!(file, None | Some(Kind::Shell(_)));
        // a copy that a process makes of itself runs what that one executed
        let exec = if image.own { Arc::clone(exec) } else { Arc::new(Exec { process, ..Exec::clone(exec) }) };
        if !may_run_scripts || executables.of_script(ImageKey::of(&exec)).is_some() {
            return;
        }
        let started = Actor::of_process(known, executables, &mut Vec::new()).invocation;
        if matches!(started, Invocation::ScriptFile { .. }) {
            self.decide(&exec, now_ns + WAIT_FOR_FACTS_NS, now_ns);
        }
    }
}
