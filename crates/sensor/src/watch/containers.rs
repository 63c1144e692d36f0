//! Asking whose container a process is in, and what becomes of the answer.

use super::Watch;
use crate::lookups::Request;
use enrichment::{Known, Told};
use event::{Container, ContainerId, Exec, Whereabouts};
use std::sync::Arc;

impl Watch {
    /// What tells a container's mounts from the node's.
    pub(crate) fn know_mounts(&mut self, mount: u32) {
        self.state.containers.know_mounts(mount);
    }

    /// A process was met: what is not known of its container is asked for.
    pub(super) fn container(&mut self, exec: &Exec, now_ns: u64) {
        if let Known::New(bare) = self.state.container_of(exec, now_ns) {
            let at = Whereabouts {
                cgroup: exec.cgroup.clone(),
                pid_namespace: exec.namespaces.pid,
                ancestors: exec.ancestors.iter().map(|a| a.process.pid).collect(),
            };
            self.ask_runtime(&bare, Arc::new(at));
        }
    }

    /// Without room it is asked about at the next sign of life.
    fn ask_runtime(&mut self, bare: &Container, at: Arc<Whereabouts>) {
        let Some(lookups) = &self.lookups else { return };
        if lookups.ask(Request::Container { bare: Box::new(bare.clone()), at }) {
            self.state.containers.asked(&bare.id);
        }
    }

    /// A runtime told more, or nobody knows it.
    pub(super) fn told_of_container(
        &mut self,
        asked: &ContainerId,
        facts: Container,
        at: Arc<Whereabouts>,
        now_ns: u64,
    ) {
        match self.state.containers.tell(asked, facts, now_ns) {
            Told::Forgotten => {}
            Told::Kept(container) => self.open.tell_container(asked, &container, now_ns),
            Told::Forged { claimed, actual, is_new } => {
                tracing::warn!("no runtime knows container {claimed}, a control group within {}", actual.id);
                self.open.tell_container(&claimed, &actual, now_ns);
                if is_new {
                    self.ask_runtime(&actual, at);
                }
            }
        }
    }
}
