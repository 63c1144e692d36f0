//! The published playbook's steps as ready commands for this very finding. Markdown.
//!
//! Every value is quoted for a shell, every command that needs a process of the session first compares the process's start:
//! the number of one that has ended may be another's.

mod cluster;
mod live;
mod node;
mod runtime;

use crate::{Circumstances, Place, session, shell_quote};
use detection::Evidence;
use event::{Container, PodFacts};
use finding::Timestamp;
use std::fmt::Write as _;

/// Related findings and log lines are looked for so long before and after the shell, nanoseconds.
const AROUND_NS: i64 = 900_000_000_000;

/// Where the shell runs, as far as commands differ.
enum Scene<'a> {
    Pod(&'a Container, &'a PodFacts),
    Container(&'a Container),
    Node,
}

/// Steps as they grow.
pub(crate) struct Steps {
    text: String,
    number: u32,
}

impl Steps {
    fn step(&mut self, title: &str) {
        self.number += 1;
        let _ = writeln!(self.text, "{}. {title}", self.number);
    }

    fn command(&mut self, command: &str) {
        let _ = writeln!(self.text, "   `{command}`");
    }

    fn say(&mut self, text: &str) {
        let _ = writeln!(self.text, "   {text}");
    }
}

/// What the steps are written from.
pub(crate) struct About<'a> {
    evidence: &'a Evidence,
    place: &'a Place,
    /// The finding's.
    name: &'a str,
    /// Around the shell, for commands that take RFC 3339.
    since: String,
    until: String,
}

/// The steps.
pub(crate) fn write(evidence: &Evidence, at: &Circumstances<'_>, name: &str) -> String {
    let second = |ns: i64| Timestamp::from_nanos(ns - ns.rem_euclid(1_000_000_000)).to_string();
    let about = About {
        evidence,
        place: at.place,
        name,
        since: second(at.event_time_ns.saturating_sub(AROUND_NS)),
        until: second(at.event_time_ns.saturating_add(AROUND_NS)),
    };
    let container = evidence.enriched.container.as_deref();
    let of = match container {
        Some(c) => match c.pod.as_ref().filter(|pod| !pod.name.is_empty()) {
            Some(pod) => Scene::Pod(c, pod),
            None => Scene::Container(c),
        },
        None => Scene::Node,
    };
    let mut steps = Steps { text: session::note(at.ended), number: 0 };
    about.review(&mut steps, container);
    match of {
        Scene::Pod(container, pod) => about.cluster(&mut steps, container, pod),
        Scene::Container(container) => about.runtime(&mut steps, container),
        Scene::Node => about.node(&mut steps),
    }
    steps.text
}

impl About<'_> {
    fn review(&self, steps: &mut Steps, container: Option<&Container>) {
        let same = if container.is_some() { "container and time" } else { "time" };
        steps.step(&format!("Review the finding, and others of the same {same}:"));
        steps.command(&format!("vedette findings show {}", quote(self.name)));
        let of = container.filter(|c| c.id.is_claimed());
        let of = of.map(|c| format!(" --container {}", quote(c.id.as_str()))).unwrap_or_default();
        steps.command(&format!("vedette findings list{of} --since {} --until {}", self.since, self.until));
    }

    /// Step 2 where no pod is known.
    fn machine(&self, steps: &mut Steps) {
        let Place { node, project, instance_name, zone, .. } = self.place;
        steps.step(&format!(
            "Review the machine, node {node}; no pod of a cluster is known for this process:"
        ));
        steps.command("hostnamectl; uptime; who");
        if self.place.is_gke() {
            steps.command(&format!("kubectl describe node {}", quote(node)));
            steps.command(&format!(
                "gcloud compute instances describe {} --zone {} --project {}",
                quote(instance_name),
                quote(zone),
                quote(project)
            ));
        }
    }

    /// Step 6.
    fn methods(&self, steps: &mut Steps) {
        let metadata = self.evidence.metadata;
        let tactic = metadata.tactic.id().map(|id| format!("https://attack.mitre.org/tactics/{id}/"));
        let techniques = metadata.techniques.iter().filter_map(|t| t.id());
        let pages =
            techniques.map(|id| format!("https://attack.mitre.org/techniques/{}/", id.replace('.', "/")));
        let pages: Vec<String> = tactic.into_iter().chain(pages).collect();
        steps.step(&format!("Study attack and response methods: {}", pages.join(" ")));
    }

    /// Commands that end the session's own processes, on the node.
    fn end_processes(&self, steps: &mut Steps) {
        steps.say(&format!("The session's processes alone (on node {}, as root):", self.place.node));
        let shell = &self.evidence.enriched.actor;
        steps.command(&live::guarded(shell.process, &format!("kill -KILL {}", shell.process.pid)));
        let opener = self.evidence.opener.as_ref().filter(|o| o.process != shell.process);
        if let Some(opener) = opener.filter(|_| self.holds_connection()) {
            steps.command(&live::guarded(opener.process, &format!("kill -KILL {}", opener.process.pid)));
        }
    }

    /// Whether the opener is a relay; otherwise it may be anybody who started the shell.
    fn holds_connection(&self) -> bool {
        let opener = self.evidence.opener.as_ref().map(|o| o.process);
        self.evidence.enriched.relays.iter().any(|relay| Some(relay.process) == opener)
    }

    /// Copies of what is executed, though its file be deleted.
    fn copy_executable(&self, steps: &mut Steps) {
        let process = self.evidence.enriched.exec.process;
        steps.command(&live::guarded(process, &format!("cp /proc/{}/exe ./evidence.bin", process.pid)));
        self.kept(steps);
    }

    fn kept(&self, steps: &mut Steps) {
        steps.say("Vedette keeps the executable's bytes already, among other evidence:");
        steps.command(&format!("vedette findings evidence {}", quote(self.name)));
    }
}

fn quote(text: &str) -> String {
    shell_quote(text.as_bytes())
}
