//! The few facts that short shapes tell.

use finding::{Finding, FindingResource, Process, Severity, Tactic, Technique};
use serde_json::Value;

pub(crate) struct Facts<'item> {
    pub(crate) namespace: &'item str,
    pub(crate) pod: &'item str,
    pub(crate) container: &'item str,
    pub(crate) container_id: &'item str,
    pub(crate) image: &'item str,
    pub(crate) node: &'item str,
    pub(crate) cluster: &'item str,
    pub(crate) process: Option<&'item Process>,
}

fn property<'item>(finding: &'item Finding, key: &str) -> &'item str {
    finding.source_properties.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The first of two that says something.
fn either<'item>(first: Option<&'item String>, second: &'item str) -> &'item str {
    first.map(String::as_str).filter(|text| !text.is_empty()).unwrap_or(second)
}

impl<'item> Facts<'item> {
    pub(crate) fn of(item: &'item FindingResource) -> Self {
        let finding = &item.finding;
        let pod = finding.kubernetes.pods.first();
        let container = finding.containers.first();
        let machine = finding.kubernetes.nodes.first().and_then(|node| node.name.rsplit('/').next());
        let node = property(finding, "VM_Instance_Name");
        Self {
            namespace: either(pod.map(|pod| &pod.ns), property(finding, "Pod_Namespace")),
            pod: either(pod.map(|pod| &pod.name), property(finding, "Pod_Name")),
            container: either(container.map(|c| &c.name), property(finding, "Container_Name")),
            container_id: property(finding, "Container_Id"),
            image: either(container.map(|c| &c.uri), property(finding, "Container_Image_Uri")),
            node: if node.is_empty() { machine.unwrap_or_default() } else { node },
            cluster: &item.resource.display_name,
            process: finding.processes.first(),
        }
    }
}

/// The command line as a shell would show it, roughly: arguments with a space between.
pub(crate) fn command_line(process: &Process) -> String {
    let mut line = process.args.join(" ");
    if process.arguments_truncated {
        line.push(' ');
        line.push(crate::text::CUT);
    }
    line
}

/// `Medium`; `Unknown` when not said.
pub(crate) const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Unspecified => "Unknown",
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
    }
}

/// Every tactic, the primary one first.
pub(crate) fn tactics(finding: &Finding) -> impl Iterator<Item = Tactic> {
    let attack = &finding.mitre_attack;
    std::iter::once(attack.primary_tactic)
        .chain(attack.additional_tactics.iter().copied())
        .filter(|tactic| *tactic != Tactic::Unspecified)
}

/// Every technique, the primary ones first.
pub(crate) fn techniques(finding: &Finding) -> impl Iterator<Item = Technique> {
    let attack = &finding.mitre_attack;
    attack
        .primary_techniques
        .iter()
        .chain(&attack.additional_techniques)
        .copied()
        .filter(|technique| *technique != Technique::Unspecified)
}

/// `COMMAND_AND_CONTROL` as `Command And Control`.
pub(crate) fn titled(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// `value` only if it says something.
pub(crate) fn said(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| Value::from(value))
}

/// An object of those fields that have a value.
pub(crate) fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    fields
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
