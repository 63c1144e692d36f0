//! The evidence's half of the contract.

use finding::Timestamp;

use super::{expected, name};
use crate::{EvidenceKind, EvidenceMeta, EvidenceStore, Received, Sha256, StoreError};

fn meta(n: i64, label: &str, taken_at: i64) -> EvidenceMeta {
    EvidenceMeta {
        finding: name(n),
        kind: EvidenceKind::Executable,
        name: label.to_owned(),
        taken_at: Timestamp::from_nanos(taken_at),
        original_size: 9,
        truncated: true,
    }
}

async fn put(store: &dyn EvidenceStore, bytes: &[u8], meta: EvidenceMeta) -> Sha256 {
    expected(store.put(bytes.to_vec(), meta).await, "put")
}

/// A file is kept by what it holds, in memory or not, and only as much of it as was asked for.
pub async fn files_are_kept_like_bytes(store: &dyn EvidenceStore) {
    use std::io::Write;
    let path = std::env::temp_dir().join(format!("vedette-contract-{}", std::process::id()));
    let options = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(&path);
    let mut file = expected(options, "temporary file");
    expected(std::fs::remove_file(&path), "remove");
    expected(file.write_all(b"abcdef"), "write");
    let abc = put(store, b"abc", meta(1, "bytes", 10)).await;
    let first = expected(file.try_clone(), "clone");
    let same = expected(store.put_file(first, 3, abc, meta(1, "file", 11)).await, "put");
    assert_eq!(same, abc);
    let wrong = Sha256::new([7; 32]);
    let whole = expected(store.put_file(file, 6, wrong, meta(1, "changed", 12)).await, "put");
    assert_ne!(whole, wrong);
    assert_eq!(expected(store.open(whole).await, "open"), Some(b"abcdef".to_vec()));
    assert_eq!(expected(store.evidence_of(&name(1)).await, "list").len(), 3);
}

/// What was put is listed under its finding in the order in which it was taken, and opened by its identity.
pub async fn evidence_is_listed_and_opened(store: &dyn EvidenceStore) {
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let late = put(store, b"abc", meta(1, "/bin/socat", 20)).await;
    assert_eq!(late.to_string(), abc);
    let early = put(store, b"", meta(1, "empty", 10)).await;
    put(store, b"other", meta(2, "x", 5)).await;

    let items = expected(store.evidence_of(&name(1)).await, "list");
    let listed: Vec<_> = items.iter().map(|i| (i.sha256, i.size, i.meta.clone())).collect();
    assert_eq!(listed, [(early, 0, meta(1, "empty", 10)), (late, 3, meta(1, "/bin/socat", 20))]);
    assert_eq!(expected(store.open(late).await, "open").as_deref(), Some(b"abc".as_slice()));
    assert_eq!(expected(store.open(early).await, "open").as_deref(), Some(b"".as_slice()));
    assert_eq!(expected(store.open(Sha256::new([7; 32])).await, "open"), None);
    assert_eq!(expected(store.evidence_of(&name(3)).await, "list"), []);
}

/// The same bytes twice are one piece; the same piece of the same finding is listed once.
pub async fn equal_bytes_are_kept_once(store: &dyn EvidenceStore) {
    let bytes = vec![0xA5; 100_000];
    let first = put(store, &bytes, meta(1, "/bin/socat", 1)).await;
    assert_eq!(put(store, &bytes, meta(1, "/bin/socat", 2)).await, first);
    assert_eq!(put(store, &bytes, meta(2, "/tmp/renamed", 3)).await, first);
    assert_eq!(
        expected(store.evidence_of(&name(1)).await, "list"),
        [crate::EvidenceItem { sha256: first, size: 100_000, meta: meta(1, "/bin/socat", 1) }]
    );
    assert_eq!(expected(store.evidence_of(&name(2)).await, "list").len(), 1);
}

/// A name that means something as a path, to a shell or to a database is a text and nothing else.
pub async fn hostile_names_are_only_shown(store: &dyn EvidenceStore) {
    let names =
        ["../../../etc/passwd", "/etc/shadow", "a\u{0}b", "", "'; --", "\u{202e}gpj.exe", &"x".repeat(5000)];
    for (at, label) in (0..).zip(names) {
        let sha256 = put(store, label.as_bytes(), meta(1, label, at)).await;
        let bytes = expected(store.open(sha256).await, "open");
        assert_eq!(bytes.as_deref(), Some(label.as_bytes()));
    }
    let items = expected(store.evidence_of(&name(1)).await, "list");
    let listed: Vec<&str> = items.iter().map(|i| i.meta.name.as_str()).collect();
    assert_eq!(listed, names);
}

/// A piece arrives in parts, goes on where it was, and is checked at its end.
pub async fn evidence_is_received_in_parts(store: &dyn EvidenceStore) {
    let whole: Vec<u8> = (0..3000_u32).flat_map(u32::to_be_bytes).collect();
    let total = whole.len() as u64;
    // kept once to learn its hash, and once more under it
    let sample = expected(store.put(whole[1..].to_vec(), meta(9, "rest", 1)).await, "a hash");
    let part = async |sha256, from: usize, until: usize, total| {
        let offset = from as u64;
        store.receive(sha256, offset, whole[from..until].to_vec(), total).await
    };
    assert_eq!(expected(store.received(sample).await, "received"), Received::Whole);
    let sha256: Sha256 = expected(WHOLE.parse(), "a hash");
    assert_eq!(expected(store.received(sha256).await, "received"), Received::Until(0));
    assert!(!expected(store.attach(sha256, meta(1, "whole", 1)).await, "attach"), "it is not here yet");
    assert_eq!(expected(part(sha256, 0, 5000, total).await, "part"), Received::Until(5000));
    assert_eq!(expected(part(sha256, 0, 5000, total).await, "again"), Received::Until(5000));
    assert_eq!(expected(part(sha256, 6000, 7000, total).await, "a gap"), Received::Until(5000));
    assert_eq!(expected(store.open(sha256).await, "open"), None);
    assert_eq!(expected(part(sha256, 5000, 12_000, total).await, "the end"), Received::Whole);
    assert_eq!(expected(store.open(sha256).await, "open"), Some(whole.clone()));
    assert!(expected(store.attach(sha256, meta(1, "whole", 1)).await, "attach"));
    let items = expected(store.evidence_of(&name(1)).await, "evidence");
    assert_eq!(items.iter().map(|item| (item.sha256, item.size)).collect::<Vec<_>>(), [(sha256, total)]);

    let other = Sha256::new([7; 32]);
    let answer = part(other, 0, 12_000, total).await;
    assert!(matches!(answer, Err(StoreError::Mismatch { .. })), "{answer:?}");
    assert_eq!(expected(store.received(other).await, "received"), Received::Until(0));
}

/// SHA-256 of the numbers below 3000, four bytes each, the largest byte first.
const WHOLE: &str = "4ea8764f2a4096a0d2eddf89699a1f37311e26aa8eaf501dd85b57ac453d02a0";
