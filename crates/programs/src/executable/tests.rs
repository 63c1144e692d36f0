use std::path::{Path, PathBuf};

use super::*;

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn a_script_names_its_interpreter() {
    let kind = recognise(b"#! /usr/bin/env  bash -x \nsocat - EXEC:sh\n").kind;
    let expected =
        Kind::Script { interpreter: Text::from("/usr/bin/env"), argument: Some(Text::from("bash -x")) };
    assert_eq!(kind, expected);
    assert_eq!(recognise(b"#!\n").kind, Kind::Unknown);
    assert!(recognise(&[b"#!/".as_slice(), &[b'a'; 5000]].concat()).elf.is_none());
}

#[test]
fn this_program_holds_every_signature_and_is_none_of_the_families() {
    let own = read(std::env::current_exe().unwrap());
    let recognised = recognise(&own);
    assert_eq!(recognised.kind, Kind::Unknown);
    assert!(recognised.elf.is_some());
}

#[test]
fn a_file_that_merely_quotes_socat_is_not_socat() {
    // Every signature string, as C strings, in a file that is not ELF.
    let quoted: Vec<u8> = signature::plain_patterns().concat();
    assert_eq!(recognise(&quoted).kind, Kind::Unknown);
    // As prose inside a real program: without the terminating zeros.
    let mut prose = read("/bin/true");
    for pattern in signature::plain_patterns() {
        prose.extend(pattern.iter().filter(|b| **b != 0));
        prose.push(b'\n');
    }
    assert!(!matches!(
        recognise(&prose).kind,
        Kind::Socat { .. } | Kind::Shell(ShellFamily::Bash | ShellFamily::Dash)
    ));
}

#[test]
fn cut_and_hostile_headers_do_not_panic() {
    let whole = read("/bin/true");
    for length in (0..whole.len()).step_by(97).chain(0..200) {
        recognise(&whole[..length.min(whole.len())]);
    }
    for at in 0..1024.min(whole.len()) {
        let mut broken = whole.clone();
        broken[at] = 0xff;
        recognise(&broken);
    }
}

#[test]
fn installed_programs_are_what_they_are() {
    let known = [
        ("/bin/bash", Kind::Shell(ShellFamily::Bash)),
        ("/bin/dash", Kind::Shell(ShellFamily::Dash)),
        ("/usr/bin/zsh", Kind::Shell(ShellFamily::Zsh)),
        ("/bin/busybox", Kind::Shell(ShellFamily::Busybox)),
        ("/usr/bin/perl", Kind::Interpreter(InterpreterFamily::Perl)),
        ("/usr/bin/mawk", Kind::Interpreter(InterpreterFamily::Mawk)),
        ("/usr/sbin/sshd", Kind::SshServer(SshServer::OpenSsh)),
        ("/lib64/ld-linux-x86-64.so.2", Kind::DynamicLoader),
        ("/bin/true", Kind::Unknown),
        ("/bin/cat", Kind::Unknown),
    ];
    let mut seen = 0;
    for (path, kind) in known.into_iter().filter(|(path, _)| Path::new(path).exists()) {
        assert_eq!(recognise(&read(path)).kind, kind, "{path}");
        seen += 1;
    }
    assert!(seen >= 3, "too few of the programs are installed to say anything");
}

#[test]
fn headers_tell_the_linkage() {
    let facts = recognise(&read("/bin/true")).elf.unwrap();
    assert!(matches!(facts.linkage, Linkage::DynamicPie | Linkage::Dynamic));
    assert!(facts.needed.iter().any(|n| n.bytes().starts_with(b"libc.")));
    assert!(facts.interpreter.is_some() && facts.packing.is_none());
}

#[test]
fn a_program_of_random_bytes_is_suspected_to_be_packed() {
    let mut file = read("/bin/bash");
    let facts = recognise(&file).elf.unwrap();
    assert_eq!(facts.packing, None);
    let mut state = 1u64;
    for byte in file.iter_mut().skip(4096) {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        *byte = (state >> 56) as u8;
    }
    assert_eq!(recognise(&file).elf.unwrap().packing, Some(Packing::HighEntropy));
}

/// Looks at every ELF file below the directories of `VEDETTE_SURVEY` (colon separated; the system's by default) and
/// prints what was recognised, then the throughput.
#[test]
#[ignore = "reads every program of the machine; run it by hand with --nocapture after a change of the signatures"]
fn survey() {
    let roots = std::env::var("VEDETTE_SURVEY")
        .unwrap_or_else(|_| "/usr/bin:/usr/sbin:/usr/lib:/usr/libexec:/opt".into());
    let mut pending: Vec<PathBuf> = roots.split(':').map(PathBuf::from).collect();
    let (mut files, mut bytes, mut spent) = (0u64, 0u64, std::time::Duration::ZERO);
    while let Some(path) = pending.pop() {
        let Ok(kind) = std::fs::symlink_metadata(&path) else { continue };
        if kind.is_dir() {
            pending.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|e| e.path()));
        } else if kind.is_file() {
            let Ok(content) = std::fs::read(&path) else { continue };
            if !content.starts_with(b"\x7fELF") {
                continue;
            }
            let start = std::time::Instant::now();
            let recognised = recognise(&content);
            spent += start.elapsed();
            (files, bytes) = (files + 1, bytes + recognised.examined as u64);
            let packing = recognised.elf.and_then(|e| e.packing);
            if recognised.kind != Kind::Unknown || packing.is_some() {
                println!("{} {:?} {packing:?}", path.display(), recognised.kind);
            }
        }
    }
    println!("{files} files, {} MB, {:.0} MB/s", bytes >> 20, bytes as f64 / 1e6 / spent.as_secs_f64());
    assert!(files > 0);
}
