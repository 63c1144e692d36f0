//! The evidence's half of the contract.

use finding::Timestamp;

use super::{example, expected, name};
use crate::{
    EvidenceKind, EvidenceMeta, EvidenceStore, FindingStore, Part, Received, SMALLEST_UNFINISHED, Sha256,
    StoreError,
};

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

    let mut stored = expected(store.stored_times(&name(1)).await, "times");
    stored.sort_by_key(|(sha256, _)| *sha256);
    let mut pieces = [early, late];
    pieces.sort();
    assert_eq!(stored.iter().map(|(sha256, _)| *sha256).collect::<Vec<_>>(), pieces);
    assert!(stored.iter().all(|(_, time)| time.nanos() > 1_700_000_000_000_000_000), "{stored:?}");
    assert_eq!(expected(store.stored_times(&name(3)).await, "times"), []);
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

fn whole() -> Vec<u8> {
    (0..3000_u32).flat_map(u32::to_be_bytes).collect()
}

/// What a holder sends of [`whole`] for a finding.
fn part(holder: &str, n: i64, bytes: &[u8], offset: usize) -> Part {
    Part {
        holder: holder.to_owned(),
        sha256: expected(WHOLE.parse(), "a hash"),
        meta: meta(n, "whole", 1),
        total: 12_000,
        offset: offset as u64,
        bytes: bytes.to_vec(),
        quota: 1 << 20,
    }
}

async fn send(store: &dyn EvidenceStore, part: Part) -> Received {
    expected(store.receive(part).await, "a part")
}

/// A piece arrives in parts, goes on where it was, and is checked at its end.
pub async fn evidence_is_received_in_parts(store: &dyn EvidenceStore) {
    let whole = whole();
    let next = |from: usize, until: usize| part("a", 1, &whole[from..until], from);
    let sha256 = next(0, 0).sha256;
    assert_eq!(send(store, next(0, 0)).await, Received::Until(0));
    assert_eq!(send(store, next(0, 5000)).await, Received::Until(5000));
    assert_eq!(send(store, next(0, 5000)).await, Received::Until(5000));
    assert_eq!(send(store, next(6000, 7000)).await, Received::Until(5000), "a gap");
    assert_eq!(send(store, next(0, 0)).await, Received::Until(5000), "a question");
    assert_eq!(expected(store.open(sha256).await, "open"), None);
    assert_eq!(expected(store.evidence_of(&name(1)).await, "evidence"), []);
    assert_eq!(send(store, next(5000, 12_000)).await, Received::Whole);
    assert_eq!(expected(store.open(sha256).await, "open"), Some(whole.clone()));
    let items = expected(store.evidence_of(&name(1)).await, "evidence");
    assert_eq!(items.iter().map(|item| (item.sha256, item.size)).collect::<Vec<_>>(), [(sha256, 12_000)]);

    let other = Part { sha256: Sha256::new([7; 32]), ..next(0, 12_000) };
    let answer = store.receive(other.clone()).await;
    assert!(matches!(answer, Err(StoreError::Mismatch { .. })), "{answer:?}");
    assert_eq!(send(store, Part { bytes: Vec::new(), ..other }).await, Received::Until(0));
    let empty = Part { sha256: expected(EMPTY.parse(), "a hash"), total: 0, ..next(0, 0) };
    assert_eq!(send(store, empty).await, Received::Whole);
}

/// Whoever knows a hash has not shown that it has the bytes: they come from the holder, or the very finding has them.
pub async fn a_hash_alone_opens_nothing(store: &dyn EvidenceStore) {
    let whole = whole();
    assert_eq!(send(store, part("a", 1, &whole, 0)).await, Received::Whole);
    put(store, &whole, meta(3, "kept otherwise", 1)).await;
    for holder in ["b", "a"] {
        assert_eq!(send(store, part(holder, 2, &[], 0)).await, Received::Until(0), "{holder}");
    }
    // at its end already, so it says
    assert_eq!(send(store, part("b", 2, &[], 12_000)).await, Received::Until(0));
    assert_eq!(send(store, part("b", 2, &whole[11_999..], 11_999)).await, Received::Until(0));
    assert_eq!(expected(store.evidence_of(&name(2)).await, "evidence"), []);

    // the very finding has it: nothing is sent again, and it may have it under another name
    assert_eq!(send(store, part("a", 1, &[], 0)).await, Received::Whole);
    assert_eq!(expected(store.evidence_of(&name(1)).await, "evidence").len(), 1);
    let again = Part { meta: meta(1, "renamed", 2), ..part("a", 1, &[], 0) };
    assert_eq!(send(store, again).await, Received::Whole);
    assert_eq!(expected(store.evidence_of(&name(1)).await, "evidence").len(), 2);

    assert_eq!(send(store, part("b", 2, &whole, 0)).await, Received::Whole);
    assert_eq!(expected(store.evidence_of(&name(2)).await, "evidence").len(), 1);
    assert_eq!(expected(store.open(part("b", 2, &[], 0).sha256).await, "open"), Some(whole));
}

/// An unfinished piece is its holder's: what another sends under the same hash neither helps nor harms.
pub async fn unfinished_evidence_is_its_holders(store: &dyn EvidenceStore) {
    let whole = whole();
    let hostile = "../../a\u{0}";
    assert_eq!(send(store, part(hostile, 1, &[0xFF; 11_999], 0)).await, Received::Until(11_999));
    assert_eq!(send(store, part("a", 2, &[], 0)).await, Received::Until(0));
    assert_eq!(send(store, part("a", 2, &whole[..5000], 0)).await, Received::Until(5000));
    let answer = store.receive(part(hostile, 1, &[0xFF], 11_999)).await;
    assert!(matches!(answer, Err(StoreError::Mismatch { .. })), "{answer:?}");
    assert_eq!(send(store, part(hostile, 1, &[], 0)).await, Received::Until(0));
    assert_eq!(send(store, part("a", 2, &whole[5000..], 5000)).await, Received::Whole);
    assert_eq!(expected(store.evidence_of(&name(1)).await, "evidence"), []);
}

/// What a holder has begun takes no more than its quota, in one large piece or in many small ones.
pub async fn unfinished_evidence_has_a_quota(store: &dyn EvidenceStore) {
    let whole = whole();
    let begun = |number: u8| Part {
        sha256: Sha256::new([number; 32]),
        quota: 2 * SMALLEST_UNFINISHED,
        ..part("a", 1, &[1], 0)
    };
    assert_eq!(send(store, begun(1)).await, Received::Until(1));
    assert_eq!(send(store, begun(2)).await, Received::Until(1));
    let answer = store.receive(begun(3)).await;
    assert!(matches!(answer, Err(StoreError::Quota { .. })), "{answer:?}");
    let large = vec![1; 70_000];
    let answer = store.receive(Part { offset: 1, bytes: large, total: 80_000, ..begun(1) }).await;
    assert!(matches!(answer, Err(StoreError::Quota { .. })), "{answer:?}");
    // another holder's are not counted, and what was begun goes on
    let other = Part { quota: SMALLEST_UNFINISHED, ..part("b", 1, &whole, 0) };
    assert_eq!(send(store, other).await, Received::Whole);
    assert_eq!(send(store, Part { offset: 1, ..begun(1) }).await, Received::Until(2));
}

/// Uploads that stopped, and evidence that no finding came for, go after some time; evidence of findings stays.
pub async fn what_nobody_waits_for_is_swept<S: FindingStore + EvidenceStore>(store: &S) {
    let whole = whole();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_nanos()).unwrap_or_default();
    let hour = 3_600_000_000_000;
    expected(store.upsert(&example(1), 1, Timestamp::from_nanos(now)).await, "a finding");
    let shared = put(store, b"shared", meta(1, "a", 1)).await;
    put(store, b"shared", meta(2, "b", now + 100 * hour)).await;
    let lonely = put(store, b"lonely", meta(2, "c", now + 100 * hour)).await;
    assert_eq!(send(store, part("a", 1, &whole[..5000], 0)).await, Received::Until(5000));

    assert_eq!(expected(store.sweep(Timestamp::from_nanos(now - hour)).await, "sweep"), 0);
    assert_eq!(expected(store.evidence_of(&name(2)).await, "evidence").len(), 2);
    assert_eq!(send(store, part("a", 1, &[], 0)).await, Received::Until(5000));

    let mut swept = 0;
    loop {
        match expected(store.sweep(Timestamp::from_nanos(now + hour)).await, "sweep") {
            0 => break,
            some => swept += some,
        }
    }
    assert_eq!(swept, 4, "an upload, two records and a piece");
    assert_eq!(send(store, part("a", 1, &[], 0)).await, Received::Until(0));
    assert_eq!(expected(store.evidence_of(&name(2)).await, "evidence"), []);
    assert_eq!(expected(store.open(lonely).await, "open"), None);
    assert_eq!(expected(store.evidence_of(&name(1)).await, "evidence").len(), 1);
    assert!(expected(store.open(shared).await, "open").is_some());
}

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// SHA-256 of the numbers below 3000, four bytes each, the largest byte first.
const WHOLE: &str = "4ea8764f2a4096a0d2eddf89699a1f37311e26aa8eaf501dd85b57ac453d02a0";
