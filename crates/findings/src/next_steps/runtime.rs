//! A container without a pod: the commands of the runtime that made it.

use super::{About, Steps, live, quote};
use crate::shell_quote;
use event::{Container, RuntimeKind};
use std::ffi::OsStr;
use std::path::Path;

/// Folders in which containerd keeps tasks: by namespace, then by id.
const TASKS: [&str; 2] = ["io.containerd.runtime.v2.task", "io.containerd.runtime.v1.linux"];
/// The namespace in which containerd keeps what a kubelet asked for.
const KUBELET: &str = "k8s.io";

/// What a container's own runtime needs to be told.
const ELSEWHERE: &str = "With --root, where its state is not in the usual place:";

/// What one runtime's commands are for one container.
#[derive(Default)]
struct Tool {
    review: Vec<String>,
    logs: Vec<String>,
    enter: Vec<String>,
    stop: Vec<String>,
    note: &'static str,
}

impl About<'_> {
    pub(super) fn runtime(&self, steps: &mut Steps, container: &Container) {
        self.machine(steps);
        let tool = self.tool(container);
        let all = |steps: &mut Steps, commands: &[String]| commands.iter().for_each(|c| steps.command(c));
        let what = match container.runtime {
            RuntimeKind::Unknown => "a runtime that is not known",
            known => known.name(),
        };

        steps.step(&format!("Review the container, made by {what}, and its owner:"));
        if let Some((machine, kind)) = &container.within {
            let enter = match kind {
                RuntimeKind::Podman => "podman exec -ti",
                _ => "docker exec -ti",
            };
            steps.say("Its machine is a container itself; enter that first:");
            steps.command(&format!("{enter} {} /bin/sh", quote(machine.as_str())));
        }
        if !tool.note.is_empty() {
            steps.say(tool.note);
        }
        all(steps, &tool.review);

        steps.step("Review the logs:");
        if tool.logs.is_empty() {
            steps.say("The runtime keeps none; whoever started the container may.");
        }
        all(steps, &tool.logs);
        if let Some(path) = &container.log_path {
            steps.command(&format!("tail -n 200 {}", shell_quote(path.as_os_str().as_encoded_bytes())));
        }

        steps.step("Examine the running container:");
        self.copy_executable(steps);
        all(steps, &tool.enter);
        let shell = self.evidence.enriched.exec.process;
        steps.say("Without a shell in its image, with the node's own files:");
        steps.command(&live::guarded(
            shell,
            &format!("nsenter --target {} --uts --ipc --net --pid /bin/sh", shell.pid),
        ));

        self.methods(steps);
        steps.step("Carry out the response: contact the container's owner; stop or delete the compromised container and replace it:");
        all(steps, &tool.stop);
        self.end_processes(steps);
    }

    /// For a container of a pod, where the cluster cannot be asked.
    pub(super) fn enter_on_node(&self, steps: &mut Steps, container: &Container) {
        steps.say(&format!("On node {}, without kubectl:", self.place.node));
        self.tool(container).enter.iter().for_each(|command| steps.command(command));
    }

    /// The same, for its end; what is left of it is the kubelet's to remove.
    pub(super) fn stop_on_node(&self, steps: &mut Steps, container: &Container) {
        steps.say(&format!("On node {}, without kubectl (a kubelet starts another one):", self.place.node));
        self.tool(container).stop.iter().take(1).for_each(|command| steps.command(command));
    }

    fn tool(&self, container: &Container) -> Tool {
        if !container.id.is_claimed() {
            return self.unclaimed(container);
        }
        let id = quote(container.id.as_str());
        match container.runtime {
            RuntimeKind::Docker => self.docker("docker", &id, ""),
            RuntimeKind::Podman => {
                self.docker("podman", &id, "As the user who runs it: every user has containers of their own.")
            }
            RuntimeKind::Containerd => self.containerd(container, &id),
            RuntimeKind::Crio => self.crictl(&id),
            RuntimeKind::Crun => runc("crun", &id, ELSEWHERE),
            RuntimeKind::Runc => runc("runc", &id, ELSEWHERE),
            RuntimeKind::Unknown => runc(
                "runc",
                &id,
                "If runc made it (crun takes the same commands; --root where its state is not in the usual place):",
            ),
        }
    }

    /// Nobody can be asked by a name; what runs in it is reached by its control group.
    fn unclaimed(&self, container: &Container) -> Tool {
        let group = format!("/sys/fs/cgroup{}", container.cgroup_path());
        let members = shell_quote(format!("{group}/cgroup.procs").as_bytes());
        Tool {
            review: vec![format!("cat {members}"), format!("systemd-cgls {}", shell_quote(group.as_bytes()))],
            logs: Vec::new(),
            enter: Vec::new(),
            stop: Vec::new(),
            note: "No known runtime claims it (LXC, systemd-nspawn, unshare or one that hides); these are its processes, with others of \
                   their control group:",
        }
    }

    /// Podman's commands are Docker's.
    fn docker(&self, program: &str, id: &str, note: &'static str) -> Tool {
        let path = shell_quote(self.evidence.enriched.exec.executable.path.bytes());
        let copy = format!("{program} cp {id}:{path} ./evidence.bin");
        let all = |commands: &[&str]| commands.iter().map(|c| format!("{program} {c} {id}")).collect();
        Tool {
            review: all(&["inspect", "top"]),
            logs: vec![format!("{program} logs --timestamps --since {} {id}", self.since)],
            enter: vec![copy, format!("{program} exec -ti {id} /bin/sh")],
            stop: all(&["kill", "rm"]),
            note,
        }
    }

    fn crictl(&self, id: &str) -> Tool {
        Tool {
            review: vec![format!("crictl ps --all --id {id}"), format!("crictl inspect {id}")],
            logs: vec![format!("crictl logs --timestamps {id}")],
            enter: vec![format!("crictl exec -ti {id} /bin/sh")],
            stop: vec![format!("crictl stop --timeout 0 {id}"), format!("crictl rm {id}")],
            note: "",
        }
    }

    fn containerd(&self, container: &Container, id: &str) -> Tool {
        let Some(namespace) = self.namespace(container) else {
            let mut tool = self.containerd_in("NAMESPACE", id);
            tool.review.insert(0, "ctr namespaces list".into());
            tool.note = "Put the container's namespace, one of those listed first, where NAMESPACE stands:";
            return tool;
        };
        let mut tool = self.containerd_in(&quote(&namespace), id);
        if namespace == KUBELET {
            tool.review.push(format!("crictl inspect {id}"));
            tool.logs.push(format!("crictl logs --timestamps {id}"));
            tool.enter.push(format!("crictl exec -ti {id} /bin/sh"));
        }
        tool
    }

    fn containerd_in(&self, namespace: &str, id: &str) -> Tool {
        let ctr = |what: &str| format!("ctr -n {namespace} {what} {id}");
        Tool {
            review: vec![format!("ctr -n {namespace} tasks ls"), ctr("containers info"), ctr("tasks ps")],
            logs: Vec::new(),
            enter: vec![format!("{} /bin/sh", ctr("tasks exec -t --exec-id vedette-look"))],
            stop: vec![ctr("tasks kill --all --signal SIGKILL"), ctr("tasks rm"), ctr("containers rm")],
            note: "",
        }
    }

    /// The folder that containerd runs it from says it, else the control group above the container's: one of the top
    /// level that is no folder of systemd.
    fn namespace(&self, container: &Container) -> Option<String> {
        let of_task = container.bundle.as_deref().and_then(task_namespace);
        let path = &self.evidence.enriched.exec.cgroup.path;
        let above = || match path.as_slice() {
            [above, own, ..] if own.as_str() == Some(container.id.as_str()) => above.as_str(),
            _ if container.pod.is_some() => Some(KUBELET),
            _ => None,
        };
        of_task.or_else(|| above().filter(|name| !name.contains('.') || *name == KUBELET).map(str::to_owned))
    }
}

fn task_namespace(bundle: &Path) -> Option<String> {
    let names: Vec<&OsStr> = bundle.iter().collect();
    let at = names.iter().position(|name| TASKS.iter().any(|tasks| name == tasks))?;
    Some(names.get(at + 1)?.to_str()?.to_owned())
}

fn runc(program: &str, id: &str, note: &'static str) -> Tool {
    Tool {
        review: vec![
            format!("{program} list"),
            format!("{program} state {id}"),
            format!("{program} ps {id}"),
        ],
        logs: Vec::new(),
        enter: vec![format!("{program} exec -t {id} /bin/sh")],
        stop: vec![format!("{program} kill {id} KILL"), format!("{program} delete --force {id}")],
        note,
    }
}
