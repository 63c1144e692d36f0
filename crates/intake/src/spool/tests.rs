use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use finding::{FindingResource, Timestamp};
use serde_json::json;
use store::{EvidenceItem, EvidenceKind, EvidenceMeta, Sha256};

use super::{Lane, Record, Spool, SpoolError};

const MIB: u64 = 1 << 20;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_nanos(seconds * 1_000_000_000)
}

fn name(number: usize) -> String {
    format!("organizations/1/sources/2/locations/global/findings/f{number}")
}

fn item(number: usize, padding: usize) -> FindingResource {
    let mut item = FindingResource::default();
    item.finding.name = name(number);
    item.finding.description = "x".repeat(padding);
    item
}

fn about(number: usize) -> EvidenceMeta {
    EvidenceMeta {
        finding: name(number).parse().unwrap(),
        kind: EvidenceKind::Executable,
        name: "/tmp/nc".into(),
        taken_at: at(1),
        original_size: 3,
        truncated: false,
    }
}

fn piece(number: usize, sha256: Sha256, size: u64) -> EvidenceItem {
    EvidenceItem { sha256, size, meta: about(number) }
}

fn all(spool: &Arc<Spool>, lane: Lane) -> Vec<Record> {
    let mut reader = spool.reader(lane);
    let mut records = Vec::new();
    while let Some((more, _)) = reader.next(7, 64 << 10).unwrap() {
        records.extend(more);
    }
    records
}

fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.finding.rsplit('/').next().unwrap()).collect()
}

#[test]
fn a_tail_torn_at_any_byte_costs_only_what_was_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let segment = folder.path().join("segments/00000000000000000001");
    let spool = Spool::open(folder.path(), MIB).unwrap();
    let mut ends = Vec::new();
    for number in 0..4 {
        spool.put_finding(&item(number, 30), at(1)).unwrap();
        ends.push(fs::metadata(&segment).unwrap().len());
    }
    drop(spool);
    let whole = fs::read(&segment).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&segment, &whole[..cut]).unwrap();
        let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
        let expected = ends.iter().filter(|end| **end <= cut as u64).count();
        assert_eq!(all(&spool, Lane::Findings).len(), expected, "cut at {cut}");
        // it goes on behind the cut, and the next start finds both
        spool.put_finding(&item(9, 1), at(1)).unwrap();
        drop(spool);
        let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
        assert_eq!(all(&spool, Lane::Findings).len(), expected + 1, "cut at {cut}");
        drop(spool);
        for extra in fs::read_dir(folder.path().join("segments")).unwrap() {
            fs::remove_file(extra.unwrap().path()).unwrap();
        }
    }
}

#[test]
fn a_flipped_byte_is_never_read_as_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), MIB).unwrap();
    spool.put_findings(&[item(0, 5), item(1, 5), item(2, 5)], at(1)).unwrap();
    drop(spool);
    let segment = folder.path().join("segments/00000000000000000001");
    let whole = fs::read(&segment).unwrap();
    for position in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[position] ^= 0x55;
        fs::write(&segment, &flipped).unwrap();
        let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
        let read = all(&spool, Lane::Findings);
        assert!(["f0", "f1"].starts_with(&names(&read)), "{position}: {:?}", names(&read));
        assert!(spool.status().losses.torn + spool.status().losses.damaged > 0, "{position}");
    }
}

#[test]
fn order_numbers_grow_when_the_clock_goes_back_and_across_starts() {
    let folder = tempfile::tempdir().unwrap();
    let mut last = 0;
    for (round, seconds) in [1000, 10, 2000, 1].into_iter().enumerate() {
        let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
        for number in 0..3 {
            let order = spool.put_finding(&item(round * 3 + number, 1), at(seconds - number as i64)).unwrap();
            assert!(order > last, "{order} after {last}");
            last = order;
        }
        // everything is delivered and gone: the numbers go on nevertheless
        spool.delivered(Lane::Findings, last).unwrap();
        spool.delivered(Lane::Evidence, last).unwrap();
    }
}

#[test]
fn a_reader_goes_on_when_what_it_read_is_delivered_and_gone() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), MIB).unwrap();
    spool.put_finding(&item(1, 5), at(1)).unwrap();
    drop(spool);
    // the segment of an earlier run is not written any more, and goes as soon as all of it is delivered
    for padding in [0, 4_000] {
        let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
        let mut reader = spool.reader(Lane::Findings);
        let (records, last) = reader.next(9, 64 << 10).unwrap().unwrap();
        assert_eq!(records.len(), 1);
        for lane in [Lane::Findings, Lane::Evidence] {
            spool.delivered(lane, last).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path().join("segments")).unwrap().count(), 0);
        spool.put_finding(&item(2, padding), at(2)).unwrap();
        let (records, _) = reader.next(9, 64 << 10).unwrap().unwrap();
        assert_eq!(names(&records), ["f2"]);
    }
}

#[test]
fn evidence_is_kept_once_and_goes_when_its_last_record_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let sha256 = spool.put_evidence(b"abc", &about(1), at(1)).unwrap();
    assert_eq!(spool.put_evidence(b"abc", &about(2), at(1)).unwrap(), sha256);
    let files = || fs::read_dir(folder.path().join("evidence")).unwrap().count();
    assert_eq!(files(), 1);
    let records = all(&spool, Lane::Evidence);
    assert_eq!(names(&records), ["f1", "f2"]);
    spool.delivered(Lane::Evidence, records[0].order).unwrap();
    assert_eq!(files(), 1);
    spool.delivered(Lane::Evidence, records[1].order).unwrap();
    assert_eq!(files(), 0);
}

#[test]
fn when_full_evidence_goes_first_and_then_the_oldest_findings() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let old = spool.put_evidence(&[1; 300 << 10], &about(0), at(1)).unwrap();
    let new = spool.put_evidence(&[2; 300 << 10], &about(0), at(1)).unwrap();
    for number in 0..5 {
        spool.put_finding(&item(number, 100 << 10), at(1)).unwrap();
    }
    assert!(spool.open_evidence(old).is_none(), "the older piece made room");
    assert!(spool.open_evidence(new).is_some(), "the newer one did not have to");
    assert_eq!(all(&spool, Lane::Findings).len(), 5, "no finding went while there was evidence");
    for number in 5..20 {
        spool.put_finding(&item(number, 100 << 10), at(1)).unwrap();
        assert!(spool.status().bytes <= MIB);
    }
    let left = all(&spool, Lane::Findings);
    let lost = spool.status().losses.findings;
    assert!(lost > 0);
    assert_eq!(left.len() as u64 + lost, 20, "each is here or counted");
    assert_eq!(left.last().unwrap().finding, name(19), "the newest are kept");
    // evidence makes no finding go
    assert!(matches!(spool.put_evidence(&[3; 400 << 10], &about(0), at(1)), Err(SpoolError::Full { .. })));
    assert_eq!(all(&spool, Lane::Findings).len(), left.len());
    drop(spool);
    let spool = Spool::open(folder.path(), MIB).unwrap();
    assert_eq!(spool.status().losses.findings, lost, "counted across a start");
}

#[test]
fn evidence_that_is_dropped_is_counted_then_and_across_starts() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let shared = spool.put_evidence(&[1; 300 << 10], &about(0), at(1)).unwrap();
    spool.put_evidence(&[1; 300 << 10], &about(1), at(1)).unwrap();
    let lost = |spool: &Spool| spool.status().losses.evidence;
    for number in 2..5 {
        spool.put_evidence(&[number; 300 << 10], &about(number.into()), at(1)).unwrap();
    }
    assert_eq!(lost(&spool), 2, "two findings lost the one piece that both have");
    let position = fs::read_to_string(folder.path().join("position.json")).unwrap();
    assert!(position.contains("\"evidence\":2"), "{position}");
    drop(spool);
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    assert_eq!(lost(&spool), 2);
    // its turn comes: it is counted already
    spool.unreadable_evidence(shared);
    assert_eq!(lost(&spool), 2);
    // the same bytes come again: now the first of the others has to go
    spool.put_evidence(&[1; 300 << 10], &about(9), at(1)).unwrap();
    assert_eq!(lost(&spool), 1);
    assert!(spool.open_evidence(shared).is_some());
    // what was not accepted counts once, too
    spool.not_kept(&[piece(7, Sha256::new([7; 32]), 5)], at(1), false);
    assert_eq!(lost(&spool), 2);
    drop(spool);
    assert_eq!(lost(&Spool::open(folder.path(), MIB).unwrap()), 2);
}

#[test]
fn a_finding_says_what_it_lost_in_this_version_and_in_later_ones() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let sha256 = Sha256::new([7; 32]);
    let mut listed = item(1, 10);
    listed.finding.vedette.insert(
        "evidence".into(),
        json!([
            {"kind": "EXECUTABLE", "name": "/tmp/nc", "sha256": sha256.to_string(), "size": "5"},
            {"kind": "SCRIPT", "name": "/tmp/x", "sha256": "00", "size": "1"},
        ]),
    );
    listed.finding.vedette.insert("coverage".into(), json!({"complete": true, "lost": {}}));
    spool.put_finding(&listed, at(1)).unwrap();
    spool.not_kept(&[piece(1, sha256, 5)], at(1), false);
    drop(spool);
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let records = all(&spool, Lane::Evidence);
    spool.tell_lost(&records, at(2)).unwrap();
    spool.put_finding(&listed, at(3)).unwrap();
    let versions = all(&spool, Lane::Findings);
    assert_eq!(versions.len(), 3);
    for version in &versions[1..] {
        let said: FindingResource = serde_json::from_slice(&version.json).unwrap();
        let said = said.finding.vedette;
        assert_eq!(said["evidence"].as_array().unwrap().len(), 1);
        assert_eq!(said["evidenceLost"][0]["sha256"], sha256.to_string());
        let missing = said["evidenceMissing"][0].as_str().unwrap();
        assert!(missing.starts_with("/tmp/nc: EXECUTABLE: taken, but "), "{missing}");
        assert_eq!(said["coverage"], json!({"complete": false, "lost": {"evidence": 1}}));
    }
    // it is said once
    spool.tell_lost(&records, at(4)).unwrap();
    assert_eq!(all(&spool, Lane::Findings).len(), 3);
}

#[test]
fn refused_findings_are_kept_aside_each_once_and_not_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let orders: Vec<i64> =
        (0..105).map(|number| spool.put_finding(&item(number, 1), at(1)).unwrap()).collect();
    let again = spool.put_finding(&item(104, 2), at(1)).unwrap();
    for order in orders.iter().chain([&again]) {
        spool.set_refused_aside(*order, "it is another node's").unwrap().unwrap();
    }
    assert_eq!(spool.set_refused_aside(again + 1, "x").unwrap(), None);
    let mut files: Vec<_> =
        fs::read_dir(folder.path().join("refused")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(files.len(), 100);
    let name = |at: usize| files[at].file_name().unwrap().to_str().unwrap();
    assert!(name(0).ends_with("-f5.json") && name(99).ends_with("-f104.json"), "{} {}", name(0), name(99));
    assert_eq!(fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&files[99]).unwrap();
    assert!(text.contains("it is another node's") && text.contains("\"xx\""), "{text}");
}

#[test]
fn a_hostile_folder_is_set_aside_and_the_spool_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    drop(Spool::open(folder.path(), MIB).unwrap());
    let segments = folder.path().join("segments");
    fs::write(segments.join("00000000000000000003"), b"something else entirely").unwrap();
    fs::write(segments.join("../segments/passwd"), b"x").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", segments.join("00000000000000000004")).unwrap();
    fs::create_dir(segments.join("00000000000000000005")).unwrap();
    fs::write(folder.path().join("evidence/what"), b"x").unwrap();
    fs::write(folder.path().join("position.json"), b"{\"order\": \"").unwrap();
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    assert!(spool.status().losses.damaged >= 5, "{:?}", spool.status());
    spool.put_finding(&item(1, 1), at(1)).unwrap();
    assert_eq!(all(&spool, Lane::Findings).len(), 1);
    assert_eq!(fs::read_dir(folder.path().join("damaged")).unwrap().count(), 6);
}

#[test]
fn one_folder_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let _spool = Spool::open(folder.path(), MIB).unwrap();
    assert!(matches!(Spool::open(folder.path(), MIB), Err(SpoolError::InUse { .. })));
}

#[test]
fn a_full_disk_costs_what_does_not_fit_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mount = |arguments: &[&str]| {
        std::process::Command::new(arguments[0])
            .args(&arguments[1..])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=256k", "none"]) {
        println!("skipped: no right to mount a small file system");
        return;
    }
    let spool = Arc::new(Spool::open(folder.path(), 64 * MIB).unwrap());
    let mut accepted = 0;
    let mut failed = 0;
    for number in 0..40 {
        match spool.put_finding(&item(number, 20 << 10), at(1)) {
            Ok(_) => accepted += 1,
            Err(SpoolError::Io { .. }) => failed += 1,
            Err(error) => panic!("{error}"),
        }
    }
    let read = all(&spool, Lane::Findings).len();
    let lost = spool.status().losses.findings;
    // room again: it goes on
    spool.delivered(Lane::Evidence, i64::MAX - 1).ok();
    drop(spool);
    let again =
        Spool::open(folder.path(), 64 * MIB).map(Arc::new).map(|spool| all(&spool, Lane::Findings).len());
    assert!(mount(&["umount", "-l"]));
    assert!(accepted > 0 && failed > 0);
    assert_eq!((read, lost), (accepted, failed));
    assert_eq!(again.unwrap(), accepted);
}

#[test]
fn evidence_that_a_kill_came_before_is_told_lost_unless_it_is_taken_again() {
    let folder = tempfile::tempdir().unwrap();
    let sha256 = |bytes: &[u8]| {
        Sha256::new(sha2::Digest::finalize(sha2::Digest::chain_update(sha2::Sha256::default(), bytes)).into())
    };
    let announced = |number, bytes: &[u8]| piece(number, sha256(bytes), bytes.len() as u64);
    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let pieces = [announced(1, b"kept"), announced(2, b"again"), announced(3, b"never")];
    let last = spool.try_findings(&[item(1, 1), item(2, 1), item(3, 1)], &pieces, at(1)).unwrap();
    assert_eq!(names(&all(&spool, Lane::Evidence)), [""; 0], "nothing to send yet");
    spool.put_evidence(b"kept", &about(1), at(1)).unwrap();
    assert_eq!(names(&all(&spool, Lane::Evidence)), ["f1"]);
    for lane in [Lane::Findings, Lane::Evidence] {
        spool.delivered(lane, last + 1).unwrap();
    }
    spool.give_up_promised(at(2));
    assert_eq!(spool.status().losses.evidence, 0, "this run may still keep them");
    drop(spool);

    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    let taken_later = EvidenceMeta { taken_at: at(3), ..about(2) };
    spool.put_evidence(b"again", &taken_later, at(3)).unwrap();
    spool.try_findings(&[item(4, 1)], &[announced(4, b"of this run")], at(3)).unwrap();
    spool.give_up_promised(at(4));
    assert_eq!(spool.status().losses.evidence, 1);
    let records = all(&spool, Lane::Evidence);
    assert_eq!(names(&records), ["f1", "f2", "f3"], "what was delivered after a promise is sent again");
    spool.tell_lost(&records[2..], at(4)).unwrap();
    let told = all(&spool, Lane::Findings).pop().unwrap();
    let told: FindingResource = serde_json::from_slice(&told.json).unwrap();
    assert_eq!(told.finding.name, name(3));
    assert_eq!(told.finding.vedette["evidenceLost"][0]["sha256"], sha256(b"never").to_string());
    spool.put_evidence(b"of this run", &about(4), at(5)).unwrap();
    spool.delivered(Lane::Evidence, at(9).nanos() / 1_000).unwrap();
    drop(spool);

    let spool = Arc::new(Spool::open(folder.path(), MIB).unwrap());
    spool.give_up_promised(at(6));
    assert_eq!(spool.status().losses.evidence, 1, "each is lost once");
    assert!(all(&spool, Lane::Evidence).is_empty());
}
