use crate::{Decoded, decode};
use event::{Direction, Event, FileSystem, Object, SocketState};
use probe_abi::{
    RecordAncestor, RecordDescriptor, RecordExec, RecordHeader, RecordKind, RecordProcess, flags,
};
use proptest::prelude::*;

pub(crate) fn record() -> RecordExec<'static> {
    let header = RecordHeader { length: 0, kind: RecordKind::Exec, time_ns: 7, cgroup: 9, pid: 42, cpu: 1 };
    let socket = RecordDescriptor::connection(0, 77, 40000, ([127, 0, 0, 1], 4444));
    RecordExec {
        pid_in_namespace: 3,
        session: 42,
        uid: 1000,
        gid: 1000,
        flags: flags::OVERLAY_UPPER | flags::ENVIRONMENT_TRUNCATED,
        name: *b"sh\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        executable_device: 8,
        executable_inode: 11,
        executable_changed_ns: 12,
        executable_size: 13,
        executable_magic: 0x794c_7630,
        ancestors: vec![RecordAncestor { pid: 41, start_ns: 4, ..RecordAncestor::default() }],
        descriptors: vec![socket, socket, RecordDescriptor { number: 2, ..RecordDescriptor::default() }],
        path: b"dash\0bin\0usr\0".to_vec().into(),
        invoked_as: b"/bin/sh\0".to_vec().into(),
        cgroup: b"leaf\0kubepods\0".to_vec().into(),
        arguments: b"sh\0-i\0".to_vec().into(),
        environment: b"A=1\0B=cut in t|he middle\0SOCAT_PID=4\0".to_vec().into(),
        environment_head: 15,
        ..RecordExec::of(header, RecordProcess { pid: 42, start_ns: 5 })
    }
}

#[test]
fn an_exec_record_becomes_an_exec() {
    let Ok(Decoded::Event(Event::Exec(exec))) = decode(&record().write()) else { panic!("not an exec") };
    assert_eq!(exec.executable.path.to_string(), "/usr/bin/dash");
    assert_eq!(exec.working_directory.to_string(), "/");
    assert_eq!(exec.executable.file_system, FileSystem::Overlay { upper: true });
    assert_eq!(exec.arguments.values.len(), 2);
    assert_eq!(exec.environment.get("A"), Some(b"1".as_slice()));
    assert_eq!(exec.environment.get("B"), None, "an entry that was cut is not shown");
    assert_eq!(exec.environment.get("SOCAT_PID"), Some(b"4".as_slice()));
    assert_eq!(exec.cgroup.path[0].to_string(), "kubepods");
    let Object::Internet(socket) = exec.descriptors[0].object else { panic!("not a socket") };
    assert_eq!(socket.direction, Direction::Connected);
    assert_eq!(socket.state, SocketState::Connected);
    assert_eq!(socket.remote.port, 4444);
}

#[test]
fn a_record_of_another_version_is_refused_by_name() {
    let mut bytes = record().write();
    bytes[6] = 99;
    assert_eq!(decode(&bytes).map_err(|e| e.field), Err("abi"));
}

proptest! {
    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn a_damaged_record_never_panics(at in 0usize..900, value in any::<u8>(), cut in 0usize..1000) {
        let mut bytes = record().write();
        let at = at % bytes.len();
        bytes[at] = value;
        bytes.truncate(bytes.len().min(cut.max(1)));
        let _ = decode(&bytes);
    }

    #[test]
    fn writing_and_reading_agree(arguments in proptest::collection::vec(any::<u8>(), 0..4096), session in any::<u32>()) {
        let mut wanted = record();
        wanted.arguments = arguments.into();
        wanted.session = session;
        let bytes = wanted.write();
        let read = RecordExec::read(&bytes).unwrap();
        wanted.header.length = bytes.len() as u32;
        prop_assert_eq!(read, wanted);
    }
}
