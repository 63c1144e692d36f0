use super::{Keeping, run};
use crate::{Delivery, EvidenceContent};
use crossbeam_channel::{Sender, bounded};
use finding::FindingResource;
use findings::EvidenceItem;
use host::Content;
use intake::{Losses, Spool};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

const MIB: u64 = 1 << 20;

fn named(number: usize, description: &str) -> Box<FindingResource> {
    let mut item = FindingResource::default();
    item.finding.name = format!("organizations/1/sources/2/locations/global/findings/f{number}");
    item.finding.description = description.into();
    Box::new(item)
}

fn bare(number: usize) -> Delivery {
    Delivery { finding: named(number, "bare"), evidence: Vec::new() }
}

fn piece(bytes: &[u8], content: Content) -> EvidenceContent {
    let item = EvidenceItem {
        kind: "EXECUTABLE",
        name: "/tmp/nc".into(),
        sha256: host::sha256(bytes),
        size: bytes.len() as u64,
        original_size: bytes.len() as u64,
        truncated: false,
        taken_at_ns: 1,
    };
    EvidenceContent { item, content }
}

/// Everything that waits in the folder's segments.
fn segments(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder.join("segments")).unwrap();
    files.flat_map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

fn holds(folder: &Path, words: &str) -> bool {
    segments(folder).windows(words.len()).any(|part| part == words.as_bytes())
}

fn eventually(mut holds: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if holds() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not become so");
}

/// Runs a keeper beside `act`, to which it leaves the sensor's end of the channel.
fn beside(spool: &Spool, keeping: &Keeping, act: impl FnOnce(Sender<Delivery>)) {
    let (out, deliveries) = bounded(1_024);
    thread::scope(|scope| {
        scope.spawn(|| run(&deliveries, spool, keeping));
        act(out);
    });
}

#[test]
fn findings_and_evidence_are_in_the_spool_when_the_sensor_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 4 * MIB).unwrap();
    let keeping = Keeping::default();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"a file, and what was appended").unwrap();
    let evidence =
        vec![piece(b"bytes", Content::Bytes(b"bytes".to_vec())), piece(b"a file", Content::File(file))];
    beside(&spool, &keeping, |out| {
        out.send(Delivery { finding: named(1, "with evidence"), evidence }).unwrap();
        (2..200).for_each(|number| out.send(bare(number)).unwrap());
    });
    for number in 1..200 {
        assert!(holds(folder.path(), &format!("findings/f{number}\"")), "{number}");
    }
    for (bytes, name) in [("bytes", host::sha256(b"bytes")), ("a file", host::sha256(b"a file"))] {
        assert_eq!(fs::read(folder.path().join("evidence").join(name)).unwrap(), bytes.as_bytes());
    }
    assert_eq!(keeping.evidence.load(Ordering::Relaxed), 2);
    assert_eq!(spool.status().losses, Losses::default());
}

#[test]
fn what_the_disk_refuses_is_offered_again_and_the_newest_version_counts() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 4 * MIB).unwrap();
    let keeping = Keeping::default();
    let (here, away) = (folder.path().join("segments"), folder.path().join("elsewhere"));
    fs::rename(&here, &away).unwrap();
    let waiting = || keeping.waiting.load(Ordering::Relaxed);
    beside(&spool, &keeping, |out| {
        out.send(bare(1)).unwrap();
        out.send(Delivery { finding: named(2, "older"), evidence: Vec::new() }).unwrap();
        eventually(|| waiting() == 2);
        out.send(Delivery { finding: named(2, "newer"), evidence: Vec::new() }).unwrap();
        out.send(bare(3)).unwrap();
        eventually(|| waiting() == 3);
        fs::rename(&away, &here).unwrap();
        eventually(|| waiting() == 0);
    });
    assert!(holds(folder.path(), "findings/f1\"") && holds(folder.path(), "findings/f3\""));
    assert!(holds(folder.path(), "newer") && !holds(folder.path(), "older"));
    assert_eq!(spool.status().losses, Losses::default(), "nothing was lost");
}

#[test]
fn what_is_never_taken_holds_nobody_up_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 4 * MIB).unwrap();
    let keeping = Keeping::default();
    for part in ["segments", "evidence"] {
        fs::rename(folder.path().join(part), folder.path().join(format!("no-{part}"))).unwrap();
    }
    beside(&spool, &keeping, |out| {
        // more than are kept in memory: the others wait where the sensor sees that there is no room
        for number in 0..super::UNKEPT_MAX + 100 {
            let evidence = vec![piece(b"bytes", Content::Bytes(b"bytes".to_vec()))];
            out.send(Delivery { finding: named(number, "x"), evidence }).unwrap();
        }
        eventually(|| keeping.waiting.load(Ordering::Relaxed) >= super::UNKEPT_MAX as u64);
        keeping.ends.store(true, Ordering::Release);
    });
    let all = super::UNKEPT_MAX as u64 + 100;
    let Losses { findings, evidence, .. } = spool.status().losses;
    assert_eq!(findings, all);
    assert_eq!(evidence + keeping.evidence_lost.load(Ordering::Relaxed), all);
}

#[test]
fn one_finding_that_is_too_large_costs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 16 * MIB).unwrap();
    let keeping = Keeping::default();
    let large = "x".repeat(7 << 20);
    beside(&spool, &keeping, |out| {
        out.send(bare(1)).unwrap();
        out.send(Delivery { finding: named(2, &large), evidence: Vec::new() }).unwrap();
        out.send(bare(3)).unwrap();
    });
    assert!(holds(folder.path(), "findings/f1\"") && holds(folder.path(), "findings/f3\""));
    assert_eq!(spool.status().losses.findings, 1);
}
