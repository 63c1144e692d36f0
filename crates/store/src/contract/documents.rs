//! Documents, leases and the audit log.

use finding::Timestamp;
use serde_json::json;

use super::expected;
use crate::{AuditEntry, AuditLog, DocumentKind, DocumentQuery, DocumentStore, Expectation};

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// A document is written whole, counted, found, listed by its name and removed.
pub async fn documents_are_kept_by_kind_and_name(store: &dyn DocumentStore) {
    let kind = DocumentKind::MuteConfig;
    let put = async |name: &str, body, expectation, now| {
        expected(store.put_document(kind, name, body, expectation, at(now)).await, "put")
    };
    let hostile = json!({"text": "\u{0}\u{202e}\u{1f600}'\"\\", "n": [1, 2.5, null]});
    let first =
        put("a/1", hostile.clone(), Expectation::Absent, 1).await.map(|d| (d.revision, d.create_time));
    assert_eq!(first, Some((1, at(1))));
    assert_eq!(put("a/1", json!({}), Expectation::Absent, 2).await, None);
    assert_eq!(put("a/1", json!({}), Expectation::Revision(2), 2).await, None);
    assert_eq!(put("missing", json!({}), Expectation::Revision(1), 2).await, None);
    let found = expected(store.document(kind, "a/1").await, "get");
    assert_eq!(found.map(|d| (d.body, d.update_time)), Some((hostile, at(1))));
    let second = put("a/1", json!(2), Expectation::Revision(1), 3).await;
    assert_eq!(second.map(|d| (d.revision, d.create_time, d.update_time)), Some((2, at(1), at(3))));
    for name in ["a/2", "a/3", "b/1", "a%", "a_", "A/1"] {
        assert!(put(name, json!(name), Expectation::Any, 4).await.is_some());
    }
    let list = async |prefix: &str, after: Option<&str>, limit| {
        let query = DocumentQuery { kind, prefix: prefix.into(), after: after.map(str::to_owned), limit };
        let found = expected(store.documents(query).await, "list");
        found.into_iter().map(|d| d.name).collect::<Vec<_>>()
    };
    assert_eq!(list("", None, 100).await, ["A/1", "a%", "a/1", "a/2", "a/3", "a_", "b/1"]);
    assert_eq!(list("a/", Some("a/1"), 1).await, ["a/2"]);
    assert_eq!(list("a/", Some("a/2"), 9).await, ["a/3"]);
    assert_eq!(list("a%", None, 9).await, ["a%"]);
    let other = DocumentQuery { kind: DocumentKind::Source, prefix: String::new(), after: None, limit: 9 };
    assert_eq!(expected(store.documents(other).await, "list"), []);
    assert!(expected(store.remove_document(kind, "a/1").await, "remove"));
    assert!(!expected(store.remove_document(kind, "a/1").await, "remove"));
    assert_eq!(expected(store.document(kind, "a/1").await, "get"), None);
}

/// One holder at a time; the next one after its time.
pub async fn a_lease_has_one_holder(store: &dyn DocumentStore) {
    let take = async |holder: &str, now, until| {
        expected(store.lease("retention", holder, at(now), at(until)).await, "a lease")
    };
    assert!(take("a", 0, 10).await);
    assert!(!take("b", 5, 15).await);
    assert!(take("a", 6, 20).await);
    assert!(!take("b", 20, 30).await, "its last moment is still its holder's");
    assert!(take("b", 21, 30).await);
    assert!(!take("a", 22, 40).await);
    assert!(expected(store.lease("another", "a", at(0), at(1)).await, "a lease"));
}

/// Entries stay as they were written, the newest first.
pub async fn the_audit_log_keeps_what_it_was_told(store: &dyn AuditLog) {
    let entry = |n: i64| AuditEntry {
        time: at(n),
        principal: "token:ci".into(),
        method: "findings.setMute".into(),
        resource: format!("projects/p/sources/s/findings/{n}"),
        outcome: "OK".into(),
        address: "127.0.0.1:9".into(),
        detail: json!({"mute": "MUTED", "text": "\u{0}\u{1b}[2J"}),
    };
    for n in 0..5 {
        expected(store.record(entry(n)).await, "record");
    }
    let newest = expected(store.audit(None, 2).await, "audit");
    assert_eq!(newest.iter().map(|r| r.entry.clone()).collect::<Vec<_>>(), [entry(4), entry(3)]);
    let rest = expected(store.audit(newest.last().map(|r| r.sequence), 9).await, "audit");
    assert_eq!(rest.iter().map(|r| r.entry.time.nanos()).collect::<Vec<_>>(), [2, 1, 0]);
    let about = async |resources: &[i64], limit| {
        let resources = resources.iter().map(|n| entry(*n).resource).collect();
        let found = expected(store.audit_about(resources, limit).await, "audit");
        found.iter().map(|r| r.entry.time.nanos()).collect::<Vec<_>>()
    };
    assert_eq!(about(&[1, 4, 7, 3], 9).await, [4, 3, 1]);
    assert_eq!(about(&[1, 4, 3], 2).await, [4, 3]);
    assert_eq!(about(&[], 9).await, [] as [i64; 0]);
    assert_eq!(expected(store.forget_audit(at(2)).await, "forget"), 2);
    assert_eq!(expected(store.audit(None, 9).await, "audit").len(), 3);
}
