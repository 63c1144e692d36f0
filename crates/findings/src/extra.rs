//! The finding's key `vedette`: facts that the published model has no place for, documented in docs/finding.md.

use crate::confidence::Confidence;
use crate::description::end;
use crate::descriptors::{self, transport};
use crate::{Circumstances, EvidenceItem, session, story};
use detection::Evidence;
use event::Text;
use finding::Timestamp;
use serde_json::{Map, Value, json};

/// The key's content.
pub(crate) fn write(evidence: &Evidence, at: &Circumstances<'_>, sure: &Confidence) -> Map<String, Value> {
    let exec = &evidence.enriched.exec;
    let container = evidence.enriched.container.as_deref();
    let endpoint = evidence.endpoint.map(|s| {
        json!({
            "transport": transport(s.protocol),
            "peer": end(s.remote),
            "local": end(s.local),
            "socketInode": s.inode.to_string(),
        })
    });
    let opened: Vec<Value> = exec.descriptors.iter().map(descriptors::of).collect();
    let mut session = json!({
        "direction": evidence.direction.name(),
        "endpoint": endpoint,
        "tls": evidence.tls,
        "terminal": evidence.terminal,
        "recognisedBy": evidence.recognised_by.map(|by| by.name()),
        "reasons": evidence.reasons,
    });
    for (key, value) in session::facts(at.ended) {
        session[key] = value;
    }
    let not_utf8 = exec.arguments.values.iter().any(|a| a.as_str().is_none());
    let mut map = Map::from_iter([
        ("session".to_owned(), session),
        ("confidence".to_owned(), sure.json()),
        (
            "process".to_owned(),
            json!({
                "workingDirectory": exec.working_directory,
                "userId": exec.credentials.effective_uid,
                "realUserId": exec.credentials.uid,
                "pidInContainer": exec.pid_in_namespace,
                "session": exec.session,
                "startTime": Timestamp::from_nanos(at.born_ns),
                "startTicks": exec.process.start_ticks().to_string(),
                "bootId": at.boot_id,
                "descriptors": opened,
                "deleted": exec.executable.links == 0,
                "fileSystem": descriptors::file_system(exec.executable.file_system),
                "argumentsHex": not_utf8.then(|| exec.arguments.values.iter().map(hex).collect::<Vec<_>>()),
            }),
        ),
        (
            "container".to_owned(),
            json!(container.map(|c| json!({
                "id": c.id.is_claimed().then(|| c.id.as_str()),
                "claimed": c.id.is_claimed(),
                "controlGroup": c.cgroup_path(),
                "pidNamespace": exec.namespaces.pid,
                "runtime": c.runtime.name(),
                "podUid": c.pod.as_ref().map(|p| p.uid.as_str()),
                "identityComplete": c.complete && !c.name.is_empty(),
                "within": c.within.as_ref().map(|(id, _)| id.as_str()),
            }))),
        ),
        (
            "coverage".to_owned(),
            json!({
                "from": Timestamp::from_nanos(at.coverage.from_ns),
                "to": Timestamp::from_nanos(at.coverage.to_ns),
                "complete": at.coverage.lost.is_empty(),
                "lost": at.coverage.lost,
                "fromSnapshot": at.coverage.from_snapshot,
            }),
        ),
        ("evidence".to_owned(), Value::Array(at.items.iter().map(item).collect())),
        ("evidenceMissing".to_owned(), json!(at.missing)),
        ("attackTechniques".to_owned(), json!(evidence.metadata.additional_technique_ids)),
        ("kernel".to_owned(), json!(at.place.kernel)),
        ("story".to_owned(), story::write(evidence, at)),
    ]);
    map.retain(|_, value| !value.is_null());
    map
}

fn item(item: &EvidenceItem) -> Value {
    json!({
        "kind": item.kind,
        "name": item.name,
        "sha256": item.sha256,
        "size": item.size.to_string(),
        "originalSize": item.original_size.to_string(),
        "truncated": item.truncated,
        "takeTime": Timestamp::from_nanos(item.taken_at_ns),
    })
}

fn hex(text: &Text) -> String {
    text.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
