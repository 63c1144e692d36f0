//! What the server said last of the detectors that run, kept where the spool is: it holds after a restart, too, whether the
//! server can be reached then or not.
//!
//! The file may have been damaged, or written by somebody else: whatever is not what this wrote counts as nothing said.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use certificates::{CertificateError, write_private};
use serde::{Deserialize, Serialize};

/// Name of the file in the spool's folder.
const NAME: &str = "modules.json";

/// Bytes of the file, modules in it, and bytes of a module's name, at most.
const LARGEST: u64 = 64 << 10;
const MODULES_MAX: usize = 1_000;
const NAME_MAX: usize = 100;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    modules: BTreeSet<String>,
}

/// Where it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Told(PathBuf);

impl Told {
    /// Of the sensor with this spool.
    pub(crate) fn beside(spool: &Path) -> Self {
        Self(spool.join(NAME))
    }

    /// The detectors that the server let run when this sensor ended; `None` when it had said nothing.
    pub(crate) fn read(&self) -> Option<BTreeSet<String>> {
        match read(&self.0) {
            Ok(modules) => modules,
            Err(error) => {
                tracing::warn!(
                    "{}: what the server said of the detectors is forgotten until it is reached ({error}); until then this \
                     sensor's own configuration holds",
                    self.0.display()
                );
                None
            }
        }
    }

    /// Keeps what the server says now. Blocks for the disk.
    pub(crate) fn keep(&self, modules: Option<&BTreeSet<String>>) -> Result<(), CertificateError> {
        let failed = |source| CertificateError::Io { action: "write", path: self.0.clone(), source };
        match modules {
            Some(modules) => {
                let document = Document { modules: modules.clone() };
                let text = serde_json::to_vec(&document).map_err(|error| failed(error.into()))?;
                write_private(&self.0, &text)
            }
            None => match fs::remove_file(&self.0) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            },
        }
    }
}

fn read(path: &Path) -> io::Result<Option<BTreeSet<String>>> {
    let strange = |what: &str| io::Error::new(ErrorKind::InvalidData, what);
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        // opening anything else could wait for ever, or read what is not ours
        Ok(_) => return Err(strange("it is no file")),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut text = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(strange("it is too large"));
    }
    let Document { modules } =
        serde_json::from_slice(&text).map_err(|error| strange(&format!("it cannot be read: {error}")))?;
    let is_name = |name: &String| {
        (1..=NAME_MAX).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    if modules.len() > MODULES_MAX || !modules.iter().all(is_name) {
        return Err(strange("it holds what no detector is called"));
    }
    Ok(Some(modules))
}

#[cfg(test)]
mod tests {
    use super::Told;
    use std::collections::BTreeSet;
    use std::fs;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn what_was_said_last_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let told = Told::beside(folder.path());
        assert_eq!(told.read(), None);
        told.keep(None).unwrap();
        for modules in [set(&["REVERSE_SHELL", "B_2"]), set(&[])] {
            told.keep(Some(&modules)).unwrap();
            assert_eq!(told.read(), Some(modules));
        }
        told.keep(None).unwrap();
        assert_eq!(told.read(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_none_of_ours_says_nothing_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let told = Told::beside(folder.path());
        let path = folder.path().join("modules.json");
        let huge = format!("{{\"modules\": [{}\"A\"]}}", "\"A\", ".repeat(20_000));
        let many: Vec<String> = (0..1_001).map(|n| format!("\"A{n}\"")).collect();
        let many = format!("{{\"modules\": [{}]}}", many.join(","));
        for text in [
            "",
            "{\"modules\": [\"REVERSE",
            "[]",
            "{}",
            "{\"modules\": [\"A\\u001b[2J\"]}",
            "{\"modules\": [\"a b\"]}",
            "{\"modules\": [\"\"]}",
            "{\"modules\": [\"A\"], \"more\": 1}",
            &huge,
            &many,
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(told.read(), None, "{:.60}", text);
        }
        fs::write(&path, [0xff; 64]).unwrap();
        assert_eq!(told.read(), None);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(told.read(), None);
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(told.read(), None);
        told.keep(Some(&set(&["A"]))).unwrap();
        assert_eq!(told.read(), Some(set(&["A"])));
    }
}
