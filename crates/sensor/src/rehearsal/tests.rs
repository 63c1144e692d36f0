use super::{RehearsalError, rehearse};
use crate::tests::shell;
use crate::{Made, RecordTo, Recorder, Recording};
use detection::{Settings, Verdict};
use findings::Place;
use probe_abi::RecordExec;
use std::io::Cursor;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

fn recorded(records: &[Vec<u8>]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("day.rec");
    let made =
        Made { boot_id: "boot".into(), boot_time_nanos: 5, node: "node-7".into(), kernel: "6.1".into() };
    let mut recorder = Recorder::create(&RecordTo { path: path.clone(), overwrite: false }, &made).unwrap();
    records.iter().for_each(|record| recorder.write(record).unwrap());
    recorder.finish().unwrap();
    std::fs::read(path).unwrap()
}

fn rehearsed(bytes: Vec<u8>, limit: Duration) -> Result<super::Rehearsal, RehearsalError> {
    let recording = Recording::of("the body".as_ref(), Cursor::new(bytes))?;
    rehearse(recording, Place::local("n", "m", "k"), Settings::default(), limit)
}

/// A program without a connection.
fn fixed(pid: u32) -> Vec<u8> {
    let shell = shell();
    let mut exec = RecordExec::read(&shell).unwrap();
    exec.header.pid = pid;
    exec.process.pid = pid;
    exec.descriptors.clear();
    exec.arguments = b"/bin/sh\0-c\0date\0".to_vec().into();
    exec.write()
}

#[test]
fn findings_and_the_conditions_of_each_program_are_told() {
    let rehearsal = rehearsed(recorded(&[shell(), fixed(12)]), LONG).unwrap();
    assert_eq!((rehearsal.records, rehearsal.findings.len(), rehearsal.findings_left_out), (2, 1, 0));
    assert_eq!(rehearsal.findings[0].finding.vedette["story"]["routes"][0]["endpoint"]["pid"], "11");
    let told: Vec<_> = rehearsal.examined.iter().map(|e| (e.pid, e.module, e.verdict)).collect();
    assert_eq!(told[0], (11, "REVERSE_SHELL", Verdict::Found));
    assert!(told.contains(&(11, "SOCAT_REVERSE_SHELL_DETECTED", Verdict::Quiet)), "{told:?}");
    assert!(told.contains(&(12, "REVERSE_SHELL", Verdict::Quiet)), "{told:?}");
    assert_eq!(rehearsal.examined[0].command_line, "/bin/sh -i");
    for examined in &rehearsal.examined {
        assert_eq!(Verdict::of(&examined.conditions), examined.verdict);
    }
}

#[test]
fn what_is_told_is_bounded() {
    let records: Vec<Vec<u8>> = (100..1_400).map(fixed).collect();
    let rehearsal = rehearsed(recorded(&records), LONG).unwrap();
    assert_eq!((rehearsal.records, rehearsal.examined.len()), (1_300, 100));
    let late = rehearsed(recorded(&records), Duration::ZERO).unwrap_err();
    assert!(matches!(late, RehearsalError::TooLong { records: 256, .. }), "{late}");
}

#[test]
fn hostile_bytes_are_refused_or_replayed_and_nothing_else() {
    let good = recorded(&[shell(), fixed(12)]);
    assert!(matches!(rehearsed(b"no recording".to_vec(), LONG), Err(RehearsalError::Recording(_))));
    for at in (0..good.len()).step_by(3) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        match rehearsed(bytes, LONG) {
            Ok(rehearsal) => assert!(rehearsal.records <= 2),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        let _ = rehearsed(good[..at].to_vec(), LONG);
    }
}
