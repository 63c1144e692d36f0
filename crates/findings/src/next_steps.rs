//! The published playbook's steps as ready commands for this very finding. Markdown.

use crate::{Place, shell_quote};
use detection::Evidence;
use std::fmt::Write as _;

/// The steps.
pub(crate) fn write(evidence: &Evidence, place: &Place, name: &str) -> String {
    let mut out = String::new();
    let exec = &evidence.enriched.exec;
    let container = evidence.enriched.container.as_deref();
    let pod = container.and_then(|c| c.pod.as_ref()).filter(|p| !p.name.is_empty());
    let q = |text: &str| shell_quote(text.as_bytes());
    let _ = writeln!(
        out,
        "1. Review the finding and others of the same container and time:\n   `vedette findings show {}`\n   `vedette findings list`",
        q(name)
    );
    let _ = writeln!(out, "2. Review the cluster and the node {}:", place.node);
    let _ = writeln!(out, "   `kubectl describe node {}`", q(&place.node));
    let _ = writeln!(
        out,
        "   `kubectl get node {} -o jsonpath='{{.metadata.annotations.container\\.googleapis\\.com/instance_id}}'`",
        q(&place.node)
    );
    let Some(pod) = pod else {
        let _ = writeln!(
            out,
            "3. The process belongs to no Kubernetes pod that is known. Its container: {}.",
            container.map_or_else(|| "none (a process of the node)".to_owned(), named)
        );
        let _ = writeln!(
            out,
            "4. Stop the process if it must not go on: `kill {}` on node {}.",
            exec.process.pid, place.node
        );
        return out;
    };
    let container_name = container.map(|c| c.name.as_str()).unwrap_or_default();
    let (namespace, pod_name) = (q(&pod.namespace), q(&pod.name));
    let _ = writeln!(
        out,
        "3. Review the pod and its owner:\n   `kubectl get pod --namespace={namespace} {pod_name} -o yaml`"
    );
    let _ = writeln!(
        out,
        "4. Review the logs:\n   `kubectl logs --namespace={namespace} {pod_name} -c {}`\n   Filters for a log explorer:",
        q(container_name)
    );
    let Place { project_display_name: project, location, cluster, instance_id, .. } = place;
    let labels = format!(
        "resource.labels.project_id=\"{project}\" resource.labels.location=\"{location}\" resource.labels.cluster_name=\"{cluster}\""
    );
    let _ = writeln!(
        out,
        "   pod: `resource.type=\"k8s_container\" {labels} resource.labels.namespace_name=\"{}\" resource.labels.pod_name=\"{}\"`",
        pod.namespace, pod.name
    );
    let _ = writeln!(
        out,
        "   audit: `logName=\"projects/{project}/logs/cloudaudit.googleapis.com%2Factivity\" resource.type=\"k8s_cluster\" {labels} {}`",
        pod.name
    );
    let _ = writeln!(
        out,
        "   node: `resource.type=\"gce_instance\" resource.labels.instance_id=\"{instance_id}\"`"
    );
    let _ = writeln!(out, "5. Examine the running container:");
    if place.service == "container.googleapis.com" {
        let flag = if place.is_zone() { "--zone" } else { "--region" };
        let _ = writeln!(
            out,
            "   `gcloud container clusters get-credentials {} {flag} {} --project {}`",
            q(cluster),
            q(location),
            q(project)
        );
    }
    let path = &exec.executable.path;
    let source = [pod.namespace.as_bytes(), b"/", pod.name.as_bytes(), b":", path.bytes()].concat();
    let _ = writeln!(
        out,
        "   `kubectl cp {} -c {} ./evidence.bin` (Vedette keeps the executable's bytes already: see the finding's evidence)",
        shell_quote(&source),
        q(container_name)
    );
    let _ = writeln!(
        out,
        "   `kubectl exec --namespace={namespace} -ti {pod_name} -c {} -- /bin/sh`",
        q(container_name)
    );
    let _ = writeln!(
        out,
        "6. Attack and response methods: https://attack.mitre.org/tactics/TA0002/ and https://attack.mitre.org/techniques/T1059/004/"
    );
    let _ = writeln!(
        out,
        "7. Carry out the response: contact the owner of project {project}; stop or delete the compromised container and replace it:\n   `kubectl delete pod --namespace={namespace} {pod_name}`"
    );
    out
}

fn named(container: &event::Container) -> String {
    if container.id.is_claimed() {
        container.id.to_string()
    } else {
        format!(
            "one that no known runtime claims, in control group {}",
            shell_quote(container.cgroup_path().as_bytes())
        )
    }
}
