//! A container of a pod: the published steps, one by one.

use super::{About, Steps, quote};
use crate::{Place, shell_quote};
use event::{Container, PodFacts};

impl About<'_> {
    pub(super) fn cluster(&self, steps: &mut Steps, container: &Container, pod: &PodFacts) {
        let Place { node, cluster, location, project, project_display_name, .. } = self.place;
        let is_gke = self.place.is_gke();
        let flag = if self.place.is_zone() { "--zone" } else { "--region" };
        let gke = |verb: &str| {
            let of = [quote(cluster), flag.into(), quote(location), "--project".into(), quote(project)];
            format!("gcloud container clusters {verb} {}", of.join(" "))
        };
        let (namespace, name) = (quote(&pod.namespace), quote(&pod.name));

        steps.step(&format!("Review the cluster {cluster} and the node {node}:"));
        if is_gke {
            steps.command(&gke("describe"));
        }
        steps.command(&format!("kubectl describe node {}", quote(node)));
        steps.command(&format!(
            "kubectl get node {} -o jsonpath='{{.metadata.annotations.container\\.googleapis\\.com/instance_id}}'",
            quote(node)
        ));

        steps.step("Review the pod and its owner:");
        steps.command(&format!("kubectl get pod --namespace={namespace} {name} -o yaml"));

        steps.step("Review the logs:");
        let logs = format!("kubectl logs --namespace={namespace} {name} -c {}", quote(&container.name));
        steps.command(&format!("{logs} --since-time={}", self.since));
        self.filters(steps, pod);

        steps.step("Examine the running container:");
        if is_gke {
            steps.command(&gke("get-credentials"));
        }
        let path = &self.evidence.enriched.exec.executable.path;
        let source = [pod.namespace.as_bytes(), b"/", pod.name.as_bytes(), b":", path.bytes()].concat();
        steps.command(&format!(
            "kubectl cp {} -c {} ./evidence.bin",
            shell_quote(&source),
            quote(&container.name)
        ));
        self.kept(steps);
        steps.command(&format!(
            "kubectl exec --namespace={namespace} -ti {name} -c {} -- /bin/sh",
            quote(&container.name)
        ));
        self.enter_on_node(steps, container);

        self.methods(steps);
        steps.step(&format!(
            "Carry out the response: contact the owner of project {project_display_name}; stop or delete the compromised container and replace it:"
        ));
        steps.command(&format!("kubectl delete pod --namespace={namespace} {name}"));
        self.stop_on_node(steps, container);
        self.end_processes(steps);
    }

    /// The three filters of step 4, for a log explorer.
    fn filters(&self, steps: &mut Steps, pod: &PodFacts) {
        let Place { project, location, cluster, instance_id, .. } = self.place;
        let is = |key: &str, value: &str| format!("{key}={}", literal(value));
        let labels = [
            is("resource.labels.project_id", project),
            is("resource.labels.location", location),
            is("resource.labels.cluster_name", cluster),
        ]
        .join(" ");
        steps.say("Filters for a log explorer:");
        steps.say(&format!(
            "pod: `resource.type=\"k8s_container\" {labels} {} {}`",
            is("resource.labels.namespace_name", &pod.namespace),
            is("resource.labels.pod_name", &pod.name)
        ));
        let log = format!("projects/{project}/logs/cloudaudit.googleapis.com%2Factivity");
        steps.say(&format!(
            "audit: `{} resource.type=\"k8s_cluster\" {labels} {}`",
            is("logName", &log),
            literal(&pod.name)
        ));
        if instance_id.is_empty() {
            steps.say("node: not possible, no instance id is known of this node");
        } else {
            steps.say(&format!(
                "node: `resource.type=\"gce_instance\" {}`",
                is("resource.labels.instance_id", instance_id)
            ));
        }
    }
}

/// A value in the query language of log explorers.
fn literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            // nothing that would end the code span, or the line
            c if c == '`' || c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
