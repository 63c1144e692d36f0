//! Live state: what is decided when it was read, and when it should be read again.

use super::{WAIT_FOR_FACTS_NS, Watch};
use crate::live::Live;
use event::Descriptor;
use std::sync::Arc;

impl Watch {
    /// Live state was read.
    pub(super) fn live(&mut self, live: Live, now_ns: u64) {
        self.moment_ns = now_ns;
        let mut unseen = Vec::new();
        for exec in &live.processes {
            let known = self.state.tree.get(exec.process).and_then(|p| p.image.as_ref());
            let runs = &exec.executable.identity;
            let same = known.is_some_and(|image| image.exec.executable.identity.is_same_file(runs));
            // Executed since the reading began: what was read may be the image before, even with the arguments after.
            let stale = live.at_ns != 0 && known.is_some_and(|image| image.exec.time_ns > live.at_ns);
            if !same && !stale && !self.is_copy(exec, &live.processes) {
                self.state.tree.exec(exec);
                unseen.push(Arc::clone(exec));
            }
            self.container(exec, now_ns);
        }
        if live.at_ns != 0 {
            self.state.tree.reconcile(&live.processes, live.at_ns);
            let tree = &self.state.tree;
            self.candidates
                .reconcile(now_ns, |process| tree.get(process).is_some_and(|p| p.ended_ns.is_none()));
            let is_over = |process| tree.get(process).is_some_and(|p| p.ended_ns.is_some());
            let ends = self.open.sessions.reconcile(&live.processes, live.at_ns, now_ns, is_over);
            self.open.tell_ends(ends, now_ns);
            for exec in self.unsettled(&live.processes) {
                self.decide(&exec, now_ns, now_ns);
            }
        }
        for exec in unseen.iter().filter(|exec| self.is_interesting(exec)).cloned().collect::<Vec<_>>() {
            self.decide(&exec, now_ns + WAIT_FOR_FACTS_NS, now_ns);
        }
        for exec in &unseen {
            if exec.descriptors.iter().any(Descriptor::is_internet) {
                self.note_connection(exec.process, now_ns);
            }
        }
        for exec in std::mem::take(&mut self.connecting) {
            self.decide(&exec, now_ns, now_ns);
        }
        self.decide_candidates(now_ns, |watch| std::mem::take(&mut watch.looked_for));
        self.looked_for.clear();
    }

    /// Ends of sessions that live state cannot confirm.
    pub(super) fn conclude(&mut self, now_ns: u64) {
        let ends = self.open.sessions.conclude(now_ns);
        self.open.tell_ends(ends, now_ns);
    }

    /// When live state should be read for the sake of a candidate or of a session, nanoseconds since boot.
    pub(super) fn next_look_ns(&self) -> Option<u64> {
        let looks = [self.candidates.next_look_ns(), self.open.sessions.next_look_ns()];
        looks.into_iter().flatten().min()
    }
}
