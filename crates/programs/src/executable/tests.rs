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
        ("/usr/bin/rc", Kind::Shell(ShellFamily::Other)),
        ("/usr/bin/gdb", Kind::Tool(Tool::Gdb)),
        ("/usr/bin/sqlite3", Kind::Tool(Tool::Sqlite)),
        ("/usr/bin/ed", Kind::Tool(Tool::Ed)),
        ("/usr/bin/vim", Kind::Tool(Tool::Vim)),
        ("/usr/bin/less", Kind::Tool(Tool::Less)),
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
            let packing = recognised.elf.as_ref().and_then(|e| e.packing);
            let also = recognised.elf.as_ref().map(|e| (e.strength, e.also.clone())).unwrap_or_default();
            if recognised.kind != Kind::Unknown || packing.is_some() {
                println!("{} {:?} {packing:?} {also:?}", path.display(), recognised.kind);
            }
        }
    }
    println!("{files} files, {} MB, {:.0} MB/s", bytes >> 20, bytes as f64 / 1e6 / spent.as_secs_f64());
    assert!(files > 0);
}

/// All strings of the families for which `of` holds, as C strings.
fn strings_of(of: impl Fn(&Kind) -> bool) -> Vec<u8> {
    families::FAMILIES
        .iter()
        .filter(|f| of(f.kind()))
        .flat_map(signature::plain_of)
        .flat_map(|s| [s, vec![0]].concat())
        .collect()
}

/// A program whose note segment was made into a loaded one that holds `bytes`, which stand at the file's end.
fn with_loaded(program: &[u8], bytes: &[u8]) -> Vec<u8> {
    let word = |at: usize| u64::from_le_bytes(program[at..at + 8].try_into().unwrap());
    let (table, entries) = (word(32) as usize, usize::from(u16::from_le_bytes([program[56], program[57]])));
    let mut file = program.to_vec();
    file.resize(file.len().next_multiple_of(4096), 0);
    let (offset, length) = (file.len() as u64, bytes.len() as u64);
    let note = (0..entries).map(|i| table + i * 56).find(|at| program[*at..*at + 4] == [4, 0, 0, 0]).unwrap();
    file[note..note + 8].copy_from_slice(&[1, 0, 0, 0, 4, 0, 0, 0]);
    for (at, value) in
        [(8, offset), (16, 0x7000_0000 + offset), (24, 0x7000_0000 + offset), (32, length), (40, length)]
    {
        file[note + at..note + at + 8].copy_from_slice(&value.to_le_bytes());
    }
    file.extend_from_slice(bytes);
    file
}

/// The same program with everything but its header so much further into the file.
fn shifted(program: &[u8], by: usize) -> Vec<u8> {
    let word = |at: usize| u64::from_le_bytes(program[at..at + 8].try_into().unwrap());
    let table = word(32) as usize;
    let mut body = program.to_vec();
    for entry in 0..usize::from(u16::from_le_bytes([program[56], program[57]])) {
        let at = table + entry * 56 + 8;
        let offset = word(at) + by as u64;
        body[at..at + 8].copy_from_slice(&offset.to_le_bytes());
    }
    let mut file = program[..64].to_vec();
    file[32..40].copy_from_slice(&((table + by) as u64).to_le_bytes());
    file[40..48].fill(0);
    file[58..64].fill(0);
    file.resize(by, 0);
    file.extend(body);
    file
}

#[test]
fn what_is_appended_to_a_file_says_nothing() {
    let every = strings_of(|_| true);
    for path in ["/bin/cat", "/bin/bash", "/bin/dash", "/usr/bin/perl"] {
        let Ok(program) = std::fs::read(path) else { continue };
        let before = recognise(&program);
        let after = recognise(&[program.as_slice(), &every].concat());
        assert_eq!((&after.kind, after.also()), (&before.kind, before.also()), "{path}");
    }
}

#[test]
fn of_several_readings_the_one_counts_under_which_more_is_found() {
    let excusing = |kind: &Kind| {
        matches!(kind, Kind::Socat { .. } | Kind::SshServer(_) | Kind::Multiplexer(_) | Kind::Relay(_))
            || *kind == Kind::Shell(ShellFamily::Busybox)
    };
    for (shell, family) in [("/bin/bash", ShellFamily::Bash), ("/bin/dash", ShellFamily::Dash)] {
        let forged = recognise(&with_loaded(&read(shell), &strings_of(excusing)));
        assert_eq!(forged.kind, Kind::Shell(family));
        assert!(forged.also().contains(&Kind::Socat { version: None }));
    }
    // A program of no family becomes what was linked into it, but that excuses nothing.
    let server = |kind: &Kind| matches!(kind, Kind::SshServer(SshServer::OpenSsh));
    let forged = recognise(&with_loaded(&read("/bin/cat"), &strings_of(server)));
    assert_eq!(forged.kind, Kind::SshServer(SshServer::OpenSsh));
    assert!(!forged.may_excuse());
    let forged = recognise(&with_loaded(
        &read("/bin/cat"),
        &strings_of(|k| server(k) || matches!(k, Kind::Socat { .. })),
    ));
    assert!(matches!(forged.kind, Kind::Socat { .. }));
}

#[test]
fn a_genuine_server_of_sessions_may_excuse() {
    for path in ["/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/sbin/dropbear"] {
        let Ok(program) = std::fs::read(path) else { continue };
        let recognised = recognise(&program);
        assert!(matches!(recognised.kind, Kind::SshServer(_)), "{path}");
        assert!(recognised.may_excuse(), "{path}: {:?}", recognised.also());
        let socat = strings_of(|k| matches!(k, Kind::Socat { .. }));
        assert!(!recognise(&with_loaded(&program, &socat)).may_excuse(), "{path}");
    }
}

#[test]
fn a_program_is_known_wherever_its_parts_lie_in_the_file() {
    for (by, program, kind) in [
        (9 << 20, "/bin/dash", Kind::Shell(ShellFamily::Dash)),
        (33 << 20, "/bin/bash", Kind::Shell(ShellFamily::Bash)),
    ] {
        let moved = shifted(&read(program), by);
        assert_eq!(recognise(&moved).kind, kind, "{program}");
        // Padding that is loaded as well: a part of its own in front of the program's.
        let padded = with_loaded(&moved, &vec![b'x'; EXAMINED_LIMIT * 2]);
        let recognised = recognise(&padded);
        assert_eq!(recognised.kind, kind, "{program}");
        assert!(recognised.examined <= EXAMINED_LIMIT);
    }
}
