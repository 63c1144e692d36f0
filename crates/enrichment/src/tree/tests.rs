use super::*;
use event::FileIdentity;

fn key(pid: u32, start_ns: u64) -> ProcessKey {
    ProcessKey { pid, start_ns }
}

fn fork(parent: ProcessKey, child: ProcessKey) -> Fork {
    Fork { time_ns: child.start_ns, child, parent, cgroup: 1 }
}

#[test]
fn a_reused_pid_is_another_process() {
    let mut tree = Tree::default();
    let (parent, first, second) = (key(1, 1), key(2, 10), key(2, 20));
    tree.fork(&fork(parent, first));
    tree.exit(&Exit { time_ns: 15, process: first, cgroup: 1, status: 0 });
    tree.fork(&fork(key(9, 9), second));
    assert_eq!(tree.get(first).unwrap().parent, Some(parent));
    assert_eq!(tree.get(second).unwrap().parent, Some(key(9, 9)));
    assert!(tree.get(first).unwrap().ended_ns.is_some());
    assert!(tree.get(second).unwrap().ended_ns.is_none());
}

#[test]
fn a_birth_that_is_told_before_what_its_parent_executed_is_put_right() {
    let (shell, client, server) = (key(1, 1), key(2, 10), key(3, 30));
    let runs = |process: ProcessKey, inode, above: &[(ProcessKey, u64)]| {
        let identity = |inode| FileIdentity { device: 1, inode, changed_ns: 1 };
        let mut exec = crate::fixture::exec(process);
        exec.executable.identity = identity(inode);
        let ancestor = |(process, inode): &(ProcessKey, u64)| Ancestor {
            process: *process,
            name: Text::default(),
            executable: Some(identity(*inode)),
            cgroup: 1,
        };
        exec.ancestors = above.iter().map(ancestor).collect();
        Arc::new(exec)
    };
    let mut tree = Tree::default();
    tree.exec(&runs(shell, 7, &[]));
    tree.fork(&fork(shell, client));
    tree.fork(&fork(client, server));
    tree.exec(&runs(client, 8, &[(shell, 7)]));
    assert_eq!(tree.get(server).unwrap().image.as_ref().unwrap().exec.executable.identity.inode, 7);
    tree.exec(&runs(key(4, 40), 9, &[(server, 8), (client, 8), (shell, 7)]));
    let image = tree.get(server).unwrap().image.as_ref().unwrap();
    assert_eq!((image.exec.executable.identity.inode, image.own), (8, false));
    assert_eq!(tree.bytes, tree.processes.values().map(Process::bytes).sum::<usize>());
}

#[test]
fn memory_is_bounded_whatever_is_forked() {
    let mut tree = Tree::default();
    for n in 0..100_000u32 {
        tree.fork(&fork(key(1, 1), key(n + 2, u64::from(n))));
        tree.bound();
    }
    assert!(tree.len() <= PROCESSES_MAX);
    assert!(tree.forgotten() > 0);
}

#[test]
fn what_ended_first_is_forgotten_before_what_lives() {
    let mut tree = Tree::default();
    let old = key(2, 1);
    tree.fork(&fork(key(1, 1), old));
    for n in 0..100_000u32 {
        let child = key(n + 3, u64::from(n) + 2);
        tree.fork(&fork(key(1, 1), child));
        tree.exit(&Exit { time_ns: u64::from(n), process: child, cgroup: 1, status: 0 });
    }
    assert!(tree.len() <= PROCESSES_MAX);
    assert!(tree.get(old).is_some() && tree.get(key(100_002, 100_001)).is_some());
}

#[test]
fn ended_processes_are_kept_for_a_while_and_then_forgotten() {
    let mut tree = Tree::default();
    tree.fork(&fork(key(1, 1), key(2, 2)));
    tree.exit(&Exit { time_ns: 100, process: key(2, 2), cgroup: 1, status: 0 });
    tree.expire(101);
    assert!(tree.get(key(2, 2)).is_some());
    tree.expire(100 + KEEP_ENDED_NS);
    assert!(tree.get(key(2, 2)).is_none());
}

/// An exec with as many bytes of arguments as the probe reads at most.
fn wordy(process: ProcessKey) -> Arc<Exec> {
    let arguments = event::Arguments { values: vec![Text::new([b'a'; 4_096])], truncated: false };
    Arc::new(Exec { arguments, ..crate::fixture::exec(process) })
}

#[test]
fn long_arguments_do_not_make_memory_grow() {
    let mut tree = Tree::default();
    for n in 0..20_000u32 {
        let process = key(n + 2, u64::from(n));
        tree.exec(&wordy(process));
        // a child that outlives its parent keeps the parent's image
        tree.fork(&fork(process, key(n + 2, u64::from(n) + 1_000_000)));
        tree.exit(&Exit { time_ns: u64::from(n), process, cgroup: 1, status: 0 });
    }
    assert!(tree.bytes <= MAX_BYTES);
    let held: usize = tree.processes.values().map(Process::bytes).sum();
    assert_eq!(tree.bytes, held);
    assert!(tree.len() > 1_000);
}
