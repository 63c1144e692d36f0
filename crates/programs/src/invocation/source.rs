//! Where a program file that was named lies: in a file, or behind an open descriptor.

use event::Text;

/// Where a program file is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptSource {
    /// An open descriptor of the process. Its own terminal, however it is named, counts as standard input.
    Descriptor(u32),
    /// A file, its path absolute and without `.` and `..` where the working directory is known. It may be a symbolic
    /// link: whoever can look follows it and asks again.
    Path(Text),
}

/// Whether a path names the process's own standard input or terminal, however it is written.
pub fn is_standard_input(path: &[u8]) -> bool {
    script_source(path, b"") == ScriptSource::Descriptor(0)
}

/// Resolves a path that a process was given. `working_directory` is empty where it is not known; a relative path then
/// stays what it is.
pub fn script_source(path: &[u8], working_directory: &[u8]) -> ScriptSource {
    let as_written = || ScriptSource::Path(Text::new(path));
    let base: &[u8] = if path.starts_with(b"/") { b"" } else { working_directory };
    if !path.starts_with(b"/") && !base.starts_with(b"/") {
        return as_written();
    }
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in base.split(|b| *b == b'/').chain(path.split(|b| *b == b'/')) {
        match part {
            b"" | b"." => {}
            // Above the links of `/dev` and `/proc` lies what they point to.
            b".." => match parts.as_slice() {
                [b"dev", b"fd"] => parts = vec![b"proc", b"self"],
                _ => {
                    parts.pop();
                }
            },
            _ => parts.push(part),
        }
    }
    let standard = match parts.as_slice() {
        [b"dev", b"stdin" | b"tty" | b"console"] | [b"dev", b"pts", _] | [b"dev", b"tcp" | b"udp", _, _] => {
            Some(0)
        }
        [b"dev", b"stdout"] => Some(1),
        [b"dev", b"stderr"] => Some(2),
        [b"dev", b"fd", number] | [b"proc", _, b"fd", number] | [b"proc", _, b"task", _, b"fd", number] => {
            decimal(number)
        }
        _ => None,
    };
    match standard {
        Some(number) => ScriptSource::Descriptor(number),
        None if parts.is_empty() => as_written(),
        None => ScriptSource::Path(Text::new(
            parts.iter().flat_map(|part| [b"/".as_slice(), part]).collect::<Vec<_>>().concat(),
        )),
    }
}

fn decimal(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}
