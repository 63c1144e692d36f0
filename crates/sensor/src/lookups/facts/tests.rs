use super::*;

fn texts(of: &[&str]) -> Vec<Text> {
    of.iter().map(|text| Text::from(*text)).collect()
}

#[test]
fn arguments_that_were_written_over_are_not_believed() {
    let recorded = texts(&["sh", "-c", ": cu"]);
    assert!(begins_alike(&recorded, &texts(&["sh", "-c", ": cut", "more"])));
    assert!(!begins_alike(&recorded, &texts(&["nginx: worker process"])));
    assert!(!begins_alike(&recorded, &texts(&["sh", "-x", ": cut"])));
    assert!(!begins_alike(&recorded, &texts(&["sh", "-c", ": kut"])));
}

#[test]
fn sourced_files_are_those_named_outright() {
    let text = b"#!/bin/sh\n. ./lib.sh; source '/etc/x'\nif true; then . \"a b\"; fi\n. $HOME/y\necho . z\n[ -r q ] && . q\n";
    assert_eq!(sourced(text), texts(&["./lib.sh", "/etc/x", "q"]));
    assert_eq!(sourced(&b". x\n".repeat(100)).len(), SOURCED_MAX);
}

#[test]
fn a_file_is_recognised_without_a_hash_and_is_hashed_later() {
    let meta = std::fs::metadata("/proc/self/exe").unwrap();
    let identity =
        FileIdentity { device: 1, inode: std::os::unix::fs::MetadataExt::ino(&meta), changed_ns: 1 };
    let process = ProcessKey { pid: std::process::id(), start_ns: 1 };
    let hold = || {
        host::Executable::hold(std::path::Path::new("/proc"), process.pid, &identity, 0, &Text::default())
            .unwrap()
    };
    let (found, file) = find(Fact::File { identity, process, file: hold(), is_local: true });
    let Found::File { facts: Some(facts), .. } = found else { panic!("not found") };
    assert_eq!((facts.sha256.as_str(), facts.hashed_size, facts.size), ("", 0, meta.len()));
    let expected = host::hash(&file.unwrap()).unwrap();
    assert_eq!(expected.1, meta.len().min(host::CONTENT_MAX));
    assert_eq!(host::hash(&ToHash::Held(hold()).open().unwrap()).unwrap(), expected);
}
